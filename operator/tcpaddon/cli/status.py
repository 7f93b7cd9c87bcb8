"""`tcpaddon status`: one addon or all, as text for people or as data for programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import yaml

from tcpaddon.cli import status_text
from tcpaddon.cli.addons import Target, connected
from tcpaddon.cli.state import State, state_of


def one(name: str, target: Target, output: str | None) -> None:
    """Print one addon; `output`: json, yaml or None for text.

    Raises:
        addons.Failed: it is not there, or cannot be read.
    """
    with connected(target) as addons:
        addon = addons.get(name)
        state = state_of(addon, addons.events(addon))
    if output is None:
        status_text.show(state)
    else:
        print(_written(_as_data(state), output))


def several(target: Target, output: str | None, *, everywhere: bool) -> None:
    """Print all addons of a namespace, or of the cluster.

    Raises:
        addons.Failed: they cannot be read.
    """
    with connected(target) as addons:
        states = [state_of(addon) for addon in addons.all(everywhere=everywhere)]
        where = "this cluster" if everywhere else f"namespace '{addons.namespace}'"
    states.sort(key=lambda state: (state.namespace, state.name))
    if output is not None:
        print(_written([_as_data(state) for state in states], output))
    elif states:
        status_text.show_all(states, namespaces=everywhere)
    else:
        print(f"There is no TcpAddon in {where}.")


def _as_data(state: State) -> Mapping[str, Any]:
    """Write a state as the API writes names: replicasReady."""
    return {
        _camel(key): [{_camel(k): v for k, v in item.items()} for item in value]
        if isinstance(value, list | tuple)
        else value
        for key, value in asdict(state).items()
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _written(data: Any, output: str) -> str:
    if output == "json":
        return json.dumps(data, indent=2, ensure_ascii=False)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000).rstrip()
