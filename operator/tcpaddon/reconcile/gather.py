"""Gathers the facts of one addon: from the caches, and by a live GET what no watch covers yet."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.address import reach
from tcpaddon.core.facts import (
    AppFact,
    BudgetFact,
    Child,
    ConfigMapFact,
    DeploymentFact,
    Facts,
    Kind,
    PodFact,
    Ref,
    SecretFact,
    ServiceFact,
    UsersFact,
    Warnings,
)
from tcpaddon.core.refs import expected_refs
from tcpaddon.kube import paths
from tcpaddon.kube.client import Client
from tcpaddon.kube.projections import Fact
from tcpaddon.kube.reflector import Reflector
from tcpaddon.kube.users import app_fact, config_map_fact, secret_fact
from tcpaddon.kube.words import Raw
from tcpaddon.reconcile.addons import StoredAddon
from tcpaddon.reconcile.networks import ClusterNetworks

FactT = TypeVar("FactT")

# One look serves the rounds of a create (Service, then what needs its address); a write to an
# object that has changed since is refused by its uid or by the owner of a key: this is no lock.
PEEK_LASTS = timedelta(seconds=5)
# Nothing is written to the app's Secret before there is an address, and that may take a while.
EARLY_PEEK_LASTS = timedelta(minutes=10)

# By its role label, which it may not have yet, a Deployment would be read as a child.
_READ_AS: Mapping[Kind, Callable[[Raw], Fact]] = {
    Kind.SECRET: secret_fact,
    Kind.CONFIG_MAP: config_map_fact,
}
# Longer than anybody waits until it is read again; older ones are of Services that wait no more.
HEARD_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Caches:
    """What is watched beside the addons, by label: see names.LABEL_ROLE."""

    by_kind: Mapping[Kind, Reflector]

    def get(self, ref: Ref) -> Fact | None:
        """Return what is known of one object."""
        return self.by_kind[ref.kind].get(ref)

    def of_addon(self, namespace: str, name: str) -> Iterable[Fact]:
        """Return an addon's children of all kinds, pods among them."""
        for cache in self.by_kind.values():
            yield from cache.of_addon(namespace, name)

    def held_for(self, uid: str) -> tuple[UsersFact, ...]:
        """Return the user's objects that carry keys or the mark of an addon."""
        return tuple(
            fact
            for cache in self.by_kind.values()
            for fact in cache.of_uid(uid)
            if isinstance(fact, UsersFact)
        )


@dataclass(frozen=True, slots=True)
class _Peek:
    """A live look at an object of the user's, and how long it may be used."""

    at: datetime
    fact: Fact
    lasts: timedelta


