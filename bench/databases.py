"""PostgreSQL and Redis through restarts: how many transactions does a retry-free client lose?

Both run as TcpAddons beside one another, and their own clients connect anew for each transaction.
A failed transaction fails the bench, and so does a client that did not reach its rate.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import cluster
from bench.live import Live
from bench.load.table import ENOUGH
from bench.load.tally import Roll
from bench.rolling import Place
from bench.rollout import standing
from bench.servers.clients import Address, Client, Outcome, Pgbench, RedisBenchmark
from bench.servers.image import POSTGRESQL, REDIS, Server
from tests.e2e.site import Refused, Site, addon, address_of

CLIENTS: Final[dict[Server, type[Client]]] = {POSTGRESQL: Pgbench, REDIS: RedisBenchmark}
_RESTART: Final = 20  # seconds for a restart, on a machine that is busy
_REST: Final = 10  # seconds of load that restarts do not need


@dataclass(frozen=True, slots=True)
class Result:
    """One server's restarts, and what its client saw."""

    server: Server
    outcome: Outcome
    rolls: list[Roll]
    wanted_rate: float
    was_loaded: bool
    """Whether the client ran until after the last restart."""

    def row(self) -> str:
        """Return the numbers as a line."""
        seconds = [roll.ready - roll.began for roll in self.rolls]
        return (
            f"{self.server.name:<12}{len(self.rolls):>9}{self.outcome.done:>14,}"
            f"{self.outcome.failed:>8}{self.outcome.rate:>9.1f}{max(seconds):>16.1f}"
        )

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each thing that should not be."""
        name = self.server.name
        if self.outcome.failed:
            yield f"{name}: {self.outcome.failed} transactions failed: {self.outcome.said[-1000:]}"
        elif not self.was_loaded:
            yield f"{name}: the client ended before the last restart did; this machine is too busy."
        if self.outcome.rate < ENOUGH * self.wanted_rate:
            yield (
                f"{name}: the client reached {self.outcome.rate:.0f} of {self.wanted_rate:.0f} "
                "transactions a second; this machine is too slow or too busy."
            )


def spec(image: str, server: Server) -> dict[str, Any]:
    """Return the addon of a server."""
    return {
        "image": image,
        "ports": [{"name": server.name, "containerPort": server.port}],
        "env": _version(0),
        "rollout": {"drainSeconds": 10},
    }


def restarted(site: Site, namespace: str, server: Server, image: str, restarts: int) -> Result:
    """Restart a server under load and return what its client saw.

    Raises:
        TimeoutError: a restart did not come to its end.
    """
    site.apply(namespace, addon(server.name, spec(image, server)))
    address = Address(*address_of(site.ready(namespace, server.name)["status"]["url"]))
    seconds = _RESTART * restarts + _REST
    client = CLIENTS[server](site.cluster, image, address, seconds)
    place = Place(site, namespace, Live(namespace, server.name))
    with place.live.watching(site), client.running():
        rolls = [place.roll(n, _version(n), replicas=1) for n in range(1, restarts + 1)]
        was_loaded = not client.is_over()
        return Result(server, client.outcome(), rolls, client.wanted_rate, was_loaded)


def results(site: Site, namespace: str, restarts: int) -> list[Result]:
    """Restart both servers beside one another."""
    engine = cluster.start_engine()
    images = {server: server.image(engine) for server in CLIENTS}
    for image in images.values():
        cluster.load_image(site.cluster, image)
    with ThreadPoolExecutor() as beside:
        begun = [
            beside.submit(restarted, site, namespace, server, image, restarts)
            for server, image in images.items()
        ]
        return [result.result() for result in begun]


def _version(number: int) -> list[dict[str, str]]:
    return [{"name": "VERSION", "value": str(number)}]


def main() -> int:
    """Run it and print the table; returns 1 with a sentence for each fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=10, help="of each (default: 10)")
    restarts = parser.parse_args().restarts
    try:
        with standing() as site, site.namespace("bench") as namespace:
            found = results(site, namespace, restarts)
    except (cluster.ClusterError, Refused, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    print("server      restarts  transactions  failed   rate/s  slowest ready s")
    for result in found:
        print(result.row())
    faults = [fault for result in found for fault in result.faults()]
    print(*faults, sep=os.linesep, end="", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
