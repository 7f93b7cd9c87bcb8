"""Makes an image of a server from Debian's packages, which are kept in the cache folder.

Only the packages named here are unpacked, over the small Debian of the other images: with all that
they would like to have besides (LLVM, locales) the image would be three times as large.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cluster
from cluster import cache, debian, images, versions
from cluster.commands import Commands
from cluster.engine import Engine
from image.kept import folder, kept

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its name is the folder of its Dockerfile."""

    name: str
    port: int
    packages: tuple[str, ...]

    def image(self, engine: Engine) -> str:
        """Return the tag of its image, built if it is not there.

        Raises:
            ClusterError: a package cannot be had, or the build failed.
        """
        base = cluster.base_image("debian")
        recipe = cache.fingerprint(versions.DEBIAN, self.packages, _HERE / self.name, base)
        tag = f"tcpaddon-bench/{self.name}:{recipe}"
        commands = engine.commands(f"bench-{self.name}")
        if images.exists(commands, tag):
            return tag
        digest = cache.fingerprint(versions.DEBIAN, self.packages, Path(__file__))
        packages = kept(
            f"server-{self.name}",
            digest,
            lambda draft: _unpack(commands, self.packages, draft),
        )
        with tempfile.TemporaryDirectory(dir=folder()) as draft:
            context = Path(draft)
            shutil.copy(_HERE / self.name / "Dockerfile", context)
            shutil.copytree(packages, context / "packages", symlinks=True)
            images.build(commands, context, tag, {"BASE": base})
        return tag


def _unpack(commands: Commands, packages: tuple[str, ...], folder: Path) -> None:
    debian.unpack(commands, versions.DEBIAN, packages, folder)
    # In an image /lib is a link to /usr/lib, and a folder is not copied over a link.
    for name in ("bin", "lib", "sbin"):
        if (folder / name).is_dir():
            shutil.copytree(folder / name, folder / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(folder / name)


POSTGRESQL: Final = Server(
    name="postgresql",
    port=5432,
    packages=(
        *("postgresql-15", "postgresql-client-15", "libpq5", "tzdata"),
        *("libssl3", "libicu72", "libxml2", "libldap-2.5-0", "libsasl2-2"),
        *("libgssapi-krb5-2", "libkrb5-3", "libkrb5support0", "libk5crypto3", "libkeyutils1"),
    ),
)
REDIS: Final = Server(
    name="redis",
    port=6379,
    packages=(
        *("redis-server", "redis-tools", "libssl3"),
        *("libatomic1", "libjemalloc2", "liblzf1"),
    ),
)
