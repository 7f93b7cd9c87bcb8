"""Following a Deployment or StatefulSet on a real API server: all of it, and each change of it."""

from typing import Any

import pytest

from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.worlds import World, world

OF_CONTAINER: dict[str, Any] = {
    "image": "registry.example/web:1",
    "imagePullPolicy": "Always",
    "env": [{"name": "A", "value": "1"}],
    "envFrom": [{"secretRef": {"name": "more"}}],
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    "securityContext": {"runAsUser": 1000},
}
OF_POD: dict[str, Any] = {
    "volumes": [{"name": "data", "emptyDir": {}}],
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccountName": "web",
    "securityContext": {"fsGroup": 1000},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    # With one of its own, the process has no other: else it gets one that spreads over zones.
    "affinity": {"nodeAffinity": {}, "podAntiAffinity": {}},
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["db"]}],
    "enableServiceLinks": False,
}
CHANGED: dict[str, Any] = {
    "image": "registry.example/web:2",
    "env": [{"name": "A", "value": "2"}],
    "securityContext": {"runAsUser": 2000},
}


async def app(w: World, kind: str) -> None:
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", **OF_CONTAINER}], **OF_POD}
    more = {"serviceName": "web"} if kind == "StatefulSet" else {}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
        **more,
    }
    await w.create(f"{kind.lower()}s", {"metadata": {"name": "web"}, "spec": spec})


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
async def test_an_app_is_followed_in_all_that_is_said_and_in_each_change(
    apiserver: ApiServer, kind: str
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await app(w, kind)
        await w.addon("mqtt", {"appRef": {"kind": kind, "name": "web"}})
        await eventually(lambda: w.is_ready("mqtt"), "it is Ready")
        pod = await _pod(w)
        (container,) = pod["containers"]
        assert {name: pod.get(name) for name in OF_POD} == OF_POD
        rest = {name: value for name, value in OF_CONTAINER.items() if name != "env"}
        assert {name: container.get(name) for name in rest} == rest
        assert OF_CONTAINER["env"][0] in container["env"]
        for name, value in CHANGED.items():
            change = {"containers": [{"name": "web", **OF_CONTAINER, name: value}]}
            await w.patch(f"{kind.lower()}s", "web", {"spec": {"template": {"spec": change}}})
            await eventually(_follows(w, name, value), f"{name} is followed")


def _follows(w: World, name: str, value: Any) -> Any:
    async def now() -> bool:
        (container,) = (await _pod(w))["containers"]
        if name == "env":
            return value[0] in container["env"]
        return bool(container.get(name) == value)

    return now


async def _pod(w: World) -> dict[str, Any]:
    found = await w.get("deployments", "mqtt-tcp")
    pod: dict[str, Any] = found["spec"]["template"]["spec"]
    return pod
