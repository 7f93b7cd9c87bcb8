"""What runs, and when it starts anew: suspended, restarted by hand, by its Secret or its app."""

from typing import Any

from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.worlds import World, world

SPEC: dict[str, Any] = {
    "image": "registry.example/broker:1",
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
}


async def ready(w: World, name: str = "mqtt") -> Any:
    await eventually(lambda: w.is_ready(name), f"{name} is Ready")
    return await w.get("tcpaddons", name)


async def told(w: World, kind: str, reason: str, name: str = "mqtt") -> str:
    """Wait until a condition gives this reason; returns its sentence."""

    async def now() -> str:
        found = await w.condition(name, kind)
        return str(found["message"]) if found.get("reason") == reason else ""

    return str(await eventually(now, f"{kind} gives {reason}"))


async def deployment(w: World) -> Any:
    return await w.get("deployments", "mqtt-tcp")


async def test_a_suspended_addon_keeps_its_address_and_keys_and_comes_back_as_it_was(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", {**SPEC, "replicas": 2})
        url = (await ready(w))["status"]["url"]
        service, secret = await w.get("services", "mqtt-tcp"), await w.get("secrets", "app-env")
        await w.patch("tcpaddons", "mqtt", {"spec": {"suspend": True}})
        assert "spec.suspend" in await told(w, "Ready", "Suspended")
        assert (await deployment(w))["spec"]["replicas"] == 0
        assert (await w.get("tcpaddons", "mqtt"))["status"]["url"] == url
        assert await w.get("services", "mqtt-tcp") == service
        assert await w.get("secrets", "app-env") == secret
        # What is scaled meanwhile counts when it comes back.
        apiserver.kubectl("-n", w.namespace, "scale", "tcpaddon/mqtt", "--replicas=3")
        await told(w, "Ready", "Suspended")
        assert (await deployment(w))["spec"]["replicas"] == 0
        await w.patch("tcpaddons", "mqtt", {"spec": {"suspend": False}})
        await told(w, "Ready", "Ready")
        assert (await deployment(w))["spec"]["replicas"] == 3
        assert await w.get("services", "mqtt-tcp") == service
