"""Reads YAML and JSON files with Kubernetes objects, and says what is wrong with one."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

STANDARD_INPUT: Final = "-"


class UnreadableError(Exception):
    """A file that cannot be read, or holds no objects; the text says why."""


def documents(path: str) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of a file, those of Lists one by one; "-" is the standard input.

    Raises:
        UnreadableError: no such file, no YAML, or something that is no object in it.
    """
    try:
        text = sys.stdin.read() if path == STANDARD_INPUT else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path} cannot be read: {error}") from None
    try:
        found = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise UnreadableError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    objects: list[Mapping[str, Any]] = []
    for document in found:
        if not isinstance(document, Mapping) or "kind" not in document:
            raise UnreadableError(f"{path} holds something that is no Kubernetes object.")
        objects += document.get("items") or [] if document["kind"] == "List" else [document]
    return tuple(objects)
