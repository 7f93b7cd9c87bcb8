"""Tells of the gap when the old process must end before the new one can have its volume."""

from datetime import datetime, timedelta

from tcpaddon.api.v1alpha1 import RolloutStrategy
from tcpaddon.core.actions import Note
from tcpaddon.core.checks.verdict import Verdict, held
from tcpaddon.core.situation import Situation
from tcpaddon.core.stored import stored_condition
from tcpaddon.names import Condition, Reason


def recreating(situation: Situation) -> Verdict | None:
    """A new version waits for the volume of the old one, or has just got it."""
    if situation.rolled_out or not _replaces(situation):
        return None
    said = f"{because(situation)} Clients are not served meanwhile."
    rollout = situation.addon.spec.rollout
    ignored = [
        *(["strategy Switch"] if rollout.strategy is RolloutStrategy.SWITCH else ()),
        *(["drain"] if rollout.drain is not None else ()),
    ]
    if ignored:
        said += f" So spec.rollout has no effect in this: {', '.join(ignored)}."
    return held(Reason.RECREATING, said)


def because(situation: Situation) -> str:
    """Say why the old process ends first."""
    claims = ", ".join(situation.exclusive_claims)
    return (
        f"Old and new process cannot use PersistentVolumeClaim {claims} at once (its access mode "
        "is ReadWriteOnce or ReadWriteOncePod), so the old one ends before the new one starts."
    )


def recreated(situation: Situation, available: Verdict) -> Note | None:
    """Return the Event that says how long nobody served, once somebody does; None before."""
    before = stored_condition(situation.addon.status, Condition.WORKLOAD_AVAILABLE)
    if before is None or not available.holds or before.reason != Reason.RECREATING:
        return None
    if before.status != "False" or not before.last_transition_time:
        return None
    since = datetime.fromisoformat(before.last_transition_time)
    seconds = (situation.facts.now - since) / timedelta(seconds=1)
    return Note(
        Reason.RECREATED,
        f"For {seconds:.0f} s no process was ready: {because(situation)} Use a volume that several "
        "nodes can mount (ReadWriteMany), or none, to have no gap.",
    )


def _replaces(situation: Situation) -> bool:
    """Whether processes are being replaced, as against more of them being started.

    Once the old ones are gone nothing tells the two apart but what was said before.
    """
    live, template = situation.live_deployment, situation.template
    if live is None or template is None or not situation.exclusive_claims:
        return False
    said = stored_condition(situation.addon.status, Condition.PROGRESSING)
    return (
        live.revision != template.revision
        or live.replicas > live.updated
        or (said is not None and said.reason == Reason.RECREATING)
    )
