"""Others want what the addon wants, or do not let it: told in their words, never fought over."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.facts import Kind
from tcpaddon.kube.client import Client
from tcpaddon.kube.paths import WATCHED
from tcpaddon.kube.reflector import Reflector
from tcpaddon.reconcile.addons import AddonStore
from tcpaddon.reconcile.gather import Caches, Gatherer
from tcpaddon.reconcile.networks import ClusterNetworks
from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.waits import ready, told
from tests.worlds import World, decoded, encoded, world

SPEC: dict[str, Any] = {
    "image": "registry.example/broker:1",
    "binding": {"secretRef": {"name": "app-env"}},
}


async def test_of_two_addons_with_one_key_the_first_has_it_until_it_goes(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("first", SPEC)
        url = (await ready(w, "first"))["status"]["url"]
        await w.addon("second", SPEC)
        assert "belongs to another TcpAddon" in await told(w, "Ready", "SecretConflict", "second")
        secret = await w.get("secrets", "app-env")
        assert decoded(secret["data"]["TCP_URL"]) == url
        assert await w.is_ready("first")
        await w.api.delete(w.path("tcpaddons", "first"))
        url = (await ready(w, "second"))["status"]["url"]
        secret = await w.get("secrets", "app-env")
        assert decoded(secret["data"]["TCP_URL"]) == url


@pytest.mark.parametrize("how", ["replaced", "made anew"])
async def test_a_secret_that_a_tool_writes_whole_all_the_time_is_not_fought_over(
    apiserver: ApiServer, how: str
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")):
        await w.secret("app-env", {"OTHER": "1"})
        await w.addon("mqtt", SPEC)
        await ready(w)
        tool = asyncio.create_task(_undo(w, how))
        try:
            sentence = await told(w, "BindingPublished", "SecretReplaced")
            assert "app-env" in sentence
            assert "TCP_URL" in sentence
            assert "spec.binding.secretRef" in sentence

            async def over() -> bool:
                return len(_writes(apiserver, w, "secrets", "app-env")) == 6

            await eventually(over, "it is written, and repaired five times")
            # The tool has undone the last one, and nothing is written any more; it is the tool's.
            await eventually(lambda: _has(w, "OTHER"), "the tool's word is the last")
            writes = len(_writes(apiserver, w, "secrets", "app-env"))
            statuses = len(_writes(apiserver, w, "tcpaddons", "mqtt"))
            assert writes == 6
            # Those of a create; a Secret that is away for a moment may be seen to be, and be back.
            assert statuses <= 3 + 2 * writes
        finally:
            tool.cancel()
        events = (await w.api.get(w.path("events")))["items"]
        assert [e["reason"] for e in events].count("SecretReplaced") == 1


async def _undo(w: World, how: str) -> None:
    """Write the Secret whole whenever it is not as it was, as some tools do."""
    body = {"metadata": {"name": "app-env"}, "data": {"OTHER": encoded("1")}}
    while True:
        if not await _has(w, "OTHER"):
            if how == "replaced":
                await w.api.call("PUT", w.path("secrets", "app-env"), body)
            else:
                await w.api.delete(w.path("secrets", "app-env"))
                await w.create("secrets", body)
        await asyncio.sleep(0.05)


async def _has(w: World, *keys: str) -> bool:
    secret = await w.get("secrets", "app-env")
    return secret is not None and set(secret["data"]) == set(keys)


def _writes(server: ApiServer, w: World, resource: str, name: str) -> list[dict[str, Any]]:
    """Return the operator's writes of one object that went through."""
    return [
        line
        for line in server.audit()
        if line["user"].get("username") == "operator"
        and line["verb"] == "patch"
        and (line["objectRef"].get("namespace"), line["objectRef"]["resource"])
        == (w.namespace, resource)
        and line["objectRef"].get("name") == name
        and line["responseStatus"]["code"] == 200
    ]


async def test_a_process_whose_app_is_gone_goes_on_and_is_told_of(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.app("web", "registry.example/web:1")
        spec = {"appRef": {"name": "web"}, "binding": SPEC["binding"]}
        await w.addon("mqtt", spec)
        await ready(w)
        before = await w.get("deployments", "mqtt-tcp")
        await w.api.delete(w.path("deployments", "web"))
        assert "goes on" in await told(w, "Ready", "AppNotFound")
        assert (await w.condition("mqtt", "WorkloadAvailable"))["status"] == "True"
        assert await w.get("deployments", "mqtt-tcp") == before
        await w.app("web", "registry.example/web:2")
        await ready(w)
        after = await w.get("deployments", "mqtt-tcp")
        (container,) = after["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "registry.example/web:2"


async def test_in_a_namespace_that_goes_nothing_is_made_and_it_is_told(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w:
        await w.addon("mqtt", {"image": "registry.example/broker:1"})
        await w.api.delete(f"/api/v1/namespaces/{w.namespace}")  # there is nobody to end it
        async with operator(apiserver.kubeconfig()):
            assert w.namespace in await told(w, "Ready", "NamespaceTerminating")
        assert await w.get("services", "mqtt-tcp") is None


async def test_a_quota_of_load_balancers_is_told_in_the_servers_words_until_it_is_raised(
    apiserver: ApiServer,
) -> None:
    hard = {"services.loadbalancers": "0"}
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.create("resourcequotas", {"metadata": {"name": "none"}, "spec": {"hard": hard}})
        # A quota counts by its status, which a controller writes that is not there.
        used = {"status": {"hard": hard, "used": hard}}
        await w.patch("resourcequotas", "none/status", used)
        await w.addon("mqtt", {"image": "registry.example/broker:1"})
        assert "exceeded quota: none" in await told(w, "Ready", "RefusedByApiServer")
        raised = {"status": {"hard": {"services.loadbalancers": "1"}}}
        await w.patch("resourcequotas", "none/status", raised)
        await ready(w)


async def test_one_look_at_the_secret_serves_a_create_however_long_the_address_takes(
    apiserver: ApiServer, client: Client
) -> None:
    async with world(apiserver) as w:
        await w.secret("app-env", {})
        stored = AddonStore()
        raw = await w.addon("mqtt", SPEC)
        stored.put(raw)
        known, addon = stored.get(w.namespace, "mqtt"), TcpAddon.parse(raw)
        assert known is not None
        caches = {Kind(r.kind): Reflector(client, r, lambda _old, _new: None) for r in WATCHED}
        now = datetime.now(UTC)
        networks = ClusterNetworks(client, lambda: now)
        gatherer = Gatherer(client, Caches(caches), clock=lambda: now, networks=networks)
        asked: list[str] = []
        client.on_request = lambda _verb, kind, _code, _seconds: asked.append(kind)
        await gatherer.facts(addon, known)
        now += timedelta(minutes=2)
        service = {
            "kind": "Service",
            "metadata": {
                "name": "mqtt-tcp",
                "namespace": w.namespace,
                "uid": "1",
                "resourceVersion": "1",
                "labels": {
                    "tcpaddon.io/role": "child",
                    "tcpaddon.io/addon": "mqtt",
                    "app.kubernetes.io/managed-by": "tcpaddon",
                },
            },
            "spec": {},
            "status": {"loadBalancer": {"ingress": [{"ip": "198.18.128.1"}]}},
        }
        caches[Kind.SERVICE].observe(service)
        facts = await gatherer.facts(addon, known)
        assert facts.app_secret is not None
        assert asked.count("Secret") == 1
        now += timedelta(seconds=6)
        await gatherer.facts(addon, known)
        assert asked.count("Secret") == 2
