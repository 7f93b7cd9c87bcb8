"""Keeps what was fetched from package registries, in the cache folder of all the project."""

import shutil
from collections.abc import Callable
from pathlib import Path

from cluster import cache


def kept(name: str, digest: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of that name and digest, made by `make` if it is not there.

    Folders of the name with another digest are deleted: they are of a version that is gone. Two
    runs at once do not disturb one another: the second one waits.
    """
    wanted = folder() / f"{name}-{digest}"
    with cache.exclusive(f"image-{name}", lambda: None):
        cache.whole(wanted, make)
        for other in folder().glob(f"{name}-*"):
            if other != wanted:
                shutil.rmtree(other, ignore_errors=True)
    return wanted


def folder() -> Path:
    """The folder for everything that images are made of."""
    found = cache.root() / "image"
    found.mkdir(parents=True, exist_ok=True)
    return found
