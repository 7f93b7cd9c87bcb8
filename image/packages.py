"""Installs locked Python packages into a folder, for the platform that the images run on."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.commands import Commands
from cluster.errors import ClusterError

_PYTHON: Final = "3.11"  # of the images' base
# Docker's name of a processor, and the platforms whose wheels run on Debian 12 (glibc 2.36).
_PLATFORMS: Final = {
    "amd64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}


@dataclass(frozen=True, slots=True)
class Packages:
    """Wheels for one processor, by pip with its own settings and caches."""

    commands: Commands
    processor: str
    """`amd64` or `arm64`; empty: this machine's, for use here rather than in an image."""

    def install(self, requirements: Path, folder: Path) -> None:
        """Install what a requirements file locks: wheels only, each with its hash.

        Raises:
            ClusterError: pip failed, or there are no wheels for this processor.
        """
        locked: list[str | Path] = [
            "--require-hashes",
            "--only-binary=:all:",
            "--requirement",
            requirements,
        ]
        self._pip(*locked, *self._platform(), "--target", folder)

    def install_project(self, root: Path, folder: Path) -> None:
        """Install the project in ``root`` itself, as a wheel without its dependencies.

        Raises:
            ClusterError: pip failed.
        """
        self._pip("--no-build-isolation", "--target", folder, root)

    def _platform(self) -> list[str]:
        if not self.processor:
            return []
        if self.processor not in _PLATFORMS:
            raise ClusterError(
                f"There are no images for {self.processor}: use a machine with amd64 or arm64."
            )
        tags = [f"--platform={platform}" for platform in _PLATFORMS[self.processor]]
        return ["--implementation=cp", f"--python-version={_PYTHON}", *tags]

    def _pip(self, *arguments: str | Path) -> None:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
        self.commands.run([sys.executable, "-m", "pip", "install", *options, *arguments])


def processor(commands: Commands) -> str:
    """The engine's processor in Docker's words.

    Raises:
        ClusterError: the engine does not answer.
    """
    return commands.text(["docker", "version", "--format", "{{.Server.Arch}}"]).strip()
