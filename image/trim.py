"""Leaves out of the image what no run of the operator can reach.

Nine tenths of the dependencies are the Kubernetes client's generated models and API groups, which
are loaded by name when they are first used. The operator talks to the API server in plain JSON and
names hardly any, so only those stay that its code or kopf's names, and what these name in turn.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

_CLIENTS: Final = ("kubernetes/client", "kubernetes/aio/client")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CLASS: Final = re.compile(r"^class (\w+)", re.MULTILINE)
_FOLDERS: Final = frozenset({"__pycache__", "test", "tests"})
_SUFFIXES: Final = frozenset({".c", ".h", ".pxd", ".pxi", ".pyi", ".pyx"})  # for compilers only


def trim(site: Path, users: Iterable[Path]) -> None:
    """Delete from a folder of installed packages what ``users`` (folders of code) never reach."""
    code = [file for folder in users for file in folder.rglob("*.py")]
    for client in _CLIENTS:
        generated = generated_classes(site / client)
        needed = reachable(code, generated)
        for name, file in generated.items():
            if name not in needed:
                file.unlink()
    for folder in [path for path in site.rglob("*") if path.is_dir() and path.name in _FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)
    for file in [path for path in site.rglob("*") if path.suffix in _SUFFIXES]:
        file.unlink()
    shutil.rmtree(site / "bin", ignore_errors=True)


def generated_classes(client: Path) -> dict[str, Path]:
    """Each generated class of a client by its name, with the file that holds it alone."""
    found = {}
    for file in [*(client / "models").glob("*.py"), *(client / "api").glob("*.py")]:
        if match := _CLASS.search(file.read_text()):
            found[match[1]] = file
    return found


def reachable(code: Iterable[Path], generated: Mapping[str, Path]) -> set[str]:
    """The generated classes that code names, in words or strings, and all that these name."""
    needed = set(_named(code, generated))
    fresh = set(needed)
    while fresh:
        fresh = set(_named((generated[name] for name in fresh), generated)) - needed
        needed |= fresh
    return needed


def _named(files: Iterable[Path], generated: Mapping[str, Path]) -> Iterator[str]:
    for file in files:
        yield from generated.keys() & set(_NAME.findall(file.read_text(errors="replace")))
