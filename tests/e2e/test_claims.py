"""A volume that one node at a time may mount: how long nobody serves while versions change."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.clients import connecting
from tests.e2e.site import Site, addon, eventually


def spec(site: Site, version: str) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "env": [{"name": "VERSION", "value": version}],
        "rollout": {"drainSeconds": 10, "preStopSeconds": 2},
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }


@pytest.fixture
def volume(site: Site, namespace: str) -> Iterator[None]:
    """A claim `data`, bound to a folder of whichever node."""
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    site.apply(
        namespace,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": namespace},
            "spec": {
                **common,
                "capacity": {"storage": "1Mi"},
                "hostPath": {"path": f"/var/local/{namespace}", "type": "DirectoryOrCreate"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {
                **common,
                "volumeName": namespace,
                "resources": {"requests": {"storage": "1Mi"}},
            },
        },
    )
    yield
    site.kubectl("delete", "persistentvolume", namespace, "--wait=false")


def test_with_a_read_write_once_volume_the_gap_is_told_and_measured(
    site: Site,
    namespace: str,
    volume: None,
    record_property: Callable[[str, object], None],
) -> None:
    site.apply(namespace, addon("echo", spec(site, "1")))
    url = site.ready(namespace, "echo")["status"]["url"]
    live = site.get(namespace, "deployment", "echo-tcp")
    assert live["spec"]["strategy"] == {"type": "Recreate"}
    assert events(site, namespace, "Recreated") == []  # nobody was replaced yet
    with connecting(url) as tries:
        eventually(lambda: tries.served_by("1"), "the first version answers")
        site.apply(namespace, addon("echo", spec(site, "2")))
        said = site.told(namespace, "echo", "Progressing", "Recreating")
        assert "PersistentVolumeClaim data" in said
        site.told(namespace, "echo", "WorkloadAvailable", "Recreating")
        eventually(lambda: tries.served_by("2"), "the second version answers")
        site.ready(namespace, "echo")
    (told,) = eventually(lambda: events(site, namespace, "Recreated"), "the gap is told")
    assert "no process was ready" in told
    record_property(
        "ReadWriteOnce, one new version",
        f"{tries.longest_gap:.1f} s without a connection, {len(tries.lost)} lost of "
        f"{len(tries.all)}; the Event: {told.partition(':')[0]}",
    )
    last_of_old = max(each.began for each in tries.all if each.version == "1")
    first_of_new = min(each.began for each in tries.all if each.version == "2")
    assert last_of_old < first_of_new  # never both at once


def events(site: Site, namespace: str, reason: str) -> list[str]:
    """The sentences of an addon's Events with this reason."""
    return [
        str(event["message"])
        for event in site.all(namespace, "events")
        if event["reason"] == reason and event["involvedObject"]["kind"] == "TcpAddon"
    ]
