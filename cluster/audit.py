"""Reads the API server's audit log: who asked for what, counted by tests."""

import json
import os
from typing import Any

from cluster.commands import Commands
from cluster.engine import log_file
from cluster.kind import AUDIT_LOG_IN_NODE
from cluster.model import Cluster


def audit_events(cluster: Cluster) -> list[dict[str, Any]]:
    """All events of the log as audit.k8s.io/v1 has them, oldest first.

    The file belongs to root inside the node; who may not read it here reads it through the node.
    """
    if os.access(cluster.audit_log, os.R_OK):
        text = cluster.audit_log.read_text()
    else:
        node = f"{cluster.name}-control-plane"
        commands = Commands(log_file(f"cluster-{cluster.name}"), cluster.env)
        text = commands.text(["docker", "exec", node, "cat", AUDIT_LOG_IN_NODE])
    # the last line may be half written
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]
