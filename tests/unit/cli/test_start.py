"""The plainest `url` is read without typer: it must mean what typer would make of it."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tcpaddon.cli import app as typers
from tcpaddon.cli import url as told
from tcpaddon.cli.addons import Target
from tcpaddon.cli.start import plain_url

ROOT = Path(__file__).parents[3]
PLAIN = (
    ["url", "mqtt"],
    ["url", "-n", "shop", "mqtt"],
    ["url", "mqtt", "--namespace", "shop"],
    ["url", "mqtt", "--namespace=shop", "--context=here", "--kubeconfig=/tmp/a=b"],
    ["url", "--context", "here", "mqtt", "--kubeconfig", "/tmp/config"],
)
UNUSUAL: tuple[list[str], ...] = (
    [],
    ["status"],
    ["url"],
    ["url", "mqtt", "redis"],
    ["url", "--help"],
    ["url", "mqtt", "-n"],
    ["url", "mqtt", "-n", "--context"],
    ["url", "mqtt", "-nshop"],
    ["url", "mqtt", "-n=shop"],
    ["url", "mqtt", "--output", "json"],
    ["url", "--", "mqtt"],
)


@pytest.mark.parametrize("arguments", PLAIN, ids=" ".join)
def test_what_is_read_without_typer_means_the_same_to_typer(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def url(name: str, target: Target) -> str:
        asked.append((name, target))
        return "tcp://198.18.0.1:1883"

    monkeypatch.setattr(told, "url", url)
    result = CliRunner().invoke(typers.app, arguments)
    assert result.stdout == "tcp://198.18.0.1:1883\n"
    plain = plain_url(arguments)
    assert plain is not None
    assert [(plain[0], Target(**plain[1]))] == asked


@pytest.mark.parametrize("arguments", UNUSUAL, ids=" ".join)
def test_whatever_is_unusual_is_left_to_typer(arguments: list[str]) -> None:
    assert plain_url(arguments) is None


def test_the_way_to_the_url_imports_nothing_that_is_slow_to_import() -> None:
    code = (
        "import sys; sys.argv = ['tcpaddon', 'url', 'mqtt', '--kubeconfig', '/nowhere'];"
        "from tcpaddon.cli.start import main\n"
        "try: main()\n"
        "except SystemExit: print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "error: The kubeconfig /nowhere cannot be read" in done.stderr
    slow = {"typer", "rich", "pydantic", "kubernetes", "aiohttp", "asyncio", "dataclasses"}
    assert slow & set(done.stdout.split()) == set()


def test_kubectl_finds_the_command_line_as_its_plugin() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["kubectl-tcpaddon"] == scripts["tcpaddon"] == "tcpaddon.cli.start:main"
