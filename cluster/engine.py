"""Finds the Docker to use: the user's, or one of our own where none answers.

kind needs a Docker and most machines have one. Some build machines have none and no registry to
get one from; there, on Debian as root, one is unpacked into the cache folder and started.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cluster import cache, debian, dockerd, versions
from cluster.commands import Commands
from cluster.errors import ClusterError

_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker that answers."""

    docker_host: str
    """Value for ``DOCKER_HOST``; empty: whatever the user's ``docker`` talks to by itself."""
    own: bool
    """Whether we started it: then its network is ours to fence in."""
    path: str
    """Value for ``PATH`` with a ``docker`` on it."""

    @property
    def env(self) -> dict[str, str]:
        """Environment for programs that talk to it."""
        host = {"DOCKER_HOST": self.docker_host} if self.docker_host else {}
        return {"PATH": self.path, "DOCKER_BUILDKIT": _buildkit(self.path), **host}

    def commands(self, log: str) -> Commands:
        """Programs that talk to it, with the log of that name."""
        return Commands(log_file(log), self.env)


def log_file(name: str) -> Path:
    """Where the step of that name logs to."""
    return cache.root() / "logs" / f"{name}.log"


def find() -> Engine | None:
    """The Docker that answers now, without starting one: the user's choice, ours, the default."""
    if host := os.environ.get("DOCKER_HOST"):
        own = dockerd.is_own(host)
        if own and not dockerd.is_healthy():
            return None
        return _answering(Engine(host, own=own, path=_path(own=own)))
    if dockerd.is_healthy() and (mine := _answering(_own())):
        return mine
    return _answering(Engine("", own=False, path=_path(own=False)))


def ensure() -> Engine:
    """The Docker that answers, or one of our own started now.

    Raises:
        ClusterError: none answers and we may not start one.
    """
    if found := find():
        return found
    if os.environ.get("DOCKER_HOST") and not dockerd.is_own(os.environ["DOCKER_HOST"]):
        raise ClusterError(
            f"No Docker answers at DOCKER_HOST={os.environ['DOCKER_HOST']}: start it, or unset"
            " DOCKER_HOST."
        )
    if not debian.is_ours_to_change():
        raise ClusterError(
            "No Docker answers: install Docker Engine or Docker Desktop and start it (on Debian"
            " this can do so itself when run as root)."
        )
    commands = Commands(log_file("engine"))
    debian.install(commands, {"runc": "runc", "iptables": "iptables", "ip": "iproute2"})
    dockerd.start(commands, _programs(commands))
    return _own()


def _programs(commands: Commands) -> Path:
    """The folder with the programs of our own Docker."""
    wanted = cache.fingerprint(versions.ENGINE_SUITE, versions.ENGINE_PACKAGES)
    return cache.whole(
        dockerd.programs_folder(wanted),
        lambda draft: debian.unpack(
            commands, versions.ENGINE_SUITE, versions.ENGINE_PACKAGES, draft
        ),
    )


def _own() -> Engine:
    return Engine(dockerd.HOST, own=True, path=_path(own=True))


def _path(*, own: bool) -> str:
    """PATH with ours last, so that a docker of the user's goes first."""
    folders = dockerd.path_folders() if own else []
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders)])


def _answering(engine: Engine) -> Engine | None:
    commands = Commands(log_file("engine"), engine.env)
    if not shutil.which("docker", path=engine.path):
        return None
    ask = ["docker", "info", "--format", "{{.ServerVersion}}"]
    return engine if commands.succeeds(ask, timeout=_ANSWER_SECONDS) else None


def _buildkit(path: str) -> str:
    """BuildKit only where its client part is installed; without it a build fails."""
    plugins = (
        "/usr/libexec/docker/cli-plugins",
        "/usr/lib/docker/cli-plugins",
        "/usr/local/lib/docker/cli-plugins",
        str(Path.home() / ".docker/cli-plugins"),
    )
    return "1" if shutil.which("docker-buildx", path=os.pathsep.join([path, *plugins])) else "0"
