"""What lists and watches are about, and what they tell."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tcpaddon.kube.answers import Asked, Retry
from tcpaddon.kube.paths import Resource

Raw = Mapping[str, Any]
"""An object as the API server tells it; only kube/ looks inside."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `version` is the resourceVersion of the whole list."""

    items: list[Raw]
    version: int


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One word of a watch.

    type: ADDED, MODIFIED, DELETED or BOOKMARK; or OPENED, with no object, when the API server has
    accepted the watch.
    """

    type: str
    object: Raw


@dataclass(frozen=True, slots=True)
class Scope:
    """Which objects of a resource a list or watch is about; "" means all."""

    resource: Resource
    namespace: str = ""
    labels: str = ""
    fields: str = ""

    def query(self) -> dict[str, str]:
        """Return the selectors as the API spells them."""
        selectors = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {key: value for key, value in selectors.items() if value}


def event_of(asked: Asked, line: bytes) -> WatchEvent:
    """Read one line of a watch.

    Raises:
        Retry: it is no event: cut in the middle, or a proxy's page.
    """
    try:
        said = json.loads(line)
        return WatchEvent(said["type"], said["object"])
    except (ValueError, KeyError, TypeError) as error:
        raise Retry("the watch told something that is no event", target=str(asked)) from error
