"""What the other parts of the project know of a cluster."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from cluster import cache
from cluster.errors import ClusterError
from cluster.network import Pool

DEFAULT_NAME = "tcpaddon"
TESTS_NAME = "tcpaddon-e2e"
# Nodes beside the first one, for tests: what goes from one node to another is to be seen there.
TESTS_WORKERS = 2
_OWN_CONTEXT = "kind-tcpaddon"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A kind cluster that stands."""

    name: str
    context: str
    kubeconfig: Path
    docker_host: str
    """Value for ``DOCKER_HOST``; empty: whatever ``docker`` talks to by itself."""
    network: str
    """The Docker network of its nodes and of its LoadBalancer addresses."""
    pool: Pool
    """The LoadBalancer addresses."""
    host_can_route: bool
    """Whether this machine reaches them; else a client has to run on that Docker network."""
    audit_log: Path
    """The API server's audit log, a line of JSON per request (level Metadata)."""
    programs: Path
    """The folder with kubectl, helm and kind."""
    path: str
    """Value for ``PATH`` with these programs and a ``docker`` on it."""

    @property
    def env(self) -> dict[str, str]:
        """The environment for programs that work with this cluster."""
        host = {"DOCKER_HOST": self.docker_host} if self.docker_host else {}
        return {**os.environ, "PATH": self.path, "KUBECONFIG": str(self.kubeconfig), **host}


def folder(name: str) -> Path:
    """Where everything of that cluster is kept."""
    return cache.root() / "clusters" / name


def kubeconfig(name: str) -> Path:
    """The kubeconfig of that cluster: its own file, never the user's."""
    return folder(name) / "kubeconfig"


@dataclass(frozen=True, slots=True)
class Record:
    """How a cluster was made."""

    fingerprint: str = ""
    workers: int = 0

    def write(self, name: str) -> None:
        """Remember it: the cluster stands."""
        (folder(name) / "made.json").write_text(json.dumps(asdict(self)))


def record(name: str) -> Record:
    """How that cluster was made; an empty record if it was not."""
    try:
        return Record(**json.loads((folder(name) / "made.json").read_text()))
    except (OSError, ValueError, TypeError):
        return Record()


def require_own_context(kubeconfig: Path) -> str:
    """Return the file's current context if it is a cluster made here.

    Raises:
        ClusterError: it is any other, or none: nobody's cluster is touched by mistake.
    """
    try:
        content = yaml.safe_load(kubeconfig.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ClusterError(
            f"{kubeconfig} is no readable kubeconfig: run `python -m cluster up` first."
        ) from error
    context = content.get("current-context") if isinstance(content, dict) else None
    if context == _OWN_CONTEXT or str(context).startswith(_OWN_CONTEXT + "-"):
        return str(context)
    raise ClusterError(
        f"The current context of {kubeconfig} is {context or 'not set'}, not {_OWN_CONTEXT}…:"
        " refusing to touch a cluster that was not made here."
    )
