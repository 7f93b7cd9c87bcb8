"""Command lines: which are plain words, and that all others run as in a shell and can be stopped.

The wrapper runs in real shells, as PID 1 of a PID namespace (as in a container) and without one.
"""

import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpaddon.core.shell import WRAPPER, PlainLine, plain

DEADLINE = 20  # seconds for what takes one; a hung shell is a failure
NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")  # as a container's

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
    tried = subprocess.run([program, *NAMESPACE[1:], "true"], capture_output=True, check=False)
    return tried.returncode == 0


def _as_in_a_container() -> None:
    """Take back what a shell does to the jobs it runs in the background: they ignore these."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class Shell:
    """A shell as /bin/sh, as PID 1 or not, in a folder with a process that drains."""

    path: str
    as_init: bool
    folder: Path
    namespace: tuple[str, ...] = NAMESPACE

    def start(self, line: str) -> subprocess.Popen[str]:
        """Run a line below the wrapper."""
        wrapped = [self.path, "-c", WRAPPER, "tcpaddon", line]
        if self.as_init:
            wrapped = [*self.namespace, *wrapped]
        return subprocess.Popen(
            wrapped,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # the wrapper signals its process group
            preexec_fn=_as_in_a_container,  # noqa: PLW1509 - two system calls
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


def shell(path: str, folder: Path, *, as_init: bool) -> Shell:
    """Put into the folder what the lines of the tests start."""
    # bash is another shell when it is called sh, and busybox is one only then.
    link = folder / "sh"
    link.symlink_to(path)
    (folder / "server").mkdir()
    # As a server does: on SIGTERM it still serves for a while, and then ends by itself.
    _program(
        folder / "server" / "drain",
        'end() { sleep 0.2; echo "drained in ${PWD##*/}" ${A:+A=$A} >&${OUT:-1}\n'
        "exit ${STATUS:-0}; }\n"
        "trap end TERM\n"
        "echo up >&${OUT:-1}\n"
        "while :; do sleep 0.05; done\n",
    )
    # The same, with a younger child at any time.
    _program(
        folder / "server" / "breed",
        'end() { echo "drained in ${PWD##*/}" >&3; exit 3; }\n'
        "trap end TERM\n"
        "echo up >&3\n"
        "while :; do sleep 0.3 & sleep 0.1; done\n",
    )
    # Counts its SIGTERMs in the file "told", and ends when the file has the word of another.
    _program(
        folder / "counter",
        "trap 'echo \"$1\" >>told' TERM\n"
        'echo "$1" >>started\n'
        'until grep -q "$2" told 2>/dev/null; do sleep 0.05; done\n',
    )
    return Shell(path=str(link), as_init=as_init, folder=folder)


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)


@pytest.fixture(
    params=[(path, init) for path in SHELLS for init in AS_INIT],
    ids=lambda p: f"{Path(p[0]).name}-{'init' if p[1] else 'plain'}",
)
def sh(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    path, as_init = request.param
    return shell(path, tmp_path, as_init=as_init)


@pytest.fixture(params=SHELLS, ids=lambda path: Path(path).name)
def init(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    if not can_unshare():
        pytest.skip("this user may not make PID namespaces")
    return shell(request.param, tmp_path, as_init=True)


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


# --- pipes --------------------------------------------------------------------------------------

FILTER = "sed -un 's/drained/filtered/p; /up/p'"


def test_without_pid_1_every_process_of_a_pipe_gets_sigterm(sh: Shell) -> None:
    # Its process group is all that the wrapper knows then: a filter has to ignore the signal.
    _, output = sh.stop("server/drain | (trap '' TERM; exec cat)")
    assert output.startswith("drained in ")


@pytest.mark.parametrize(
    "line",
    [
        f"server/drain | {FILTER}",
        f"OUT=2 server/drain 2>&1 >/dev/null | {FILTER}",
        f"sh -c 'server/drain; true' | {FILTER}",
        f"true; STATUS=3 server/drain | {FILTER}; echo next",
        f"yes | server/drain | {FILTER}",
    ],
)
def test_the_last_lines_of_a_drain_pass_through_its_filter(init: Shell, line: str) -> None:
    # The status of a pipe is that of its last process, as in a shell.
    assert init.stop(line) == (0, f"filtered in {init.folder.name}\n")


@pytest.mark.parametrize(
    "line",
    [
        "yes | STATUS=3 server/drain",
        "true | STATUS=3 server/drain",
        # They feed each other, as `nc` and its handler do: there is no head.
        "exec 3>&1; mkfifo loop; cat <>loop | STATUS=3 OUT=3 server/drain >loop",
        "exec 3>&1; mkfifo loop; cat <>loop | server/breed >loop",
    ],
)
def test_sigterm_reaches_a_server_that_something_feeds(init: Shell, line: str) -> None:
    assert init.stop(line) == (3, f"drained in {init.folder.name}\n")


def test_sigterm_reaches_a_fed_server_below_another_shell(init: Shell) -> None:
    _, output = init.stop("yes | sh -c 'server/drain; true'")
    assert output.startswith("drained in ")


def when_up(line: str, processes: int) -> str:
    """A line that runs another in the background and says when that many counters are up."""
    started = f'[ "$(grep -c . started 2>/dev/null)" = {processes} ]'
    return f"{line} & until {started}; do sleep 0.05; done; echo up; wait"


def test_no_process_gets_sigterm_twice(init: Shell) -> None:
    # a and x are told at once, b when yes has ended, y when x has (as b was told): a and b live on
    # through all that.
    pipes = "./counter a y & yes | ./counter b y & ./counter x b | ./counter y y"
    init.stop(when_up(pipes, 4))
    told = (init.folder / "told").read_text().split()
    assert (sorted(told[:2]), told[2:]) == (["a", "x"], ["b", "y"])


def test_a_process_of_a_pipe_that_ignores_sigterm_is_waited_for(init: Shell) -> None:
    ignoring = "trap '' TERM; until grep -q a told; do sleep 0.05; done; sleep 0.2; echo end"
    _, output = init.stop(when_up(f"./counter a a & ({ignoring}) 2>/dev/null | cat", 1))
    assert output == "end\n"


# Here b is told though a, which feeds it, lives until then.
ALL_AT_ONCE = when_up("./counter a b | ./counter b b", 2)


def test_with_the_proc_of_another_namespace_all_are_told_at_once(init: Shell) -> None:
    others = tuple(word for word in NAMESPACE if word != "--mount-proc")
    replace(init, namespace=others).stop(ALL_AT_ONCE)
    assert sorted((init.folder / "told").read_text().split()) == ["a", "b"]


def test_without_a_sleep_in_the_image_all_are_told_at_once(init: Shell) -> None:
    nowhere = replace(init, namespace=(*NAMESPACE, "env", "PATH=/nowhere"))
    if nowhere.run("sleep 0")[0] == 0:
        pytest.skip("this shell has a sleep of its own")
    nowhere.stop(f"PATH={os.environ['PATH']}; {ALL_AT_ONCE}")
    assert sorted((init.folder / "told").read_text().split()) == ["a", "b"]
