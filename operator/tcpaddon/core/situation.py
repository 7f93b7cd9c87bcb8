"""Puts what is wanted beside what is there: the one value that checks and plan look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from tcpaddon.api.v1alpha1 import StartPolicy, TcpAddon
from tcpaddon.core import claims
from tcpaddon.core.actions import Apply, Look
from tcpaddon.core.address import Address, Reach, known, reach
from tcpaddon.core.binding import Publication, publication
from tcpaddon.core.children.binding_secret import binding_secret
from tcpaddon.core.children.child import Wanted
from tcpaddon.core.children.deployment import Version, deployment
from tcpaddon.core.children.disruption_budget import disruption_budget
from tcpaddon.core.children.pod_template import PodTemplate, pod_template
from tcpaddon.core.children.service import service
from tcpaddon.core.facts import (
    Child,
    DeploymentFact,
    Facts,
    Kind,
    PodFact,
    Ref,
    Refusal,
    SecretFact,
    ServiceFact,
)
from tcpaddon.core.ownership import is_ours, was_applied
from tcpaddon.core.process import Fault, Process, resolve
from tcpaddon.core.refs import ExpectedRefs, expected_refs
from tcpaddon.core.rollout import Roll, as_it_is, is_over, next_step
from tcpaddon.core.stored import was_rolled_out

ChildT = TypeVar("ChildT", bound=Child)


@dataclass(frozen=True, slots=True)
class Situation:
    """One addon, the facts about it, and what follows from both.

    reach: what the load balancer gives now. addresses: what clients are told, the main port's
    first: that, else what it gave last. former_services: those of a former process type.
    binding: None while there is no address. template, roll, deployment: None where the process
    cannot or shall not run yet; a Deployment that runs is then left as it is. template: of the
    version that the spec asks for; the Deployment may have to keep another one (roll).
    budget: None where the process is not known, and where there never was more than one.
    publication: None without binding.secretRef, or where that Secret is not there or is a
    TcpAddon's own.
    """

    addon: TcpAddon
    facts: Facts
    refs: ExpectedRefs
    process: Process | Fault
    reach: Reach
    addresses: tuple[Address, ...]
    former_services: tuple[Child, ...]
    service: Wanted
    binding: Wanted | None
    template: PodTemplate | None
    roll: Roll | None
    deployment: Wanted | None
    budget: Wanted | None
    publication: Publication | None

    @property
    def live_service(self) -> ServiceFact | None:
        """The Service, where it is there and ours."""
        return self._ours(self.facts.service)

    @property
    def live_deployment(self) -> DeploymentFact | None:
        """The Deployment, where it is there and ours."""
        return self._ours(self.facts.deployment)

    @property
    def exclusive_claims(self) -> tuple[str, ...]:
        """Claims of the pod that two versions cannot use at once."""
        return self.roll.exclusive_claims if self.roll is not None else ()

    @property
    def current_pods(self) -> tuple[PodFact, ...]:
        """The pods of the version that is wanted, without those that are over or going."""
        if self.template is None:
            return ()
        return tuple(
            pod
            for pod in self.facts.pods
            if pod.revision == self.template.revision and not is_over(pod) and not pod.deleting
        )

    @property
    def rolled_out(self) -> bool:
        """Whether just the wanted processes run, all of the wanted version, and all answer.

        The counts are of the generation that the Deployment's controller has observed. Anybody's
        annotation makes a new generation; that is no roll where nothing of ours has changed.
        """
        live, template = self.live_deployment, self.template
        return (
            live is not None
            and template is not None
            and self.refs.deployment not in self.facts.refusals
            and live.revision == template.revision
            and self._is_complete(live)
            and self.leads_to(template.revision)
        )

    @property
    def version(self) -> tuple[str, str] | None:
        """Image and revision that the Deployment has, or gets now; None: it is left as it is."""
        roll, wanted, live = self.roll, self.deployment, self.live_deployment
        if roll is None or wanted is None or self.refs.deployment in self.facts.refusals:
            return None
        if wanted.whole:
            return wanted.body["spec"]["template"]["spec"]["containers"][0]["image"], roll.revision
        return (live.image, live.revision) if live is not None else None

    @property
    def version_rolled_out(self) -> str:
        """The version that all processes are of, all of them answering; "" while there is none."""
        live = self.live_deployment
        whole = live is not None and live.desired > 0 and self._is_complete(live)
        return live.revision if live is not None and whole else ""

    def _is_complete(self, live: DeploymentFact) -> bool:
        """Whether a roll has come to its end, of whichever version."""
        wanted = self.addon.spec.processes
        seen = live.observed_generation >= live.generation
        return (
            not live.deleting
            and not live.held
            and (seen or was_rolled_out(self.addon, live.revision))
            and (wanted, wanted, wanted, wanted)
            == (live.desired, live.replicas, live.updated, live.available)
        )

    def leads_to(self, revision: str) -> bool:
        """Whether new connections go to this version, and under Switch to no other."""
        service, roll = self.live_service, self.roll
        asked = roll.selects if roll else ""
        return service is None or (service.selects == asked and asked in ("", revision))

    def refusal(self, ref: Ref | None) -> Refusal | None:
        """Return what the API server said to this round's write of an object."""
        return self.facts.refusals.get(ref) if ref else None

    def due(self, wanted: Wanted | None, child: Child | None) -> Apply | None:
        """Return the apply that a child needs, None where it needs none or must have none."""
        if wanted is None or wanted.ref in self.facts.refusals:
            return None
        if child is None:
            return wanted.apply(None)
        if not self._needs(wanted, child) or not wanted.whole:
            return None
        return wanted.apply(child)

    @property
    def looks(self) -> frozenset[Look]:
        """What has to be read before the plan can be made."""
        live, wanted, roll = self.facts.deployment, self.deployment, self.roll
        if roll is None or wanted is None or wanted.ref in self.facts.refusals:
            return frozenset()
        if live is not None and not self._needs(wanted, live):
            return roll.looks
        more = set()
        # A version that no spec leads to any more is known by its ReplicaSet alone.
        if not wanted.whole and self.facts.replica_sets is None:
            more.add(Look.REPLICA_SETS)
        pod = self.template.body["spec"] if self.template else {}
        if claims.mounted(pod) and self.facts.claims is None:
            more.add(Look.CLAIMS)
        return roll.looks | more

    def _needs(self, wanted: Wanted, child: Child) -> bool:
        untouchable = not is_ours(child, self.addon) or child.deleting
        return not untouchable and not wanted.stands(child, self.addon, self.facts.settled)

    def _ours(self, child: ChildT | None) -> ChildT | None:
        return child if child is not None and is_ours(child, self.addon) else None


