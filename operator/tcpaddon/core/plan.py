"""The whole decision: an addon and the facts about it in, a plan out.

The order of the writes is that of the way to a served connection: the Service; once it has an
address the binding Secret and the key in the app's Secret; then the Deployment, whose processes
so find TCP_URL when they first start. What is no longer wanted goes last, when what takes its
place serves. Deleting an addon plans nothing: its children are garbage-collected, and keys and
marks are given back when it is certain that it is gone (`core.release`).
"""

from collections.abc import Iterator
from datetime import timedelta

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core import app_knowledge, binding, pending
from tcpaddon.core.actions import Apply, Delete, GiveBack, Note, Plan, Restart
from tcpaddon.core.address_change import address_changed
from tcpaddon.core.checks.pods import boot_ends
from tcpaddon.core.checks.recreate import recreated
from tcpaddon.core.events import notes
from tcpaddon.core.facts import AppFact, ConfigMapFact, Facts, Kind, SecretFact
from tcpaddon.core.ownership import is_ours, was_applied
from tcpaddon.core.release import holds
from tcpaddon.core.situation import Situation, assess
from tcpaddon.core.status import StatusDecision, decide
from tcpaddon.names import Condition, Reason

_NODES_AGAIN = 300.0  # seconds; all addons share one list of the nodes
_CHILDREN = frozenset({Kind.SERVICE, Kind.DEPLOYMENT, Kind.SECRET, Kind.DISRUPTION_BUDGET})


def plan(addon: TcpAddon, facts: Facts) -> Plan:
    """Decide what to write so that the addon comes nearer to its spec, and what to tell."""
    if addon.metadata.deletion_timestamp is not None:
        return Plan()
    situation = assess(addon, facts)
    if situation.looks:
        return Plan(looks=situation.looks)
    status = decide(situation)
    restart = app_knowledge.restart(situation)
    return Plan(
        applies=tuple(_applies(situation)),
        give_backs=tuple(_give_backs(situation)),
        deletes=tuple(_deletes(situation, status)),
        restarts=() if restart is None else (restart,),
        status=status.body,
        events=_events(situation, status, restart),
        check_again_after=_check_again_after(situation, status),
        looks=app_knowledge.looks(situation) | pending.looks(situation),
    )


def _applies(situation: Situation) -> Iterator[Apply]:
    addon, facts, published = situation.addon, situation.facts, situation.publication
    service = situation.due(situation.service, facts.service)
    if service:
        yield service
    for followed in (facts.app, facts.procfile):
        if followed is not None and _may_mark(situation, followed):
            yield binding.mark(addon, followed)
    bound = situation.due(situation.binding, facts.binding)
    if bound:
        yield bound
    writes = published and published.needs_apply and published.secret.ref not in facts.refusals
    if published and writes and published.data:
        yield binding.publish(addon, published)
    deployment = situation.due(situation.deployment, facts.deployment)
    if deployment:
        yield deployment
    budget = situation.due(situation.budget, facts.budget)
    if budget:
        yield budget


def _may_mark(situation: Situation, followed: AppFact | ConfigMapFact) -> bool:
    refused = followed.ref in situation.facts.refusals
    users = followed.addon is None and not followed.deleting and not refused
    return users and situation.addon.metadata.uid not in followed.marked_by


def _give_backs(situation: Situation) -> Iterator[GiveBack]:
    """Give back what the spec names no more; a Secret when its successor has the key."""
    uid, refs = situation.addon.metadata.uid, situation.refs
    published = situation.publication
    moved = refs.app_secret is None or (published is not None and not published.conflicts)
    if published and published.needs_apply and not published.data and holds(published.secret, uid):
        yield binding.give_back(uid, published.secret)  # every key is somebody else's by now
    for held in situation.facts.forsaken:
        if held.ref in refs.of_user or held.ref in situation.facts.refusals:
            continue
        waits = isinstance(held, SecretFact) and not moved
        if holds(held, uid) and not waits:
            yield binding.give_back(uid, held)


def _deletes(situation: Situation, status: StatusDecision) -> Iterator[Delete]:
    """Delete children of a former process type, once those of the present one serve."""
    if not status.conditions[Condition.READY].holds:
        return
    refs = situation.refs
    for stray in situation.facts.strays:
        present = stray.ref in (refs.service, refs.deployment, refs.binding, refs.budget)
        deletable = stray.ref.kind in _CHILDREN and not stray.deleting and not present
        if deletable and is_ours(stray, situation.addon) and was_applied(stray):
            yield Delete(ref=stray.ref, uid=stray.uid)


def _events(
    situation: Situation, status: StatusDecision, restart: Restart | None
) -> tuple[Note, ...]:
    changed = address_changed(situation)
    before = situation.addon.status
    told = () if status.body is None else notes(before, status.conditions, changed)
    gap = recreated(situation, status.conditions[Condition.WORKLOAD_AVAILABLE])
    if gap is not None and status.body is not None:
        told = (*told, gap)
    if restart is None:
        return told
    listed = ", ".join(binding.keys(situation.addon))
    words = f"{restart.ref} is restarted, since pods of it started before {listed} was written."
    return (*told, Note(Reason.APP_RESTARTED, words))


def _check_again_after(situation: Situation, status: StatusDecision) -> float | None:
    """Come back when something is due that no event brings.

    A coalesced status; a process that has had its time to boot; words about a Service that waits
    for its address; nodes that came with pods of networks that are not let in yet.
    """
    now = situation.facts.now
    ends = (boot_ends(situation, pod) for pod in situation.current_pods)
    waits = [(end - now) / timedelta(seconds=1) for end in ends if end is not None and end > now]
    if status.check_again_after is not None:
        waits.append(status.check_again_after)
    if situation.roll is not None and situation.roll.again_after is not None:
        waits.append(situation.roll.again_after)
    said = pending.check_again_after(situation)
    if said is not None:
        waits.append(said)
    if situation.addon.spec.exposure.source_ranges:
        waits.append(_NODES_AGAIN)
    return min(waits, default=None)
