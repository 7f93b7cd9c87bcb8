"""Debian's packages from the mirror this machine's own apt uses: engine, tools, root file systems.

No mirror is named here: which one may be used is the machine's business.
"""

import os
import shutil
import threading
from pathlib import Path

from cluster import cache, versions
from cluster.commands import Commands
from cluster.errors import ClusterError

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_apt_lock = threading.Lock()  # steps that run side by side must not fight for dpkg's lock

# Installs packages into a root file system. /proc is mounted in a mount namespace of its own, so
# that nothing stays mounted whatever happens.
_EXTEND = """
root=$1; shift
mount -t proc proc "$root/proc"
mkdir -p "$root/var/cache/apt/archives"
mount --bind "$ARCHIVES" "$root/var/cache/apt/archives"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
chroot "$root" apt-get -qq update
chroot "$root" apt-get -qq install -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
rm "$root/usr/sbin/policy-rc.d"
"""

# Nobody reads manuals in a container, and fsync of every file doubles the time.
_DPKG_CONFIG = """force-unsafe-io
path-exclude /usr/share/doc/*
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-include /usr/share/doc/*/copyright
"""

_LEFT_OUT = (
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/cache/debconf",
    "var/log",
)
_LEFT_OUT_FILES = ("etc/resolv.conf",)  # the machine's own


def is_ours_to_change() -> bool:
    """Whether this is Debian and we are root, so that packages may be installed."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and _KEYRING.exists()


def install(commands: Commands, programs: dict[str, str]) -> None:
    """Install the packages whose programs are missing; ``programs`` maps program to package."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    with _apt_lock:
        missing = sorted({p for name, p in programs.items() if not shutil.which(name, path=path)})
        if not missing:
            return
        options = ["-qq", "-o", "DPkg::Lock::Timeout=120"]
        front = {"DEBIAN_FRONTEND": "noninteractive"}
        commands.run(["apt-get", *options, "update"], env=front)
        commands.run(
            ["apt-get", *options, "install", "-y", "--no-install-recommends", *missing], env=front
        )


def unpack(commands: Commands, suite: str, packages: tuple[str, ...], into: Path) -> None:
    """Unpack packages of any Debian release into a folder, without installing them."""
    state = into.with_name(into.name + ".apt")
    shutil.rmtree(state, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "parts", "debs"):
        (state / folder).mkdir(parents=True)
    (state / "parts" / "debian.sources").write_text(
        f"Types: deb\nURIs: {_mirror(commands)}\nSuites: {suite}\nComponents: main\n"
        f"Signed-By: {_KEYRING}\n"
    )
    options = [
        f"-oDir::Etc::SourceList={os.devnull}",
        f"-oDir::Etc::SourceParts={state}/parts",
        f"-oDir::State::Lists={state}/lists",
        f"-oDir::State::Status={os.devnull}",
        f"-oDir::Cache={state}/cache",
        "-oAPT::Sandbox::User=root",
        "-oAcquire::Languages=none",
    ]
    commands.run(["apt-get", "-qq", *options, "update"])
    commands.run(["apt-get", "-qq", *options, "download", *packages], cwd=state / "debs")
    for package in sorted((state / "debs").glob("*.deb")):
        commands.run(["dpkg", "-x", package, into])
    shutil.rmtree(state)


def rootfs_folder(packages: tuple[str, ...]) -> Path:
    """Where the small Debian with these packages is, or will be."""
    base = f"minbase-{cache.fingerprint(versions.DEBIAN, _DPKG_CONFIG)}"
    name = f"{packages[0]}-{cache.fingerprint(base, packages, _EXTEND)}" if packages else base
    return cache.root() / "rootfs" / name


def rootfs(commands: Commands, packages: tuple[str, ...] = ()) -> Path:
    """A folder with a small Debian that has these packages: a copy of the minimal one, extended."""
    base = cache.whole(rootfs_folder(()), lambda draft: _debootstrap(commands, draft))
    return cache.whole(
        rootfs_folder(packages), lambda draft: _extend(commands, base, draft, packages)
    )


def contents(root: Path) -> list[str]:
    """Arguments for ``tar`` that put a root file system on stdout, without apt's caches."""
    excludes = [
        *(f"--exclude=./{folder}/*" for folder in _LEFT_OUT),
        *(f"--exclude=./{file}" for file in _LEFT_OUT_FILES),
    ]
    return ["tar", "--numeric-owner", "--sort=name", *excludes, "-C", str(root), "-cf", "-", "."]


def _debootstrap(commands: Commands, draft: Path) -> None:
    install(commands, {"debootstrap": "debootstrap"})
    mirror = _mirror(commands)
    commands.run(["debootstrap", "--variant=minbase", versions.DEBIAN, draft, mirror])
    (draft / "etc/dpkg/dpkg.cfg.d/small").write_text(_DPKG_CONFIG)


def require() -> None:
    """Refuse what only root on Debian can do: making root file systems.

    Raises:
        ClusterError: this is not Debian, or we are not root.
    """
    if not is_ours_to_change():
        raise ClusterError(
            "No container registry answers, and making images without one takes root on Debian:"
            " run this as root there, or let Docker reach a registry (or a mirror of one)."
        )


def _extend(commands: Commands, base: Path, draft: Path, packages: tuple[str, ...]) -> None:
    commands.run(["cp", "-a", "--reflink=auto", f"{base}/.", draft])
    archives = cache.root() / "debs"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    commands.run(
        ["unshare", "--mount", "sh", "-euc", _EXTEND, "extend", draft, *packages],
        env={
            "ARCHIVES": str(archives),
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        },
    )


def _mirror(commands: Commands) -> str:
    """Where this machine's apt fetches Debian's main archive from."""
    for attempt in range(2):
        if attempt:  # apt knows whose an archive is once it has read its lists
            commands.run(["apt-get", "-qq", "update"])
        lines = commands.text(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)"]
        )
        for line in lines.splitlines():
            match line.split():
                case [uri, "Debian", "Debian", "main"]:
                    return uri
    raise ClusterError(
        "apt's sources name no mirror of Debian's main archive: add one to /etc/apt/sources.list.d"
        " and try again."
    )
