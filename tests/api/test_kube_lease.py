"""kube/lease.py against a real API server, over wires that are cut and frozen.

The numbers are smaller than in life, in the same proportions; nothing here asserts how long
anything took, only in which order it came.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from tcpaddon.kube.client import Client, connect
from tcpaddon.kube.guard import seconds_awake_or_not
from tcpaddon.kube.lease import Leadership, Timing
from tcpaddon.kube.paths import LEASES
from tests.apiserver import ApiServer
from tests.until import until
from tests.wire import Wire, wire_to

BRISK = Timing(lease=3.0, stop=2.5, renew=2.0, request=0.8, retry=0.2)
# Where a test may take as long as it likes before anything ends by itself.
LONG = Timing(lease=120.0, stop=110.0, renew=100.0, request=10.0, retry=0.2)
NAME = "tcpaddon"


class Candidate:
    """A process that wants to lead, with a wire of its own."""

    def __init__(
        self, client: Client, wire: Wire, namespace: str, identity: str, timing: Timing
    ) -> None:
        self.wire = wire
        self.answered = 0
        self.lost: list[str] = []
        self.led_from = self.led_until = 0.0
        client.on_request = self._on_request
        self.hung: list[str] = []
        self.leadership = Leadership(
            client,
            namespace,
            NAME,
            identity,
            on_lost=self._on_lost,
            on_hang=self.hung.append,
            timing=timing,
        )
        self._acquiring: asyncio.Task[None] | None = None

    def _on_request(self, _verb: str, _kind: str, code: int, _seconds: float) -> None:
        self.answered += bool(code)

    def _on_lost(self, why: str) -> None:
        self.led_until = seconds_awake_or_not()
        self.lost.append(why)

    def stand(self) -> None:
        """Begin to wait for the lease."""
        self._acquiring = asyncio.create_task(self._acquire())

    async def _acquire(self) -> None:
        await self.leadership.acquire()
        self.led_from = seconds_awake_or_not()

    @property
    def leads(self) -> bool:
        return bool(self.led_from and not self.lost)

    async def leave(self) -> None:
        if self._acquiring is not None:
            self._acquiring.cancel()
            with suppress(asyncio.CancelledError):
                await self._acquiring
        await self.leadership.release()
        self.led_until = self.led_until or seconds_awake_or_not()


Stand = Callable[..., Awaitable[Candidate]]


@pytest.fixture
async def stand(apiserver: ApiServer, namespace: str) -> AsyncIterator[Stand]:
    """Make candidates."""
    async with AsyncExitStack() as stack:

        async def make(identity: str, timing: Timing = BRISK) -> Candidate:
            wire = await stack.enter_async_context(wire_to(apiserver.port))
            client = await connect(apiserver.kubeconfig(port=wire.port))
            await stack.enter_async_context(client)
            candidate = Candidate(client, wire, namespace, identity, timing)
            stack.push_async_callback(candidate.leave)
            candidate.stand()
            return candidate

        yield make


@pytest.fixture
def renewals(apiserver: ApiServer, namespace: str) -> Callable[[], int]:
    """Count the writes of the Lease so far."""

    def count() -> int:
        lease = apiserver.call("GET", LEASES.path(namespace, NAME))
        return int(lease.get("metadata", {}).get("resourceVersion", 0))

    return count


async def several(renewals: Callable[[], int]) -> None:
    """Wait until the leader has renewed a few times."""
    for _ in range(4):
        now = renewals()
        await until(lambda now=now: renewals() > now)  # type: ignore[misc]  # bound in time


async def test_of_several_who_stand_at_once_exactly_one_leads(
    stand: Stand, renewals: Callable[[], int]
) -> None:
    candidates = [await stand(f"process-{number}") for number in range(5)]
    await until(lambda: any(one.leads for one in candidates))
    await several(renewals)
    assert sum(one.leads for one in candidates) == 1
    assert sum(one.leadership.holds() for one in candidates) == 1


async def test_a_released_lease_is_handed_over_at_once(
    apiserver: ApiServer, stand: Stand, namespace: str
) -> None:
    first = await stand("first", LONG)
    await until(lambda: first.leads)
    second = await stand("second", LONG)
    await until(lambda: second.answered)
    await first.leave()
    await until(lambda: second.leads)
    assert not first.leadership.holds()
    assert not first.lost, "it went by itself"
    assert first.led_until < second.led_from
    spec = apiserver.call("GET", LEASES.path(namespace, NAME))["spec"]
    assert spec["holderIdentity"] == "second"
    assert spec["leaseDurationSeconds"] == LONG.lease


@pytest.mark.parametrize("happens", ["cut", "freeze"])
async def test_a_leader_whose_wire_is_dead_stops_before_another_begins(
    stand: Stand, happens: str
) -> None:
    first = await stand("first")
    await until(lambda: first.leads)
    second = await stand("second")
    await until(lambda: second.answered)
    getattr(first.wire, happens)()
    both = []
    while not second.leads:
        both.append(first.leadership.holds() and second.leadership.holds())
        await asyncio.sleep(0.001)
    assert not any(both)
    assert len(first.lost) == 1, "it was told in the loop"
    assert len(first.hung) == 1, "and as it did not end, the thread ended it"
    assert first.led_until < second.led_from


async def test_a_leader_whose_event_loop_hangs_is_ended_from_outside(stand: Stand) -> None:
    first = await stand("first")
    await until(lambda: first.leads)
    give_up = time.monotonic() + 30
    while not first.hung and time.monotonic() < give_up:
        time.sleep(0.01)  # noqa: ASYNC251 - the loop hangs here
    assert first.hung == ["the lease tcpaddon was not renewed for 2.5 s"]
    assert not first.leadership.holds()


async def test_one_who_was_cut_off_while_waiting_does_not_take_a_lease_that_is_renewed(
    stand: Stand, renewals: Callable[[], int]
) -> None:
    first = await stand("first")
    await until(lambda: first.leads)
    second = await stand("second")
    await until(lambda: second.answered)
    second.wire.freeze()
    blind_since = seconds_awake_or_not()
    await until(lambda: seconds_awake_or_not() - blind_since > BRISK.lease)
    answered = second.answered
    second.wire.mend()
    await until(lambda: second.answered > answered)
    await several(renewals)
    assert first.leads
    assert not second.leads


async def test_a_lease_that_somebody_deletes_ends_the_leader(
    apiserver: ApiServer, stand: Stand, namespace: str
) -> None:
    first = await stand("first")
    await until(lambda: first.leads)
    apiserver.call("DELETE", LEASES.path(namespace, NAME))
    await until(lambda: first.lost)
    assert first.lost == ["the lease tcpaddon was lost: it was deleted"]


async def test_somebodys_note_on_the_lease_does_not_end_the_leader(
    apiserver: ApiServer, stand: Stand, namespace: str, renewals: Callable[[], int]
) -> None:
    first = await stand("first")
    await until(lambda: first.leads)
    note = {"metadata": {"annotations": {"somebody": "looked"}}}
    merge = "application/merge-patch+json"
    apiserver.call("PATCH", LEASES.path(namespace, NAME), note, content_type=merge)
    await several(renewals)
    assert first.leads
