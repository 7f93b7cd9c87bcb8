"""A real Kubernetes cluster from nothing: engine, node image, kind, MetalLB, images.

Other parts of the project use what is named here, people use ``python -m cluster``.
"""

from pathlib import Path

from cluster import cache as _cache
from cluster import debian as _debian
from cluster import engine as _engine
from cluster import images as _images
from cluster import source as _source
from cluster import versions as _versions
from cluster.audit import audit_events
from cluster.commands import Commands as _Commands
from cluster.errors import ClusterError
from cluster.lifecycle import binaries, down, start_engine, up
from cluster.loading import load_image
from cluster.model import Cluster, require_own_context

__all__ = [
    "Cluster",
    "ClusterError",
    "audit_events",
    "base_image",
    "binaries",
    "build_image",
    "down",
    "load_image",
    "require_own_context",
    "rootfs",
    "start_engine",
    "up",
]


def base_image(kind: str) -> str:
    """The tag of an image to build others from, made or fetched if it is missing.

    Args:
        kind: ``debian`` (a shell, no more) or ``python`` (Debian with python3.11, no pip).
    """
    found = _engine.ensure()
    commands = found.commands("images")
    own = _images.base_tag(kind)
    if _images.exists(commands, own):
        return own
    public = _versions.PUBLIC_BASE_IMAGES[kind]
    if _source.is_registry(found):
        if not _images.exists(commands, public):
            commands.run(["docker", "pull", "--quiet", public], timeout=600)
        return public
    _debian.require()
    with _cache.exclusive("up", lambda: None):
        _images.make_base(commands, kind)
    return own


def rootfs(*packages: str) -> Path:
    """A folder with a small Debian bookworm that has these packages, kept in the cache.

    Raises:
        ClusterError: this is not root on Debian.
    """
    _debian.require()
    with _cache.exclusive("up", lambda: None):
        return _debian.rootfs(_Commands(_engine.log_file("rootfs")), packages)


def build_image(folder: Path, tag: str, build_args: dict[str, str] | None = None) -> str:
    """Build an image from a folder with a Dockerfile and return its tag.

    The build has no network: put what it needs into the folder.
    """
    commands = _engine.ensure().commands("images")
    _images.build(commands, folder, tag, build_args or {})
    return tag
