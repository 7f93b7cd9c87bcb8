"""Command lines: which are plain words, and that all others run as in a shell and can be stopped.

The wrapper runs in real shells, as PID 1 of a PID namespace (as in a container) and without one.
"""

import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpaddon.core.shell import WRAPPER, PlainLine, plain

DEADLINE = 20  # seconds for what takes one; a hung shell is a failure

# --- plain words --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "assignments", "words"),
    [
        ("npm run start-tcp", [], ["npm", "run", "start-tcp"]),
        ("  node\tbroker.js  ", [], ["node", "broker.js"]),
        ("node 'my file.js' \"two words\"", [], ["node", "my file.js", "two words"]),
        ("node --name=a'b c'd", [], ["node", "--name=ab cd"]),
        ("node ''", [], ["node", ""]),
        (
            "LOG=debug A='x y' node a.js B=1",
            [("LOG", "debug"), ("A", "x y")],
            ["node", "a.js", "B=1"],
        ),
        ("A=1 A=2 node", [("A", "2")], ["node"]),
        ("A= node", [("A", "")], ["node"]),
        ("'A'=1 node", [], ["A=1", "node"]),
        ("node a#b", [], ["node", "a#b"]),
        ("node '$HOME' \"!\" a,b:c@d%e+f^g", [], ["node", "$HOME", "!", "a,b:c@d%e+f^g"]),
        ("/usr/bin/env -S x", [], ["/usr/bin/env", "-S", "x"]),
    ],
)
def test_plain_words_take_no_shell(
    line: str, assignments: list[tuple[str, str]], words: list[str]
) -> None:
    assert plain(line) == PlainLine(tuple(assignments), tuple(words))


@pytest.mark.parametrize(
    "line",
    [
        "cd server && node broker.js",
        "a; b",
        "a | b",
        "a & b",
        "a > log",
        "a < in",
        "(a)",
        "{ a; }",
        "node $PORT",
        'node "$PORT"',
        "node `x`",
        'node "a\\"b"',
        "node a\\ b",
        "node *.js",
        "node a?",
        "node [ab]",
        "node ~/x",
        "node {a,b}",
        "node # comment",
        "node 'open",
        'node "open',
        "! node",
        "exec node broker.js",
        "cd server",
        "if true",
        ". ./env",
        "A=1",
        "A=$B node",
        "'' a",
        "",
    ],
)
def test_a_line_that_means_something_to_a_shell_takes_one(line: str) -> None:
    assert plain(line) is None


@given(st.text(alphabet=st.sampled_from("ab=_1 \t'\"#$\\;|&*~-/.:"), max_size=25))
def test_plain_words_are_what_a_posix_parser_reads(line: str) -> None:
    split = plain(line)
    if split is not None:
        assert shlex.split(line)[-len(split.words) :] == list(split.words)


# --- the wrapper --------------------------------------------------------------------------------


