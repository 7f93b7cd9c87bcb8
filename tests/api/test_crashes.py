"""The operator dies before and after each of its writes in turn, and the end is the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.apiserver import ApiServer
from tests.operators import Death, eventually, operator
from tests.worlds import World, world

SPEC = {
    "appRef": {"kind": "Deployment", "name": "web"},
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
}
Step = Callable[[World], Awaitable[Any]]


async def nothing_yet(w: World) -> None:
    await w.secret("app-env", {"OTHER": "untouched"})
    await w.app("web", "registry.example/web:1")


async def create(w: World) -> None:
    await w.addon("mqtt", SPEC)


async def new_version(w: World) -> None:
    patch = {"name": "web", "image": "registry.example/web:2"}
    await w.patch("deployments", "web", {"spec": {"template": {"spec": {"containers": [patch]}}}})
    await w.patch("tcpaddons", "mqtt", {"spec": {"args": ["--new"]}})


async def delete(w: World) -> None:
    addon = await w.get("tcpaddons", "mqtt")
    await w.api.delete(w.path("tcpaddons", "mqtt"))
    await w.collect_garbage(addon["metadata"]["uid"])


# What the user does, and what was done and settled before.
STORIES: dict[str, tuple[list[Step], Step]] = {
    "create": ([nothing_yet], create),
    "new version": ([nothing_yet, create], new_version),
    "delete": ([nothing_yet, create], delete),
}


async def settled(w: World, server: ApiServer) -> dict[str, Any]:
    """Run a healthy operator until nothing changes any more; return the picture."""

    async def rests() -> bool:
        addon = await w.get("tcpaddons", "mqtt")
        if addon is None:
            secret = await w.get("secrets", "app-env")
            app = await w.get("deployments", "web")
            marks = [o["metadata"].get("labels", {}) for o in (secret, app)]
            return "TCP_URL" not in secret["data"] and not any(
                "tcpaddon.io/role" in m for m in marks
            )
        return await w.is_ready("mqtt")

    async with operator(server.kubeconfig()) as op:

        async def idle() -> bool:
            return await rests() and bool(op.queue.is_idle)

        await eventually(idle, "the operator rests")
        return await w.picture()


async def unfaulted(server: ApiServer, story: str) -> tuple[dict[str, Any], int]:
    """Return the picture at the end of a story in which nothing happens, and its writes."""
    before, act = STORIES[story]
    async with world(server) as w:
        for step in before[:1]:
            await step(w)
        for step in before[1:]:
            await step(w)
            await settled(w, server)
        death = Death()
        async with operator(server.kubeconfig(), death) as op:
            await act(w)

            async def done() -> bool:
                addon = await w.get("tcpaddons", "mqtt")
                if addon is None:
                    return len(death.writes) >= 2 and bool(op.queue.is_idle)
                return await w.is_ready("mqtt") and bool(op.queue.is_idle)

            await eventually(done, "the story ends")
        return await settled(w, server), len(death.writes)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
async def test_dying_at_any_write_ends_where_living_does(
    apiserver: ApiServer, story: str, after: bool
) -> None:
    wanted, writes = await unfaulted(apiserver, story)
    assert writes >= 2
    before, act = STORIES[story]
    for at_write in range(1, writes + 1):
        async with world(apiserver) as w:
            await before[0](w)
            for step in before[1:]:
                await step(w)
                await settled(w, apiserver)
            death = Death(at_write=at_write, after=after)
            async with operator(apiserver.kubeconfig(), death):
                await act(w)

                async def dead(death: Death = death) -> bool:
                    await asyncio.sleep(0)
                    return death.dead

                await eventually(dead, f"it dies at write {at_write} of {death.writes}")
            assert await settled(w, apiserver) == wanted, f"died at {death.writes[-1]}"
