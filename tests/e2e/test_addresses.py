"""The public address from inside and outside the cluster, and what is told when there is none."""

import json
import socket
from typing import Any

from tests.e2e.site import (
    Refused,
    Site,
    addon,
    address_of,
    app,
    app_secret,
    eventually,
    greeting,
)

# Connects as an app does, with what its Secret gave it, and prints the server's greeting.
CLIENT = """
import os, socket, sys
host, _, port = os.environ["TCP_URL"].removeprefix("tcp://").rpartition(":")
with socket.create_connection((host, int(port)), timeout=3) as connection:
    sys.stdout.write(connection.makefile().readline())
"""
NOBODY = "192.0.2.0/24"  # documentation only: no client comes from there


def spec(site: Site, **exposure: Any) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
        "rollout": {"drainSeconds": 1, "preStopSeconds": 0},
        "exposure": exposure,
    }


def web(site: Site) -> dict[str, Any]:
    """Write down an app of the user's whose pods read TCP_URL from their Secret."""
    made = app("web", site.images.server, ["sleep", "infinity"])
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container["envFrom"] = [{"secretRef": {"name": "app-env"}}]
    return made


def from_inside(site: Site, namespace: str) -> dict[str, Any]:
    """Connect to TCP_URL from a pod of the app; empty where it cannot."""
    words = ("exec", "deployment/web", "--", "python3", "-c", CLIENT)
    try:
        said: dict[str, Any] = json.loads(site.kubectl("-n", namespace, *words))
    except Refused:
        return {}
    return said


def is_shut_out(url: str) -> bool:
    """Tell whether a client outside of the cluster gets no answer at all."""
    try:
        socket.create_connection(address_of(url), timeout=2).close()
    except TimeoutError:
        return True
    return False


def own_address(url: str) -> str:
    """Return the address that this machine has towards the cluster."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(address_of(url))
        own: str = probe.getsockname()[0]
        return own


def test_tcp_url_works_from_the_apps_own_pods_whoever_else_is_shut_out(
    site: Site, namespace: str
) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site)))
    url = site.ready(namespace, "echo")["status"]["url"]
    site.apply(namespace, web(site))
    site.kubectl("-n", namespace, "rollout", "status", "deployment/web", "--timeout=120s")
    eventually(lambda: from_inside(site, namespace), "the app reaches its own TCP_URL")
    assert greeting(url)["url"] == url

    site.apply(namespace, addon("echo", spec(site, sourceRanges=[NOBODY])))
    eventually(lambda: is_shut_out(url), "who is in no range is shut out")
    assert from_inside(site, namespace)["url"] == url
    ranges = site.get(namespace, "service", "echo-tcp")["spec"]["loadBalancerSourceRanges"]
    assert ranges[0] == NOBODY
    assert len(ranges) == 2  # the pods' network

    ours = f"{own_address(url)}/32"
    site.apply(namespace, addon("echo", spec(site, sourceRanges=[NOBODY, ours])))
    eventually(lambda: not is_shut_out(url), "who is in a range is let in")
    assert greeting(url)["url"] == url
    assert from_inside(site, namespace)["url"] == url


def test_a_load_balancer_without_an_address_to_give_is_quoted(site: Site, namespace: str) -> None:
    key = "metallb.universe.tf/loadBalancerIPs"
    wanted = spec(site, annotations={key: "192.0.2.1"})  # in no pool
    site.apply(namespace, app_secret({}), addon("echo", wanted))

    def quoted() -> bool:
        said = site.told(namespace, "echo", "AddressAssigned", "WaitingForAddress")
        return "«AllocationFailed: " in said and "192.0.2.1" in said

    eventually(quoted, lambda: f"MetalLB is quoted\n{site.account(namespace, 'echo')}")
    site.apply(namespace, addon("echo", spec(site)))
    site.ready(namespace, "echo")
