"""Runs the real operator in this process, and kills it at a write of one's choice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tcpaddon.kube.client import Client, connect
from tcpaddon.kube.words import Raw
from tcpaddon.main import Operator
from tcpaddon.settings import Settings

# Seconds until a promise counts as broken: a machine may be busy, and nothing waits longer than it
# must.
PATIENCE = 45.0


class Died(BaseException):
    """The process is gone: nothing of the operator's may catch this."""


@dataclass(slots=True)
class Death:
    """When to die: at which write (from 1; 0: never), and on which side of it."""

    at_write: int = 0
    after: bool = False
    writes: list[str] = field(default_factory=list)
    dead: bool = False

    async def around(self, what: str, write: Callable[[], Awaitable[Raw]]) -> Raw:
        """Let a write through, or die before or after it."""
        if self.dead:
            raise Died
        self.writes.append(what)
        now = len(self.writes) == self.at_write
        if now and not self.after:
            self.dead = True
            raise Died
        answer = await write()
        if now:
            self.dead = True
            raise Died
        return answer


def mortal(client: Client, death: Death) -> Client:
    """Make every write of a client pass by its death; the writes themselves stay real."""
    write = client._write

    async def passing(call: Any) -> Raw:
        return await death.around(str(call.asked), lambda: write(call))

    client._write = passing  # type: ignore[method-assign]
    return client


@asynccontextmanager
async def operator(kubeconfig: str, death: Death | None = None) -> AsyncIterator[Operator]:
    """Run the operator as its only replica for as long as the block lasts."""
    async with await connect(kubeconfig) as client:
        if death is not None:
            mortal(client, death)
        running = Operator(
            Settings(leader_election=False, http_host="127.0.0.1", http_port=0), client
        )
        task = asyncio.create_task(running.run())
        try:
            yield running
        finally:
            running.stop()
            await task


async def eventually(promise: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Wait until a promise holds (returns something true); fail with its last answer."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        answer = await promise()
        if answer:
            return answer
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE:.0f} s; last seen: {answer!r}")
        await asyncio.sleep(0.05)
