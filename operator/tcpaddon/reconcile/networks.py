"""Knows where the cluster's own pods connect from: as it was told, or as the nodes say.

Nodes are not watched: each of them is written every few minutes, and few addons depend on them. One
list serves all of those for a while.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from tcpaddon.core.networks import covering
from tcpaddon.kube.answers import Refused, Retry
from tcpaddon.kube.client import Client
from tcpaddon.kube.paths import NODES
from tcpaddon.kube.projections import pod_networks
from tcpaddon.kube.words import Scope

log = structlog.get_logger(__name__)

LASTS = timedelta(minutes=4)  # less than what an addon waits until it comes back for it


@dataclass(slots=True)
class ClusterNetworks:
    """The networks of the cluster's pods. given: what is known from outside; then none is read."""

    client: Client
    clock: Callable[[], datetime]
    given: tuple[str, ...] = ()
    _found: tuple[str, ...] = ()
    _read_at: datetime | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def known(self) -> tuple[str, ...]:
        """Return them; the list of nodes is read where it is old.

        Raises answers.Retry where it cannot be read and never was.
        """
        if self.given:
            return self.given
        async with self._reading:
            if self._read_at is None or self.clock() - self._read_at > LASTS:
                await self._read()
        return self._found

    async def _read(self) -> None:
        try:
            async with aclosing(self.client.pages(Scope(NODES))) as pages:
                nodes = [pod_networks(raw) async for page in pages for raw in page.items]
        except Refused as answer:
            log.warning("nodes cannot be listed: set clusterNetworks", why=str(answer))
            nodes = []
        except Retry as answer:
            if self._read_at is None:
                raise
            log.warning("nodes cannot be listed now", why=str(answer))
            nodes = []
        self._read_at = self.clock()
        # A node that goes takes nothing away: the next one has its network, and Services stay.
        read = (network for networks in nodes for network in networks)
        self._found = covering((*self._found, *read))
