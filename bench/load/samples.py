"""The load as the bench holds it: the running program, and what it told of each connection."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from cluster import Cluster

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[1]
_END_SECONDS: Final = 30.0  # the last connection gives up sooner


@dataclass(frozen=True, slots=True)
class Sample:
    """A connection that has ended. Times are seconds since the epoch."""

    kind: Literal["new", "long"]
    due: float
    """When it should have been begun: an open loop counts from here."""
    began: float
    ended: float
    outcome: str
    """A word out of `connections`."""
    pod: str
    """Who answered; empty: nobody."""
    version: str
    answers: int
    own_port: int = 0
    to_port: int = 0
    stood: bool = True
    """Whether the connection was made at all."""

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line that the generator printed."""
        return cls(*json.loads(line))


@dataclass(frozen=True, slots=True)
class Wish:
    """The load that is wanted: new connections a second, and connections that stay."""

    rate: float
    long: int


class Load:
    """The generator in a process of its own: here, or on the cluster's network."""

    def __init__(self, cluster: Cluster, image: str, host: str, ports: list[int]) -> None:
        """Prepare it. image: one with Python, for where this machine does not reach `host`."""
        self._program = (
            [sys.executable, "-m", "bench.load.generator"]
            if cluster.host_can_route
            else _contained(cluster, image)
        )
        self._env = cluster.env
        self._to = [host, *map(str, ports)]
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._read)
        self.samples: list[Sample] = []
        """Grows while the load runs."""

    def start(self, wish: Wish) -> None:
        """Begin."""
        options = [f"--rate={wish.rate}", f"--long={wish.long}"]
        self._process = subprocess.Popen(
            [*self._program, *options, *self._to],
            cwd=_ROOT,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the bench, which ends it in order
        )
        self._reader.start()

    def stop(self) -> None:
        """End the load and wait for the last connections; safe to repeat."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        finally:
            process.kill()
            self._reader.join()
        if process.returncode:
            raise SystemExit(f"The load generator ended with status {process.returncode}.")

    def _read(self) -> None:
        assert self._process
        assert self._process.stdout
        for line in self._process.stdout:
            self.samples.append(Sample.parse(line))


def _contained(cluster: Cluster, image: str) -> list[str]:
    return [
        *("docker", "run", "--rm", "--interactive", "--network", cluster.network),
        *("--ulimit", "nofile=20000:20000", "--volume", f"{_HERE}:/client/load:ro"),
        *("--env", "PYTHONPATH=/client", "--env", "PYTHONDONTWRITEBYTECODE=1"),
        *("--entrypoint", "python3", image, "-m", "load.generator"),
    ]
