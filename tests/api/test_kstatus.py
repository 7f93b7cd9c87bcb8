"""What generic tools make of an addon at each of its stages: kstatus' rules, and `kubectl wait`.

kstatus (sigs.k8s.io/cli-utils/pkg/kstatus) is what Flux, Argo CD, kpt and Helm 4 wait by.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.apiserver import ApiServer, controllers, running
from tests.operators import eventually, operator
from tests.stages import ADDON, SLOW, change, cluster, ready, spec, told
from tests.worlds import World

PENDING: dict[str, Any] = {
    "exposure": {"loadBalancerClass": "example.com/none"}
}  # nobody gives it an address


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with running() as found, controllers(found, "deployment-controller", "replicaset-controller"):
        yield found


def kstatus(obj: Any) -> str:
    """Compute the status of a custom resource as kstatus' generic rules do, in their order.

    1. `metadata.deletionTimestamp` is set: Terminating.
    2. `status.observedGeneration` is there and is not `metadata.generation`: InProgress.
    3. Condition `Reconciling` is True: InProgress; condition `Stalled` is True: Failed; the first
       of the list that says so.
    4. For kinds without rules of their own, condition `Ready`: True is Current, else InProgress.
    5. Nothing of it is there: Current.

    (cli-utils pkg/kstatus/status: generic.go checkGenericProperties, status.go Compute and
    checkReadyCondition.)
    """
    metadata, status = obj["metadata"], obj.get("status", {})
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    observed = status.get("observedGeneration")
    if observed is not None and observed != metadata["generation"]:
        return "InProgress"
    conditions = status.get("conditions", [])
    for condition in conditions:
        if condition["type"] == "Reconciling" and condition["status"] == "True":
            return "InProgress"
        if condition["type"] == "Stalled" and condition["status"] == "True":
            return "Failed"
    for condition in conditions:
        if condition["type"] == "Ready":
            return "Current" if condition["status"] == "True" else "InProgress"
    return "Current"


async def seen(w: World) -> str:
    """Return what kstatus makes of the addon now."""
    return kstatus(await w.get("tcpaddons", ADDON))


def waited(server: ApiServer, w: World, what: str) -> bool:
    """Look once, as `kubectl wait` does: whether it would return."""
    words = ("wait", f"tcpaddon/{ADDON}", f"--for={what}", "--timeout=0s", "-n", w.namespace)
    try:
        server.kubectl(*words)
    except AssertionError as error:
        assert "condition not met" in str(error)  # noqa: PT017 - kubectl's way to say no
        return False
    return True


async def test_an_addon_that_no_operator_has_looked_at_is_in_progress(server: ApiServer) -> None:
    async with cluster(server) as (w, _):
        await w.addon(ADDON, spec())
        assert await seen(w) == "InProgress"
        assert not waited(server, w, "condition=Ready")


async def test_an_addon_that_waits_for_its_address_is_in_progress(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec(**PENDING))
        await told(w, "AddressAssigned", "WaitingForAddress", status="False")
        assert await seen(w) == "InProgress"
        assert not waited(server, w, "jsonpath={.status.url}")


async def test_an_addon_whose_processes_start_is_in_progress_and_then_current(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, kubelet), operator(server.kubeconfig()):
        await w.addon(ADDON, spec("waits-1", rollout=SLOW))
        await told(w, "Reconciling", "WaitingForHandshake", status="True")
        assert await seen(w) == "InProgress"
        assert not waited(server, w, "condition=Ready")
        kubelet.open()
        await ready(w)
        assert await seen(w) == "Current"
        assert waited(server, w, "condition=Ready")
        assert waited(server, w, "condition=Reconciling=False")
        assert waited(server, w, "jsonpath={.status.url}")


async def test_a_change_that_the_operator_has_not_seen_is_in_progress_and_nobody_waits_in_vain(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _):
        await w.addon(ADDON, spec())
        async with operator(server.kubeconfig()):
            first = await ready(w)
        await change(w, image="registry.example/mqtt:answers-2")
        addon = await w.get("tcpaddons", ADDON)
        (old,) = [c for c in addon["status"]["conditions"] if c["type"] == "Ready"]
        assert old["status"] == "True"
        assert old["observedGeneration"] == first["metadata"]["generation"]
        assert addon["metadata"]["generation"] > old["observedGeneration"]
        assert await seen(w) == "InProgress"
        assert not waited(server, w, "condition=Ready")
        generation = f"jsonpath={{.status.observedGeneration}}={addon['metadata']['generation']}"
        assert not waited(server, w, generation)
        async with operator(server.kubeconfig()):
            await asyncio.to_thread(  # the operator is in this loop
                server.kubectl,
                *("wait", f"tcpaddon/{ADDON}", "--for=condition=Ready", "--timeout=45s"),
                *("-n", w.namespace),
            )
            now = await w.get("tcpaddons", ADDON)
            assert now["status"]["image"].endswith("answers-2")
            assert now["status"]["revision"] != first["status"]["revision"]
            assert now["status"]["updatedReplicas"] == now["status"]["readyReplicas"] == 1
            assert waited(server, w, generation)
            assert kstatus(now) == "Current"


async def test_a_roll_is_in_progress_at_its_own_generation_while_the_old_version_serves(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, kubelet), operator(server.kubeconfig()):
        await w.addon(ADDON, spec(rollout=SLOW))
        await ready(w)
        await change(w, image="registry.example/mqtt:waits-2")
        await told(w, "Ready", "WaitingForHandshake", status="False")
        addon = await w.get("tcpaddons", ADDON)
        assert addon["status"]["observedGeneration"] == addon["metadata"]["generation"]
        assert kstatus(addon) == "InProgress"
        assert not waited(server, w, "condition=Ready")
        assert waited(server, w, "condition=WorkloadAvailable")
        assert waited(server, w, "condition=Progressing")
        kubelet.open()
        await ready(w)
        assert await seen(w) == "Current"


async def test_a_first_version_that_does_not_boot_has_failed(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec("hangs-1"))
        await told(w, "Stalled", "BootTimeout", status="True")
        assert await seen(w) == "Failed"
        assert not waited(server, w, "condition=Ready")
        assert waited(server, w, "condition=Stalled")


async def test_a_rejected_version_has_failed_though_the_one_before_serves(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec())
        await ready(w)
        await change(w, image="registry.example/mqtt:hangs-2")

        async def rolled_back() -> bool:
            pods = (await w.api.get(w.path("pods")))["items"]
            images = [p["spec"]["containers"][0]["image"].rpartition(":")[2] for p in pods]
            return images == ["answers-1"] and await seen(w) == "Failed"

        await eventually(rolled_back, "it is rolled back, and has failed")
        assert waited(server, w, "condition=Stalled")
        assert waited(server, w, "condition=WorkloadAvailable")
        assert not waited(server, w, "condition=Ready")
        await change(w, image="registry.example/mqtt:answers-3")
        await ready(w)
        assert await seen(w) == "Current"


async def test_an_addon_put_to_rest_is_current(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec())
        await ready(w)
        await change(w, suspend=True)
        await told(w, "Ready", "Suspended", status="True")
        assert await seen(w) == "Current"


async def test_an_addon_that_is_being_deleted_is_terminating_and_then_gone(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec())
        await ready(w)
        held = {"metadata": {"finalizers": ["example.com/held"]}}  # somebody else's
        await w.patch("tcpaddons", ADDON, held)
        await w.api.delete(w.path("tcpaddons", ADDON))
        assert await seen(w) == "Terminating"
        assert not waited(server, w, "delete")
        await w.patch("tcpaddons", ADDON, {"metadata": {"finalizers": None}})
        assert waited(server, w, "delete")


@pytest.mark.parametrize(
    ("obj", "wanted"),
    [
        ({"metadata": {"generation": 1}}, "Current"),
        ({"metadata": {"generation": 1}, "status": {"observedGeneration": -1}}, "InProgress"),
    ],
    ids=json.dumps,
)
def test_without_its_default_an_unseen_addon_would_count_as_done(obj: Any, wanted: str) -> None:
    assert kstatus(obj) == wanted
