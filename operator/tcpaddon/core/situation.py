"""Puts what is wanted beside what is there: the one value that checks and plan look at."""

from dataclasses import dataclass
from typing import Final, TypeGuard, TypeVar

from tcpaddon.api.v1alpha1 import StartPolicy, TcpAddon
from tcpaddon.core.actions import Apply
from tcpaddon.core.address import Address, addresses
from tcpaddon.core.binding import Publication, publication
from tcpaddon.core.children.binding_secret import binding_secret
from tcpaddon.core.children.child import Wanted
from tcpaddon.core.children.deployment import deployment
from tcpaddon.core.children.pod_template import PodTemplate, pod_template
from tcpaddon.core.children.service import service
from tcpaddon.core.facts import (
    Child,
    DeploymentFact,
    Facts,
    PodFact,
    Ref,
    Refusal,
    SecretFact,
    ServiceFact,
)
from tcpaddon.core.ownership import is_ours
from tcpaddon.core.process import Fault, Process, resolve
from tcpaddon.core.refs import ExpectedRefs, expected_refs
from tcpaddon.core.stored import was_rolled_out

# A pod that was evicted or cut short is replaced, and says nothing about the version.
_OVER: Final = frozenset({"Failed", "Succeeded"})

ChildT = TypeVar("ChildT", bound=Child)


@dataclass(frozen=True, slots=True)
class Situation:
    """One addon, the facts about it, and what follows from both.

    binding: None while there is no address. template, deployment: None where the process cannot
    or shall not run yet; a Deployment that runs is then left as it is. publication: None without
    binding.secretRef, or where that Secret is not there or is a TcpAddon's own.
    """

    addon: TcpAddon
    facts: Facts
    refs: ExpectedRefs
    process: Process | Fault
    addresses: tuple[Address, ...]
    service: Wanted
    binding: Wanted | None
    template: PodTemplate | None
    deployment: Wanted | None
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
    def current_pods(self) -> tuple[PodFact, ...]:
        """The pods of the version that is wanted, without those that are over or going."""
        if self.template is None:
            return ()
        return tuple(
            pod
            for pod in self.facts.pods
            if pod.revision == self.template.revision
            and pod.phase not in _OVER
            and not pod.deleting
        )

    @property
    def rolled_out(self) -> bool:
        """Whether just the wanted processes run, all of the wanted version, and all answer.

        The counts are of the generation that the Deployment's controller has observed. Anybody's
        annotation makes a new generation; that is no roll where nothing of ours has changed.
        """
        live, wanted = self.live_deployment, self.addon.spec.processes
        return (
            live is not None
            and not live.deleting
            and self.template is not None
            and self.refs.deployment not in self.facts.refusals
            and live.revision == self.template.revision
            and (
                live.observed_generation >= live.generation
                or was_rolled_out(self.addon, self.template.revision)
            )
            and (wanted, wanted, wanted, wanted)
            == (live.desired, live.replicas, live.updated, live.available)
        )

    def refusal(self, ref: Ref | None) -> Refusal | None:
        """Return what the API server said to this round's write of an object."""
        return self.facts.refusals.get(ref) if ref else None

    def due(self, wanted: Wanted | None, child: Child | None) -> Apply | None:
        """Return the apply that a child needs, None where it needs none or must have none."""
        if wanted is None or wanted.ref in self.facts.refusals:
            return None
        if child is None:
            return wanted.apply(None)
        untouchable = not is_ours(child, self.addon) or child.deleting
        if untouchable or wanted.stands(child, self.addon, self.facts.settled):
            return None
        return wanted.apply(child)

    def _ours(self, child: ChildT | None) -> ChildT | None:
        return child if child is not None and is_ours(child, self.addon) else None


def assess(addon: TcpAddon, facts: Facts) -> Situation:
    """Work out what is wanted, given the facts."""
    live = facts.service
    ingress = live.ingress if live and is_ours(live, addon) and not live.deleting else ()
    known = addresses(addon, ingress)
    process = resolve(addon, facts)
    template = None
    if isinstance(process, Process) and _may_run(addon, facts, known):
        revision = facts.deployment.revision if facts.deployment else ""
        template = pod_template(addon, process, revision)
    secret = facts.app_secret
    return Situation(
        addon=addon,
        facts=facts,
        refs=expected_refs(addon),
        process=process,
        addresses=known,
        service=service(addon, [pod for pod in facts.pods if pod.phase not in _OVER]),
        binding=binding_secret(addon, known) if known else None,
        template=template,
        deployment=deployment(addon, template.body) if template else None,
        publication=publication(addon, secret, known) if _is_users(secret) else None,
    )


def _is_users(secret: SecretFact | None) -> TypeGuard[SecretFact]:
    return secret is not None and not secret.deleting and secret.addon is None


def _may_run(addon: TcpAddon, facts: Facts, known: tuple[Address, ...]) -> bool:
    """Whether the process may start; one that runs goes on, also when the address is lost."""
    at_once = addon.spec.start_policy is StartPolicy.IMMEDIATELY
    return at_once or bool(known) or facts.deployment is not None
