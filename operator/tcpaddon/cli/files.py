"""Reads YAML and JSON files with Kubernetes objects, and says what is wrong with one."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

STANDARD_INPUT: Final = "-"


class UnreadableError(Exception):
    """A file that cannot be read, or holds no objects; the text says why, one fault a line."""


@dataclass(frozen=True, slots=True)
class Document:
    """An object of a file. place: where it stands, as `document 2` or `item 3 of document 1`."""

    content: Mapping[str, Any]
    place: str

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        """Its name, "" where it has none that is text."""
        metadata = self.content.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        return name if isinstance(name, str) else ""

    def __str__(self) -> str:
        """Name the object: `TcpAddon mqtt`, and one without a name by its place."""
        return f"{self.kind} {self.name}" if self.name else f"{self.kind} in {self.place}"


def documents(path: str) -> tuple[Document, ...]:
    """Return the objects of a file, those of Lists one by one; "-" is the standard input.

    Raises:
        UnreadableError: no such file, no YAML, or something that is no object in it.
    """
    try:
        text = sys.stdin.read() if path == STANDARD_INPUT else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path} cannot be read: {error}") from None
    try:
        found = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError) as error:
        raise UnreadableError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    pieces = [piece for number, each in enumerate(found, 1) for piece in _pieces(each, number)]
    faults = [
        f"{path} holds something that is no Kubernetes object ({place}): an object has fields, "
        "and one of them is kind."
        for content, place in pieces
        if not (isinstance(content, Mapping) and isinstance(content.get("kind"), str))
    ]
    if faults:
        raise UnreadableError("\n".join(faults))
    return tuple(Document(content, place) for content, place in pieces)


def _pieces(content: Any, number: int) -> Iterator[tuple[Any, str]]:
    if content is None:
        return  # nothing between two lines of ---
    items = content.get("items") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or content.get("kind") != "List":
        yield content, f"document {number}"
    elif items is None or isinstance(items, list):
        for index, item in enumerate(items or (), 1):
            yield item, f"item {index} of document {number}"
    else:
        yield None, f"items of document {number}"


class _Loader(yaml.SafeLoader):
    """Reads dates as text, as the API server does."""


_Loader.yaml_implicit_resolvers = {
    first: [entry for entry in resolvers if entry[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
