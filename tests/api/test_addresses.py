"""Addresses as clouds really give them: what becomes of TCP_URL, and what is told."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.apiserver import ApiServer
from tests.clouds import CLASS, Cloud, Entry, cloud
from tests.operators import eventually, operator
from tests.worlds import World, decoded, world

EXPOSURE: dict[str, Any] = {"loadBalancerClass": CLASS}
SPEC: dict[str, Any] = {
    "image": "registry.example/broker:1",
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
    "exposure": EXPOSURE,
}
A, B = {"ip": "198.18.200.1"}, {"ip": "198.18.200.2"}
SIX = {"ip": "2001:DB8:0:0::7"}
NAME = {"hostname": "a1b2.elb.eu-west-1.example.net"}


@dataclass(frozen=True, slots=True)
class Place:
    """A cloud with an addon in it."""

    world: World
    cloud: Cloud

    async def url(self, wanted: str) -> Any:
        """Wait until this URL is in the app's Secret, the binding Secret and the status."""

        async def everywhere() -> Any:
            addon = await self.world.get("tcpaddons", "mqtt")
            binding = await self.world.get("secrets", "mqtt-tcp-binding")
            secret = await self.world.get("secrets", "app-env")
            told = {
                addon.get("status", {}).get("url", ""),
                decoded(binding["data"]["uri"]) if binding else "",
                decoded(secret.get("data", {}).get("TCP_URL", "")),
            }
            return addon if told == {wanted} else None

        return await eventually(everywhere, f"TCP_URL is {wanted}")

    async def told(self, reason: str, kind: str = "AddressAssigned") -> str:
        """Wait until a condition gives this reason; returns its sentence."""

        async def now() -> str:
            found = await self.world.condition("mqtt", kind)
            return str(found["message"]) if found.get("reason") == reason else ""

        return str(await eventually(now, f"{kind} gives {reason}"))

    async def event(self, reason: str) -> str:
        """Wait for an Event about the addon; returns what it says."""

        async def now() -> str:
            for event in (await self.world.api.get(self.world.path("events")))["items"]:
                if event["reason"] == reason and event["regarding"]["name"] == "mqtt":
                    return str(event["note"])
            return ""

        return str(await eventually(now, f"there is an Event {reason}"))

    async def ready(self) -> Any:
        """Wait until the addon is ready."""
        await eventually(lambda: self.world.is_ready("mqtt"), "the addon is ready")
        return await self.world.get("tcpaddons", "mqtt")


@asynccontextmanager
async def place(
    server: ApiServer, spec: dict[str, Any], gives: Iterable[Entry] = ()
) -> AsyncIterator[Place]:
    async with world(server) as w, cloud(w, *gives) as c, operator(server.kubeconfig("operator")):
        await w.secret("app-env", {})
        await w.addon("mqtt", {**SPEC, **spec})
        yield Place(w, c)


@pytest.mark.parametrize(
    ("gives", "url", "addresses"),
    [
        ([A], "tcp://198.18.200.1:1883", ["198.18.200.1"]),
        ([NAME], f"tcp://{NAME['hostname']}:1883", [NAME["hostname"]]),
        ([SIX], "tcp://[2001:db8::7]:1883", ["2001:db8::7"]),
        ([B, A], "tcp://198.18.200.1:1883", ["198.18.200.1", "198.18.200.2"]),
        ([A, NAME], f"tcp://{NAME['hostname']}:1883", [NAME["hostname"], "198.18.200.1"]),
        ([{**A, **NAME}], f"tcp://{NAME['hostname']}:1883", [NAME["hostname"], "198.18.200.1"]),
    ],
    ids=["an IP", "a host name", "IPv6", "several", "an IP and a host name", "both in one"],
)
async def test_whatever_a_cloud_gives_there_is_one_url(
    apiserver: ApiServer, gives: list[Entry], url: str, addresses: list[str]
) -> None:
    async with place(apiserver, {}, gives) as p:
        await p.url(url)
        assert (await p.ready())["status"]["addresses"] == addresses


