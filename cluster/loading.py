"""Gives images of the engine to a cluster's nodes, once each."""

import json
from concurrent.futures import ThreadPoolExecutor

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
    missing = [
        node.name
        for node in kind.containers(commands, cluster.name)
        if loaded.get(f"{node.name} {tag}") != wanted or not images.is_on(commands, node.name, tag)
    ]
    if missing:
        with ThreadPoolExecutor(len(missing)) as beside:
            list(beside.map(lambda node: images.load(commands, node, tag), missing))
        loaded |= {f"{node} {tag}": wanted for node in missing}
        memo.write_text(json.dumps(loaded, indent=1))
