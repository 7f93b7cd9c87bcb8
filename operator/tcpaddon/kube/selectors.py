"""Writes the selector of a workload as the query of a list."""

from typing import Final

from tcpaddon.kube.words import Raw

_SETS: Final = {"In": "in", "NotIn": "notin"}


def query_of(selector: Raw) -> str:
    """Return a `spec.selector` as a label selector; "" where it selects everything."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for term in selector.get("matchExpressions") or ():
        key, operator = term["key"], term["operator"]
        if operator in _SETS:
            parts.append(f"{key} {_SETS[operator]} ({','.join(term['values'])})")
        else:
            parts.append(key if operator == "Exists" else f"!{key}")
    return ",".join(parts)