def can_unshare() -> bool:
    """Whether this user may make PID namespaces."""
    program = shutil.which("unshare")
    if program is None:
        return False
    tried = subprocess.run([program, "--pid", "--fork", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@dataclass(frozen=True)
class Shell:
    """A shell as /bin/sh, as PID 1 or not, in a folder with a process that drains."""

    path: str
    as_init: bool
    folder: Path

    def start(self, line: str) -> subprocess.Popen[str]:
        """Run a line below the wrapper."""
        wrapped = [self.path, "-c", WRAPPER, "tcpaddon", line]
        if self.as_init:
            wrapped = ["unshare", "--pid", "--fork", "--kill-child", *wrapped]
        return subprocess.Popen(
            wrapped,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # the wrapper signals its process group
        )

    def run(self, line: str) -> tuple[int, str]:
        """Run a line to its end; returns exit status and output."""
        process = self.start(line)
        output, _ = process.communicate(timeout=DEADLINE)
        return process.returncode, output

    def stop(self, line: str, *, signalled: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Run a line, stop the wrapper when the process is up; returns exit status and output."""
        process = self.start(line)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        os.kill(self._wrapper(process), signalled)
        output, _ = process.communicate(timeout=DEADLINE)
        return process.returncode, output

    def _wrapper(self, process: subprocess.Popen[str]) -> int:
        if not self.as_init:
            return process.pid
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        return int(children.split()[0])


SHELLS = [path for name in ("dash", "bash", "busybox") if (path := shutil.which(name))]
AS_INIT = [False, True] if can_unshare() else [False]


@pytest.fixture(
    params=[(path, init) for path in SHELLS for init in AS_INIT],
    ids=lambda p: f"{Path(p[0]).name}-{'init' if p[1] else 'plain'}",
)
def sh(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    path, as_init = request.param
    # bash is another shell when it is called sh, and busybox is one only then.
    link = tmp_path / "sh"
    link.symlink_to(path)
    server = tmp_path / "server"
    server.mkdir()
    # As a server does: on SIGTERM it still serves for a while, and then ends by itself.
    drain = server / "drain"
    drain.write_text(
        "#!/bin/sh\n"
        'end() { sleep 0.2; echo "drained in ${PWD##*/}" ${A:+A=$A}; exit ${STATUS:-0}; }\n'
        "trap end TERM\n"
        "echo up\n"
        "while :; do sleep 0.05; done\n"
    )
    drain.chmod(0o755)
    return Shell(path=str(link), as_init=as_init, folder=tmp_path)


def test_at_least_dash_and_bash_are_tried() -> None:
    assert {"dash", "bash"} <= {Path(path).name for path in SHELLS}


@pytest.mark.parametrize(
    ("line", "status", "output"),
    [
        ("A=1 sh -c 'echo $A'; echo ${A:-unset}", 0, "1\nunset\n"),
        ("cd server && pwd | sed 's,.*/,,'", 0, "server\n"),
        ("false; echo next", 0, "next\n"),
        ("echo a | tr a b", 0, "b\n"),
        ("exit 3", 3, ""),
        ("false", 1, ""),
        ("false && true", 1, ""),
        ("true; (exit 7)", 7, ""),
        ("no-such-program", 127, ""),
        ("sh -c 'kill -KILL $$'", 137, ""),
        ("exec sh -c 'exit 5'", 5, ""),
    ],
)
def test_a_line_means_what_it_means_in_a_shell(
    sh: Shell, line: str, status: int, output: str
) -> None:
    assert sh.run(line) == (status, output)


@pytest.mark.parametrize(
    "line",
    [
        "server/drain",
        "exec server/drain",
        "true; server/drain; echo next",
        "true && server/drain && echo next",
        "(server/drain)",
        "server/drain & wait",
        "{ server/drain; }",
    ],
)
def test_sigterm_reaches_the_process_and_its_drain_is_waited_for(sh: Shell, line: str) -> None:
    status, output = sh.stop(line)
    assert output.splitlines()[0].startswith("drained in ")
    # Nothing runs behind the process. `… & wait` ends as a wait does that a signal cuts short.
    assert output.count("\n") == 1
    assert status == (143 if line.endswith("wait") else 0)


def test_sigterm_reaches_a_process_behind_cd(sh: Shell) -> None:
    assert sh.stop("cd server && ./drain") == (0, "drained in server\n")


def test_sigterm_reaches_a_process_with_a_leading_assignment(sh: Shell) -> None:
    status, output = sh.stop("A=1 server/drain")
    assert (status, output.endswith("A=1\n")) == (0, True)


def test_sigterm_reaches_the_processes_of_a_pipe(sh: Shell) -> None:
    # All processes get the signal, as on other platforms: a filter that must outlive it ignores it.
    _, output = sh.stop("server/drain | (trap '' TERM; exec cat)")
    assert output.startswith("drained in ")


def test_the_status_of_the_drained_process_is_the_wrappers(sh: Shell) -> None:
    assert sh.stop("STATUS=3 server/drain")[0] == 3


def test_a_process_in_the_background_is_waited_for(sh: Shell) -> None:
    up = "until grep -q up log 2>/dev/null; do sleep 0.05; done"
    sh.stop(f"server/drain >log & {up}; echo up; wait")
    assert "drained in " in (sh.folder / "log").read_text()


@pytest.mark.parametrize("signalled", [signal.SIGINT, signal.SIGQUIT])
def test_other_stop_signals_of_images_are_handed_on(sh: Shell, signalled: signal.Signals) -> None:
    _, output = sh.stop("server/drain; true", signalled=signalled)
    assert output.startswith("drained in ")


def test_as_pid_1_a_drain_is_waited_for_though_the_shell_above_it_died(sh: Shell) -> None:
    # npm and the like put a shell between; it dies of the signal at once.
    if not sh.as_init:
        return  # without PID 1 an orphan goes to somebody else, and goes on draining
    _, output = sh.stop("sh -c 'server/drain; true'; true")
    assert output.startswith("drained in ")


def test_a_process_that_ignores_sigterm_is_left_to_sigkill(sh: Shell) -> None:
    process = sh.start("trap '' TERM; echo up; sleep 0.3; echo end")
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(sh._wrapper(process), signal.SIGTERM)
    output, _ = process.communicate(timeout=DEADLINE)
    assert output == "end\n"
