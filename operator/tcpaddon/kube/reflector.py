"""Keeps the facts of one kind true: list, watch, and list again where a watch cannot go on.

kopf never reports an object that vanished while its watch was down. Here every list is compared
with what was known, so whatever vanished is told as deleted.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from tcpaddon import names
from tcpaddon.core.facts import Ref
from tcpaddon.kube.answers import Answer, Expired, Retry, Silent
from tcpaddon.kube.client import Client
from tcpaddon.kube.heads import is_watched, ref_of, version_of
from tcpaddon.kube.paths import Resource
from tcpaddon.kube.projections import Fact, fact_of
from tcpaddon.kube.reader import PAGE
from tcpaddon.kube.store import OnChange, Store
from tcpaddon.kube.words import Raw, Scope, WatchEvent

_log = structlog.get_logger(__name__)

_PAGING_GIVES_UP: Final = 3  # failures in a row, after which a list is asked for in one piece
_TOO_SHORT: Final = 1.0  # seconds; a watch without a word that ends sooner is a failure


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds, and the size of a list's pages."""

    page: int = PAGE
    silence: float = 90.0  # bookmarks come every minute; a silent watch may be a dead one
    doubt: float = 3600.0  # without an event or bookmark for so long, list to be sure
    ends_after: float = 300.0  # the API server ends a watch after one to two times this
    first_pause: float = 0.5
    longest_pause: float = 30.0


class Reflector:
    """The watched objects of one kind, in all namespaces.

    on_change: called at once, in the event loop, for each change; it must not raise.
    on_rewound: called when the API server's history was set back (etcd was restored).
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        on_change: OnChange,
        *,
        on_rewound: Callable[[], None] = lambda: None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `run` starts it."""
        self.resource = resource
        self.synced = asyncio.Event()
        self._client = client
        self._scope = Scope(resource, labels=names.LABEL_ROLE)
        self._on_rewound = on_rewound
        self._pace = pace or Pace()
        self._clock = clock
        self._store = Store(on_change, clock)
        self._version: int | None = None  # where the watch goes on; None: list
        self._heard_at = -math.inf
        self._moved_at = -math.inf
        self._failures = 0

    # --- asking ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Count the objects."""
        return len(self._store)

    def age(self) -> float:
        """Return the seconds since the API server's last word (inf before the first)."""
        return self._clock() - self._heard_at

    def get(self, ref: Ref) -> Fact | None:
        """Return what is known of one object."""
        return self._store.get(ref)

    def of_addon(self, namespace: str, addon: str) -> tuple[Fact, ...]:
        """Return the children that name this addon by label."""
        return self._store.of_addon(namespace, addon)

    def of_uid(self, uid: str) -> tuple[Fact, ...]:
        """Return the user's objects that carry keys or the mark of the addon with this uid."""
        return self._store.of_uid(uid)

    def facts(self) -> Iterable[Fact]:
        """Return everything that is known; do not await while iterating."""
        return self._store.facts()

    # --- being told by those who write ----------------------------------------------------------

    def observe(self, raw: Raw, *, tell: bool = True) -> Fact | None:
        """Take in the answer to a write, and return what is known of the object now.

        tell: call `on_change` where it changed something.
        """
        fact = fact_of(raw)
        if is_watched(raw):
            self._store.put(fact, tell=tell)
        else:
            # The mark was given back: no watch will tell of this object any more.
            self._store.remove(fact.ref, fact.resource_version, tell=tell)
        return self._store.get(fact.ref)

    def forget(self, ref: Ref, uid: str) -> None:
        """Take in that the very object is gone (answers.Gone)."""
        self._store.forget(ref, uid)

    # --- the loop -------------------------------------------------------------------------------

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            pause = 0.0
            try:
                if self._version is None or self._clock() - self._moved_at > self._pace.doubt:
                    await self._list()
                await self._watch()
            except Silent:
                # The watch goes on over another connection.
                _log.debug("watch silent", kind=str(self.resource.kind), after=self._pace.silence)
            except Answer as answer:
                pause = self._after(answer)
            await asyncio.sleep(pause)

    def _after(self, answer: Answer) -> float:
        """Decide how to go on after a failure, and return the seconds to wait before."""
        self._failures += 1
        if isinstance(answer, Expired):
            self._version = None
        pace, doublings = self._pace, min(self._failures - 1, 16)
        ceiling = min(pace.longest_pause, pace.first_pause * 2.0**doublings)
        pause = ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        if isinstance(answer, Retry):
            pause = max(pause, answer.after)
        _log.warning(
            "watch interrupted",
            kind=str(self.resource.kind),
            error=str(answer),
            age=round(self.age(), 1),
            pause=round(pause, 2),
        )
        return pause

    def _heard(self) -> None:
        self._heard_at = self._clock()

    def _moved(self, version: int) -> None:
        """Remember where the next watch goes on."""
        self._version = version
        self._moved_at = self._clock()

    async def _list(self) -> None:
        """Take in a complete list; what it lacks is gone."""
        known_before = self._store.newest
        listed: set[Ref] = set()
        version, rewound = 0, False
        # A list that took longer than the API server remembers is asked for in one piece.
        size = self._pace.page if self._failures < _PAGING_GIVES_UP else 0
        async with aclosing(self._client.pages(self._scope, size=size)) as pages:
            async for page in pages:
                self._heard()
                if not version:
                    version, rewound = page.version, page.version < known_before
                    if rewound:
                        self._store.rewind(version)
                        self._on_rewound()
                for raw in page.items:
                    fact = self._fact_in_list(raw)
                    listed.add(fact.ref)
                    self._store.put(fact, rewound=rewound)
        self._store.sweep(listed, version, rewound=rewound)
        self._moved(version)
        self.synced.set()

    def _fact_in_list(self, raw: Raw) -> Fact:
        # Items of a list lack what every item would repeat.
        head = {"apiVersion": self.resource.api_version, "kind": self.resource.kind}
        return fact_of(head | dict(raw))

    async def _watch(self) -> None:
        """Follow one watch to its end, and remember where the next goes on."""
        ends_after = self._pace.ends_after * random.uniform(1.0, 2.0)  # noqa: S311 - spreads load
        words = self._client.watch(
            self._scope,
            version=self._version or 0,
            ends_after=ends_after,
            silence=self._pace.silence,
        )
        began, told = self._clock(), False
        async with aclosing(words):
            async for word in words:
                self._heard()
                if word.type != "OPENED":
                    self._moved(self._take(word))
                    self._failures, told = 0, True
        self._heard()
        if not told and self._clock() - began < min(_TOO_SHORT, self._pace.ends_after):
            raise Retry("the watch ended at once", target=self.resource.kind)

    def _take(self, word: WatchEvent) -> int:
        version = version_of(word.object)
        if self._version is not None and version < self._version:
            raise Expired("the watch went back in time", target=self.resource.kind)
        if word.type == "DELETED":
            self._store.remove(ref_of(word.object), version)
        elif word.type in ("ADDED", "MODIFIED"):
            self._store.put(fact_of(word.object))
        return version
