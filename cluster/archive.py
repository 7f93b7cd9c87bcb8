"""Writes container images as files, without an engine: a program or two to an image.

The images of the control plane are static programs; an archive written straight to where the node's
containerd takes it from saves importing, tagging and saving half a gigabyte.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FOLDERS = ("etc", "tmp", "usr", "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/sbin")
_LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin"}
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534::/:/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Layer:
    """Files of a layer: path inside the image to file on disk; links: path to target."""

    files: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)
    base: bool = False
    """Whether it holds what every image has: folders, users."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its name, layers by name, and what it starts."""

    name: str
    layers: tuple[str, ...]
    entrypoint: tuple[str, ...]


def write(archive: Path, layers: Mapping[str, Layer], images: list[Image]) -> None:
    """Write images into one file in the format of ``docker save``; layers are shared."""
    with tarfile.open(archive, "w") as tar:
        digests = {name: _add_layer(tar, archive, name, layer) for name, layer in layers.items()}
        manifest = []
        for image in images:
            config = _config(image, [digests[name] for name in image.layers])
            name = hashlib.sha256(config).hexdigest() + ".json"
            _add_bytes(tar, name, config)
            manifest.append(
                {
                    "Config": name,
                    "RepoTags": [image.name],
                    "Layers": [f"{layer}/layer.tar" for layer in image.layers],
                }
            )
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())


def _config(image: Image, digests: list[str]) -> bytes:
    machine = platform.machine()
    return json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Entrypoint": image.entrypoint, "Env": [_PATH], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
            "history": [{"created_by": "tcpaddon"} for _ in digests],
        }
    ).encode()


def _add_layer(tar: tarfile.TarFile, archive: Path, name: str, layer: Layer) -> str:
    path = archive.with_name(f"{name}.layer")
    with tarfile.open(path, "w", dereference=True) as content:
        if layer.base:
            _add_base(content)
        for inside, outside in sorted(layer.files.items()):
            content.add(outside, inside, filter=_as_root)
        for inside, target in sorted(layer.links.items()):
            _add_link(content, inside, target)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    tar.add(path, f"{name}/layer.tar", filter=_as_root)
    path.unlink()
    return digest


def _add_base(content: tarfile.TarFile) -> None:
    for folder in _FOLDERS:
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
        content.addfile(entry)
    for inside, target in _LINKS.items():
        _add_link(content, inside, target)
    for inside, text in _FILES.items():
        _add_bytes(content, inside, text.encode())


def _add_link(content: tarfile.TarFile, inside: str, target: str) -> None:
    entry = tarfile.TarInfo(inside)
    entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
    content.addfile(entry)


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o644
    tar.addfile(entry, io.BytesIO(data))


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry
