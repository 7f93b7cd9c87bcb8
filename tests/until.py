"""Waits for what must come, so that no test sleeps and hopes."""

import asyncio
from collections.abc import Callable


async def until(happens: Callable[[], object], *, limit: float = 30.0) -> None:
    """Return as soon as `happens()` is true; `limit` (seconds) is for a test that failed."""
    async with asyncio.timeout(limit):
        while not happens():  # noqa: ASYNC110 - it asks real programs, which set no asyncio.Event
            await asyncio.sleep(0.01)
