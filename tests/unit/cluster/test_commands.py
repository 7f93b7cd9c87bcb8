"""Programs run with their output in a log, and a failure is one sentence with the log's end."""

import sys
from pathlib import Path

import pytest

from cluster.commands import Commands
from cluster.errors import ClusterError


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "step.log")


def test_what_a_program_prints_is_in_the_log(commands: Commands) -> None:
    commands.run([sys.executable, "-c", "print('built')"])
    assert commands.log.read_text().splitlines()[-1] == "built"


def test_a_failure_says_where_the_log_is_and_shows_its_end(commands: Commands) -> None:
    with pytest.raises(ClusterError, match=r"failed \(3\); all of its output is in") as caught:
        commands.run([sys.executable, "-c", "print('no space left'); raise SystemExit(3)"])
    assert "no space left" in caught.value.detail


def test_a_missing_program_is_named(commands: Commands) -> None:
    with pytest.raises(ClusterError, match="no-such-program cannot be started"):
        commands.run(["no-such-program"])


def test_text_on_stdin_reaches_the_program(commands: Commands) -> None:
    commands.run([sys.executable, "-c", "print(input()[::-1])"], stdin="abc\n")
    assert commands.log.read_text().splitlines()[-1] == "cba"


def test_a_program_that_takes_too_long_is_ended(commands: Commands) -> None:
    wait = "import threading; threading.Event().wait()"
    with pytest.raises(ClusterError, match=r"took longer than 0\.5 s"):
        commands.run([sys.executable, "-c", wait], timeout=0.5)


def test_the_environment_of_a_step_reaches_its_programs(tmp_path: Path) -> None:
    commands = Commands(tmp_path / "step.log", {"FLAVOUR": "plain"})
    ask = "import os; print(os.environ['FLAVOUR'])"
    assert commands.text([sys.executable, "-c", ask]) == "plain\n"
