"""Takes the demo away again: its cluster, and the container engine if that was ours alone."""

import sys

import cluster
from cluster import cache, dockerd, engine
from demo.run import NAME


def down() -> None:
    """Delete the demo's cluster; what was built stays in the cache for the next time."""
    cluster.down(NAME)
    found = engine.find()
    if found and found.own and not found.commands("demo").text(["docker", "ps", "--quiet"]).strip():
        dockerd.stop()
    sys.stdout.write(
        f"The cluster {NAME} is gone. What was built stays in {cache.root()} for the next time;"
        " delete that folder to free its disk space.\n"
    )
