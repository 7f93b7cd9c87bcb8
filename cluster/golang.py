"""Builds Kubernetes, etcd, CoreDNS, containerd, kind and MetalLB from the Go module proxy.

One module (``go/``) holds all but MetalLB, so that what they share is compiled once. Kubernetes and
etcd come first: tests of the API need no more.
"""

import os
import shutil
from pathlib import Path

from cluster import cache, versions
from cluster.commands import Commands
from cluster.errors import ClusterError

MODULE = cache.HERE / "go"

_CONTAINERD = "github.com/containerd/containerd/v2"
_CNI = "github.com/containernetworking/plugins/plugins"
_API_PACKAGES = ("./kubernetes", "go.etcd.io/etcd/server/v3")
_NODE_PACKAGES = (
    "./coredns",
    "./pause",
    f"{_CONTAINERD}/cmd/containerd",
    f"{_CONTAINERD}/cmd/containerd-shim-runc-v2",
    f"{_CONTAINERD}/cmd/ctr",
    f"{_CNI}/ipam/host-local",
    f"{_CNI}/main/loopback",
    f"{_CNI}/main/ptp",
    f"{_CNI}/meta/portmap",
    "sigs.k8s.io/kind",
)
_METALLB_PACKAGES = tuple(
    f"go.universe.tf/metallb/{name}@{versions.METALLB}" for name in versions.METALLB_IMAGES
)

_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = versions.KUBERNETES.removeprefix("v").split(".")
_FLAGS = (
    "-trimpath",
    "-buildvcs=false",
    "-gcflags=all=-dwarf=false",  # nobody debugs these here, and the linker drops it anyway
    (
        "-ldflags=-s -w"
        f" -X {_VERSION}.gitVersion={versions.KUBERNETES} -X {_VERSION}.gitTreeState=clean"
        f" -X {_VERSION}.gitMajor={_MAJOR} -X {_VERSION}.gitMinor={_MINOR}"
        f" -X {_CONTAINERD}/version.Version={versions.CONTAINERD}"
    ),
)
_ENV = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-mod=readonly",
    "GOGC": "400",  # compilers are short-lived: less collecting, more memory (2 GB at most)
    "GOOS": "linux",
    "GOWORK": "off",
}


def api_folder() -> Path:
    """Where ``kubernetes`` and ``etcd`` are, or will be."""
    return _folder("api", MODULE, _API_PACKAGES, _FLAGS)


def node_folder() -> Path:
    """Where CoreDNS, containerd, the CNI plugins and kind are, or will be."""
    return _folder("node", MODULE, _NODE_PACKAGES, _FLAGS)


def kind_folder() -> Path:
    """Where kind alone is, or will be: all that is built where a registry answers."""
    return _folder("kind", MODULE, _NODE_PACKAGES[-1], _FLAGS)


def metallb_folder() -> Path:
    """Where MetalLB's controller and speaker are, or will be."""
    return _folder("metallb", _METALLB_PACKAGES, _FLAGS)


def download(commands: Commands) -> None:
    """Fetch all modules, so that an error of the network shows early."""
    _require_go()
    commands.run(["go", "mod", "download"], cwd=MODULE, env=_ENV)


def build_api(commands: Commands) -> None:
    """Compile Kubernetes and etcd."""

    def make(draft: Path) -> None:
        _build(commands, draft, *_API_PACKAGES)
        (draft / "server").rename(draft / "etcd")

    cache.newest(api_folder(), make)


def build_node(commands: Commands) -> None:
    """Compile what a node needs besides."""
    cache.newest(node_folder(), lambda draft: _build(commands, draft, *_NODE_PACKAGES))


def build_kind(commands: Commands) -> None:
    """Compile kind alone."""
    cache.newest(kind_folder(), lambda draft: _build(commands, draft, _NODE_PACKAGES[-1]))


def build_metallb(commands: Commands) -> None:
    """Compile MetalLB, in its own module: it needs an older Kubernetes client."""
    _require_go()
    cache.newest(
        metallb_folder(),
        lambda draft: commands.run(
            ["go", "install", *_FLAGS, *_METALLB_PACKAGES],
            env={**_ENV, "GOBIN": str(draft), "GOFLAGS": "-mod=mod"},
        ),
    )


def kind_sources(commands: Commands) -> Path:
    """The folder of kind's sources: the node image is made of its files."""
    where = ["go", "-C", str(MODULE), "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind"]
    return Path(commands.text(where).strip())


def _folder(name: str, *inputs: object) -> Path:
    return cache.root() / "programs" / f"{name}-{cache.fingerprint(*inputs)}"


def _build(commands: Commands, draft: Path, *packages: str) -> None:
    _require_go()
    commands.run(
        ["go", "build", *_FLAGS, "-o", f"{draft}{os.sep}", *packages], cwd=MODULE, env=_ENV
    )


def _require_go() -> None:
    if not shutil.which("go"):
        wanted = next(
            line.split()[1]
            for line in (MODULE / "go.mod").read_text().splitlines()
            if line.startswith("go ")
        )
        raise ClusterError(
            f"Go is missing, and no container registry has the programs ready-made: install Go"
            f" {wanted} or newer and put it on PATH."
        )
