"""Decides the next step of a roll: which version shall run, who serves, and who may go.

Everything is read off the objects, so an operator that dies in the middle goes on where it was.
`held` is how a roll is stopped in the middle: the new processes count as available never
(minReadySeconds), so Kubernetes keeps every old one until it is told otherwise. A held roll comes
to no harm while nobody looks after it.

Switch: held until all new processes answer; then the Service selects the new version; then the
hold ends, and with it the old processes. Gradual drain: held while one old process after the
other is let go (maxUnavailable counts them).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from tcpaddon.api.v1alpha1 import OnFailure, RolloutStrategy, TcpAddon
from tcpaddon.core import boot
from tcpaddon.core.actions import Look
from tcpaddon.core.facts import DeploymentFact, Facts, PodFact
from tcpaddon.core.ownership import is_ours

_AT_ONCE = 0.0


@dataclass(frozen=True, slots=True)
class Rejection:
    """A version that failed to boot and is not tried again, and the sentence why."""

    revision: str
    because: str


@dataclass(frozen=True, slots=True)
class Roll:
    """What the Deployment and the Service shall be made to next.

    revision: the version that the Deployment shall have. selects: the version that the Service
    shall lead to, "" for all. again_after: seconds until time alone brings the next step.
    exclusive_claims: that two versions cannot use at once, so that the old one ends first.
    """

    revision: str
    held: bool = False
    retired: int = 0
    selects: str = ""
    rejection: Rejection | None = None
    again_after: float | None = None
    looks: frozenset[Look] = frozenset()
    exclusive_claims: tuple[str, ...] = ()


def is_over(pod: PodFact) -> bool:
    """Whether a pod was evicted or cut short: it is replaced and says nothing of its version."""
    return pod.phase in ("Failed", "Succeeded")


def next_step(
    addon: TcpAddon, facts: Facts, revision: str, exclusive_claims: tuple[str, ...] = ()
) -> Roll:
    """Decide the next step towards the version that the spec asks for.

    exclusive_claims: where the two versions cannot run at once, nothing else counts.
    """
    decision = _Decision(addon, facts, revision, recreates=bool(exclusive_claims))
    step = replace(decision.step(), exclusive_claims=exclusive_claims)
    # The answer to our own write is no event: what comes after it is looked at at once.
    return replace(step, again_after=_AT_ONCE) if decision.is_moved_by(step) else step


def as_it_is(live: DeploymentFact, selects: str) -> Roll:
    """Keep the version that is there, and what is known of one that was rejected."""
    rejection = Rejection(live.rejected, live.rejected_because) if live.rejected else None
    kept = Roll(live.revision, selects=selects, rejection=rejection)
    return replace(kept, exclusive_claims=live.exclusive_claims)


def suspect(addon: TcpAddon, facts: Facts, revision: str) -> PodFact | None:
    """Return the pod of a version whose words tell why it failed to boot, None for none."""
    failed = [pod for pod in _Decision(addon, facts, revision).failed if not pod.exit_message]
    return min(failed, key=lambda pod: pod.ref.name, default=None)


@dataclass(frozen=True, slots=True)
class _Decision:
    addon: TcpAddon
    facts: Facts
    wanted: str
    recreates: bool = False

    # --- what is there --------------------------------------------------------------------------
    @property
    def live(self) -> DeploymentFact | None:
        live = self.facts.deployment
        return live if live is not None and is_ours(live, self.addon) else None

    @property
    def switches(self) -> bool:
        """Whether the Service leads to one version; that of somebody else leads where it likes."""
        service = self.facts.service
        ours = service is None or is_ours(service, self.addon)
        wanted = self.addon.spec.rollout.strategy is RolloutStrategy.SWITCH
        return wanted and ours and not self.recreates

    @property
    def careful(self) -> bool:
        """Whether old processes shall stay until they are told to go."""
        drains = self.addon.spec.rollout.drain is not None
        return (self.switches or drains) and not self.recreates

    @property
    def selects(self) -> str:
        service = self.facts.service
        return service.selects if service is not None and is_ours(service, self.addon) else ""

    @property
    def pods(self) -> Iterable[PodFact]:
        return (pod for pod in self.facts.pods if not pod.deleting and not is_over(pod))

    @property
    def failed(self) -> list[PodFact]:
        now, spec = self.facts.now, self.addon.spec
        mine = (pod for pod in self.pods if pod.revision == self.wanted)
        return [pod for pod in mine if boot.has_failed(pod, spec, now)]

    def answering(self, revision: str | None = None) -> int:
        """Count the processes of a version, or of all, that answer."""
        return sum(pod.ready for pod in self.pods if revision in (None, pod.revision))

    def all_answer(self, revision: str) -> bool:
        return self.answering(revision) >= self.addon.spec.processes

    def is_moved_by(self, step: Roll) -> bool:
        """Whether a step has the Service lead elsewhere."""
        service = self.facts.service
        if service is None or service.deleting or not is_ours(service, self.addon):
            return False
        return service.ref not in self.facts.refusals and self.selects != step.selects

    # --- what shall be --------------------------------------------------------------------------
    def step(self) -> Roll:
        live = self.live
        if live is None:
            return Roll(self.wanted, selects=self.selects if self.switches else "")
        rejection = self._rejection(live)
        if rejection is not None:
            good = self.addon.status.rolled_out_revision
            kept = live.revision if live.revision != self.wanted else good
            looks = self._words_needed(live, rejection)
            return Roll(kept, selects=self._selected(kept), rejection=rejection, looks=looks)
        if live.revision == self.wanted:
            return self._go_on(live)
        if self._is_relied_on(live):
            return self._make_way(live)
        return self._start(live)

    def _is_relied_on(self, live: DeploymentFact) -> bool:
        """Whether processes serve that Kubernetes takes for unavailable, because a hold is on.

        It has not ended, or its end was not seen yet: the next roll would end them all at once.
        """
        if self.switches and self.selects not in ("", live.revision):
            return False
        seen = live.observed_generation >= live.generation and live.available >= self.answering()
        held = live.held or (self.careful and not seen)
        return held and self.answering(live.revision) > 0

    def _make_way(self, live: DeploymentFact) -> Roll:
        """Bring the version that serves to its end; where it is not whole, without a drain."""
        if self.all_answer(live.revision):
            return self._go_on(live)
        return Roll(live.revision, selects=self._selected(live.revision))

    def _start(self, live: DeploymentFact) -> Roll:
        """Begin a roll: where others serve, and shall not go as they like, it is held."""
        selects = self.selects if self.switches else ""
        if self.switches and not selects and self.answering(live.revision):
            selects = live.revision
        return Roll(self.wanted, held=self.careful and self.answering() > 0, selects=selects)

    def _go_on(self, live: DeploymentFact) -> Roll:
        """Take the next step of a roll that has begun, or do nothing where it is over."""
        selects = self._selected(live.revision)
        if not live.held or not self.careful:
            return Roll(live.revision, selects=selects, again_after=self._next_deadline())
        held = Roll(live.revision, held=True, retired=live.retired, selects=selects)
        if self.switches and self.selects != live.revision:
            return replace(held, again_after=self._next_deadline())
        return self._retire(live, held)

    def _retire(self, live: DeploymentFact, held: Roll) -> Roll:
        """Let the old processes go: all at once, or one when it is due."""
        others = sum(pod.revision != live.revision for pod in self.pods)
        ended = replace(held, held=False, retired=0)
        if self.addon.spec.rollout.drain is None or not others:
            return ended
        processes = self.addon.spec.processes
        carried_out = (
            live.observed_generation >= live.generation and others <= processes - live.retired
        )
        if not carried_out or self.answering() <= processes:  # who went now would be missed
            return replace(held, again_after=self._next_deadline())
        wait = self._until_next_may_go(live)
        if wait > 0:
            return replace(held, again_after=wait)
        last = others == 1 or live.retired + 1 >= processes
        return ended if last else replace(held, retired=live.retired + 1)

    def _selected(self, version: str) -> str:
        """Return what the Service shall lead to: the new version when all of it answers."""
        now = self.selects
        if not self.switches:
            return ""
        if self.all_answer(version):
            return version
        if not now or self.answering(now):
            return now
        # Those that it leads to are gone: whoever answers is better than nobody.
        others = {pod.revision for pod in self.pods if pod.ready}
        return version if version in others else max(others, key=self.answering, default=now)

    def _until_next_may_go(self, live: DeploymentFact) -> float:
        drain = self.addon.spec.rollout.drain
        if drain is None or live.applied_at is None:
            return 0.0
        since = (self.facts.now - live.applied_at) / timedelta(seconds=1)
        return max(0.0, drain.interval_seconds - since)

    def _next_deadline(self) -> float | None:
        """Return the seconds until the next process that boots has had its time."""
        now, spec = self.facts.now, self.addon.spec
        mine = (pod for pod in self.pods if pod.revision == self.wanted)
        ends = (boot.deadline(pod, spec) for pod in mine)
        waits = [(end - now) / timedelta(seconds=1) for end in ends if end is not None]
        return min((wait for wait in waits if wait > 0), default=None)

    # --- versions that do not boot ----------------------------------------------------------------
    def _rejection(self, live: DeploymentFact) -> Rejection | None:
        """Tell whether the wanted version is rejected: before, or just now."""
        if self.addon.spec.rollout.on_failure is not OnFailure.ROLLBACK:
            return None
        if live.revision != self.wanted:
            before = live.rejected == self.wanted
            return Rejection(self.wanted, live.rejected_because) if before else None
        good, failed = self.addon.status.rolled_out_revision, self.failed
        if not failed or good in ("", self.wanted) or not self._can_go_back_to(good):
            return None
        if self.answering(self.wanted) and not (self.switches and self.selects != self.wanted):
            return None  # it answers elsewhere, so it is this process and not the version
        first = min(failed, key=lambda pod: (not pod.exit_message, pod.ref.name))
        said = boot.account(first, self.addon.spec)
        words = boot.last_words(first, self.facts.last_line or "")
        return Rejection(
            self.wanted,
            f"{said} The version before it serves on, and this one is not tried again until the "
            f"spec or the app changes. {words}",
        )

    def _can_go_back_to(self, revision: str) -> bool:
        known = self.facts.replica_sets
        return known is None or any(rs.revision == revision for rs in known)

    def _words_needed(self, live: DeploymentFact, rejection: Rejection) -> frozenset[Look]:
        fresh = live.rejected != rejection.revision and live.revision == self.wanted
        if not fresh or self.facts.last_line is not None:
            return frozenset()
        silent = all(not pod.exit_message for pod in self.failed)
        return frozenset({Look.LAST_LINE}) if silent else frozenset()
