"""The first numbers: 2,000 addons against a real API server without nodes.

Prints one table: requests per create (out of the audit log), seconds until all have an address and
until all are Ready, the operator's CPU and memory, and how soon a restarted one serves a change.
The load balancer and the Deployment controller are the tests' fakes, in this process.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fakes
from tests.apiserver import ADMIN, ApiServer, Settings, running
from tests.worlds import CRDS

PATIENCE = 600.0  # seconds; the whole bench is over sooner
NAMESPACES = 20
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used. cpu: seconds; resident and peak: bytes."""

    cpu: float
    resident: int
    peak: int


class OperatorProcess:
    """The real operator in a process of its own."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it is not awaited to be ready."""
        log = (self._server.folder / "operator.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tcpaddon.main", "--http-port=0", "--http-host=127.0.0.1"),
            f"--kubeconfig={self._server.kubeconfig('operator')}",
            stdout=log,
            stderr=log,
        )

    async def kill(self) -> None:
        """End it at once, as a lost node would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    def usage(self) -> Usage:
        """Read what it has used so far."""
        assert self._process is not None
        proc = Path(f"/proc/{self._process.pid}")
        fields = proc.joinpath("stat").read_text().rpartition(")")[2].split()
        sizes = dict(
            line.split(":", 1) for line in proc.joinpath("status").read_text().splitlines()
        )
        return Usage(
            cpu=(int(fields[11]) + int(fields[12])) / TICKS,
            resident=int(sizes["VmRSS"].split()[0]) * 1024,
            peak=int(sizes["VmHWM"].split()[0]) * 1024,
        )


@contextlib.contextmanager
def never_left(operator: OperatorProcess) -> Iterator[None]:
    """End the operator's process however the bench ends."""
    try:
        yield
    finally:
        if operator._process is not None:  # noqa: SLF001 - our own
            with contextlib.suppress(ProcessLookupError):
                operator._process.kill()  # noqa: SLF001


@contextlib.asynccontextmanager
async def administrator(server: ApiServer) -> AsyncIterator[fakes.Api]:
    """Connect as the user."""
    async with fakes.api(server.url, server.tokens[ADMIN], str(server.ca_file)) as api:
        yield api


def path(number: int) -> str:
    """Return where the n-th addon lives."""
    return f"/apis/tcpaddon.io/v1alpha1/namespaces/bench-{number % NAMESPACES}/tcpaddons"


async def create(api: fakes.Api, count: int) -> None:
    """Create namespaces and addons, as fast as the API server takes them from eight hands."""
    for number in range(NAMESPACES):
        await api.create("/api/v1/namespaces", {"metadata": {"name": f"bench-{number}"}})
    numbers = iter(range(count))

    async def hand() -> None:
        for number in numbers:
            await api.create(
                f"/api/v1/namespaces/bench-{number % NAMESPACES}/secrets",
                {"metadata": {"name": f"app-{number}"}, "data": {"OTHER": "MQ=="}},
            )
            await api.create(
                path(number),
                {
                    "apiVersion": "tcpaddon.io/v1alpha1",
                    "kind": "TcpAddon",
                    "metadata": {"name": f"addon-{number}"},
                    "spec": {
                        "image": "registry.example/app:1",
                        "ports": [{"name": "tcp", "containerPort": 1883}],
                        "exposure": {"allocateLoadBalancerNodePorts": False},
                        "binding": {"secretRef": {"name": f"app-{number}"}},
                    },
                },
            )

    await asyncio.gather(*(hand() for _ in range(8)))


async def until(api: fakes.Api, count: int, done: Any) -> float:
    """Wait until `done` holds for all addons; returns the monotonic time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        items = (await api.get("/apis/tcpaddon.io/v1alpha1/tcpaddons"))["items"]
        if sum(1 for item in items if done(item)) >= count:
            return time.monotonic()
        await asyncio.sleep(0.5)
    raise SystemExit(f"the bench gave up after {PATIENCE:.0f} s: not all {count} addons got there")


def addressed(item: dict[str, Any]) -> bool:
    """Tell whether an addon has its URL."""
    return bool(item.get("status", {}).get("url"))


def is_ready(item: dict[str, Any]) -> bool:
    """Tell whether an addon is Ready."""
    conditions = item.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


async def served(api: fakes.Api, number: int, image: str) -> None:
    """Wait until an addon's Deployment runs an image."""
    where = f"/apis/apps/v1/namespaces/bench-{number % NAMESPACES}/deployments/addon-{number}-tcp"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        deployment = await api.get(where)
        if deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image:
            return
        await asyncio.sleep(0.02)
    raise SystemExit(f"the bench gave up: {where} never got {image}")


def requests(server: ApiServer) -> Counter[str]:
    """Count the operator's requests for single objects, by verb and resource."""
    counted: Counter[str] = Counter()
    for line in server.audit():
        ref = line.get("objectRef", {})
        if line["user"].get("username") == "operator" and ref.get("name"):
            counted[f"{line['verb']} {ref['resource']}{'/status' * ('subresource' in ref)}"] += 1
    return counted


async def measure(server: ApiServer, count: int) -> dict[str, str]:
    """Run the bench; returns the table's rows."""
    operator = OperatorProcess(server)
    async with administrator(server) as api:
        with never_left(operator):
            async with fakes.controllers(api):
                await operator.start()
                await asyncio.sleep(3)  # its start is not what is measured
                empty = operator.usage()
                began = time.monotonic()
                await create(api, count)
                created = time.monotonic()
                with_address = await until(api, count, addressed)
                ready = await until(api, count, is_ready)
                await asyncio.sleep(2)
                full = operator.usage()
                told = requests(server)
                await operator.kill()
                await api.patch(f"{path(0)}/addon-0", {"spec": {"image": "registry.example/app:2"}})
                again = time.monotonic()
                await operator.start()
                await served(api, 0, "registry.example/app:2")
                restarted = time.monotonic()
                after = operator.usage()
    writes = sum(n for what, n in told.items() if what.startswith("patch"))
    events = sum(n for what, n in told.items() if "events" in what)
    grown = full.resident - empty.resident
    return {
        "addons": f"{count}",
        "seconds to create them all": f"{created - began:.1f}",
        "seconds until all are addressed": f"{with_address - began:.1f}",
        "seconds until all are Ready": f"{ready - began:.1f}",
        "requests per create": f"{sum(told.values()) / count:.2f}",
        "  of these writes of objects and status": f"{writes / count:.2f}",
        "  of these Events": f"{events / count:.2f}",
        "operator's CPU milliseconds per addon": f"{(full.cpu - empty.cpu) / count * 1000:.1f}",
        "operator's peak memory, MiB": f"{full.peak / 2**20:.0f}",
        "operator's resident memory, empty, MiB": f"{empty.resident / 2**20:.0f}",
        "operator's resident KiB per addon": f"{grown / count / 1024:.1f}",
        "seconds from restart to the first change served": f"{restarted - again:.1f}",
        "resident MiB after the restart": f"{after.resident / 2**20:.0f}",
        "by request": ", ".join(f"{what} {n}" for what, n in sorted(told.items())),
    }


def main() -> None:
    """Run the bench and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addons", type=int, default=2000)
    count = parser.parse_args().addons
    with running(Settings(users=["operator"])) as server:
        for crd in sorted(CRDS.glob("*.yaml")):
            server.kubectl("apply", "--server-side", "-f", str(crd))
        server.kubectl("wait", "--for=condition=Established", "crd/tcpaddons.tcpaddon.io")
        rows = asyncio.run(measure(server, count))
    width = max(map(len, rows))
    for name, value in rows.items():
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    main()
