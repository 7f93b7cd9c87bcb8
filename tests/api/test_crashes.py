"""The operator dies before and after each of its writes in turn, and the end is the same."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tcpaddon.main import Operator
from tests.apiserver import ApiServer
from tests.operators import Death, eventually, operator
from tests.worlds import World, world

SPEC = {
    "appRef": {"kind": "Deployment", "name": "web"},
    "procfileFrom": {"name": "web-procfile"},
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
}
MOST_WRITES = 15  # a create has 9
FEWEST = {"create": 5}  # writes that a story takes at the least; the others: 2
Step = Callable[[World], Awaitable[Any]]


async def nothing_yet(w: World) -> None:
    await w.secret("app-env", {"OTHER": "untouched"})
    await w.app("web", "registry.example/web:1")
    procfile = {"metadata": {"name": "web-procfile"}, "data": {"Procfile": "tcp: ./serve"}}
    await w.create("configmaps", procfile)


async def an_app_that_runs(w: World) -> None:
    """The app reads its Secret, and has a pod that is older than any URL."""
    await nothing_yet(w)
    reads = [{"secretRef": {"name": "app-env"}}]
    container = {"name": "web", "image": "registry.example/web:1", "envFrom": reads}
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await w.patch("deployments", "web", change)
    metadata = {"name": "web-1", "labels": {"app": "web"}}
    await w.create("pods", {"metadata": metadata, "spec": {"containers": [container]}})
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    ready = {"name": "web", "image": "", "imageID": "", "ready": True, "restartCount": 0}
    status = {"phase": "Running", "containerStatuses": [{**ready, "state": state}]}
    await w.patch("pods", "web-1/status", {"status": status})


async def create_and_restart(w: World) -> None:
    binding = {"secretRef": {"name": "app-env"}, "restartApp": True}
    await w.addon("mqtt", {**SPEC, "binding": binding})


async def create(w: World) -> None:
    await w.addon("mqtt", SPEC)


async def new_version(w: World) -> None:
    patch = {"name": "web", "image": "registry.example/web:2"}
    await w.patch("deployments", "web", {"spec": {"template": {"spec": {"containers": [patch]}}}})
    await w.patch("tcpaddons", "mqtt", {"spec": {"env": [{"name": "NEW", "value": "1"}]}})


async def delete(w: World) -> None:
    addon = await w.get("tcpaddons", "mqtt")
    await w.api.delete(w.path("tcpaddons", "mqtt"))
    await w.collect_garbage(addon["metadata"]["uid"])


async def scale(w: World) -> None:
    await w.patch("tcpaddons", "mqtt", {"spec": {"replicas": 3}})


# What the user does, and what was done and settled before.
STORIES: dict[str, tuple[list[Step], Step]] = {
    "create": ([nothing_yet], create),
    "restart of the app": ([an_app_that_runs], create_and_restart),
    "new version": ([nothing_yet, create], new_version),
    "scale": ([nothing_yet, create], scale),
    "delete": ([nothing_yet, create], delete),
}


async def rests(w: World, op: Operator) -> bool:
    """Tell whether the story has come to its end: the addon is ready, or gone without a trace."""
    if not op.queue.is_idle:
        return False
    if await w.get("tcpaddons", "mqtt") is not None:
        return await w.is_ready("mqtt")
    secret = await w.get("secrets", "app-env")
    app = await w.get("deployments", "web")
    procfile = await w.get("configmaps", "web-procfile")
    marks = [o["metadata"].get("labels", {}) for o in (secret, app, procfile)]
    return "TCP_URL" not in secret["data"] and not any("tcpaddon.io/role" in m for m in marks)


async def settled(w: World, server: ApiServer) -> dict[str, Any]:
    """Run a healthy operator until nothing changes any more; return the picture."""
    async with operator(server.kubeconfig()) as op:
        await eventually(lambda: rests(w, op), "the operator rests")
        return await w.picture()


async def tell(w: World, server: ApiServer, story: str, death: Death) -> None:
    """Let a story happen under an operator that may die in it."""
    before, act = STORIES[story]
    await before[0](w)
    for step in before[1:]:
        await step(w)
        await settled(w, server)
    async with operator(server.kubeconfig(), death) as op:
        await act(w)

        async def over() -> bool:
            return death.dead or await rests(w, op)

        await eventually(over, "it dies, or the story ends")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
async def test_dying_at_any_write_ends_where_living_does(
    apiserver: ApiServer, story: str, after: bool
) -> None:
    async with world(apiserver) as w:
        await tell(w, apiserver, story, Death())
        wanted = await settled(w, apiserver)
    died = []
    for at_write in range(1, MOST_WRITES):
        death = Death(at_write=at_write, after=after)
        async with world(apiserver) as w:
            await tell(w, apiserver, story, death)
            assert await settled(w, apiserver) == wanted, f"died at {death.writes}"
        if not death.dead:
            break  # the story has fewer writes than that
        died.append(death.writes[-1])
    assert not death.dead, "the story has more writes than were tried"
    assert len(died) >= FEWEST.get(story, 2), died
