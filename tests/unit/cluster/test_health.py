"""A cluster is well when its nodes and system pods run, and not on hearsay of before a restart."""

import json

import pytest

from cluster.health import complaint
from cluster.nodes import Node

NODE = Node("control", "198.18.16.0/24", ready=True)
STARTED = {"control": "2026-01-01T10:00:00.123456789Z"}


def pods(
    *,
    namespace: str = "kube-system",
    ready: str = "True",
    started: str = "2026-01-01T10:00:05Z",
) -> str:
    status = {
        "conditions": [{"type": "Ready", "status": ready}],
        "containerStatuses": [{"state": {"running": {"startedAt": started}}}],
    }
    metadata = {"name": "coredns", "namespace": namespace}
    pod = {"metadata": metadata, "spec": {"nodeName": "control"}, "status": status}
    return json.dumps({"items": [pod]})


def test_a_cluster_whose_system_runs_is_well() -> None:
    assert complaint([NODE], pods(), STARTED) == ""


def test_a_container_that_started_in_the_same_second_as_its_node_counts() -> None:
    assert complaint([NODE], pods(started="2026-01-01T10:00:00Z"), STARTED) == ""


def test_a_pod_that_last_started_before_its_node_is_not_ready() -> None:
    found = complaint([NODE], pods(started="2026-01-01T09:59:59Z"), STARTED)
    assert found == "pod coredns is not ready"


def test_a_pod_that_is_not_ready_is_told() -> None:
    assert complaint([NODE], pods(ready="False"), STARTED) == "pod coredns is not ready"


@pytest.mark.parametrize("nodes", [[], [Node("control", "198.18.16.0/24", ready=False)]])
def test_a_node_that_is_missing_or_not_ready_is_told(nodes: list[Node]) -> None:
    assert complaint(nodes, pods(), STARTED) == "node control is not ready"


def test_a_users_pod_does_not_count() -> None:
    assert complaint([NODE], pods(namespace="default", ready="False"), STARTED) == ""
