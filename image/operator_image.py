"""Builds the operator's image."""

import shutil
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

import cluster
from cluster import cache, images
from cluster.commands import Commands
from image import packages, trim
from image.kept import folder, kept
from image.packages import Packages

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parent
_SOURCES: Final = _ROOT / "operator"
_PROJECT: Final = ("pyproject.toml", "README.md", "LICENSE")  # what its wheel is made of besides
_LOCK: Final = _ROOT / "requirements" / "operator.txt"


def _tag() -> str:
    recipe = [*sorted(_HERE.glob("*.py")), _HERE / "Dockerfile"]
    digest = cache.fingerprint(_SOURCES, _LOCK, _ROOT / "pyproject.toml", *recipe)
    return f"tcpaddon/tcpaddon:{version('tcpaddon')}-{digest}"


@dataclass(frozen=True, slots=True)
class OperatorImage:
    """The operator's image, built from the sources as they are when this object is made."""

    commands: Commands
    tag: str = field(default_factory=_tag)
    """Repository and tag; the tag changes with everything that the image is made of."""

    def exists(self) -> bool:
        """Whether the engine has it."""
        return images.exists(self.commands, self.tag)

    def prepare(self) -> Path:
        """Fetch the dependencies and return the folder that they are installed in.

        Raises:
            ClusterError: a package cannot be had.
        """
        installer = Packages(self.commands, packages.processor(self.commands))
        digest = cache.fingerprint(_LOCK, installer.processor, _HERE / "packages.py")
        return kept("dependencies", digest, lambda draft: installer.install(_LOCK, draft))

    def build(self) -> str:
        """Build the image if the engine does not have it; returns its tag.

        Raises:
            ClusterError: a package cannot be had, or the build failed.
        """
        if not self.exists():
            dependencies = self.prepare()
            with tempfile.TemporaryDirectory(dir=folder()) as draft:
                context = Path(draft)
                shutil.copytree(dependencies, context / "dependencies")
                trim.trim(context / "dependencies", [_SOURCES, dependencies / "kopf"])
                self._install_program(context)
                shutil.copy(_HERE / "Dockerfile", context)
                _make_readable(context)
                base = cluster.base_image("python")
                images.build(self.commands, context, self.tag, {"BASE": base})
            images.remove_others(self.commands, self.tag)
        return self.tag

    def _install_program(self, context: Path) -> None:
        # From a copy: a build leaves its traces in the folder that it builds.
        project, program = context / "project", context / "program"
        shutil.copytree(_SOURCES, project / "operator")
        for name in _PROJECT:
            shutil.copy(_ROOT / name, project)
        Packages(self.commands, "").install_project(project, program)
        shutil.rmtree(project)
        shutil.rmtree(program / "bin", ignore_errors=True)
        shutil.copy(_HERE / "import_all.py", program)


def _make_readable(folder: Path) -> None:
    """Let the image's user read everything, whatever umask this runs with."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
