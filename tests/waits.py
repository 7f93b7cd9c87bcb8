"""Waits for what an addon's status says, as a user does."""

from typing import Any

from tests.operators import eventually
from tests.worlds import World


async def ready(w: World, name: str = "mqtt") -> Any:
    """Wait until an addon is Ready; returns it."""
    await eventually(lambda: w.is_ready(name), f"{name} is Ready")
    return await w.get("tcpaddons", name)


async def told(w: World, kind: str, reason: str, name: str = "mqtt") -> str:
    """Wait until a condition gives this reason; returns its sentence."""

    async def now() -> str:
        found = await w.condition(name, kind)
        return str(found["message"]) if found.get("reason") == reason else ""

    return str(await eventually(now, f"{kind} gives {reason}"))
