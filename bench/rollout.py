"""Rollouts under load: how many connections do deployments cost? Zero, or this fails.

First a control run, which must lose some: else this bench would not see a loss. Then so many
consecutive rollouts of each strategy, with new connections at a steady rate (connect, one round
trip, close) and others that stay, from outside of a kind cluster. Prints a table for each.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import cluster
from bench.load import table
from bench.load.samples import Wish
from bench.rolling import Course, run
from cluster.model import TESTS_WORKERS
from tests.e2e.site import NAME, Refused, Site, build_site

STRATEGIES: Final = ("Rolling", "Switch")
_CONTROLS: Final = 2  # rollouts of the control run


def courses(arguments: Sequence[str] | None = None) -> list[Course]:
    """Return what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rollouts", type=int, default=50, help="per strategy (default: 50)")
    add("--rate", type=float, default=500, help="new connections a second (default: 500)")
    add("--long", type=int, default=200, help="long-lived connections (default: 200)")
    add("--replicas", type=int, default=2, help="pods (default: 2)")
    add("--strategy", choices=STRATEGIES, action="append", help="default: each")
    add("--no-control", action="store_true", help="leave the control run out")
    wanted = parser.parse_args(arguments)
    wish = Wish(wanted.rate, wanted.long)
    found = [
        Course(strategy, wanted.rollouts, wish, wanted.replicas)
        for strategy in wanted.strategy or STRATEGIES
    ]
    if not wanted.no_control:
        found.insert(0, replace(found[0], rollouts=_CONTROLS, control=True))
    return found


def faults(site: Site, course: Course) -> list[str]:
    """Run a course, print its table and return what should not have been."""
    print(f"{course.title} …", flush=True)
    with site.namespace("control" if course.control else course.strategy.lower()) as name:
        seen = run(site, name, course, lambda line: print(line, flush=True))
    table.show(course.title, seen)
    if not course.control:
        return list(table.faults(seen, course.wish, at_once=course.strategy == "Switch"))
    if seen.total().lost_new:
        print("The control run lost connections, as it must.", flush=True)
        return []
    return ["The control run lost no new connection: this bench would not see a loss."]


@contextmanager
def standing() -> Iterator[Site]:
    """Have the tests' cluster with the operator meanwhile; KEEP=1 leaves it there."""
    site = build_site(int(os.environ.get("WORKERS") or TESTS_WORKERS))
    site.install()
    try:
        yield site
    finally:
        if not os.environ.get("KEEP"):
            cluster.down(NAME)


def main() -> int:
    """Run all; returns 1 with a sentence for each fault."""
    wanted = courses()
    found: list[str] = []
    try:
        with standing() as site:
            for course in wanted:
                found += [f"{course.title}: {fault}" for fault in faults(site, course)]
    except (cluster.ClusterError, Refused, TimeoutError) as error:
        found.append(str(error))
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
