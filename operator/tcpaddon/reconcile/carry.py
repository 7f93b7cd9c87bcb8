"""Carries a plan out: one write after the other, in the plan's order, each answer remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Apply, GiveBack, Plan, Restart
from tcpaddon.core.facts import DeploymentFact, Ref, Refusal, ServiceFact
from tcpaddon.kube.answers import Gone, Refused, Stale
from tcpaddon.kube.client import Client
from tcpaddon.kube.events import About, Recorder
from tcpaddon.kube.heads import version_of
from tcpaddon.kube.paths import resource_of
from tcpaddon.kube.projections import Fact
from tcpaddon.kube.restarting import restarted
from tcpaddon.kube.words import Raw
from tcpaddon.reconcile.addons import AddonStore, StoredAddon
from tcpaddon.reconcile.gather import Gatherer

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Outcome:
    """What became of a plan's writes to objects."""

    refusals: dict[Ref, Refusal] = field(default_factory=dict)
    # An object is not what it was when the plan was made: look again, after a while.
    changed: bool = False
    # What was to be created was there, or what was to be restarted was not: the plan, its status
    # with it, was made without knowing; plan anew.
    found: bool = False


@dataclass(frozen=True, slots=True)
class Carrier:
    """Writes for one operator."""

    client: Client
    gatherer: Gatherer
    addons: AddonStore
    recorder: Recorder

    async def write_objects(self, plan: Plan) -> Outcome:
        """Carry out applies and deletes. A refused one is told in the outcome, the rest goes on.

        Raises answers.Retry where the API server has no time or cannot be reached.
        """
        outcome = Outcome()
        for apply in plan.applies:
            await self._one(apply, outcome)
        for give in plan.give_backs:
            await self._give_back(give, outcome)
        for restart in plan.restarts:
            await self._restart(restart, outcome)
        for delete in plan.deletes:
            try:
                await self.client.delete(delete)
            except Refused as answer:
                outcome.refusals[delete.ref] = answer.refusal
                continue
            self.gatherer.caches.by_kind[delete.ref.kind].forget(delete.ref, delete.uid)
            log.info("deleted", object=str(delete.ref))
        return outcome

    async def write_status(self, addon: TcpAddon, stored: StoredAddon, plan: Plan) -> None:
        """Write the status and tell the Events of the transitions in it.

        Events come after the status, which is what they are derived from: a restart in between
        loses an Event rather than telling it twice. Raises answers.Stale, answers.Retry.
        """
        metadata = addon.metadata
        if plan.status is not None:
            raw = await self.client.apply_status(
                metadata.namespace, metadata.name, stored.resource_version, plan.status
            )
            self.addons.put(raw)
        about = About(metadata.namespace, metadata.name, metadata.uid)
        for note in plan.events:
            await self.recorder.tell(about, note)

    async def _give_back(self, give: GiveBack, outcome: Outcome) -> None:
        cache = self.gatherer.caches.by_kind[give.ref.kind]
        self.gatherer.forget(give.ref)
        try:
            raw = await self.client.give_back(give)
        except Refused as answer:
            outcome.refusals[give.ref] = answer.refusal
        except Stale:
            outcome.changed = True
        except Gone:
            cache.forget(give.ref, give.uid)
            outcome.changed = True
        else:
            cache.observe(raw, tell=False)
            log.info("given back", object=str(give.ref), manager=give.manager)

    async def _restart(self, restart: Restart, outcome: Outcome) -> None:
        ref = restart.ref
        cache = self.gatherer.caches.by_kind[ref.kind]
        try:
            raw = await self.client.merge(
                resource_of(ref.kind), ref.namespace, ref.name, restarted(restart)
            )
        except Refused as answer:
            outcome.refusals[ref] = answer.refusal
        except Gone:
            cache.forget(ref, restart.uid)
            outcome.found = True
        else:
            cache.observe(raw, tell=False)
            log.info("restarted", object=str(ref))

    async def _one(self, apply: Apply, outcome: Outcome) -> None:
        cache = self.gatherer.caches.by_kind[apply.ref.kind]
        try:
            raw = await self.client.apply(apply)
        except Refused as answer:
            outcome.refusals[apply.ref] = answer.refusal
            return
        except Gone:
            cache.forget(apply.ref, apply.uid)
            outcome.changed = True
            return
        finally:
            self.gatherer.forget(apply.ref)
        fact = cache.observe(raw, tell=False)
        if fact is not None:
            self._settle(fact, raw)
            outcome.found |= apply.create and _has_a_past(fact)
        log.info("applied", object=str(apply.ref), manager=apply.manager)

    def _settle(self, fact: Fact, raw: Raw) -> None:
        """Remember a field set that the server makes of an apply otherwise than we foresaw it.

        Only from the apply's own answer: a newer word may already tell of somebody's change.
        """
        foreseen = fact.applied.rpartition(".")[2]
        if fact.applied and fact.fields != foreseen and fact.resource_version == version_of(raw):
            self.gatherer.settled[fact.uid, fact.applied] = fact.fields


def _has_a_past(fact: Fact) -> bool:
    """Tell a child that was there before its create: it has a status, or a controller saw it."""
    if isinstance(fact, ServiceFact):
        return bool(fact.ingress)
    return isinstance(fact, DeploymentFact) and fact.observed_generation > 0


def told(refusals: Mapping[Ref, Refusal]) -> str:
    """Sum refusals up for a log line."""
    return "; ".join(f"{ref}: {refusal.message}" for ref, refusal in refusals.items())