def assess(addon: TcpAddon, facts: Facts) -> Situation:
    """Work out what is wanted, given the facts."""
    live = facts.service
    now = reach(addon, live if live and is_ours(live, addon) and not live.deleting else None)
    leads_to = live.selects if live and is_ours(live, addon) else ""
    former = tuple(s for s in facts.strays if s.ref.kind is Kind.SERVICE and was_applied(s))
    # What a former process type has as its address is not this one's to publish.
    told = () if former and not now.hosts else known(addon, now)
    process = resolve(addon, facts)
    template = roll = None
    if isinstance(process, Process) and _may_run(addon, facts, told):
        revision = facts.deployment.revision if facts.deployment else ""
        template = pod_template(addon, process, revision)
        exclusive = claims.exclusive(template.body["spec"], facts)
        roll = next_step(addon, facts, template.revision, exclusive)
    elif addon.spec.suspend and facts.deployment and is_ours(facts.deployment, addon):
        # Put to rest as it is: nobody needs to know what the process would be now.
        roll = as_it_is(facts.deployment, leads_to)
    elif isinstance(process, Fault) and facts.deployment and facts.deployment.held:
        # A roll that has begun is brought to its end: held, it would keep both versions for ever.
        roll = next_step(addon, facts, facts.deployment.revision)
    secret = facts.app_secret
    # What the Service leads to is left as it is, too, while nobody knows what shall run.
    selects = roll.selects if roll else leads_to
    return Situation(
        addon=addon,
        facts=facts,
        refs=expected_refs(addon),
        process=process,
        reach=now,
        addresses=told,
        former_services=former,
        service=service(
            addon,
            [pod for pod in facts.pods if not is_over(pod)],
            selects,
            facts.cluster_networks,
        ),
        binding=binding_secret(addon, told) if told else None,
        template=template,
        roll=roll,
        deployment=_deployment(addon, facts, template, roll) if roll else None,
        budget=disruption_budget(addon) if template and _needs_budget(addon, facts) else None,
        publication=publication(addon, secret, told) if _is_users(secret) else None,
    )


def _deployment(addon: TcpAddon, facts: Facts, template: PodTemplate | None, roll: Roll) -> Wanted:
    """Return the Deployment of the version that the roll has it have."""
    known: dict[str, Mapping[str, Any]] = {}
    for replica_set in sorted(facts.replica_sets or (), key=lambda found: found.number):
        known[replica_set.revision] = replica_set.template
    if template is not None:
        known[template.revision] = template.body
    version = Version(roll.revision, known.get(roll.revision))
    fields = facts.deployment.applied.rpartition(".")[2] if facts.deployment else ""
    return deployment(addon, version, roll, fields)


def _is_users(secret: SecretFact | None) -> TypeGuard[SecretFact]:
    return secret is not None and not secret.deleting and secret.addon is None


def _needs_budget(addon: TcpAddon, facts: Facts) -> bool:
    """Whether there is more than one process, or was: for one alone the budget holds nothing back.

    So it stays while an autoscaler goes down to one and up again.
    """
    there = facts.budget is not None and is_ours(facts.budget, addon)
    return there or addon.spec.replicas > 1


def _may_run(addon: TcpAddon, facts: Facts, told: tuple[Address, ...]) -> bool:
    """Whether the process may start; one that runs goes on, also when the address is lost."""
    at_once = addon.spec.start_policy is StartPolicy.IMMEDIATELY
    return at_once or bool(told) or facts.deployment is not None
