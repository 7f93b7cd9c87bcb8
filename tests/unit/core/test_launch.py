"""What a container runs."""

from typing import Any

import pytest

from tcpaddon.core.launch import Launch, launch, start_of
from tcpaddon.core.shell import WRAPPER
from tests.unit.core.world import addon


def launched(**spec: Any) -> Launch:
    """Return how an addon with this spec is started."""
    made = addon(spec).spec
    return launch(start_of(made, made.procfile))


def test_without_anything_the_image_starts_itself() -> None:
    assert launched() == Launch()


def test_command_and_args_stay_as_they_are() -> None:
    assert launched(command=["node"], args=["$(PORT)"]) == Launch(
        command=("node",), args=("$(PORT)",)
    )


def test_args_alone_go_to_the_images_entrypoint() -> None:
    assert launched(args=["--tcp"]) == Launch(args=("--tcp",))


def test_a_plain_line_becomes_an_argument_list_without_a_shell() -> None:
    assert launched(procfile="tcp: LOG=debug node broker.js") == Launch(
        command=("node", "broker.js"), env=(("LOG", "debug"),)
    )


@pytest.mark.parametrize("runner", ["npm run", "/usr/bin/npm run", "yarn", "pnpm run", "npx"])
def test_a_script_runner_runs_below_the_wrapper_for_it_hands_no_sigterm_on(runner: str) -> None:
    started = launched(procfile=f"tcp: {runner} start-tcp")
    assert started.needs_shell
    assert started.command is not None
    assert started.command[3:] == ("tcpaddon", f"{runner} start-tcp")


def test_dollars_of_a_line_are_doubled_for_the_kubelet() -> None:
    assert launched(procfile="tcp: A='$(X)' node '$(HOME)'") == Launch(
        command=("node", "$$(HOME)"), env=(("A", "$$(X)"),)
    )


def test_any_other_line_runs_below_the_wrapper() -> None:
    started = launched(procfile="tcp: cd x && node a.js $PORT")
    assert started.needs_shell
    assert started.command is not None
    assert started.command[:2] == ("/bin/sh", "-c")
    assert started.command[2].replace("$$", "$") == WRAPPER
    assert started.command[3:] == ("tcpaddon", "cd x && node a.js $$PORT")


def test_only_the_line_of_the_process_type_counts() -> None:
    assert launched(procfile="web: a | b\ntcp: node") == Launch(command=("node",))


@pytest.mark.parametrize(
    ("procfile", "command"),
    [
        (None, ("/cnb/process/tcp",)),
        ("tcp: node $PORT", ("/cnb/lifecycle/launcher", "node $$PORT")),
    ],
)
def test_a_buildpack_image_has_its_own_launcher(
    procfile: str | None, command: tuple[str, ...]
) -> None:
    spec = {"launcher": "Buildpack"} | ({"procfile": procfile} if procfile else {})
    assert launched(**spec).command == command
