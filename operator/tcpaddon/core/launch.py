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
# They start what they run in a shell of their own, which dies of SIGTERM without handing it on,
# and then end themselves: the process behind them would be killed in the middle of its drain. Under
# the wrapper it is told itself and waited for. Where they work there is a shell.
_SCRIPT_RUNNERS: Final = frozenset({"npm", "npx", "pnpm", "pnpx", "yarn", "yarnpkg"})


@dataclass(frozen=True, slots=True)
class Launch:
    """How a container is started; None as in a pod: the image's own.

    env: literal variables from the line's leading assignments. needs_shell: /bin/sh runs it.
    """

    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    needs_shell: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """What the user says about how the process is started.

    line: the command line of the process type, None without a Procfile.
    """

    process_type: str
    of_buildpack: bool = False
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    line: str | None = None


def start_of(spec: TcpAddonSpec, text: str | None) -> Start:
    """Read out of the spec, and the Procfile's text if there is one, how the process is started.

    Raises:
        procfile.InvalidProcfileError: the Procfile cannot be read.
        procfile.UnknownProcessTypeError: it has no such process type.
    """
    by_words = bool(spec.command or spec.args)
    return Start(
        process_type=spec.process_type,
        of_buildpack=spec.launcher is Launcher.BUILDPACK,
        command=tuple(spec.command or ()),
        args=tuple(spec.args or ()),
        line=None if by_words or text is None else procfile.command_line(text, spec.process_type),
    )


def launch(start: Start) -> Launch:
    """Decide what the container runs: command and args, else the line, else the image's own."""
    process = (f"{_BUILDPACK_PROCESS}{start.process_type}",) if start.of_buildpack else None
    if start.line is None:
        # command and args stay as they are: $(VAR) means what it means in a pod.
        return Launch(command=start.command or process, args=start.args or None)
    if start.of_buildpack:
        return Launch(command=(_BUILDPACK_LAUNCHER, _literal(start.line)))
    plain = shell.plain(start.line)
    if plain is None or plain.words[0].rpartition("/")[2] in _SCRIPT_RUNNERS:
        wrapper = _literal(shell.WRAPPER)
        return Launch(
            command=(SHELL, "-c", wrapper, "tcpaddon", _literal(start.line)), needs_shell=True
        )
    return Launch(
        command=tuple(map(_literal, plain.words)),
        env=tuple((name, _literal(value)) for name, value in plain.assignments),
    )


def _literal(text: str) -> str:
    """Keep the kubelet from expanding `$(VAR)`: it reads `$$` as one `$`, everywhere."""
    return text.replace("$", "$$")
