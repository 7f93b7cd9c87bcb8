"""Consecutive rollouts of the tests' server under load, and all that was seen of them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from bench.live import Live
from bench.load.samples import Load, Wish
from bench.load.tally import Roll, Run
from tests.e2e.site import Site, addon, address_of

ADDON: Final = "bench"
PRE_STOP: Final = 5  # seconds, the default
DRAIN: Final = 5  # seconds; the server needs less, those that stay are killed after it
# The client closes first and so keeps its ports for a minute: see `load.generator`.
_PORTS: Final = 4
_WARM: Final = 3.0  # seconds in which all long-lived connections are made
_PATIENCE: Final = 180.0  # seconds; a rollout that takes longer hangs


@dataclass(frozen=True, slots=True)
class Course:
    """What is to be run."""

    strategy: str
    """`Rolling` or `Switch`."""
    rollouts: int
    wish: Wish = field(default_factory=lambda: Wish(rate=500, long=200))
    replicas: int = 2
    control: bool = False
    """A server and settings that must lose connections: no preStop, and it exits on SIGTERM."""

    @property
    def title(self) -> str:
        """Its name in words."""
        if self.control:
            return "Control: preStopSeconds 0, and a server that exits at once on SIGTERM"
        return (
            f"{self.strategy}: {self.rollouts} rollouts, {self.replicas} replicas, "
            f"{self.wish.rate:.0f} new connections a second, {self.wish.long} long-lived"
        )

    def env(self, version: str) -> list[dict[str, str]]:
        """Return the variables of a version of the server."""
        found = [{"name": "VERSION", "value": version}]
        if self.control:
            found.append({"name": "ON_SIGTERM", "value": "exit"})
        return found

    def spec(self, image: str) -> dict[str, Any]:
        """Return the addon's spec in its first version."""
        return {
            "image": image,
            "replicas": self.replicas,
            "ports": [{"name": f"p{n}", "containerPort": 7000 + n} for n in range(_PORTS)],
            "binding": {"port": "p0"},
            "env": self.env("0"),
            "rollout": {
                "strategy": self.strategy,
                "preStopSeconds": 0 if self.control else PRE_STOP,
                "drainSeconds": DRAIN,
            },
        }


def run(
    site: Site, namespace: str, course: Course, tell: Callable[[str], None] = lambda _: None
) -> Run:
    """Run the course in a namespace. tell: hears of each rollout that is over.

    Raises:
        TimeoutError: a rollout did not come to its end; the message says which and why.
    """
    site.apply(namespace, addon(ADDON, course.spec(site.images.server)))
    host, _ = address_of(site.ready(namespace, ADDON)["status"]["url"])
    live = Live(namespace, ADDON)
    load = Load(site.cluster, site.images.server, host, [7000 + n for n in range(_PORTS)])
    rolls: list[Roll] = []
    with live.watching(site), loaded(load, course.wish):
        for number in range(1, course.rollouts + 1):
            rolls.append(_roll(site, namespace, course, live, number))
            rows = Run(rolls, tuple(load.samples), live.retired).rows()
            tell(
                f"rollout {number} of {course.rollouts}: {rows[-1].over:.1f} s; "
                f"{len(load.samples):,} connections, {sum(row.lost for row in rows)} lost so far"
            )
    return Run(rolls, tuple(load.samples), live.retired)


@contextmanager
def loaded(load: Load, wish: Wish) -> Iterator[None]:
    """Have a load meanwhile."""
    load.start(wish)
    try:
        time.sleep(_WARM)
        yield
    finally:
        load.stop()


def _roll(site: Site, namespace: str, course: Course, live: Live, number: int) -> Roll:
    version = str(number)
    change = json.dumps({"spec": {"env": course.env(version)}})
    began = time.time()
    site.kubectl("-n", namespace, "patch", "tcpaddon", ADDON, "--type=merge", "--patch", change)
    ready = live.until(
        lambda: live.is_ready() and live.runs(version, course.replicas),
        f"rollout {number} is ready",
        _PATIENCE,
    )
    over = live.until(
        lambda: live.runs_only(version), f"rollout {number}'s old pods are gone", _PATIENCE
    )
    return Roll(number, version, began, ready, over)
