"""A Service that waits for its address: since when, and what its load balancer says about it.

An address is there within seconds, or something is wrong, and the one who knows what it is tells it
in Events about the Service. These are read only after a while, and again ever more seldom.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from tcpaddon.core.actions import Look
from tcpaddon.core.situation import Situation
from tcpaddon.core.stored import stored_condition
from tcpaddon.names import Condition

# Load balancers of clouds take some seconds; nothing is read where one does.
_PATIENCE: Final = timedelta(seconds=15)
_SOONEST, _LATEST = timedelta(seconds=30), timedelta(minutes=5)  # until it is read again
_QUOTED: Final = 3  # Events of different reasons: two controllers may have something to say
_LONGEST: Final = 300  # characters of one
# What a cloud changes in its words from one try to the next: ids of requests, times.
_VOLATILE: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"
    r"|\b[0-9a-fA-F]{16,}\b"
)


def looks(situation: Situation) -> frozenset[Look]:
    """Ask for what is said about the Service where it is time to read it, or read it again."""
    wait = _wait(situation)
    due = wait is not None and wait <= timedelta()
    return frozenset({Look.SERVICE_WARNINGS} if due else ())


def check_again_after(situation: Situation) -> float | None:
    """Return the seconds until then; None where the Service does not wait for an address."""
    ref = situation.refs.service
    if situation.facts.service is None and ref not in situation.facts.refusals:
        return _PATIENCE / timedelta(seconds=1)  # it is made just now, which no event brings
    wait = _wait(situation)
    return None if wait is None else max(0.0, wait / timedelta(seconds=1))


def quoted(situation: Situation) -> str:
    """Quote the newest words about the Service, "" for none; the same ones read the same."""
    heard = situation.facts.service_warnings
    if heard is None:
        return ""
    newest: dict[str, tuple[datetime, str]] = {}
    for warned in sorted(heard.said, key=lambda warned: warned.at):
        newest[warned.reason] = warned.at, warned.note
    latest = sorted(newest, key=lambda reason: newest[reason][0])[-_QUOTED:]
    return " ".join(f"«{reason}: {_steady(newest[reason][1])}»" for reason in sorted(latest))


def _wait(situation: Situation) -> timedelta | None:
    if situation.live_service is None or situation.live_service.deleting or situation.reach.hosts:
        return None
    now = situation.facts.now
    before = stored_condition(situation.addon.status, Condition.ADDRESS_ASSIGNED)
    since = now
    if before is not None and before.status == "False" and before.last_transition_time:
        since = datetime.fromisoformat(before.last_transition_time)
    heard = situation.facts.service_warnings
    if heard is None or heard.read_at < since:
        return since + _PATIENCE - now
    return heard.read_at + min(max(heard.read_at - since, _SOONEST), _LATEST) - now


def _steady(note: str) -> str:
    text = _VOLATILE.sub("…", " ".join(note.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
