"""Makes sure that one process works and the others wait: leadership by a Lease.

Two leaders at once would be worse than none, so everything errs towards none: the time of a
renewal counts from before its request was sent, a leader stops well before anybody may take its
lease, and a thread beside the event loop ends a process whose loop is too busy to notice.
"""

import asyncio
import math
import random
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from tcpaddon.kube.answers import Answer, Exists, Gone, Stale
from tcpaddon.kube.client import Client
from tcpaddon.kube.guard import Guard, end_at_once, seconds_awake_or_not
from tcpaddon.kube.paths import LEASES
from tcpaddon.kube.words import Raw, Scope

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The numbers are client-go's; each must be smaller than the one before."""

    lease: float = 15.0  # without a renewal for so long anybody may take it
    stop: float = 13.0  # without a renewal for so long the process is ended, come what may
    renew: float = 10.0  # without a renewal for so long the leader gives up by itself
    request: float = 5.0  # for one request, so that a dead connection leaves time for another
    retry: float = 2.0  # between renewals, and between attempts


class Leadership:
    """One candidate.

    on_lost: called once, in the event loop, with a sentence when the lease is lost; it must end
        the process, and may do so in good order.
    on_hang: called by a thread where the process is still there when others may soon begin; it
        must end the process at once, without the loop.
    identity: who we are; unique to this process.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        *,
        on_lost: Callable[[str], None],
        on_hang: Callable[[str], None] = end_at_once,
        timing: Timing | None = None,
        clock: Callable[[], float] = seconds_awake_or_not,
    ) -> None:
        """Prepare; `acquire` starts it."""
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._on_lost = on_lost
        self._on_hang = on_hang
        self._timing = timing or Timing()
        self._clock = clock
        self._lease: Raw | None = None  # as last seen
        self._seen_at = -math.inf  # when it was seen to change, by our own clock
        self._renewed_at = -math.inf  # when the last successful renewal was sent
        self._leading = False
        self._renewal: asyncio.Task[None] | None = None
        self._guard = Guard()

    def holds(self) -> bool:
        """Whether this process may write now: it leads, and nobody else can have begun to."""
        return self._leading and self._clock() - self._renewed_at < self._timing.renew

    async def acquire(self) -> None:
        """Wait until this process leads; from then on the lease is renewed in the background."""
        while not self._leading:
            await self._try()
        holder = {"namespace": self._namespace, "lease": self._name, "identity": self._identity}
        _log.info("leading", **holder)
        self._guard.start(self._is_too_late, self._timing.retry / 4)
        self._renewal = asyncio.create_task(self._keep(), name="lease")

    async def release(self) -> None:
        """Stop to lead and let another one begin at once; nothing must write any more."""
        if self._renewal is not None:
            self._renewal.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewal
        led, self._leading = self._leading, False
        self._guard.stop()
        if led and self._lease is not None:
            # If it cannot be told, the others wait until the lease ends.
            with suppress(Answer, _TakenOver):
                await self._update({"holderIdentity": ""})
                _log.info("lease released", lease=self._name)

    # --- to become the leader -------------------------------------------------------------------

    async def _try(self) -> None:
        """Take the lease if it is free, else wait until it may be."""
        try:
            lease = await self._client.get(
                LEASES, self._namespace, self._name, limit=self._timing.request
            )
            self._see(lease)
            if not self._is_free():
                await self._wait()
            if self._is_free():
                await self._take()
                self._leading = True
            else:
                await asyncio.sleep(self._timing.retry / 4)  # the watch ended: no hurry
        except (Exists, Stale, Gone):
            _log.debug("somebody was faster", lease=self._name)
        except Answer as answer:
            _log.warning("lease not readable", lease=self._name, error=str(answer))
            await asyncio.sleep(self._timing.retry * random.uniform(0.5, 1.0))  # noqa: S311

    def _see(self, lease: Raw | None) -> None:
        if lease is None or self._lease is None or _version(lease) != _version(self._lease):
            self._seen_at = self._clock()
        self._lease = lease

    def _is_free(self) -> bool:
        """Whether nobody can lead: released, our own, or not renewed for as long as it lasts.

        Our own clock says how long; the times in the Lease are of another machine's clock.
        """
        if self._lease is None:
            return True
        spec = _spec_of(self._lease)
        if spec.get("holderIdentity", "") in ("", self._identity):
            return True
        return self._clock() - self._seen_at >= self._ends_after(spec)

    def _ends_after(self, spec: Raw) -> float:
        # The holder's own duration: during an upgrade it may be another one than ours.
        return float(spec.get("leaseDurationSeconds") or self._timing.lease)

    async def _wait(self) -> None:
        """Follow the Lease until it is free; a release is seen at once."""
        assert self._lease is not None  # noqa: S101 - only then it was not free
        scope = Scope(LEASES, self._namespace, fields=f"metadata.name={self._name}")
        longest = self._ends_after(_spec_of(self._lease))
        words = self._client.watch(
            scope, version=_version(self._lease), ends_after=600.0, silence=2 * longest
        )
        async with aclosing(words):
            while not self._is_free():
                left = self._seen_at + self._ends_after(_spec_of(self._lease)) - self._clock()
                try:
                    # A silent watch may be a dead one: the attempt that follows is conditional
                    # on the resourceVersion, so a lease that was renewed unseen is not taken.
                    async with asyncio.timeout(max(left, 0.01)):
                        word = await anext(words)
                except (TimeoutError, StopAsyncIteration):
                    return
                if word.type == "DELETED":
                    self._see(None)
                elif word.type in ("ADDED", "MODIFIED"):
                    self._see(word.object)

    async def _take(self) -> None:
        now = _wall_clock()
        before = _spec_of(self._lease) if self._lease is not None else {}
        transitions = int(before.get("leaseTransitions") or 0)
        if self._lease is not None and before.get("holderIdentity") != self._identity:
            transitions += 1
        await self._put(
            {
                "holderIdentity": self._identity,
                "acquireTime": now,
                "leaseDurationSeconds": max(1, math.ceil(self._timing.lease)),
                "leaseTransitions": transitions,
            }
        )

    # --- to stay it -----------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Renew until it fails for too long."""
        why = ""
        while (left := self._renewed_at + self._timing.renew - self._clock()) > 0:
            try:
                async with asyncio.timeout(left):
                    await asyncio.sleep(self._timing.retry)
                    await self._update({})
            except _TakenOver as taken:
                why = str(taken)
                break
            except (Answer, TimeoutError) as error:
                why = str(error) or why or "the API server is slow"
                _log.warning("lease not renewed", lease=self._name, error=why)
        self._lose(why or f"not renewed for {self._timing.renew:g} s")

    async def _update(self, changes: Raw) -> None:
        """Write our own Lease, unless somebody else holds it."""
        assert self._lease is not None  # noqa: S101 - it was taken
        try:
            await self._put({**_spec_of(self._lease), **changes})
        except (Stale, Gone):
            # Somebody wrote something else into it, or it is a renewal of ours whose answer was
            # lost; only another holder means that it is lost.
            lease = await self._client.get(
                LEASES, self._namespace, self._name, limit=self._timing.request
            )
            if lease is None:
                raise _TakenOver("it was deleted") from None
            holder = _spec_of(lease).get("holderIdentity")
            if holder != self._identity:
                raise _TakenOver(f"{holder or 'nobody'} holds it now") from None
            self._lease = lease
            await self._put({**_spec_of(lease), **changes})

    async def _put(self, spec: Raw) -> None:
        """Write the Lease; only a successful answer counts, from when its request was sent."""
        sent_at = self._clock()
        head: dict[str, Any] = {"name": self._name, "namespace": self._namespace}
        body = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": head,
            "spec": {**spec, "renewTime": _wall_clock()},
        }
        limit = self._timing.request
        if self._lease is None:
            lease = await self._client.create(LEASES, self._namespace, body, limit=limit)
        else:
            body["metadata"] = dict(self._lease["metadata"])
            lease = await self._client.replace(LEASES, self._namespace, body, limit=limit)
        self._lease = lease
        self._renewed_at = sent_at

    # --- to stop --------------------------------------------------------------------------------

    def _lose(self, why: str) -> None:
        self._leading = False
        self._on_lost(f"the lease {self._name} was lost: {why}")

    def _is_too_late(self) -> bool:
        """End the process from outside of the event loop, which did not get to it."""
        if self._clock() - self._renewed_at < self._timing.stop:
            return False
        self._on_hang(f"the lease {self._name} was not renewed for {self._timing.stop:g} s")
        return True


class _TakenOver(Exception):  # noqa: N818 - the end of a leadership
    """Somebody else holds the lease."""


_NO_SPEC: Final[Raw] = {}


def _spec_of(lease: Raw) -> Raw:
    spec: Raw = lease.get("spec") or _NO_SPEC
    return spec


def _version(lease: Raw) -> int:
    return int(lease["metadata"]["resourceVersion"])


def _wall_clock() -> str:
    """Tell people when; nothing is decided by it. A MicroTime wants all six digits."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
