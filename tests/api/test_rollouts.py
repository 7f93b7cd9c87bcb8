"""Rolls under the real controllers of Deployments and ReplicaSets; the nodes are stand-ins.

A guard watches every roll: whatever the operator and the controllers do, and whoever dies when,
the Service always leads to as many answering processes as were asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.apiserver import ApiServer, controllers, running
from tests.nodes import LAST_WORDS, Nodes, nodes
from tests.operators import Death, eventually, operator
from tests.worlds import World, world

REVISION = "tcpaddon.io/revision"
REPLICAS = 2
QUICK = {"startupTimeoutSeconds": 1, "preStopSeconds": 0, "drainSeconds": 1}
MOST_WRITES = 15


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with running() as found, controllers(found, "deployment-controller", "replicaset-controller"):
        yield found


@dataclass(slots=True)
class Guard:
    """Looks at every change of the Service and its pods: who is led to, and who answers."""

    world: World
    fewest: int  # answering processes that the Service led to, at the worst moment
    mixed: bool = False  # whether it ever led to two versions that answered
    order: list[tuple[str, ...]] = field(default_factory=list)  # the versions led to, in turn

    async def run(self) -> None:
        """Follow for ever. Words of two watches cross, so each look is a look at both."""
        await asyncio.gather(self._follow("pods"), self._follow("services"))

    async def _follow(self, kind: str) -> None:
        async for _ in self.world.api.watch(self.world.path(kind)):
            await self.look()

    async def look(self) -> None:
        """Look at how things are now."""
        service = await self.world.get("services", "mqtt-tcp")
        pods = (await self.world.api.get(self.world.path("pods")))["items"]
        if (await self.world.get("services", "mqtt-tcp"))["spec"] != service["spec"]:
            await self.look()  # it led elsewhere by the time of the second look
            return
        led_to = [pod for pod in pods if answers(pod) and selected(service, pod)]
        versions = tuple(sorted({pod["metadata"]["labels"][REVISION] for pod in led_to}))
        self.fewest = min(self.fewest, len(led_to))
        self.mixed |= len(versions) > 1
        if not self.order or self.order[-1] != versions:
            self.order.append(versions)


def answers(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod is ready and not going."""
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def selected(service: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    """Tell whether a Service leads to a pod."""
    labels = pod["metadata"]["labels"]
    return all(labels.get(key) == value for key, value in service["spec"]["selector"].items())


@asynccontextmanager
async def watched(w: World, processes: int = REPLICAS) -> AsyncIterator[Guard]:
    """Guard a roll for as long as the block lasts."""
    guard = Guard(w, fewest=processes)
    task = asyncio.create_task(guard.run())
    try:
        yield guard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def spec(image: str = "answers-1", replicas: int = REPLICAS, **rollout: Any) -> dict[str, Any]:
    return {
        "image": f"registry.example/mqtt:{image}",
        "replicas": replicas,
        "rollout": {**QUICK, **rollout},
    }


async def deployed(w: World, **wanted: Any) -> None:
    """Have the first version roll out."""
    await w.addon("mqtt", spec(**wanted))
    await eventually(lambda: w.is_ready("mqtt"), "the first version is rolled out")


async def roll(w: World, image: str) -> None:
    """Ask for another version."""
    await w.patch("tcpaddons", "mqtt", {"spec": {"image": f"registry.example/mqtt:{image}"}})


async def images(w: World) -> list[str]:
    """Return what the pods that are not going run."""
    pods = (await w.api.get(w.path("pods")))["items"]
    kept = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return sorted(pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in kept)


async def uids(w: World) -> set[str]:
    pods = (await w.api.get(w.path("pods")))["items"]
    return {pod["metadata"]["uid"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


async def rolls(w: World) -> str:
    """Return how many rolls there were, as the Deployment's controller counts them."""
    deployment = await w.get("deployments", "mqtt-tcp")
    return str(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


async def reason(w: World, kind: str = "Progressing") -> str:
    return str((await w.condition("mqtt", kind)).get("reason", ""))


@asynccontextmanager
async def cluster(server: ApiServer) -> AsyncIterator[tuple[World, Nodes]]:
    async with world(server, deployments=False) as w, nodes(w.api) as kubelet:
        yield w, kubelet


# --- Switch -----------------------------------------------------------------------------------


async def test_a_switch_leads_to_one_version_at_any_time_and_never_to_fewer_processes(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, strategy="Switch")
        async with watched(w) as guard:
            await roll(w, "answers-2")
            await eventually(lambda: w.is_ready("mqtt"), "the second version is rolled out")
            await guard.look()
        assert await images(w) == ["answers-2"] * REPLICAS
        assert guard.fewest == REPLICAS
        assert not guard.mixed
        assert len(guard.order) == 2


async def test_a_switch_waits_until_all_new_processes_answer(server: ApiServer) -> None:
    async with cluster(server) as (w, kubelet), operator(server.kubeconfig()):
        await deployed(w, strategy="Switch", startupTimeoutSeconds=60)
        before = (await w.get("services", "mqtt-tcp"))["spec"]["selector"]
        await roll(w, "waits-2")

        async def all_run() -> bool:
            return await images(w) == ["answers-1"] * REPLICAS + ["waits-2"] * REPLICAS

        await eventually(all_run, "both versions run side by side")
        assert (await w.get("services", "mqtt-tcp"))["spec"]["selector"] == before
        kubelet.open()
        await eventually(lambda: w.is_ready("mqtt"), "the switch is made")
        assert await images(w) == ["waits-2"] * REPLICAS


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("strategy", ["Switch", "Rolling"])
async def test_an_operator_that_dies_in_the_middle_of_a_roll_loses_nothing(
    server: ApiServer, strategy: str, after: bool
) -> None:
    died = []
    for at_write in range(1, MOST_WRITES):
        death = Death(at_write=at_write, after=after)
        async with cluster(server) as (w, _):
            async with operator(server.kubeconfig()):
                await deployed(w, strategy=strategy)
            async with watched(w) as guard:
                async with operator(server.kubeconfig(), death) as op:
                    await roll(w, "answers-2")

                    async def over() -> bool:
                        rests = op.queue.is_idle and await w.is_ready("mqtt")
                        return death.dead or rests  # noqa: B023

                    await eventually(over, "it dies, or the roll ends")
                async with operator(server.kubeconfig()):
                    await eventually(lambda: w.is_ready("mqtt"), "the next one ends the roll")
                await guard.look()
            assert await images(w) == ["answers-2"] * REPLICAS, death.writes
            assert guard.fewest == REPLICAS, death.writes
            assert strategy == "Rolling" or not guard.mixed, death.writes
        if not death.dead:
            break
        died.append(death.writes[-1])
    assert len(died) >= (4 if strategy == "Switch" else 2), died


async def test_a_newer_version_takes_the_place_of_one_that_was_not_switched_to(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, strategy="Switch", startupTimeoutSeconds=60)
        async with watched(w) as guard:
            await roll(w, "waits-2")

            async def begun() -> bool:
                return "waits-2" in await images(w)

            await eventually(begun, "the second version starts")
            await roll(w, "answers-3")
            await eventually(lambda: w.is_ready("mqtt"), "the third version is rolled out")
            await guard.look()
        assert await images(w) == ["answers-3"] * REPLICAS
        assert guard.fewest == REPLICAS
        assert not guard.mixed


async def test_a_version_that_follows_right_after_a_switch_loses_nothing(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, strategy="Switch")
        first = (await w.get("services", "mqtt-tcp"))["spec"]["selector"][REVISION]
        async with watched(w) as guard:
            await roll(w, "answers-2")

            async def switched() -> bool:
                service = await w.get("services", "mqtt-tcp")
                return bool(service["spec"]["selector"][REVISION] != first)

            await eventually(switched, "the Service leads to the second version")
            await roll(w, "answers-3")
            await eventually(lambda: w.is_ready("mqtt"), "the third version is rolled out")
            await guard.look()
        assert await images(w) == ["answers-3"] * REPLICAS
        assert guard.fewest == REPLICAS
        assert not guard.mixed


async def test_the_strategy_can_be_changed_without_a_roll(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w)
        before = await uids(w)
        for strategy, selects in (("Switch", True), ("Rolling", False)):
            await w.patch("tcpaddons", "mqtt", {"spec": {"rollout": {"strategy": strategy}}})
            await eventually(lambda: w.is_ready("mqtt"), f"{strategy} is settled")
            selector = (await w.get("services", "mqtt-tcp"))["spec"]["selector"]
            assert (REVISION in selector) == selects
        assert await uids(w) == before


# --- a version that does not boot -----------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["Rolling", "Switch"])
@pytest.mark.parametrize("bad", ["hangs-2", "crashes-2"])
async def test_a_version_that_does_not_boot_is_rolled_back(
    server: ApiServer, bad: str, strategy: str
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, strategy=strategy)
        before = await uids(w)
        async with watched(w) as guard:
            await roll(w, bad)

            async def rolled_back() -> bool:
                told = await reason(w) == "BootTimeout"
                return told and await images(w) == ["answers-1"] * REPLICAS

            await eventually(rolled_back, "the new processes are gone")
            await guard.look()
        assert await uids(w) == before, "an old process was replaced"
        assert guard.fewest == REPLICAS
        said = (await w.condition("mqtt", "Progressing"))["message"]
        if bad == "crashes-2":
            assert "exit code 1" in said
            assert LAST_WORDS in said
        else:
            assert "within 1 s" in said
        assert "not tried again until the spec or the app changes" in said
        assert await reason(w, "Ready") == "BootTimeout"
        assert (await w.condition("mqtt", "WorkloadAvailable"))["status"] == "True"
        assert (await w.condition("mqtt", "Stalled"))["status"] == "True"
        status = (await w.get("tcpaddons", "mqtt"))["status"]
        assert status["image"].endswith("answers-1")


async def test_a_rejected_version_is_not_tried_again_until_the_spec_changes(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _):
        async with operator(server.kubeconfig()):
            await deployed(w)
            await roll(w, "hangs-2")

            async def rejected() -> bool:
                return await reason(w) == "BootTimeout" and len(await images(w)) == REPLICAS

            await eventually(rejected, "it is rolled back")
        before = await rolls(w)
        async with operator(server.kubeconfig()):  # a restart knows it still
            await w.patch("tcpaddons", "mqtt", {"spec": {"replicas": 3}})  # is no other version

            async def scaled() -> bool:
                return await images(w) == ["answers-1"] * 3

            await eventually(scaled, "the old version is scaled")
            assert await reason(w) == "BootTimeout"
            assert await rolls(w) == before
            await roll(w, "answers-3")
            await eventually(lambda: w.is_ready("mqtt"), "the mended version is rolled out")
            assert await images(w) == ["answers-3"] * 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_operator_that_dies_in_a_roll_back_ends_it_after_its_restart(
    server: ApiServer, after: bool
) -> None:
    died = []
    for at_write in range(1, MOST_WRITES):
        death = Death(at_write=at_write, after=after)
        async with cluster(server) as (w, _):
            async with operator(server.kubeconfig()):
                await deployed(w, strategy="Switch")
            before = await uids(w)

            async def rolled_back() -> bool:
                told = await reason(w) == "BootTimeout"
                return told and await images(w) == ["answers-1"] * REPLICAS

            async with operator(server.kubeconfig(), death) as op:
                await roll(w, "hangs-2")

                async def over() -> bool:
                    return death.dead or (op.queue.is_idle and await rolled_back())  # noqa: B023

                await eventually(over, "it dies, or the new processes are gone")
            async with operator(server.kubeconfig()):
                await eventually(rolled_back, "the next one rolls back")
            assert await uids(w) == before, death.writes
        if not death.dead:
            break
        died.append(death.writes[-1])
    assert len(died) >= 2, died


async def test_with_keep_a_version_that_does_not_boot_stays_beside_the_old_one(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, onFailure="Keep")
        await roll(w, "hangs-2")

        async def told() -> bool:
            return await reason(w) == "BootTimeout"

        await eventually(told, "the boot time-out is told")
        assert await images(w) == ["answers-1"] * REPLICAS + ["hangs-2"] * REPLICAS


async def test_a_first_version_that_does_not_boot_says_so(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon("mqtt", spec("hangs-1"))

        async def told() -> bool:
            return await reason(w, "Ready") == "BootTimeout"

        await eventually(told, "the boot time-out is told")
        assert (await w.condition("mqtt", "WorkloadAvailable"))["status"] == "False"


async def test_an_image_that_cannot_be_pulled_is_waited_for(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w)
        await roll(w, "pulls-2")

        async def told() -> bool:
            return await reason(w) == "ImagePullFailed"

        await eventually(told, "the pull's failure is told")
        deployment = await w.get("deployments", "mqtt-tcp")
        assert "tcpaddon.io/rejected" not in deployment["metadata"]["annotations"]
        assert await images(w) == ["answers-1"] * REPLICAS + ["pulls-2"] * REPLICAS


# --- gradual drain ------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["Rolling", "Switch"])
async def test_old_processes_go_one_at_a_time(server: ApiServer, strategy: str) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, replicas=3, strategy=strategy, drain={"intervalSeconds": 1})
        left: list[int] = []

        async def count() -> None:
            async for _ in w.api.watch(w.path("pods")):
                now = (await images(w)).count("answers-1")
                if not left or left[-1] != now:
                    left.append(now)

        counting = asyncio.create_task(count())
        await roll(w, "answers-2")
        await eventually(lambda: w.is_ready("mqtt"), "the second version is rolled out")
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        assert left == [3, 2, 1, 0]
        assert await images(w) == ["answers-2"] * 3


async def test_a_long_drain_is_told_and_ends_when_it_is_no_longer_asked_for(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, drain={"intervalSeconds": 3600})
        await roll(w, "answers-2")

        async def told() -> bool:
            return await reason(w) == "Draining"

        await eventually(told, "the drain is told")
        assert await images(w) == ["answers-1"] * REPLICAS + ["answers-2"] * REPLICAS
        await w.patch("tcpaddons", "mqtt", {"spec": {"rollout": {"drain": None}}})
        await eventually(lambda: w.is_ready("mqtt"), "the roll ends")
        assert await images(w) == ["answers-2"] * REPLICAS


async def test_a_drain_ends_before_the_next_version_starts(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await deployed(w, replicas=3, drain={"intervalSeconds": 1})
        async with watched(w, 3) as guard:
            await roll(w, "answers-2")

            async def draining() -> bool:
                return 0 < (await images(w)).count("answers-1") < 3

            await eventually(draining, "the first old process is gone")
            await roll(w, "answers-3")
            await eventually(lambda: w.is_ready("mqtt"), "the third version is rolled out")
            await guard.look()
        assert await images(w) == ["answers-3"] * 3
        assert guard.fewest == 3


# --- by hand, and put to rest -------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["Switch", "Rolling"])
async def test_a_restart_by_hand_rolls_once_and_never_to_fewer_processes(
    server: ApiServer, strategy: str
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()) as op:
        await deployed(w, strategy=strategy)
        before = await uids(w)
        async with watched(w) as guard:
            server.kubectl("-n", w.namespace, "rollout", "restart", "deployment/mqtt-tcp")

            async def restarted() -> bool:
                now = await uids(w)
                rests = op.queue.is_idle and await w.is_ready("mqtt")
                return rests and len(now) == REPLICAS and not now & before

            await eventually(restarted, "all processes are new")
            await guard.look()
        assert guard.fewest == REPLICAS
        assert await rolls(w) == "2"


async def test_a_process_whose_app_is_gone_goes_on_and_can_be_put_to_rest(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.app("web", "registry.example/mqtt:answers-1")
        await w.addon("mqtt", {**spec(), "image": None, "appRef": {"name": "web"}})
        await eventually(lambda: w.is_ready("mqtt"), "it is Ready")
        await w.api.delete(w.path("deployments", "web"))

        async def gone() -> bool:
            return await reason(w, "Ready") == "AppNotFound"

        await eventually(gone, "AppNotFound is told")
        assert (await w.condition("mqtt", "WorkloadAvailable"))["status"] == "True"
        await w.patch("tcpaddons", "mqtt", {"spec": {"suspend": True}})

        async def at_rest() -> bool:
            return bool((await w.get("tcpaddons", "mqtt"))["status"]["replicas"] == 0)

        await eventually(at_rest, "no process runs")
        assert await rolls(w) == "1"
        await w.app("web", "registry.example/mqtt:answers-1")
        await w.patch("tcpaddons", "mqtt", {"spec": {"suspend": False}})
        await eventually(lambda: w.is_ready("mqtt"), "it is Ready again")
        assert await rolls(w) == "1"
