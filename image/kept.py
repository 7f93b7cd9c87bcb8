"""Keeps what was fetched from package registries, in the cache folder of all the project."""

from collections.abc import Callable
from pathlib import Path

from cluster import cache


def kept(name: str, digest: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of that name and digest, made by `make` if it is not there.

    Folders of the name with another digest are deleted. Two runs at once do not disturb one
    another: the second one waits.
    """
    wanted = folder() / f"{name}-{digest}"
    with cache.exclusive(f"image-{name}", lambda: None):
        return cache.newest(wanted, make)


def folder() -> Path:
    """The folder for everything that images are made of."""
    found = cache.root() / "image"
    found.mkdir(parents=True, exist_ok=True)
    return found
