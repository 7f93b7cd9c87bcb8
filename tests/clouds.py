"""Plays the load-balancer controllers of clouds: what they give, change, take back and complain of.

A TcpAddon with this class is left alone by the tests' other load balancer, as by a real one.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import at_work
from tests.worlds import World

CLASS = "tests.example/cloud"
Entry = Mapping[str, Any]


@dataclass(slots=True)
class Cloud:
    """One controller, in one namespace; what it gives, every Service of its class has."""

    world: World
    gives: tuple[Entry, ...] = ()
    services: dict[str, Any] = field(default_factory=dict)
    said: int = 0

    async def run(self) -> None:
        """Watch the Services, and write their status, as long as this task runs."""
        async for kind, service in self.world.api.watch(self.world.path("services")):
            name = service["metadata"]["name"]
            if kind == "DELETED" or service["spec"].get("loadBalancerClass") != CLASS:
                self.services.pop(name, None)
                continue
            is_new = name not in self.services
            self.services[name] = service
            if is_new and self.gives:
                await self._write(name)

    async def give(self, *entries: Entry) -> None:
        """Give other addresses from now on; none: take them back."""
        self.gives = entries
        for name in list(self.services):
            await self._write(name)

    async def warn(self, service: str, reason: str, message: str) -> None:
        """Say in an Event why there is no address, as client-go's recorder does."""
        meta = self.services[service]["metadata"]
        moment = "2026-01-01T12:00:00Z"
        self.said += 1
        await self.world.api.create(
            f"/api/v1/namespaces/{meta['namespace']}/events",
            {
                "metadata": {"name": f"{service}.{self.said}"},
                "involvedObject": {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "namespace": meta["namespace"],
                    "name": service,
                    "uid": meta["uid"],
                },
                "reason": reason,
                "message": message,
                "type": "Warning",
                "source": {"component": "cloud"},
                "firstTimestamp": moment,
                "lastTimestamp": moment,
                "count": 1,
            },
        )

    async def _write(self, name: str) -> None:
        path = f"{self.world.path('services', name)}/status"
        await self.world.api.patch(
            path, {"status": {"loadBalancer": {"ingress": list(self.gives)}}}
        )


@asynccontextmanager
async def cloud(world: World, *gives: Entry) -> AsyncIterator[Cloud]:
    """Run the controller for as long as the block lasts."""
    made = Cloud(world, gives)
    async with at_work(made.run()):
        yield made
