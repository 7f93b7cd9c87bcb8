"""Writes the table of values in the chart's README out of the comments in values.yaml."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path("charts/tcpaddon")
_BEGIN: Final = "<!-- values: generated from values.yaml by `make generate` -->\n"
_END: Final = "<!-- end of values -->\n"
_COMMENT: Final = re.compile(r"^ *# (?P<mark>-- )?(?P<text>.*)$")
_KEY: Final = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z]\w*):")


@dataclass(frozen=True, slots=True)
class Value:
    """One value that can be set. path: `image.tag`. default: as JSON."""

    path: str
    default: str
    description: str


def generated(root: Path) -> dict[Path, str]:
    """Return the README's text with the table made anew."""
    readme = (root / CHART / "README.md").read_text(encoding="utf-8")
    before, _, rest = readme.partition(_BEGIN)
    after = rest.partition(_END)[2]
    rows = [
        f"| `{value.path}` | `{value.default}` | {value.description} |"
        for value in values((root / CHART / "values.yaml").read_text(encoding="utf-8"))
    ]
    table = "\n".join(["| Value | Default | What it does |", "| --- | --- | --- |", *rows])
    return {CHART / "README.md": f"{before}{_BEGIN}{table}\n{_END}{after}"}


def values(text: str) -> list[Value]:
    """Return the values of a values.yaml that have a comment beginning with `# --`."""
    defaults = yaml.safe_load(text)
    return [
        Value(".".join(path), json.dumps(_at(defaults, path)), description)
        for path, description in _described(text)
    ]


def _described(text: str) -> Iterator[tuple[list[str], str]]:
    parents: list[tuple[int, str]] = []
    description: list[str] = []
    for line in text.splitlines():
        if comment := _COMMENT.match(line):
            if comment["mark"]:
                description = [comment["text"]]
            elif description:
                description.append(comment["text"])
        elif found := _KEY.match(line):
            indent = len(found["indent"])
            parents = [parent for parent in parents if parent[0] < indent]
            parents.append((indent, found["key"]))
            if description:
                yield [key for _, key in parents], " ".join(description)
            description = []


def _at(data: Any, path: list[str]) -> Any:
    for key in path:
        data = data[key]
    return data
