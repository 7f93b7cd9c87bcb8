"""The servers' own clients, each of which connects anew for every transaction and never retries.

They run in a container on the cluster's network, from outside of the cluster. How each tells of a
transaction that failed is different, and here made one: `Outcome`.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cluster import Cluster

_SLACK: Final = 60.0  # seconds that a client may take longer than it was told to
# A client that closes first keeps its port in TIME_WAIT; this lets it be used again after a second.
_REUSE: Final = ("--sysctl", "net.ipv4.tcp_tw_reuse=1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client says of its transactions."""

    done: int
    failed: int
    rate: float
    """Transactions a second, each with a connection of its own."""
    said: str
    """All that it printed, for when something failed."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is reached."""

    host: str
    port: int


class Client:
    """A client that runs for a while in a container."""

    wanted_rate: float = 0.0
    """Transactions a second that it is told to make, or shall reach."""

    def __init__(self, cluster: Cluster, image: str, address: Address, seconds: int) -> None:
        """Prepare it to run for so many seconds."""
        self._cluster = cluster
        self._image = image
        self._seconds = seconds
        self._address = address
        self._process: subprocess.Popen[str] | None = None

    def command(self, address: Address, seconds: int) -> list[str]:
        """Return its program and arguments."""
        raise NotImplementedError

    def read(self, said: str, status: int) -> Outcome:
        """Make out of what it printed how it went."""
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have it run meanwhile."""
        run = ("docker", "run", "--rm", "--network", self._cluster.network, *_REUSE)
        self._process = subprocess.Popen(
            [*run, self._image, *self.command(self._address, self._seconds)],
            env=self._cluster.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield
        finally:
            self._process.kill()
            self._process.wait()

    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process is not None and self._process.poll() is not None

    def outcome(self) -> Outcome:
        """Wait until its time is over and return how it went."""
        assert self._process
        said, _ = self._process.communicate(timeout=self._seconds + _SLACK)
        return self.read(said, self._process.returncode)


class Pgbench(Client):
    """`pgbench -S -C`: one SELECT for each connection."""

    wanted_rate = 100.0
    _clients: Final = 4

    def command(self, address: Address, seconds: int) -> list[str]:
        """Return its program and arguments."""
        return [
            *("pgbench", "--select-only", "--connect", "--no-vacuum", f"--time={seconds}"),
            *(f"--rate={self.wanted_rate:.0f}", f"--client={self._clients}", "--username=postgres"),
            *(f"--host={address.host}", f"--port={address.port}", "postgres"),
        ]

    def read(self, said: str, status: int) -> Outcome:
        """Make out of what it printed how it went.

        A client whose connection fails is aborted and says so; the summary then counts only what
        was done, and the status is not 0.
        """
        done = _number(r"transactions actually processed: (\d+)", said)
        aborted = len(re.findall(r"client \d+ aborted", said))
        failed = int(_number(r"number of failed transactions: (\d+)", said)) + aborted
        if status and not failed:
            failed = 1
        return Outcome(int(done), failed, _number(r"tps = ([\d.]+)", said), said)


class RedisBenchmark(Client):
    """`redis-benchmark -k 0`: one GET for each connection, one after another.

    It knows no rate and no time, so a few at once are repeated with a pause, until one fails.
    """

    wanted_rate = 50.0
    _round: Final = 50
    _script: Final = """
        end=$(($(date +%s) + $1)); shift
        while [ "$(date +%s)" -lt "$end" ]; do "$@" || exit 1; sleep 0.2; done
    """

    def command(self, address: Address, seconds: int) -> list[str]:
        """Return its program and arguments."""
        return [
            *("sh", "-c", self._script, "sh", str(seconds)),
            *("redis-benchmark", "-h", address.host, "-p", str(address.port), "-k", "0"),
            *("-t", "get", "-c", "1", "-n", str(self._round), "--csv"),
        ]

    def read(self, said: str, status: int) -> Outcome:
        """Make out of what it printed how it went; a client that fails leaves its round."""
        done = self._round * len(re.findall(r'^"GET"', said, re.MULTILINE))
        failed = len(re.findall(r"(?i)error|clients disconnected|could not", said))
        if status and not failed:
            failed = 1
        return Outcome(done, failed, done / self._seconds, said)


def _number(pattern: str, said: str) -> float:
    found = re.search(pattern, said)
    return float(found[1]) if found else 0.0
