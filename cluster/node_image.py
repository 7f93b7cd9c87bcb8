"""Makes the image of a kind node from Debian's packages and our own builds.

It does what kind's ``images/base/Dockerfile`` and ``kind build node-image`` do, with the images of
the control plane and of MetalLB already inside: nothing is loaded into a new cluster.
"""

import re
import shutil
from pathlib import Path

from cluster import archive, cache, debian, golang, images, versions
from cluster.archive import Image, Layer
from cluster.commands import Commands

_FILES = cache.HERE / "files" / "node"

_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "iproute2", "iptables", "nftables", "runc", "conntrack"),
    *("ethtool", "socat", "kmod", "procps", "ebtables", "ipset", "mount", "util-linux"),
    *("libseccomp2", "ca-certificates", "curl", "jq", "bash", "rsync", "tar", "gzip", "hostname"),
)
_IMPORT = "import-images.sh"
_KUBERNETES_LINKS = ("kubeadm", "kubectl")
_NODE_PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr")
_CNI_PLUGINS = ("host-local", "loopback", "portmap", "ptp")

# The clean-up of kind's Dockerfile: units that make no sense in a container.
_UNITS = """
find /lib/systemd/system/sysinit.target.wants/ -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/*
rm -f /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/basic.target.wants/*
rm -f /lib/systemd/system/sockets.target.wants/*udev*
rm -f /lib/systemd/system/sockets.target.wants/*initctl*
echo ReadKMsg=no >> /etc/systemd/journald.conf
systemctl enable kubelet.service containerd.service undo-mount-hacks.service masquerade.service
systemctl mask systemd-binfmt.service
"""

_CHANGES = [
    'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
    "ENV container=docker",
    "STOPSIGNAL SIGRTMIN+3",  # systemd takes SIGTERM for "start anew"
]


def tag() -> str:
    """The image's tag: it changes with everything that goes in."""
    builds = [golang.api_folder(), golang.node_folder(), golang.metallb_folder()]
    recipe = [cache.HERE / "node_image.py", cache.HERE / "archive.py", _FILES]
    names = [versions.PAUSE_IMAGE, versions.ETCD_IMAGE, versions.COREDNS_IMAGE]
    content = cache.fingerprint(*(build.name for build in builds), *recipe, names)
    return f"tcpaddon/node:{content}"


def packages_ready() -> bool:
    """Whether the node's Debian is there."""
    return debian.rootfs_folder(_PACKAGES).exists()


def make_packages(commands: Commands) -> None:
    """Put the node's Debian into the cache."""
    debian.rootfs(commands, _PACKAGES)


def make(commands: Commands) -> None:
    """Make the node image."""
    root = cache.root() / "node.part"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    debian_root = debian.rootfs(commands, _PACKAGES)
    commands.run(["cp", "-a", "--reflink=auto", f"{debian_root}/.", root])
    _add_kind_files(root, golang.kind_sources(commands) / "images/base/files")
    _add_programs(root)
    _add_own_files(root)
    commands.run(["chroot", root, "sh", "-euc", _UNITS])
    _write_images(commands, root / "images.tar", debian_root)
    shutil.copy(_FILES / _IMPORT, root / _IMPORT)
    commands.run(
        [
            *("unshare", "--mount", "--pid", "--fork", f"--mount-proc={root}/proc"),
            *("chroot", root, "bash", f"/{_IMPORT}", "/images.tar"),
        ],
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    (root / _IMPORT).unlink()
    images.import_root(commands, root, tag(), _CHANGES)
    shutil.rmtree(root)
    images.remove_others(commands, tag())


def _add_kind_files(root: Path, files: Path) -> None:
    for source in files.rglob("*"):
        if source.is_file():
            inside = source.relative_to(files)
            program = inside.parts[:2] in {("usr", "local"), ("kind", "bin")}
            _put(source, root / inside, 0o755 if program else 0o644)
    config = root / "etc/containerd/config.toml"
    text = config.read_text().replace(
        "restrict_oom_score_adj = false", "restrict_oom_score_adj = true"
    )
    pause = f'sandbox_image = "{versions.PAUSE_IMAGE}"'
    config.write_text(re.sub(r'sandbox_image = ".*"', pause, text))


def _add_programs(root: Path) -> None:
    _put(golang.api_folder() / "kubernetes", root / "usr/bin/kubelet", 0o755)
    for name in _KUBERNETES_LINKS:
        (root / "usr/bin" / name).symlink_to("kubelet")
    for name in _NODE_PROGRAMS:
        _put(golang.node_folder() / name, root / "usr/local/bin" / name, 0o755)
    for name in _CNI_PLUGINS:
        _put(golang.node_folder() / name, root / "opt/cni/bin" / name, 0o755)


def _add_own_files(root: Path) -> None:
    (root / "etc/kubernetes/manifests").mkdir(parents=True)
    (root / "kind/manifests").mkdir(parents=True)
    (root / "kind/version").write_text(versions.KUBERNETES)
    _put(_FILES / "default-storage.yaml", root / "kind/manifests/default-storage.yaml", 0o644)
    _put(_FILES / "masquerade.nft", root / "etc/tcpaddon/masquerade.nft", 0o644)
    _put(_FILES / "masquerade.service", root / "etc/systemd/system/masquerade.service", 0o644)


def _write_images(commands: Commands, path: Path, debian_root: Path) -> None:
    local = "usr/local/bin"
    certificates = "etc/ssl/certs/ca-certificates.crt"
    node, metallb = golang.node_folder(), golang.metallb_folder()
    layers = {
        "base": Layer({certificates: debian_root / certificates}, base=True),
        "kubernetes": Layer(
            {f"{local}/kubernetes": golang.api_folder() / "kubernetes"},
            {f"{local}/{name}": "kubernetes" for name in versions.KUBERNETES_IMAGES},
        ),
        "nft": Layer(_program_with_libraries(commands, debian_root, "/usr/sbin/nft")),
        "etcd": Layer({f"{local}/etcd": golang.api_folder() / "etcd"}),
        "coredns": Layer({"coredns": node / "coredns"}),
        "pause": Layer({"pause": node / "pause"}),
        **{name: Layer({name: metallb / name}) for name in versions.METALLB_IMAGES},
    }
    archive.write(
        path,
        layers,
        [
            *(
                Image(image, ("base", "kubernetes", "nft"), (f"/{local}/{name}",))
                for name, image in versions.KUBERNETES_IMAGES.items()
            ),
            Image(versions.ETCD_IMAGE, ("base", "etcd"), ("/usr/local/bin/etcd",)),
            Image(versions.COREDNS_IMAGE, ("base", "coredns"), ("/coredns",)),
            Image(versions.PAUSE_IMAGE, ("pause",), ("/pause",)),
            *(
                Image(image, ("base", name), (f"/{name}",))
                for name, image in versions.METALLB_IMAGES.items()
            ),
        ],
    )


def _program_with_libraries(commands: Commands, root: Path, program: str) -> dict[str, Path]:
    """A program and the libraries it is linked to: kube-proxy needs nft, and nothing else."""
    listed = commands.text(["chroot", root, "ldd", program])
    paths = [program, *re.findall(r"(/\S+) \(0x", listed)]
    found = {}
    for path in paths:
        merged = re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)
        found[merged.removeprefix("/")] = root / merged.removeprefix("/")
    return found


def _put(source: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