@dataclass(slots=True)
class Gatherer:
    """Gathers facts. `settled` is written by whoever carries plans out."""

    client: Client
    caches: Caches
    clock: Callable[[], datetime]
    networks: ClusterNetworks
    settled: dict[tuple[str, str], str] = field(default_factory=dict)
    # Objects of the user's that carry no mark of ours yet, and when they were looked at.
    _peeked: dict[Ref, _Peek] = field(default_factory=dict)
    # By the addon's uid: what was seen of its app's pods, and of which state of the app.
    _app_pods: dict[str, tuple[tuple[int, int], tuple[datetime, ...]]] = field(default_factory=dict)

    # What was said about Services that wait for an address, by uid: read again only after a while.
    _heard: dict[str, Warnings] = field(default_factory=dict)

    async def facts(self, addon: TcpAddon, stored: StoredAddon) -> Facts:
        """Gather everything that a plan for this addon depends on; at most one GET per object."""
        refs = expected_refs(addon)
        namespace, name = addon.metadata.namespace, addon.metadata.name
        children = tuple(self.caches.of_addon(namespace, name))
        app = await self._users(refs.app)
        wanted = {refs.service, refs.deployment, refs.binding, refs.budget, *refs.of_user}
        service = _as(ServiceFact, self.caches.get(refs.service))
        early = not reach(addon, service).hosts
        return Facts(
            now=self.clock(),
            service=service,
            deployment=_as(DeploymentFact, self.caches.get(refs.deployment)),
            binding=_as(SecretFact, self.caches.get(refs.binding)),
            budget=_as(BudgetFact, self.caches.get(refs.budget)),
            app_secret=_as(SecretFact, await self._users(refs.app_secret, early=early)),
            app=_as(AppFact, app),
            app_is_of=app.addon if isinstance(app, DeploymentFact) else None,
            procfile=_as(ConfigMapFact, await self._users(refs.procfile)),
            pods=tuple(
                c
                for c in children
                # Those of a former process type are another Deployment's.
                if isinstance(c, PodFact) and c.process == addon.spec.process_type
            ),
            strays=tuple(
                c
                for c in children
                if isinstance(c, Child) and not isinstance(c, PodFact) and c.ref not in wanted
            ),
            forsaken=tuple(
                held
                for held in self.caches.held_for(addon.metadata.uid)
                if held.ref not in refs.of_user
            ),
            settled={
                (child.uid, child.applied): self.settled[child.uid, child.applied]
                for child in children
                if (child.uid, child.applied) in self.settled
            },
            status_written_at=stored.status_written_at,
            app_started=self._app_started(addon, _as(AppFact, app)),
            cluster_networks=(
                await self.networks.known() if addon.spec.exposure.source_ranges else ()
            ),
            service_warnings=self._heard.get(service.uid) if service else None,
        )

    def remember(self, addon: TcpAddon, facts: Facts) -> None:
        """Keep what was looked at live: of the app, as long as that stays as it is."""
        if facts.app is not None and facts.app_started is not None:
            state = (facts.app.resource_version, addon.metadata.generation)
            self._app_pods[addon.metadata.uid] = state, facts.app_started
        if facts.service is not None and facts.service_warnings is not None:
            now = facts.now
            self._heard = {u: h for u, h in self._heard.items() if now - h.read_at < HEARD_LASTS}
            self._heard[facts.service.uid] = facts.service_warnings

    def forget_addon(self, uid: str) -> None:
        """Drop what was kept for an addon that is gone."""
        self._app_pods.pop(uid, None)

    def _app_started(self, addon: TcpAddon, app: AppFact | None) -> tuple[datetime, ...] | None:
        seen = self._app_pods.get(addon.metadata.uid)
        if app is None or seen is None:
            return None
        state, started = seen
        return started if state == (app.resource_version, addon.metadata.generation) else None

    def forget(self, ref: Ref) -> None:
        """Look again the next time: what was seen of a user's object no longer holds."""
        self._peeked.pop(ref, None)

    async def _users(self, ref: Ref | None, *, early: bool = False) -> Fact | None:
        """Return an object of the user's: watched once it carries our mark, before that read.

        early: nothing will be written to it in this round; the look still serves the one that does.
        """
        if ref is None:
            return None
        known = self.caches.get(ref)
        if known is not None:
            self._peeked.pop(ref, None)
            return known
        now = self.clock()
        peek = self._peeked.pop(ref, None)
        if peek is not None and now - peek.at < peek.lasts:
            self._peeked[ref] = replace(peek, lasts=peek.lasts if early else PEEK_LASTS)
            return peek.fact
        raw = await self.client.get(paths.resource_of(ref.kind), ref.namespace, ref.name)
        if raw is None:
            return None
        fact = _READ_AS.get(ref.kind, app_fact)(raw)
        self._peeked = {r: p for r, p in self._peeked.items() if now - p.at < p.lasts}
        self._peeked[ref] = _Peek(now, fact, EARLY_PEEK_LASTS if early else PEEK_LASTS)
        return fact


def _as(kind: type[FactT], fact: object | None) -> FactT | None:
    """Narrow a fact to the kind that its place calls for; another kind is no such object."""
    return fact if isinstance(fact, kind) else None
