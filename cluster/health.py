"""Whether a cluster really works, told from what it says about itself.

After a node was killed the API goes on saying what was true before. So a container counts only if
it started after its node did.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cluster.nodes import Node

_SYSTEM = ("kube-system", "metallb-system")


def complaint(nodes: list[Node], pods: str, started: Mapping[str, str]) -> str:
    """What is not well yet, in a few words; empty when all is.

    Args:
        nodes: the API's nodes.
        pods: the API's JSON list of pods.
        started: for each node container, when it started (RFC 3339).
    """
    for name in started:
        if not any(node.name == name and node.ready for node in nodes):
            return f"node {name} is not ready"
    begins = {name: moment(text) for name, text in started.items()}
    for item in json.loads(pods)["items"]:
        metadata, node = item["metadata"], item["spec"].get("nodeName", "")
        if metadata["namespace"] not in _SYSTEM:
            continue
        if node not in begins or not _runs_since(item["status"], begins[node]):
            return f"pod {metadata['name']} is not ready"
    return ""


def moment(text: str) -> datetime:
    """A point in time as Docker and Kubernetes write it; parts of a second do not count."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def _runs_since(status: Mapping[str, Any], begin: datetime) -> bool:
    conditions = status.get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    states = [container["state"] for container in status.get("containerStatuses", [])]
    return ready and all(
        "running" in state and moment(state["running"]["startedAt"]) >= begin for state in states
    )
