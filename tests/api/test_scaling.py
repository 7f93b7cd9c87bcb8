"""Scaling, and what holds a drain of nodes back, against a real API server."""

import json
from typing import Any

from tcpaddon.core.facts import Kind
from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.waits import ready
from tests.worlds import World, world

SPEC: dict[str, Any] = {"image": "registry.example/broker:1", "replicas": 2}
BUDGETS = "poddisruptionbudgets"


async def idle(op: Any) -> None:
    async def now() -> bool:
        return bool(op.queue.is_idle)

    await eventually(now, "the queue is idle")


def writes(server: ApiServer, namespace: str) -> list[str]:
    """Every write of the operator's about a namespace."""
    return [
        f"{line['verb']} {line['objectRef']['resource']}/{line['objectRef'].get('subresource', '')}"
        for line in server.audit()
        if line["user"].get("username") == "operator"
        and line.get("objectRef", {}).get("namespace") == namespace
        and line["verb"] not in ("get", "list", "watch")
    ]


def scale(server: ApiServer, w: World, replicas: int) -> None:
    server.kubectl("-n", w.namespace, "scale", "tcpaddon/mqtt", f"--replicas={replicas}")


async def test_a_second_process_brings_a_disruption_budget_and_its_status_costs_nothing(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")) as op:
        await w.addon("mqtt", {**SPEC, "replicas": 1})
        await ready(w)
        assert await w.get(BUDGETS, "mqtt-tcp") is None
        scale(apiserver, w, 2)
        await ready(w)
        budget = await w.get(BUDGETS, "mqtt-tcp")
        assert budget["spec"] == {
            "maxUnavailable": 1,
            "selector": {
                "matchLabels": {"tcpaddon.io/addon": "mqtt", "tcpaddon.io/process": "tcp"}
            },
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
        scale(apiserver, w, 1)
        await ready(w)
        await idle(op)
        before = writes(apiserver, w.namespace)
        assert before.count(f"patch {BUDGETS}/") == 1
        status = {
            "observedGeneration": 1,
            "disruptionsAllowed": 1,
            "currentHealthy": 1,
            "desiredHealthy": 0,
            "expectedPods": 1,
        }
        path = w.path(BUDGETS, "mqtt-tcp") + "/status"
        told = await w.api.patch(path, {"status": status})
        version = int(told["metadata"]["resourceVersion"])

        async def seen() -> bool:
            reflector = op.caches.by_kind[Kind.DISRUPTION_BUDGET]
            return any(f.resource_version == version for f in reflector.facts())

        await eventually(seen, "the operator has seen the status")
        await idle(op)
        assert writes(apiserver, w.namespace) == before


async def test_a_disruption_budget_that_somebody_changes_or_deletes_is_as_before(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.addon("mqtt", SPEC)
        await ready(w)

        async def whole() -> bool:
            budget = await w.get(BUDGETS, "mqtt-tcp")
            return budget is not None and budget["spec"].get("maxUnavailable") == 1

        await w.patch(BUDGETS, "mqtt-tcp", {"spec": {"maxUnavailable": 0}})
        await eventually(whole, "its number is ours again")
        await w.api.delete(w.path(BUDGETS, "mqtt-tcp"))
        await eventually(whole, "it is there again")


async def test_a_foreign_disruption_budget_is_left_as_it_was_and_clients_are_served(
    apiserver: ApiServer,
) -> None:
    foreign = {
        "metadata": {"name": "mqtt-tcp"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"mine": "yes"}}},
    }
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        before = await w.create(BUDGETS, foreign)
        await w.addon("mqtt", SPEC)

        async def told() -> bool:
            accepted = await w.condition("mqtt", "Accepted")
            available = await w.condition("mqtt", "WorkloadAvailable")
            return (accepted.get("reason"), available.get("status")) == ("NameConflict", "True")

        await eventually(told, "NameConflict is told, and the process serves")
        after = await w.get(BUDGETS, "mqtt-tcp")
        assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
        await w.api.delete(w.path(BUDGETS, "mqtt-tcp"))
        await ready(w)


async def test_a_number_that_a_scale_has_set_outlives_a_new_apply_without_one(
    apiserver: ApiServer,
) -> None:
    manifest = {
        "apiVersion": "tcpaddon.io/v1alpha1",
        "kind": "TcpAddon",
        "metadata": {"name": "mqtt"},
        "spec": {"image": "registry.example/broker:1"},
    }
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        for more in ((), ("--server-side",)):
            apply_as_users_do(apiserver, w, manifest, *more)
            scale(apiserver, w, 4)
            assert (await ready(w))["status"]["replicas"] == 4
            changed = {**manifest, "spec": {"image": "registry.example/broker:2"}}
            apply_as_users_do(apiserver, w, changed, *more)
            addon = await ready(w)
            assert addon["spec"]["replicas"] == addon["status"]["replicas"] == 4
            assert (await w.get("deployments", "mqtt-tcp"))["spec"]["replicas"] == 4
            await w.api.delete(w.path("tcpaddons", "mqtt"))
            await w.collect_garbage(addon["metadata"]["uid"])


async def test_to_zero_and_back_with_what_an_autoscaler_reads_right_throughout(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.addon("mqtt", SPEC)
        for replicas in (2, 0, 3, 1):
            scale(apiserver, w, replicas)
            addon = await ready(w)
            expected = "ScaledToZero" if replicas == 0 else "Ready"
            assert (await w.condition("mqtt", "Ready"))["reason"] == expected
            read = await w.api.get(w.path("tcpaddons", "mqtt") + "/scale")
            # The API server leaves a 0 out of a Scale.
            told = (read["spec"].get("replicas", 0), read["status"]["replicas"])
            assert told == (replicas, replicas)
            live = await w.get("deployments", "mqtt-tcp")
            pod_labels = live["spec"]["template"]["metadata"]["labels"]
            selector = dict(pair.split("=") for pair in read["status"]["selector"].split(","))
            assert selector.items() <= pod_labels.items()
            assert addon["status"]["readyReplicas"] == replicas


def apply_as_users_do(server: ApiServer, w: World, manifest: Any, *options: str) -> None:
    server.kubectl("-n", w.namespace, "apply", *options, "-f", "-", stdin=json.dumps(manifest))
