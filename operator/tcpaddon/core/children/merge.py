"""Merges pod fields of the app with the addon's own, which win."""

from collections.abc import Mapping, Sequence
from typing import Any

Item = Mapping[str, Any]


def by_key(key: str, *lists: Sequence[Item]) -> list[Item]:
    """Merge lists whose items are told apart by one field; later lists win, in earlier places."""
    merged: dict[str, Item] = {}
    for items in lists:
        merged.update({item[key]: item for item in items})
    return list(merged.values())


def host_aliases(items: Sequence[Item]) -> list[Item]:
    """Put entries of the same address together: an apply may have each address only once."""
    names: dict[str, list[str]] = {}
    for item in items:
        names.setdefault(item["ip"], []).extend(item.get("hostnames") or ())
    return [{"ip": address, "hostnames": held} for address, held in names.items()]


def environment(*lists: Sequence[Item]) -> list[Item]:
    """Merge lists of variables; later lists win.

    A variable can use only those before it. So one that is overridden keeps its place, for those
    behind it that use it; but one whose new value uses others moves to the end, behind them.
    """
    merged: dict[str, Item] = {}
    for variables in lists:
        for variable in variables:
            if "$(" in (variable.get("value") or ""):
                merged.pop(variable["name"], None)
            merged[variable["name"]] = variable
    return list(merged.values())
