"""Reads refusals.yaml, which the tests of the models and of the API server share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Refusal:
    """One object that is refused, with the field and the sentence."""

    because: str
    body: dict[str, Any]
    field: str
    sentence: str
    server_only: bool


def addon(spec: dict[str, Any], name: str = "web") -> dict[str, Any]:
    """Write a TcpAddon as a user does; image: x where neither image nor appRef is spoken of."""
    if not spec.keys() & {"image", "appRef"}:
        spec = {"image": "x"} | spec
    return {
        "apiVersion": "tcpaddon.io/v1alpha1",
        "kind": "TcpAddon",
        "metadata": {"name": name},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def refusals() -> list[Refusal]:
    """Return all cases."""
    text = Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8")
    return [
        Refusal(
            case["because"],
            addon(case["spec"], case.get("name", "web")),
            case["field"],
            case["sentence"],
            case.get("server_only", False),
        )
        for case in yaml.safe_load(text)
    ]
