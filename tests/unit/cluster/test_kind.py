"""The cluster's configuration, and when a cluster must be made anew."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.kind import Shape, configuration

OWN = Shape("tcpaddon", 0, "tcpaddon/node:1")


def config(shape: Shape) -> Any:
    return configuration(shape, Path("/cache/clusters/tcpaddon"))


def test_our_own_node_image_brings_no_pod_network_of_kinds() -> None:
    found = config(OWN)
    assert found["networking"]["disableDefaultCNI"] is True
    assert found["nodes"][0]["image"] == "tcpaddon/node:1"


def test_kinds_default_image_is_left_to_kind_with_its_pod_network() -> None:
    found = config(Shape("tcpaddon", 0, ""))
    assert found["networking"]["disableDefaultCNI"] is False
    assert "image" not in found["nodes"][0]


def test_workers_are_nodes_beside_the_control_plane() -> None:
    roles = [node["role"] for node in config(Shape("tcpaddon", 2, ""))["nodes"]]
    assert roles == ["control-plane", "worker", "worker"]


def test_the_api_server_writes_its_audit_log_to_a_folder_of_this_machine() -> None:
    found = config(OWN)
    patches = [yaml.safe_load(patch) for patch in found["kubeadmConfigPatches"]]
    server = next(p for p in patches if p["kind"] == "ClusterConfiguration")["apiServer"]
    arguments = {item["name"]: item["value"] for item in server["extraArgs"]}
    mounts = {m["containerPath"]: m["hostPath"] for m in found["nodes"][0]["extraMounts"]}
    log_folder = str(Path(arguments["audit-log-path"]).parent)
    assert mounts[log_folder] == "/cache/clusters/tcpaddon/audit"


@pytest.mark.parametrize(
    "other", [Shape("tcpaddon", 1, OWN.node_image), Shape("tcpaddon", 0, "tcpaddon/node:2")]
)
def test_another_shape_is_another_cluster(other: Shape) -> None:
    assert other.fingerprint != OWN.fingerprint
