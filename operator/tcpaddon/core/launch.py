"""Decides what the container runs: command, args and variables, out of spec and Procfile."""

from dataclasses import dataclass
from typing import Final

from tcpaddon.api.v1alpha1 import Launcher, TcpAddonSpec
from tcpaddon.core import procfile, shell

SHELL: Final = "/bin/sh"
# Cloud Native Buildpacks, platform specification 0.12: the launcher runs one argument in a shell,
# and has a link to itself for every process type of the image.
_BUILDPACK_LAUNCHER: Final = "/cnb/lifecycle/launcher"
_BUILDPACK_PROCESS: Final = "/cnb/process/"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a container is started; None as in a pod: the image's own.

    env: literal variables from the line's leading assignments. needs_shell: /bin/sh runs it.
    """

    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    needs_shell: bool = False


def launch(spec: TcpAddonSpec) -> Launch:
    """Decide how the process is started: command and args, else the Procfile, else the image.

    Raises:
        procfile.InvalidProcfileError: the Procfile cannot be read.
        procfile.UnknownProcessTypeError: it has no such process type.
    """
    of_buildpack = spec.launcher is Launcher.BUILDPACK
    process = (f"{_BUILDPACK_PROCESS}{spec.process_type}",) if of_buildpack else None
    if spec.command or spec.args:
        # As they are: here $(VAR) means what it means in a pod, which people know.
        return Launch(
            command=tuple(spec.command) if spec.command else process,
            args=tuple(spec.args) if spec.args else None,
        )
    if not spec.procfile:
        return Launch(command=process)
    line = procfile.command_line(spec.procfile, spec.process_type)
    if of_buildpack:
        return Launch(command=(_BUILDPACK_LAUNCHER, _literal(line)))
    words = shell.plain(line)
    if words is None:
        command = (SHELL, "-c", _literal(shell.WRAPPER), "tcpaddon", _literal(line))
        return Launch(command=command, needs_shell=True)
    return Launch(
        command=tuple(map(_literal, words.words)),
        env=tuple((name, _literal(value)) for name, value in words.assignments),
    )


def _literal(text: str) -> str:
    """Keep the kubelet from expanding `$(VAR)`: it reads `$$` as one `$`, everywhere."""
    return text.replace("$", "$$")
