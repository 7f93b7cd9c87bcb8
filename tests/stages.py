"""Brings an addon into each of its stages, under the real controllers, on stand-in nodes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.apiserver import ApiServer
from tests.nodes import Nodes, nodes
from tests.operators import eventually
from tests.worlds import World, world

ADDON = "mqtt"
QUICK = {"startupTimeoutSeconds": 1, "preStopSeconds": 0, "drainSeconds": 1}
SLOW = {**QUICK, "startupTimeoutSeconds": 600}


@asynccontextmanager
async def cluster(server: ApiServer) -> AsyncIterator[tuple[World, Nodes]]:
    """A namespace, with nodes for its pods; `server` runs the controllers of Deployments."""
    async with world(server, deployments=False) as w, nodes(w.api) as kubelet:
        yield w, kubelet


def spec(image: str = "answers-1", **more: Any) -> dict[str, Any]:
    """The spec of an addon; what the process does is the image's tag (tests/nodes.py)."""
    return {"image": f"registry.example/mqtt:{image}", "rollout": QUICK, **more}


async def change(w: World, **more: Any) -> None:
    """Change the spec."""
    await w.patch("tcpaddons", ADDON, {"spec": more})


async def ready(w: World) -> Any:
    """Wait until it is Ready."""
    await eventually(lambda: w.is_ready(ADDON), f"{ADDON} is Ready")
    return await w.get("tcpaddons", ADDON)


async def told(w: World, kind: str, reason: str, *, status: str = "") -> str:
    """Wait until a condition gives a reason, with a status if it matters; returns its sentence."""

    async def now() -> str:
        found = await w.condition(ADDON, kind)
        wanted = found.get("reason") == reason and status in ("", found.get("status"))
        return str(found["message"]) if wanted else ""

    async def account() -> str:
        return str((await w.get("tcpaddons", ADDON)).get("status", {}).get("conditions"))

    try:
        return str(await eventually(now, f"{kind} gives {reason}"))
    except AssertionError as error:
        raise AssertionError(f"{error}\n{await account()}") from None
