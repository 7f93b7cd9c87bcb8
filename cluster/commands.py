"""Runs other programs with their output in a log, so that a failure can show its last lines."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cluster.errors import ClusterError

_TAIL_LINES = 15
_running: set[subprocess.Popen[bytes]] = set()
_running_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Commands:
    """Programs of one step: one log file, one environment."""

    log: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        argv: Iterable[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | IO[bytes] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Run a program; what it prints goes to the log.

        Raises:
            ClusterError: it failed, is missing, or took longer than ``timeout`` seconds.
        """
        words = [str(word) for word in argv]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            out.write(f"$ {' '.join(words)}\n".encode())
            out.flush()
            process = self._start(words, out, cwd, env, stdin)
        try:
            process.communicate(stdin.encode() if isinstance(stdin, str) else None, timeout)
        except subprocess.TimeoutExpired as error:
            _stop(process)
            raise ClusterError(
                f"{words[0]} took longer than {timeout:g} s; its output is in {self.log}.",
                self.tail(),
            ) from error
        finally:
            with _running_lock:
                _running.discard(process)
        if process.returncode:
            raise ClusterError(
                f"{words[0]} failed ({process.returncode}); all of its output is in {self.log}.",
                self.tail(),
            )

    def text(self, argv: Iterable[str | Path], *, timeout: float | None = 60) -> str:
        """What a program prints on stdout.

        Raises:
            ClusterError: as for `run`; the detail is what it printed on stderr.
        """
        words = [str(word) for word in argv]
        try:
            done = subprocess.run(
                words, env=self._env(None), capture_output=True, check=False, timeout=timeout
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ClusterError(f"{words[0]} did not answer: {error}.") from error
        if done.returncode:
            raise ClusterError(
                f"`{' '.join(words)}` failed.", done.stderr.decode(errors="replace").strip()
            )
        return done.stdout.decode()

    def succeeds(self, argv: Iterable[str | Path], *, timeout: float | None = 60) -> bool:
        """Whether a program ends with success; its output is not kept."""
        try:
            self.text(argv, timeout=timeout)
        except ClusterError:
            return False
        return True

    def tail(self) -> str:
        """The log's last lines."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def _env(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**os.environ, **self.env, **(more or {})}

    def _start(
        self,
        words: list[str],
        out: IO[bytes],
        cwd: Path | None,
        env: Mapping[str, str] | None,
        stdin: str | IO[bytes] | None,
    ) -> subprocess.Popen[bytes]:
        source = subprocess.PIPE if isinstance(stdin, str) else stdin or subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env=self._env(env),
                stdin=source,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that `stop_all` reaches its children too
            )
        except OSError as error:
            raise ClusterError(f"{words[0]} cannot be started: {error.strerror}.") from error
        with _running_lock:
            _running.add(process)
        return process


def stop_all() -> None:
    """End the programs that are still running, with their children: this run has failed."""
    with _running_lock:
        for process in _running:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