async def test_a_dual_stack_service_has_both_addresses_and_takes_its_first_family(
    apiserver: ApiServer,
) -> None:
    exposure = {**EXPOSURE, "ipFamilyPolicy": "RequireDualStack"}
    async with place(apiserver, {"exposure": exposure}, [SIX, A]) as p:
        await p.url("tcp://198.18.200.1:1883")
        assert (await p.ready())["status"]["addresses"] == ["198.18.200.1", "2001:db8::7"]
        service = await p.world.get("services", "mqtt-tcp")
        assert service["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
        # Removing the field is the way back: the Service has one family again.
        await p.world.patch("tcpaddons", "mqtt", {"spec": {"exposure": {"ipFamilyPolicy": None}}})

        async def single() -> bool:
            service = await p.world.get("services", "mqtt-tcp")
            return bool(service["spec"]["ipFamilies"] == ["IPv4"])

        await eventually(single, "the Service has one family")


async def test_the_url_stays_whatever_comes_beside_it_and_in_whichever_order(
    apiserver: ApiServer,
) -> None:
    async with place(apiserver, {}, [B]) as p:
        await p.url("tcp://198.18.200.2:1883")
        before = await p.ready()
        for gives in ([A, B], [B, A], [NAME, A, B]):
            await p.cloud.give(*gives)

            async def seen(number: int = len(gives)) -> Any:
                addon = await p.world.get("tcpaddons", "mqtt")
                return addon if len(addon["status"].get("addresses", ())) == number else None

            after = await eventually(seen, "the status has all of them")
            assert after["status"]["url"] == before["status"]["url"]
        await p.url("tcp://198.18.200.2:1883")
        await p.ready()


async def test_a_changed_address_is_followed_and_those_who_use_it_are_named(
    apiserver: ApiServer,
) -> None:
    async with place(apiserver, {}, [A]) as p:
        await p.url("tcp://198.18.200.1:1883")
        before = await p.world.get("deployments", "mqtt-tcp")
        await p.cloud.give(NAME)
        url = f"tcp://{NAME['hostname']}:1883"
        await p.url(url)
        said = await p.event("AddressChanged")
        assert f"TCP_URL is now {url}, it was tcp://198.18.200.1:1883" in said
        assert "Secret app-env" in said
        after = await p.world.get("deployments", "mqtt-tcp")
        assert after["spec"] == before["spec"]  # nobody is thrown out because of it


async def test_a_lost_address_stays_published_and_is_ready_again_when_it_is_back(
    apiserver: ApiServer,
) -> None:
    async with place(apiserver, {}, [A]) as p:
        await p.url("tcp://198.18.200.1:1883")
        await p.ready()
        await p.cloud.give()
        assert "tcp://198.18.200.1:1883 stays published" in await p.told("AddressLost")
        assert await p.told("AddressLost", "Ready")
        assert await p.event("AddressLost")
        lost = await p.url("tcp://198.18.200.1:1883")
        assert "addresses" not in lost["status"]
        deployment = await p.world.get("deployments", "mqtt-tcp")
        assert deployment["spec"]["replicas"] == 1
        await p.cloud.give(A)
        assert (await p.ready())["status"]["addresses"] == ["198.18.200.1"]


async def test_a_port_that_the_cloud_does_not_serve_is_not_published(
    apiserver: ApiServer,
) -> None:
    ports = [{"name": "mqtt", "containerPort": 1883}, {"name": "smtp", "containerPort": 25}]
    spec = {"ports": ports, "binding": {**SPEC["binding"], "port": "mqtt"}}
    refused = [
        {"port": 1883, "protocol": "TCP"},
        {"port": 25, "protocol": "TCP", "error": "cloud.example/PortBlocked"},
    ]
    async with place(apiserver, spec, [{**A, "ports": refused}]) as p:
        await p.url("tcp://198.18.200.1:1883")
        said = await p.told("LoadBalancerPortFailed")
        assert "port 25 («cloud.example/PortBlocked»)" in said
        secret = await p.world.get("secrets", "app-env")
        assert set(secret["data"]) == {"TCP_URL"}
        await p.cloud.give(A)
        await p.ready()
        secret = await p.world.get("secrets", "app-env")
        assert decoded(secret["data"]["TCP_URL_SMTP"]) == "tcp://198.18.200.1:25"


async def test_no_process_starts_while_the_main_port_is_not_served(apiserver: ApiServer) -> None:
    refused = {"port": 1883, "protocol": "TCP", "error": "PortBlocked"}
    async with place(apiserver, {}, [{**A, "ports": [refused]}]) as p:
        await p.told("LoadBalancerPortFailed", "Ready")
        assert await p.world.get("deployments", "mqtt-tcp") is None
        assert "TCP_URL" not in (await p.world.get("secrets", "app-env")).get("data", {})
        await p.cloud.give(A)
        await p.url("tcp://198.18.200.1:1883")
        await p.ready()


async def test_pending_for_ever_is_told_in_the_words_of_the_cloud(apiserver: ApiServer) -> None:
    async with place(apiserver, {}) as p:
        await p.told("WaitingForAddress")

        async def seen() -> bool:
            return "mqtt-tcp" in p.cloud.services

        await eventually(seen, "the cloud has seen the Service")
        await p.cloud.warn("mqtt-tcp", "SyncLoadBalancerFailed", "quota 'addresses' exceeded")

        async def quoted() -> bool:
            said = await p.told("WaitingForAddress")
            return "«SyncLoadBalancerFailed: quota 'addresses' exceeded»" in said

        await eventually(quoted, "the message has the cloud's words")
        assert _lists_of_events(apiserver, p.world.namespace) == 1
        await p.cloud.give(A)
        await p.url("tcp://198.18.200.1:1883")
        await p.ready()


async def test_nothing_is_read_where_the_address_comes_in_time(apiserver: ApiServer) -> None:
    async with place(apiserver, {}, [A]) as p:
        await p.ready()
        assert _lists_of_events(apiserver, p.world.namespace) == 0


async def test_an_own_name_is_the_url_once_there_is_an_address_and_external_dns_is_told(
    apiserver: ApiServer,
) -> None:
    exposure = {**EXPOSURE, "hostname": "mqtt.example.com"}
    async with place(apiserver, {"exposure": exposure}) as p:
        await p.told("WaitingForAddress")
        assert "TCP_URL" not in (await p.world.get("secrets", "app-env")).get("data", {})
        service = await p.world.get("services", "mqtt-tcp")
        key = "external-dns.alpha.kubernetes.io/hostname"
        assert service["metadata"]["annotations"][key] == "mqtt.example.com"
        await p.cloud.give(A)
        await p.url("tcp://mqtt.example.com:1883")
        assert (await p.ready())["status"]["addresses"] == ["198.18.200.1"]
        assert "has to lead to 198.18.200.1" in await p.told("AddressAssigned")
        await p.cloud.give(B)
        said = await p.event("AddressChanged")
        assert "mqtt.example.com has to lead to 198.18.200.2 now" in said
        await p.world.patch("tcpaddons", "mqtt", {"spec": {"exposure": {"hostname": None}}})
        await p.url("tcp://198.18.200.2:1883")
        service = await p.world.get("services", "mqtt-tcp")
        assert key not in service["metadata"]["annotations"]


async def test_source_ranges_let_the_clusters_own_pods_in(apiserver: ApiServer) -> None:
    nodes = {"node-a": ["10.244.0.0/24"], "node-b": ["10.244.3.0/24"]}
    exposure = {**EXPOSURE, "sourceRanges": ["203.0.113.0/24"]}
    for name, networks in nodes.items():
        spec = {"podCIDR": networks[0], "podCIDRs": networks}
        apiserver.call("POST", "/api/v1/nodes", {"metadata": {"name": name}, "spec": spec})
    try:
        async with place(apiserver, {"exposure": exposure}, [A]) as p:
            await p.ready()
            service = await p.world.get("services", "mqtt-tcp")
            ranges = service["spec"]["loadBalancerSourceRanges"]
            assert ranges == ["203.0.113.0/24", "10.244.0.0/22"]
    finally:
        for name in nodes:
            apiserver.call("DELETE", f"/api/v1/nodes/{name}")


async def test_where_nodes_tell_no_pod_network_the_message_says_what_to_set(
    apiserver: ApiServer,
) -> None:
    exposure = {**EXPOSURE, "sourceRanges": ["203.0.113.0/24"]}
    async with place(apiserver, {"exposure": exposure}, [A]) as p:
        await p.ready()
        assert "set clusterNetworks" in await p.told("AddressAssigned")
        service = await p.world.get("services", "mqtt-tcp")
        assert service["spec"]["loadBalancerSourceRanges"] == ["203.0.113.0/24"]


def _lists_of_events(server: ApiServer, namespace: str) -> int:
    """Count how often the operator read Events of a namespace."""
    return sum(
        line["verb"] == "list"
        and line["user"].get("username") == "operator"
        and line.get("objectRef", {}).get("resource") == "events"
        and line["objectRef"].get("namespace") == namespace
        for line in server.audit()
    )
