"""One cluster and one operator for all of tests/e2e; each test has a namespace of its own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import cluster
from cluster.model import TESTS_WORKERS
from tests.e2e.site import NAME, OURS, Site, addon, app, app_secret, build_site, moment

# What looks back on the whole session comes at its end, and what breaks the cluster after that.
LAST = ("test_at_rest.py", "test_permissions.py", "test_recovery.py")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class AtRest:
    """Addons that nobody touches."""

    namespace: str
    settled: datetime
    """When the last request about them ended, as the audit log has it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the last ones last."""
    items.sort(key=lambda item: LAST.index(item.path.name) + 1 if item.path.name in LAST else 0)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the numbers that tests measured, passed or not."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"measured: {name} = {value}")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    workers = int(os.environ.get("WORKERS") or TESTS_WORKERS)
    found = build_site(workers)
    for left in found.all("default", "namespace", OURS):  # by a run that was killed
        found.kubectl("delete", "namespace", left["metadata"]["name"], "--wait=false")
    found.install()
    yield found
    if not os.environ.get("KEEP"):
        cluster.down(NAME)


@pytest.fixture
def namespace(site: Site) -> Iterator[str]:
    with site.namespace(str(next(_numbers))) as name:
        yield name


@pytest.fixture(scope="session", autouse=True)
def _begin_what_takes_long(request: pytest.FixtureRequest) -> None:
    """Make what lies untouched before the first test, so that nobody waits for it in the end."""
    if any("at_rest" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("at_rest")


@pytest.fixture(scope="session")
def at_rest(site: Site) -> Iterator[AtRest]:
    """Two addons that nobody touches: `echo` of an image, `follower` that follows an app.

    They run beside the control plane, so that no test moves them by taking a worker away.
    """
    placement = {
        "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
        "tolerations": [{"operator": "Exists"}],
    }
    common = {
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
        **placement,
    }
    follower = {
        **common,
        "appRef": {"kind": "Deployment", "name": "web"},
        "binding": {"secretRef": {"name": "app-env"}, "urlKey": "FOLLOWER_URL"},
    }
    with site.namespace("at-rest") as name:
        site.apply(
            name,
            app_secret({}),
            app("web", site.images.server),
            addon("echo", {**common, "image": site.images.server}),
            addon("follower", follower),
        )
        for each in ("echo", "follower"):
            site.ready(name, each)
        yield AtRest(name, moment(site.requests(name)[-1]))


@pytest.fixture(scope="session")
def all_collected(request: pytest.FixtureRequest) -> bool:
    """Whether every test of tests/e2e is run: then what none of them did is done by none."""
    wanted = {file.name for file in Path(__file__).parent.glob("test_*.py")}
    chosen = request.config.getoption("keyword") or request.config.getoption("markexpr")
    parts = any("::" in word for word in request.config.args)
    return wanted <= {item.path.name for item in request.session.items} and not (chosen or parts)
