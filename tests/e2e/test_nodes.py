"""More than one node: one address leads to pods on all of them, and pods reach one another."""

from typing import Any

import pytest

from tests.e2e.site import (
    Refused,
    Site,
    addon,
    address_of,
    app_secret,
    connected,
    eventually,
    greeting,
)

# What a pod on one node runs to speak to a process on another: connects and prints the greeting.
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as connection:
    print(connection.makefile().readline())
"""


@pytest.fixture
def workers(site: Site) -> list[str]:
    """The nodes that pods run on."""
    nodes = site.all("default", "nodes", "!node-role.kubernetes.io/control-plane")
    names = sorted(node["metadata"]["name"] for node in nodes)
    if len(names) < 2:
        pytest.skip("needs a cluster with two workers (WORKERS=2)")
    return names


def spec(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
        "rollout": {"drainSeconds": 5, "preStopSeconds": 1},
        **more,
    }


def apart(name: str) -> dict[str, Any]:
    """No two pods of the addon on one node."""
    return {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {
                    "topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": {"tcpaddon.io/addon": name}},
                }
            ]
        }
    }


def test_one_address_leads_to_pods_on_every_node_from_outside_and_from_inside(
    site: Site, namespace: str, workers: list[str]
) -> None:
    wanted = spec(site, replicas=2, affinity=apart("echo"))
    site.apply(namespace, app_secret({}), addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    pods = site.all(namespace, "pods", "tcpaddon.io/addon=echo")
    nodes = {pod["spec"]["nodeName"] for pod in pods}
    assert len(nodes) == 2, nodes
    names = {pod["metadata"]["name"] for pod in pods}
    eventually(lambda: names == {greeting(url)["host"] for _ in range(20)}, "all pods are reached")
    for here, there in (pods, pods[::-1]):
        # Straight to the pod on the other node, and through the public address.
        assert there["metadata"]["name"] in ask(site, here, (there["status"]["podIP"], 7000))
        eventually(lambda here=here: url in ask(site, here, address_of(url)), "it is reached")  # type: ignore[misc]


def test_external_traffic_policy_local_keeps_the_clients_address_also_when_the_pod_moves(
    site: Site, namespace: str, workers: list[str]
) -> None:
    def placed(node: str) -> dict[str, Any]:
        wanted = spec(
            site,
            nodeSelector={"kubernetes.io/hostname": node},
            exposure={"externalTrafficPolicy": "Local"},
        )
        return addon("echo", wanted)

    for node in workers[:2]:
        site.apply(namespace, app_secret({}), placed(node))
        url = site.ready(namespace, "echo")["status"]["url"]

        def seen(url: str = url, node: str = node) -> bool:
            """Whether the pod on this node answers, and sees who asks."""
            try:
                said = greeting(url)
                with connected(url) as connection:
                    ours = connection.getsockname()[0]
            except OSError:  # the address moves to the node of the pod
                return False
            pod = site.get(namespace, "pod", said["host"])
            return bool(pod) and pod["spec"]["nodeName"] == node and said["client"] == ours

        eventually(seen, f"the process on {node} sees the client's own address")


def ask(site: Site, pod: dict[str, Any], where: tuple[str, int]) -> str:
    """What a client in a pod hears."""
    metadata = pod["metadata"]
    host, port = where
    try:
        return site.kubectl(
            *("-n", metadata["namespace"], "exec", metadata["name"], "--"),
            *("python3", "-c", ASK, host, str(port)),
        )
    except Refused as error:
        return str(error)
