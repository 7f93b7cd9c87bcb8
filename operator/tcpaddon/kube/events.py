"""Tells people what happened to an addon, as Events; never at the price of a reconcile.

One Event is one write. The same words about the same addon within an hour are one Event that
counts; an addon that flaps is cut short; and whatever goes wrong here is logged and forgotten.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import structlog

from tcpaddon import names
from tcpaddon.core.actions import Note
from tcpaddon.kube.answers import Answer, Gone, Refused
from tcpaddon.kube.client import Client
from tcpaddon.kube.paths import ADDONS, EVENTS
from tcpaddon.kube.words import Raw

_log = structlog.get_logger(__name__)

_COALESCED: Final = 3600.0  # seconds; the API server itself forgets an Event after an hour
_BURST: Final = 25  # Events of one addon at once …
_REFILL: Final = 300.0  # … and one more every so many seconds: client-go's numbers
_REMEMBERED: Final = 4096  # addons, and Events: client-go's number
_LIMIT: Final = 5.0  # seconds for one write; an Event is not worth more
_LONGEST_NOTE: Final = 1024  # bytes, by the API
_CONTROLLER: Final = f"{names.GROUP}/operator"


@dataclass(frozen=True, slots=True)
class About:
    """The addon that an Event is about."""

    namespace: str
    name: str
    uid: str


class Recorder:
    """Writes Events.

    instance: who reports, the pod's name. clock: seconds, monotonic. now: the wall clock.
    """

    def __init__(
        self,
        client: Client,
        instance: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Start without a memory: transitions are told by `plan`, once."""
        self._client = client
        self._instance = instance[:128]  # the API's limit
        self._clock = clock
        self._now = now
        self._told: OrderedDict[tuple[About, Note], _Told] = OrderedDict()
        self._allowances: OrderedDict[str, _Allowance] = OrderedDict()

    async def tell(self, about: About, note: Note) -> None:
        """Write one Event, or count it up; raises nothing."""
        if not (self._client.may_write() and self._is_allowed(about)):
            _log.debug("event not told", addon=about.name, reason=note.reason)
            return
        try:
            await self._write(about, note)
        except Answer as answer:
            # An addon's last words, in a namespace that goes: nobody misses them.
            ending = isinstance(answer, Refused) and (
                answer.refusal.reason == names.Reason.NAMESPACE_TERMINATING
            )
            log = _log.debug if ending else _log.warning
            log("event not written", addon=about.name, reason=note.reason, error=str(answer))

    async def _write(self, about: About, note: Note) -> None:
        told = self._told.get((about, note))
        if told is not None and self._clock() - told.first_at < _COALESCED:
            told.count += 1
            series = {"count": told.count, "lastObservedTime": _micro_time(self._now())}
            try:
                await self._client.merge(
                    EVENTS, about.namespace, told.name, {"series": series}, limit=_LIMIT
                )
            except Gone:
                pass  # forgotten by the API server, or deleted: told anew
            else:
                return
        event = self._event(about, note)
        await self._client.create(EVENTS, about.namespace, event, limit=_LIMIT)
        self._told[about, note] = _Told(event["metadata"]["name"], self._clock())
        self._told.move_to_end((about, note))
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    def _event(self, about: About, note: Note) -> Raw:
        regarding: dict[str, Any] = {
            "apiVersion": ADDONS.api_version,
            "kind": ADDONS.kind,
            "namespace": about.namespace,
            "name": about.name,
            "uid": about.uid,
        }
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {
                "name": f"{about.name}.{uuid4().hex[:16]}",
                "namespace": about.namespace,
            },
            "eventTime": _micro_time(self._now()),
            "reportingController": _CONTROLLER,
            "reportingInstance": self._instance,
            "regarding": regarding,
            "action": "Reconcile",
            "type": "Warning" if note.warning else "Normal",
            "reason": str(note.reason),
            "note": _shortened(note.message),
        }

    def _is_allowed(self, about: About) -> bool:
        now = self._clock()
        allowance = self._allowances.get(about.uid) or _Allowance(now)
        self._allowances[about.uid] = allowance
        self._allowances.move_to_end(about.uid)
        if len(self._allowances) > _REMEMBERED:
            self._allowances.popitem(last=False)
        return allowance.take(now)


@dataclass(slots=True)
class _Told:
    name: str
    first_at: float
    count: int = 1


@dataclass(slots=True)
class _Allowance:
    """A token bucket."""

    filled_at: float
    left: float = _BURST

    def take(self, now: float) -> bool:
        self.left = min(_BURST, self.left + (now - self.filled_at) / _REFILL)
        self.filled_at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


def _micro_time(moment: datetime) -> str:
    """A MicroTime wants all six digits."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _shortened(message: str) -> str:
    raw = message.encode()
    if len(raw) <= _LONGEST_NOTE:
        return message
    mark = "…"
    return raw[: _LONGEST_NOTE - len(mark.encode())].decode(errors="ignore") + mark
