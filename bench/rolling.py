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
    drain: int = 2
    """Seconds; the server needs less, and connections that stay are killed after it."""
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
        """Return the variables of a version of the server, VERSION first."""
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
                "drainSeconds": self.drain,
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
    place = Place(site, namespace, live)
    rolls: list[Roll] = []
    with live.watching(site), loaded(load, course.wish):
        for number in range(1, course.rollouts + 1):
            rolls.append(place.roll(number, course.env(str(number)), course.replicas))
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


@dataclass(frozen=True, slots=True)
class Place:
    """An addon in a namespace, watched."""

    site: Site
    namespace: str
    live: Live

    def roll(self, number: int, env: list[dict[str, str]], replicas: int) -> Roll:
        """Roll to the variables of a version, and wait until the one before is gone.

        Raises:
            TimeoutError: it did not come to that; the message says what was waited for, and why.
        """
        version, live = env[0]["value"], self.live
        change = ("--type=merge", "--patch", json.dumps({"spec": {"env": env}}))
        began = time.time()
        self.site.kubectl("-n", self.namespace, "patch", "tcpaddon", live.addon, *change)
        ready = live.until(
            lambda: live.is_ready() and live.runs(version, replicas),
            f"rollout {number} is ready",
            _PATIENCE,
        )
        over = live.until(
            lambda: live.runs_only(version), f"rollout {number}'s old pods are gone", _PATIENCE
        )
        return Roll(number, version, began, ready, over)
