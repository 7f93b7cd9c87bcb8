"""The project's work queue: `Schedule` on the event loop's clock, with workers that wait."""

import asyncio
import random

from tcpaddon.reconcile.schedule import Key, Schedule


class Queue:
    """Hands keys to workers. Only for use in the event loop that runs the workers."""

    def __init__(self) -> None:
        # Spread from half to one and a half of the wait; no secret depends on it.
        self._schedule = Schedule(jitter=lambda: random.uniform(0.5, 1.5))  # noqa: S311
        self._wakeup = asyncio.Event()

    def __len__(self) -> int:
        """Count the keys that wait for a worker."""
        return len(self._schedule)

    @property
    def is_idle(self) -> bool:
        """Whether no key waits for a worker and none is in work (delayed keys may be there)."""
        return not len(self._schedule) and not self._schedule.working

    def add(self, key: Key, after: float = 0.0) -> None:
        """Ask for a key, now or after some seconds."""
        if after > 0:
            self._schedule.add_at(key, self._now() + after)
        else:
            self._schedule.add(key)
        self._wakeup.set()

    def fail(self, key: Key, at_least: float = 0.0) -> float:
        """Bring a key back with back-off; returns in how many seconds."""
        wait = self._schedule.fail(key, self._now(), at_least)
        self._wakeup.set()
        return wait

    def succeed(self, key: Key) -> None:
        """Forget a key's failures."""
        self._schedule.succeed(key)

    def done(self, key: Key) -> None:
        """End the work on a key; every `take` is followed by exactly one `done`."""
        self._schedule.done(key)
        self._wakeup.set()

    async def take(self) -> Key:
        """Wait for the next key."""
        while True:
            key = self._schedule.take(self._now())
            if key is not None:
                return key
            self._wakeup.clear()
            due = self._schedule.next_due()
            timeout = None if due is None else max(0.0, due - self._now())
            try:
                async with asyncio.timeout(timeout):
                    await self._wakeup.wait()
            except TimeoutError:
                continue  # a delayed key is due

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
