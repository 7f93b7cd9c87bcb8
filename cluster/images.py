"""Container images: bases to build others from, building, and loading into a cluster's nodes."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cluster import debian, versions
from cluster.commands import Commands
from cluster.engine import Engine
from cluster.errors import ClusterError

# The base images: packages beside Debian's minimal base.
BASES: Mapping[str, tuple[str, ...]] = {
    "debian": (),
    "python": ("python3", "ca-certificates"),
}
_REGISTRY_SECONDS = 15.0


def registry_answers(engine: Engine) -> bool:
    """Whether container images can be had: kind's node image is asked for, not fetched."""
    commands = engine.commands("registry")
    return commands.succeeds(
        ["docker", "manifest", "inspect", versions.KIND_NODE_IMAGE], timeout=_REGISTRY_SECONDS
    )


def exists(commands: Commands, tag: str) -> bool:
    """Whether the engine has that image."""
    return commands.succeeds(["docker", "image", "inspect", "--format", "{{.Id}}", tag])


def base_tag(kind: str) -> str:
    """The tag of our own base image of that kind: it changes with what is in it.

    Raises:
        ClusterError: there is no such base image.
    """
    if kind not in BASES:
        raise ClusterError(f"There is no base image {kind}: choose one of {', '.join(BASES)}.")
    return f"tcpaddon/base-{kind}:{debian.rootfs_folder(BASES[kind]).name.rpartition('-')[2]}"


def make_base(commands: Commands, kind: str) -> None:
    """Make our own base image of that kind from Debian's packages."""
    root = debian.rootfs(commands, BASES[kind])
    import_root(commands, root, base_tag(kind), ['CMD ["/bin/sh"]', "ENV LANG=C.UTF-8"])


def remove_others(commands: Commands, tag: str) -> None:
    """Remove the same image's other versions that no container uses."""
    name = tag.partition(":")[0]
    listed = commands.text(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", name])
    for other in listed.split():
        if other != tag:
            commands.succeeds(["docker", "image", "rm", other])


def make_bases(commands: Commands) -> None:
    """Make all of our own base images."""
    for kind in BASES:
        make_base(commands, kind)


def import_root(commands: Commands, root: Path, tag: str, changes: list[str]) -> None:
    """Make an image of one layer from a root file system."""
    options = [word for change in changes for word in ("--change", change)]
    pipe(commands, debian.contents(root), ["docker", "import", *options, "-", tag])


def build(commands: Commands, folder: Path, tag: str, build_args: Mapping[str, str]) -> None:
    """Build an image from a folder with a Dockerfile; nothing is fetched from inside."""
    options = [
        word for name, value in build_args.items() for word in ("--build-arg", f"{name}={value}")
    ]
    commands.run(["docker", "build", "--quiet", "--tag", tag, *options, folder])


def load(commands: Commands, node: str, tag: str) -> None:
    """Give an image of the engine to a node, by a pipe: `kind load` writes it to disk twice."""
    # --local: in this process, which unpacks a third faster than the service
    take = ["ctr", "--namespace=k8s.io", "images", "import", "--digests", "--local", "-"]
    pipe(commands, ["docker", "save", tag], ["docker", "exec", "-i", node, *take])


def is_on(commands: Commands, node: str, tag: str) -> bool:
    """Whether a node has an image of that name."""
    ask = ["docker", "exec", node, "ctr", "--namespace=k8s.io", "images", "ls", "--quiet"]
    return any(line.removeprefix("docker.io/") == tag for line in commands.text(ask).split())


def pipe(commands: Commands, source: list[str], sink: list[str]) -> None:
    """Run two programs, the first one's output being the second one's input.

    Raises:
        ClusterError: one of them failed.
    """
    with commands.log.open("ab") as log:
        first = subprocess.Popen(
            source, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **commands.env}
        )
    try:
        commands.run(sink, stdin=first.stdout)
    finally:
        if first.stdout:
            first.stdout.close()
        status = first.wait()
    if status:
        raise ClusterError(
            f"{source[0]} failed ({status}); all of its output is in {commands.log}.",
            commands.tail(),
        )
