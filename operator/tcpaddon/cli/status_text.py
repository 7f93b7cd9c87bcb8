"""Writes states down for people: one addon as lines with a name each, several as a table.

In a pipe it is plain text. On a terminal rich colours it and breaks lines where it ends.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from tcpaddon.cli.state import State

_GOOD: Final = "green"
_BAD: Final = "red"
_WAIT: Final = "yellow"
_QUIET: Final = "dim"
_NONE: Final = "-"


class Line(NamedTuple):
    """One line about an addon. style: how rich colours the text."""

    label: str
    text: str
    style: str = ""


def lines(state: State, now: datetime) -> list[Line]:
    """Tell one addon; `now` for how long ago things happened."""
    told = [
        Line("Name", f"{state.name} in namespace {state.namespace}"),
        Line("Ready", *_ready(state)),
        *_addresses(state),
        Line("Process", f"{state.process_type}: {_counted(state)}", _colour(state)),
        Line("Image", state.image or _NONE),
        Line("Revision", state.revision or _NONE),
    ]
    if state.rollout:
        told.append(Line("Rollout", state.rollout, _WAIT))
    told += _binding(state)
    told += [Line(t.condition, f"{t.reason}: {t.message}", _BAD) for t in state.troubles]
    return told + _events(state, now)


def table(states: Sequence[State], *, namespaces: bool) -> list[list[str]]:
    """Tell several addons, one a row, with the heads of the columns first."""
    heads = ["NAME", "READY", "PROCESSES", "URL", "WHAT IS IN THE WAY"]
    rows = [heads, *(_row(state) for state in states)]
    if not namespaces:
        return rows
    return [[first, *row] for first, row in zip(_namespaces(states), rows, strict=True)]


def show(state: State) -> None:
    """Print one addon."""
    told = lines(state, datetime.now(UTC))
    if not sys.stdout.isatty():
        width = max(len(line.label) for line in told) + 3
        for line in told:
            label = f"{line.label}:" if line.label else ""
            print(f"{label:{width}}{line.text}".rstrip())
        return
    from rich.console import Console  # noqa: PLC0415 - a pipe need not wait for it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 2))
    for line in told:
        name = Text(f"{line.label}:" if line.label else "", style="bold")
        grid.add_row(name, Text(line.text, style=line.style))
    Console().print(grid)


def show_all(states: Sequence[State], *, namespaces: bool) -> None:
    """Print several addons."""
    heads, *rows = table(states, namespaces=namespaces)
    if not sys.stdout.isatty():
        columns = zip(heads, *rows, strict=True)
        widths = [max(len(word) for word in column) for column in columns]
        for row in [heads, *rows]:
            cells = (f"{word:{width}}" for word, width in zip(row, widths, strict=True))
            print("   ".join(cells).rstrip())
        return
    from rich.console import Console  # noqa: PLC0415 - see show
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 3))
    grid.add_row(*(Text(head, style="bold") for head in heads))
    for state, row in zip(states, rows, strict=True):
        style = _GOOD if state.ready == "True" and not state.troubles else _BAD
        at = heads.index("READY")
        grid.add_row(*(Text(w, style=style if i == at else "") for i, w in enumerate(row)))
    Console().print(grid)


def _row(state: State) -> list[str]:
    way = "" if state.ready == "True" and not state.troubles else state.summary
    counts = f"{state.replicas_ready}/{state.replicas_wanted}"
    return [state.name, _ready(state)[0].partition(":")[0], counts, state.url or _NONE, way]


def _namespaces(states: Sequence[State]) -> list[str]:
    return ["NAMESPACE", *(state.namespace for state in states)]


def _ready(state: State) -> tuple[str, str]:
    if state.deleting:
        return "deleting: it goes as soon as its finalizers let it", _BAD
    if state.outdated and state.ready != "Unknown":
        return "unknown: the operator has not looked at the last change yet", "yellow"
    if state.ready == "Unknown":
        return f"unknown: {state.summary}", "yellow"
    # Where it is not, the cause stands below with its condition.
    return ("yes", _GOOD) if state.ready == "True" else ("no", _BAD)


def _addresses(state: State) -> list[Line]:
    if not state.url:
        return [Line("Address", "none yet", _BAD)]
    others = [f"{url} ({port})" for port, url in state.endpoints.items() if url != state.url]
    return [Line("Address", state.url), *(Line("", other) for other in others)]


def _counted(state: State) -> str:
    return f"{state.replicas_ready} of {state.replicas_wanted} ready"


def _colour(state: State) -> str:
    return _GOOD if state.replicas_ready >= state.replicas_wanted > 0 else _BAD


def _binding(state: State) -> list[Line]:
    """Say which Secrets have the URL, or would have it."""
    told = []
    if state.app_secret:
        verb = "is in" if state.published else "is to go into"
        told.append(f"{state.app_secret_key} {verb} Secret {state.app_secret}")
    if state.binding_secret:
        told.append(f"Secret {state.binding_secret} has host, port and uri")
    return [
        Line("Binding" if index == 0 else "", text)
        for index, text in enumerate(told or ["none yet"])
    ]


def _events(state: State, now: datetime) -> list[Line]:
    if state.events is None:
        return [Line("Events", "this account may not read them", _QUIET)]
    if not state.events:
        return [Line("Events", "none that the cluster still has", _QUIET)]
    return [
        Line(
            "" if index else "Events",
            f"{_ago(event.at, now)}: {event.reason}: {event.message}",
            _BAD if event.warning else _QUIET,
        )
        for index, event in enumerate(state.events)
    ]


def _ago(at: str, now: datetime) -> str:
    """Say how long ago a moment was, as kubectl does: 12s, 3m, 5h, 4d."""
    try:
        seconds = max(0, int((now - datetime.fromisoformat(at)).total_seconds()))
    except (ValueError, TypeError):
        return "some time ago"
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size or (unit == "d" and seconds >= size):
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago"
