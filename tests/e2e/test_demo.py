"""`make demo` as the README has it, on its own cluster beside the one of the tests."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster
from cluster import kind, model
from cluster.commands import Commands
from cluster.standing import Standing
from demo import __main__ as command_line
from demo.run import NAME
from tests.e2e.site import ROOT, Site


@pytest.fixture
def engine(site: Site) -> Iterator[Commands]:
    """The container engine, without a demo in it before and after."""
    commands = Commands(model.folder(site.cluster.name) / "demo.log", site.cluster.env)
    if kind.containers(commands, NAME):
        pytest.skip("your own demo stands here, and is left alone: `make clean-demo` first")
    yield commands
    cluster.down(NAME)


def make(target: str) -> str:
    """Run make as a user does, with the packages that these tests have; returns what it prints."""
    done = subprocess.run(
        [
            *("make", "--no-print-directory", "--assume-old=.venv/ready"),
            *(f"BIN={Path(sys.executable).parent}", target),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(900)
def test_make_demo_passes_a_message_from_outside_can_be_run_again_and_leaves_nothing(
    engine: Commands, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make("demo")
    assert "An MQTT message went out to the public address and came back" in first
    (url,) = [line for line in first.splitlines() if line.startswith("TCP_URL=tcp://")]
    assert f"export KUBECONFIG={model.kubeconfig(NAME)}" in first
    assert "kubectl get tcp -A" in first
    assert first.rstrip().endswith("make clean-demo")
    nodes = [node.started for node in kind.containers(engine, NAME)]

    # Again, this time as on a machine that does not reach the Docker network.
    monkeypatch.setattr(Standing, "host_can_route", lambda _self: False)
    assert command_line.main(["up"]) == 0
    again = capsys.readouterr().out
    assert "the outside client ran in a container" in again.replace("\n", " ")
    assert "came back" in again
    assert url in again.splitlines()
    assert [node.started for node in kind.containers(engine, NAME)] == nodes

    said = make("clean-demo")
    assert f"The cluster {NAME} is gone" in said
    assert kind.containers(engine, NAME) == []
    assert not model.folder(NAME).exists()
