"""Takes API server, controller manager and etcd out of their images, where a registry answers.

That is a minute instead of eight for who only wants to run the tests of the API.
"""

import sys
from pathlib import Path

from cluster import cache, engine, images, source, versions
from cluster.commands import Commands
from cluster.engine import Engine

_PLACES = {  # program: image, path inside
    "kubernetes": (versions.APISERVER_IMAGE, "/usr/local/bin/kube-apiserver"),
    "kube-controller-manager": (versions.MANAGER_IMAGE, "/usr/local/bin/kube-controller-manager"),
    "etcd": (versions.ETCD_IMAGE, "/usr/local/bin/etcd"),
}


def folder() -> Path:
    """Where ``kubernetes`` (the API server) and the others are, or will be."""
    return cache.root() / "programs" / f"published-{cache.fingerprint(_PLACES)}"


def engine_with_registry() -> Engine | None:
    """The engine to take them from; None: it cannot be done that way here."""
    found = engine.find() if sys.platform == "linux" else None
    return found if found and source.is_registry(found) else None


def fetch(commands: Commands) -> None:
    """Pull the images and copy the programs out of them."""

    def make(draft: Path) -> None:
        for program, (image, inside) in _PLACES.items():
            if not images.exists(commands, image):
                commands.run(["docker", "pull", "--quiet", image], timeout=600)
            container = commands.text(["docker", "create", image]).strip()
            try:
                commands.run(["docker", "cp", "-L", f"{container}:{inside}", draft / program])
            finally:
                commands.run(["docker", "rm", container])

    cache.newest(folder(), make)
