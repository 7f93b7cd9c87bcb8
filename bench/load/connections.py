"""One connection of a client's: opened without waiting, asked, and how it ended.

It ends in an outcome, a word:
  ok        new: the round trip was made. long: it was still open when the load ended.
  goodbye   long: the server said that it ends, and ended.
  ended     the server ended it without a word, or before it answered.
  refused, reset, timeout: what the system says, or nothing came within LIMIT; or another
            error's name.
"""

import errno
import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any, Final

LIMIT: Final = 10.0  # seconds that a client waits; a lost SYN is sent again after 1, 3 and 7
PERIOD: Final = 1.0  # seconds between two round trips of a long-lived connection
ASK: Final = b"hello"
STAY: Final = b"stay"  # asks the test server to leave this connection open until the drain limit
GOODBYE: Final = b"goodbye"
_WORDS: Final = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}
Address = tuple[str, int]

# A number of ports that has no divisor in common with a few addresses: so the same port goes to
# the same address again only after all pairs had their turn, five minutes later. The system's own
# choice comes round in 25 seconds, and single connections then got no answer (docs/benchmarks.md).
_OWN_PORTS: Final = range(17000, 17000 + 43001)
_own_ports: Iterator[int] = itertools.cycle(_OWN_PORTS)


class Connection:
    """A connection from its first packet to its end. Times are seconds since the epoch."""

    kind = ""

    def __init__(self, to: Address, due: float, began: float, first_word: bytes = ASK) -> None:
        """Open it. due: when it should have been begun; began: the time now."""
        self.due = due
        self.began = began
        self.to = to
        self.outcome = ""
        self.waits_from: float | None = began
        """Since when it waits for the server; None: it does not."""
        self._first_word = first_word
        self._pod = self._version = ""
        self._answers = 0
        self._stands = False
        self._received = b""
        family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._own_port = _bind(self.socket)
        failed = self.socket.connect_ex(to)
        if failed != errno.EINPROGRESS:
            self.ends(word(failed))

    def on_writable(self) -> None:
        """Ask for the first time: the connection stands, or could not be made."""
        failed = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            self.ends(word(failed))
        else:
            self._stands = True
            self.send(self._first_word)

    def on_readable(self) -> None:
        """Take what the server said."""
        try:
            received = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self.ends(word(error.errno))
            return
        *lines, self._received = (self._received + received).split(b"\n")
        for line in lines:
            if not self._pod:
                greeting = json.loads(line)
                self._pod, self._version = greeting["host"], greeting["version"]
            else:
                self._answers += 1
                self.on_answer(line)
        if not received:
            self.ends("ended")

    def on_answer(self, line: bytes) -> None:
        """Take a line that came after the greeting."""
        raise NotImplementedError

    def ends(self, outcome: str) -> None:
        """Note how it ended; the first word counts."""
        self.outcome = self.outcome or outcome

    def send(self, line: bytes) -> None:
        """Send a line: so few bytes always have room."""
        try:
            self.socket.send(line + b"\n")
        except OSError as error:
            self.ends(word(error.errno))

    def record(self, now: float) -> list[Any]:
        """Return what is told of it: see `samples.Sample`."""
        story = [self.outcome, self._pod, self._version, self._answers]
        way = [self._own_port, self.to[1], self._stands]
        return [self.kind, self.due, self.began, now, *story, *way]


class New(Connection):
    """One of many: it makes one round trip, and the client closes it."""

    kind = "new"

    def on_answer(self, line: bytes) -> None:
        """Take the answer: what was sent comes back."""
        self.ends("ok" if line == ASK else "ended")


class LongLived(Connection):
    """One that stays, with a round trip a second, until the server ends it."""

    kind = "long"

    def __init__(self, to: Address, due: float, began: float, *, stays: bool) -> None:
        """Open it. stays: it asks the server not to end it on SIGTERM."""
        super().__init__(to, due, began, STAY if stays else ASK)
        self.asks_at = began + PERIOD
        self._dismissed = False

    def on_answer(self, line: bytes) -> None:
        """Take an answer, or the server's goodbye."""
        self.waits_from = None
        self._dismissed = self._dismissed or line == GOODBYE

    def ask(self, now: float) -> None:
        """Make the next round trip, if the last one is over."""
        self.asks_at = now + PERIOD
        if self.waits_from is None and not self._dismissed:
            self.waits_from = now
            self.send(ASK)

    def ends(self, outcome: str) -> None:
        """Note how it ended; after the goodbye any end is the one that was told."""
        super().ends("goodbye" if self._dismissed else outcome)


def _bind(client: socket.socket) -> int:
    """Give a client the next port of its own that is free."""
    for port in _own_ports:
        try:
            client.bind(("", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise AssertionError("a cycle does not end")


def word(number: int | None) -> str:
    """Return the outcome that stands for one of the system's errors."""
    return _WORDS.get(number or 0) or errno.errorcode.get(number or 0, "unknown")
