"""Rules of the house that no linter knows."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "operator" / "tcpaddon"
MODULES = sorted(HOUSE.rglob("*.py"))
# Put together here, since this file is in the repository too.
PACKAGE_REGISTRIES = tuple(
    ".".join(parts).encode()
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("goproxy", "io"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
    )
)


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def test_the_folder_operator_is_no_package() -> None:
    # Python has a module `operator`, which half of the standard library imports. A package of that
    # name in the project's root, where pytest and `python -m` begin to look, would hide it.
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_says_why_it_exists_and_is_short_enough_to_be_read_at_once(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "begin it with the reason why it exists"
    assert len(text.splitlines()) <= 300, "over 300 lines it is two modules"


def test_no_file_names_the_host_of_a_package_registry() -> None:
    # Where packages come from is the machine's business: its pip, npm, go and apt know.
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / path for path in listed.stdout.decode().split("\0") if path]
    texts = {path: path.read_bytes().lower() for path in files if path.is_file()}
    found = [
        f"{path.relative_to(ROOT)}: {host.decode()}"
        for path, text in texts.items()
        for host in PACKAGE_REGISTRIES
        if host in text
    ]
    assert found == []


def test_make_help_lists_every_target_that_is_for_people() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    phony = [
        line.removeprefix(".PHONY:").split()[0]
        for line in (ROOT / "Makefile").read_text().splitlines()
        if line.startswith(".PHONY:")
    ]
    listed = {line.split()[1] for line in said.stdout.splitlines()}
    assert set(phony) - listed == {"check-generated"}  # a part of lint
