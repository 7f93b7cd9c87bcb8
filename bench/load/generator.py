"""The load: so many new connections a second, and some that stay; a program of its own.

`python -m bench.load.generator --rate 500 --long 200 HOST PORT [PORT…]` prints a line of JSON for
each connection that has ended (`samples.Sample`), until its standard input ends.

The load is an open loop: a connection is due at its time whatever became of those before, and one
that is begun late is counted from when it was due, so a stall is seen by all that it holds up.
The client closes first, so its port is in TIME_WAIT for a minute, and towards one address and port
there are 64,000 at most; nodes remember a connection for two minutes. So the load goes to several
ports, and takes its own ports in turn (`connections`), as many clients would.
"""

import argparse
import json
import os
import resource
import selectors
import sys
import time
from collections import deque
from typing import Final

from .connections import LIMIT, Address, Connection, LongLived, New

_LOOK: Final = 0.1  # seconds between two looks at those that wait
_AGAIN: Final = 0.1  # seconds until a long-lived client tries again
_STAYS: Final = 10  # one long-lived connection in so many stays until the drain limit


class Generator:
    """The clients, all in one thread."""

    def __init__(self, host: str, ports: list[int], rate: float, long: int) -> None:
        self._addresses: list[Address] = [(host, port) for port in ports]
        self._rate = rate
        self._long = long
        self._long_due: deque[tuple[float, int]] = deque()
        self._numbers: dict[Connection, int] = {}  # of the long-lived
        self._new: deque[New] = deque()  # in the order of their beginning, ended ones too
        self._selector = selectors.DefaultSelector()
        self._epoch = time.time() - time.monotonic()

    def run(self) -> None:
        """Run until standard input ends and the last new connection has."""
        began = self._now()
        self._long_due.extend((began + n / self._long, n) for n in range(self._long))
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        begun, stopped, look_at = 0, False, began
        while not stopped or self._new:
            now = self._now()
            while not stopped and began + begun / self._rate <= now:
                self._begin_new(began + begun / self._rate, begun)
                begun += 1
            if now >= look_at:
                self._look(now, stopped=stopped)
                look_at = now + _LOOK
            next_at = look_at if stopped else min(look_at, began + begun / self._rate)
            for key, _ in self._selector.select(max(0.0, next_at - self._now())):
                if isinstance(key.data, Connection):
                    self._on_event(key.data, key.events)
                elif not os.read(sys.stdin.fileno(), 4096):
                    self._selector.unregister(sys.stdin)
                    stopped = True
        for connection in list(self._numbers):
            connection.ends("ok")
            self._tell_if_ended(connection)
        sys.stdout.flush()

    def _now(self) -> float:
        # Wall-clock time, to be compared with the cluster's, that never steps.
        return self._epoch + time.monotonic()

    def _begin_new(self, due: float, number: int) -> None:
        connection = New(self._addresses[number % len(self._addresses)], due, self._now())
        self._new.append(connection)
        self._watch(connection)

    def _begin_long(self, due: float, number: int) -> None:
        address = self._addresses[number % len(self._addresses)]
        stays = number % _STAYS == 0
        connection = LongLived(address, due, self._now(), stays=stays)
        self._numbers[connection] = number
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        self._selector.register(connection.socket, selectors.EVENT_WRITE, connection)
        self._tell_if_ended(connection)

    def _on_event(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            connection.on_writable()
            if not connection.outcome:
                self._selector.modify(connection.socket, selectors.EVENT_READ, connection)
        else:
            connection.on_readable()
        self._tell_if_ended(connection)

    def _tell_if_ended(self, connection: Connection) -> None:
        if not connection.outcome:
            return
        now = self._now()
        self._selector.unregister(connection.socket)
        connection.socket.close()
        sys.stdout.write(json.dumps(connection.record(now)) + "\n")
        number = self._numbers.pop(connection, None)
        if number is not None:
            self._long_due.append((now + _AGAIN, number))

    def _look(self, now: float, *, stopped: bool) -> None:
        while self._new and (self._new[0].outcome or self._new[0].began + LIMIT < now):
            self._give_up(self._new.popleft())
        for connection in list(self._numbers):
            assert isinstance(connection, LongLived)
            if connection.waits_from is not None and connection.waits_from + LIMIT < now:
                self._give_up(connection)
            elif connection.asks_at <= now:
                connection.ask(now)
                self._tell_if_ended(connection)
        while not stopped and self._long_due and self._long_due[0][0] <= now:
            self._begin_long(*self._long_due.popleft())
        sys.stdout.flush()

    def _give_up(self, connection: Connection) -> None:
        if not connection.outcome:
            connection.ends("timeout")
            self._tell_if_ended(connection)


def main() -> None:
    """Run the load that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, required=True, help="new connections a second")
    parser.add_argument("--long", type=int, default=0, help="connections that stay")
    parser.add_argument("host")
    parser.add_argument("ports", type=int, nargs="+")
    wanted = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Generator(wanted.host, wanted.ports, wanted.rate, wanted.long).run()


if __name__ == "__main__":
    main()
