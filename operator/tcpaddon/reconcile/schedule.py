"""Decides which key is worked on next: the order of the queue, without a clock of its own.

Promises: a key is with one worker at a time; a burst for one key is one piece of work; namespaces
take turns, so that one with a thousand addons does not keep another waiting; a key that failed
comes back later each time, with jitter so that a thousand do not come back at once.

All times are seconds of one monotonic clock, handed in by the caller.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# First wait, growth and limit of a failing key's back-off: client-go's are 5 ms, 2 and 1000 s; an
# addon in trouble is to be looked at every minute, and a second is soon enough for the first time.
BACKOFF_FIRST = 1.0
BACKOFF_FACTOR = 2.0
BACKOFF_LIMIT = 60.0


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One piece of work.

    With a name: bring this addon to its desired state. With a uid: see whether the user's objects
    still hold something for an addon of that uid that is gone, and give it back.
    """

    namespace: str
    name: str = ""
    uid: str = ""

    def __str__(self) -> str:
        """Name the key as `kubectl` would."""
        return f"{self.namespace}/{self.name or 'uid:' + self.uid}"


class Schedule:
    """The keys that wait, the keys in work, and the keys that are due later.

    jitter: called for each back-off, returns a factor from 0.5 to 1.5.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._waiting: dict[str, deque[Key]] = {}  # per namespace; dict order is the turn
        self._queued: set[Key] = set()
        self._working: set[Key] = set()
        self._again: set[Key] = set()  # asked for while in work
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []  # entries that _due no longer confirms are void
        self._failures: dict[Key, int] = {}
        self._retry_at: dict[Key, float] = {}  # the end of a failing key's present back-off
        self._not_before: dict[Key, float] = {}  # the API server asked for a pause

    def __len__(self) -> int:
        """Count the keys that could be worked on now."""
        return len(self._queued)

    @property
    def working(self) -> int:
        """Count the keys in work."""
        return len(self._working)

    def add(self, key: Key) -> None:
        """Ask for a key now; while it is in work, once more afterwards."""
        self._due.pop(key, None)
        if key in self._working:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._waiting.setdefault(key.namespace, deque()).append(key)

    def add_at(self, key: Key, when: float) -> None:
        """Ask for a key at a time; an earlier wish for it stands."""
        if key in self._queued or self._due.get(key, when + 1) <= when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, key))

    def take(self, now: float) -> Key | None:
        """Hand out the next key, None where nothing is due."""
        self._wake(now)
        while (key := self._next()) is not None:
            pause_ends = self._not_before.pop(key, now)
            if pause_ends <= now:
                self._working.add(key)
                return key
            self._not_before[key] = pause_ends
            self.add_at(key, pause_ends)
        return None

    def _next(self) -> Key | None:
        """Take the first key of the namespace whose turn it is out of the line."""
        if not self._waiting:
            return None
        namespace = next(iter(self._waiting))
        keys = self._waiting.pop(namespace)
        key = keys.popleft()
        if keys:
            self._waiting[namespace] = keys  # to the end of the line
        self._queued.discard(key)
        return key

    def done(self, key: Key) -> None:
        """End the work on a key."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def succeed(self, key: Key) -> None:
        """Forget a key's failures."""
        for kept in (self._failures, self._retry_at, self._not_before):
            kept.pop(key, None)

    def fail(self, key: Key, now: float, at_least: float = 0.0) -> float:
        """Bring a key back later than the last time; returns in how many seconds.

        An event may have brought the key in before its back-off ended: that is no further failure,
        and it comes back when it would have. at_least: what the API server asked for (Retry-After),
        in seconds; until then no event brings it in.
        """
        retry_at = self._retry_at.get(key, now)
        if retry_at <= now:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            # 2**6 is past the limit already; a larger exponent would only overflow some day.
            wait = min(BACKOFF_LIMIT, BACKOFF_FIRST * BACKOFF_FACTOR ** min(failures, 6))
            retry_at = now + wait * self._jitter()
        if at_least > 0:
            retry_at = max(retry_at, now + at_least)
            self._not_before[key] = now + at_least
        self._retry_at[key] = retry_at
        self.add_at(key, retry_at)
        return retry_at - now

    def next_due(self) -> float | None:
        """Tell when the next delayed key is due, None where none is."""
        while self._heap:
            when, key = self._heap[0]
            if self._due.get(key) == when:
                return when
            heapq.heappop(self._heap)
        return None

    def _wake(self, now: float) -> None:
        while (when := self.next_due()) is not None and when <= now:
            _, key = heapq.heappop(self._heap)
            self.add(key)
