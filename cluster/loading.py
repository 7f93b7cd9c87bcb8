"""Gives images of the engine to a cluster's nodes, once each."""

import json

from cluster import images, kind, model
from cluster.commands import Commands
from cluster.engine import log_file
from cluster.model import Cluster


def load_image(cluster: Cluster, tag: str) -> None:
    """Give an image to every node of the cluster that does not have this build of it.

    Raises:
        ClusterError: the engine has no such image, or a node does not take it.
    """
    commands = Commands(log_file(f"cluster-{cluster.name}"), cluster.env)
    wanted = commands.text(["docker", "image", "inspect", "--format", "{{.Id}}", tag]).strip()
    memo = model.folder(cluster.name) / "images.json"
    try:
        loaded: dict[str, str] = json.loads(memo.read_text())
    except (OSError, ValueError):
        loaded = {}
    for node in [container.name for container in kind.containers(commands, cluster.name)]:
        key = f"{node} {tag}"
        if loaded.get(key) != wanted or not images.is_on(commands, node, tag):
            images.load(commands, node, tag)
            loaded[key] = wanted
            memo.write_text(json.dumps(loaded, indent=1))
