"""The shell around the pure core: for one key, gather the facts, plan, carry out, be quiet."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from tcpaddon.api.v1alpha1 import InvalidAddon, TcpAddon
from tcpaddon.core.actions import Plan
from tcpaddon.core.facts import AppFact, Child, ConfigMapFact, Facts, SecretFact
from tcpaddon.core.plan import plan as make_plan
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.release import release
from tcpaddon.core.unreadable import unreadable
from tcpaddon.kube import paths
from tcpaddon.kube.answers import Gone, Stale
from tcpaddon.kube.words import Scope
from tcpaddon.names import Reason, manager_for
from tcpaddon.reconcile.addons import AddonStore, StoredAddon
from tcpaddon.reconcile.carry import Carrier, told
from tcpaddon.reconcile.gather import Gatherer
from tcpaddon.reconcile.looks import look
from tcpaddon.reconcile.missing import had_more, waits_for_the_user
from tcpaddon.reconcile.queue import Queue
from tcpaddon.reconcile.repairs import Repairs, is_repair, repaired
from tcpaddon.reconcile.schedule import Key

log = structlog.get_logger(__name__)

# A mark whose addon is not known yet may only be ahead of the first list of addons; before anything
# is given back the addon is read live all the same.
ORPHAN_DELAY = 5.0


@dataclass(slots=True)
class Reconciler:
    """Turns events into keys, and keys into the desired state."""

    queue: Queue
    addons: AddonStore
    gatherer: Gatherer
    carrier: Carrier
    # Names of addons that were seen to go: spares a list when their marks are given back.
    _gone: dict[str, str] = field(default_factory=dict)
    repairs: Repairs = field(default_factory=Repairs)

    # --- events become keys -------------------------------------------------------------------
    def addon_event(self, kind: str | None, body: Mapping[str, Any]) -> None:
        """Take an event of the addons' watch: its type (None for the first list) and the object."""
        metadata = body["metadata"]
        namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
        if kind == "DELETED":
            self._forget(namespace, name, uid)
        elif self.addons.put(body):
            self.queue.add(Key(namespace, name))

    def child_event(self, old: Child | None, new: Child | None) -> None:
        """Take a change of a watched object."""
        for fact in (old, new):
            if fact is None:
                continue
            if fact.addon:
                self.queue.add(Key(fact.ref.namespace, fact.addon))
            if new is None:
                self.gatherer.settled.pop((fact.uid, fact.applied), None)
            for uid in _holders(fact):
                known = self.addons.name_of(uid)
                if known:
                    self.queue.add(Key(*known))
                elif new is not None:
                    self.queue.add(Key(fact.ref.namespace, uid=uid), after=ORPHAN_DELAY)

    # --- keys become the desired state ----------------------------------------------------------
    async def reconcile(self, key: Key) -> bool:
        """Bring one key to its desired state; returns whether anything was written.

        Raises answers.Retry where the API server has no time or cannot be reached.
        """
        if key.uid:
            return await self._give_back(key)
        stored = self.addons.get(key.namespace, key.name)
        if stored is None:
            self.queue.succeed(key)  # there is nothing that could fail any more
            return False
        try:
            addon = TcpAddon.parse(stored.body)
        except InvalidAddon as error:
            return await self._tell_unreadable(key, stored, str(error))
        facts = self._weighed(key, addon, await self.gatherer.facts(addon, stored))
        if had_more(addon, facts) and not await self._is_alive(key, stored):
            return False
        return await self._carry_out(key, addon, stored, facts)

    async def _tell_unreadable(self, key: Key, stored: StoredAddon, why: str) -> bool:
        log.warning("this addon cannot be read; what runs stays as it is", why=why)
        status = unreadable(stored.body, why, self.gatherer.clock())
        if status is None:
            return False
        try:
            raw = await self.gatherer.client.apply_status(
                key.namespace, key.name, stored.resource_version, status
            )
        except (Stale, Gone):
            await self._look_again(key, stored)
        else:
            self.addons.put(raw)
        return True

    async def _carry_out(
        self, key: Key, addon: TcpAddon, stored: StoredAddon, facts: Facts
    ) -> bool:
        decided, facts = await self._decide(addon, facts)
        plan = self._slow_down(key, addon, decided)
        outcome = await self.carrier.write_objects(plan)
        wrote = not plan.is_quiet
        for apply in plan.applies:
            if apply.ref in outcome.refusals:
                self.repairs.refund(repaired(apply))
        if plan.applies or plan.give_backs:
            facts = self._weighed(key, addon, await self.gatherer.facts(addon, stored))
        if outcome.refusals:
            log.warning("refused", reason=told(outcome.refusals))
            plan, facts = await self._decide(addon, replace(facts, refusals=outcome.refusals))
        if outcome.found:
            self.queue.add(key)  # the status of this plan would be that of a new child
            return True
        try:
            await self.carrier.write_status(addon, stored, plan)
        except (Stale, Gone):
            await self._look_again(key, stored)
            return True
        if outcome.refusals or outcome.changed or waits_for_the_user(addon, facts):
            self.queue.fail(key)
        else:
            self.queue.succeed(key)
        if plan.check_again_after is not None:
            self.queue.add(key, after=plan.check_again_after)
        return wrote

    async def _decide(self, addon: TcpAddon, facts: Facts) -> tuple[Plan, Facts]:
        """Plan, and look at what the plan asks for, until it asks for nothing more."""
        plan = make_plan(addon, facts)
        while plan.looks:
            facts = await look(self.gatherer.client, addon, facts, plan.looks)
            self.gatherer.remember(addon, facts)
            plan = make_plan(addon, facts)
        return plan, facts

    def _weighed(self, key: Key, addon: TcpAddon, facts: Facts) -> Facts:
        """Add to the facts whether somebody takes our keys out of the app's Secret all the time."""
        secret = expected_refs(addon).app_secret
        ours = (secret, manager_for(addon.metadata.uid))
        left = self.repairs.contested(ours, facts.now.timestamp())
        if left:
            self.queue.add(key, after=left)  # to say that it is over
        return replace(facts, secret_is_contested=left > 0)

    def _slow_down(self, key: Key, addon: TcpAddon, plan: Plan) -> Plan:
        """Leave repairs of what somebody changes again and again for later."""
        now = self.gatherer.clock().timestamp()
        applies = []
        for apply in plan.applies:
            child = self.gatherer.caches.get(apply.ref)
            again = is_repair(apply, child, addon)
            pause = self.repairs.pause(repaired(apply), now) if again else 0.0
            if pause:
                log.warning("somebody changes this again and again", object=str(apply.ref))
                self.queue.add(key, after=pause)
            else:
                applies.append(apply)
        if len(applies) == len(plan.applies):
            return plan
        # What was to come at once comes after the apply that has to wait.
        later = plan.check_again_after or None
        return replace(plan, applies=tuple(applies), check_again_after=later)

    async def _look_again(self, key: Key, stored: StoredAddon) -> None:
        """Read an addon that changed under a write: its event may be late or lost."""
        if await self._is_alive(key, stored):
            self.queue.fail(key)  # at the latest; at once where there was news

    async def _is_alive(self, key: Key, stored: StoredAddon) -> bool:
        """Read the addon live: its deletion may have passed while its watch was cut."""
        raw = await self.gatherer.client.get(paths.ADDONS, key.namespace, key.name)
        if raw is not None and raw["metadata"]["uid"] == stored.uid:
            if self.addons.put(raw):
                self.queue.add(key)  # its event will be no news any more
            return True
        log.info("the addon is gone; its deletion was missed")
        self._forget(key.namespace, key.name, stored.uid)
        if raw is not None and self.addons.put(raw):
            self.queue.add(key)
        return False

    async def _give_back(self, key: Key) -> bool:
        """Give back the keys and marks of an addon that is gone, never of one that is there."""
        held = self.gatherer.caches.held_for(key.uid)
        if self.addons.name_of(key.uid) or not held or not await self._is_gone(key):
            self._gone.pop(key.uid, None)
            self.queue.succeed(key)
            return False
        outcome = await self.carrier.write_objects(Plan(give_backs=release(key.uid, held)))
        # What is immutable stays so; should it be replaced, its event comes.
        final = {r.reason for r in outcome.refusals.values()} <= {Reason.SECRET_IMMUTABLE}
        if outcome.changed or not final:
            self.queue.fail(key)
        else:
            self._gone.pop(key.uid, None)
            self.queue.succeed(key)
        return True

    async def _is_gone(self, key: Key) -> bool:
        client = self.gatherer.client
        name = self._gone.get(key.uid)
        if name is not None:
            raw = await client.get(paths.ADDONS, key.namespace, name)
            return raw is None or raw["metadata"]["uid"] != key.uid
        async with contextlib.aclosing(client.pages(Scope(paths.ADDONS, key.namespace))) as pages:
            async for page in pages:
                if any(item["metadata"]["uid"] == key.uid for item in page.items):
                    return False
        return True

    def _forget(self, namespace: str, name: str, uid: str) -> None:
        self.addons.remove(namespace, name, uid)
        self.gatherer.forget_addon(uid)
        if self.gatherer.caches.held_for(uid):
            self._gone[uid] = name
            self.queue.add(Key(namespace, uid=uid))


def _holders(fact: Child) -> frozenset[str]:
    """Return the uids of the addons whose keys or mark a user's object carries."""
    if isinstance(fact, SecretFact):
        return fact.marked_by | frozenset(fact.owned)
    if isinstance(fact, AppFact | ConfigMapFact):
        return fact.marked_by
    return frozenset()
