"""Reads the objects of the API server as the state of an addon that `tcpaddon status` tells.

What it tells is what the operator wrote down: the conditions' own sentences, none invented here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tcpaddon.cli.addons import Object
from tcpaddon.cli.url import UNSEEN
from tcpaddon.names import DEFAULT_URL_KEY, Condition, Reason

EVENTS: Final = 5  # the last ones
# True is how these should be. Reconciling and Stalled repeat what Ready says.
_SHOULD_HOLD: Final = (
    Condition.READY,
    Condition.ACCEPTED,
    Condition.ADDRESS_ASSIGNED,
    Condition.BINDING_PUBLISHED,
    Condition.WORKLOAD_AVAILABLE,
)
# Ready says so too, but nobody serves: it should be seen.
_NOT_SERVED: Final = frozenset({Reason.SCALED_TO_ZERO, Reason.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Trouble:
    """A condition that is not as it should be."""

    condition: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """One Event. at: RFC 3339, when it last happened."""

    at: str
    warning: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class State:
    """What is told about one addon; texts are empty and numbers 0 where nothing is known."""

    namespace: str
    name: str
    ready: str  # True, False or Unknown
    summary: str  # Ready's own sentence
    url: str
    endpoints: Mapping[str, str]  # URL by the port's name
    process_type: str
    image: str
    revision: str
    replicas_ready: int
    replicas_wanted: int
    rollout: str  # what a roll does now, "" where none is under way
    published: bool  # whether the URL is where the app looks for it
    binding_secret: str
    app_secret: str
    app_secret_key: str
    deleting: bool
    outdated: bool  # the status is about an earlier spec
    troubles: Sequence[Trouble]
    events: Sequence[Event] | None = None  # None: not looked at, or not allowed to


def state_of(addon: Object, events: Sequence[Object] | None = None) -> State:
    """Read one addon, and the Events about it."""
    metadata, spec = addon["metadata"], addon.get("spec") or {}
    status = addon.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    binding = spec.get("binding") or {}
    secret = (binding.get("secretRef") or {}).get("name", "")
    ready = conditions.get(Condition.READY, {})
    process_type = str(spec.get("processType") or "tcp")
    return State(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        ready=ready.get("status", "Unknown"),
        summary=ready.get("message") or f"{UNSEEN[0].upper()}{UNSEEN[1:]}",
        url=status.get("url", ""),
        endpoints={e["name"]: e["url"] for e in status.get("endpoints") or ()},
        process_type=process_type,
        image=status.get("image") or spec.get("image", ""),
        revision=status.get("revision", ""),
        replicas_ready=status.get("readyReplicas", 0),
        replicas_wanted=0 if spec.get("suspend") else spec.get("replicas", 1),
        rollout=_rollout(conditions.get(Condition.PROGRESSING, {}), status),
        published=conditions.get(Condition.BINDING_PUBLISHED, {}).get("status") == "True",
        binding_secret=(status.get("binding") or {}).get("name", ""),
        app_secret=secret,
        app_secret_key=binding.get("urlKey", DEFAULT_URL_KEY) if secret else "",
        deleting="deletionTimestamp" in metadata,
        outdated=status.get("observedGeneration", 0) < metadata.get("generation", 0),
        troubles=_troubles(conditions),
        events=None if events is None else _last(events),
    )


def _rollout(progressing: Object, status: Object) -> str:
    if progressing.get("status") != "True":
        return ""
    updated, of = status.get("updatedReplicas", 0), status.get("replicas", 0)
    return f"{progressing['message']} Of the current version: {updated} of {of}."


def _troubles(conditions: Mapping[str, Object]) -> tuple[Trouble, ...]:
    """Return what is wrong, each cause once, Ready last since it repeats one of the others."""
    wrong: dict[str, Trouble] = {}
    progressing = conditions.get(Condition.PROGRESSING, {})
    order = [*(conditions.get(kind, {}) for kind in _SHOULD_HOLD[1:]), progressing]
    for told in [*order, conditions.get(Condition.READY, {})]:
        if not told or not _is_wrong(told):
            continue
        message = str(told.get("message", ""))
        wrong.setdefault(message, Trouble(told["type"], str(told.get("reason", "")), message))
    return tuple(wrong.values())


def _is_wrong(told: Object) -> bool:
    if told["type"] == Condition.PROGRESSING:
        return told.get("status") == "False" and told.get("reason") != Reason.ROLLED_OUT
    return told.get("status") != "True" or told.get("reason") in _NOT_SERVED


def _last(events: Sequence[Object]) -> tuple[Event, ...]:
    read = [
        Event(
            at=_when(event),
            warning=event.get("type") == "Warning",
            reason=str(event.get("reason") or ""),
            message=str(event.get("message") or "").strip(),
        )
        for event in events
    ]
    return tuple(sorted(read, key=lambda event: event.at)[-EVENTS:])


def _when(event: Object) -> str:
    """Return when an Event last happened; who writes it decides which field says so."""
    series = event.get("series") or {}
    times: tuple[Any, ...] = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    )
    return next((str(time) for time in times if time), "")
