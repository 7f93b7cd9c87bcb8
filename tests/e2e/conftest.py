"""One cluster and one operator for all of tests/e2e; each test has a namespace of its own."""

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

import cluster
from tests.e2e.site import NAME, Site, build_site

_numbers = count(1)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the numbers that tests measured, passed or not."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"measured: {name} = {value}")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    workers = int(os.environ.get("WORKERS") or 0)
    found = build_site(workers)
    for left in found.all("default", "namespace", "tcpaddon-e2e=yes"):  # by a run that was killed
        found.kubectl("delete", "namespace", left["metadata"]["name"], "--wait=false")
    found.install()
    yield found
    if not os.environ.get("KEEP"):
        cluster.down(NAME)


@pytest.fixture
def namespace(site: Site) -> Iterator[str]:
    name = f"e2e-{os.getpid()}-{next(_numbers)}"
    site.kubectl("create", "namespace", name)
    site.kubectl("label", "namespace", name, "tcpaddon-e2e=yes")
    yield name
    site.kubectl("delete", "namespace", name, "--wait=false")
