"""Clients from outside that connect again and again, and remember what became of each try."""

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.site import address_of

_PAUSE = 0.05  # seconds between two connections of one client: some 130 a second by eight
_PATIENCE = 5.0  # seconds; a SYN that nobody answers is sent again after one, three and seven


@dataclass(frozen=True, slots=True)
class Try:
    """One connection: when it began, how it ended (empty: well), and who answered."""

    began: float
    error: str
    version: str = ""
    host: str = ""


@dataclass(slots=True)
class Tries:
    """All connections so far."""

    all: list[Try] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """What became of those that were not served."""
        return [each.error for each in self.all if each.error]

    @property
    def longest_gap(self) -> float:
        """The longest time without a connection that was served, in seconds."""
        good = sorted(each.began for each in self.all if not each.error)
        return max((after - before for before, after in itertools.pairwise(good)), default=0.0)

    def served_by(self, version: str) -> bool:
        """Tell whether a process of this version has answered."""
        return any(each.version == version for each in self.all)


@contextmanager
def connecting(url: str, clients: int = 8) -> Iterator[Tries]:
    """Connect, exchange a line and close, again and again, for as long as the block lasts."""
    tries, done = Tries(), threading.Event()

    def work() -> None:
        while not done.wait(_PAUSE):
            tries.all.append(_one(url))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield tries
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _one(url: str) -> Try:
    began = time.monotonic()
    try:
        with (
            socket.create_connection(address_of(url), timeout=_PATIENCE) as connection,
            connection.makefile("rb") as lines,
        ):
            said = json.loads(lines.readline())
            connection.sendall(b"x\n")
            line = lines.readline()
    except (OSError, ValueError) as error:
        return Try(began, repr(error))
    return Try(began, "" if line == b"x\n" else f"echo: {line!r}", said["version"], said["host"])
