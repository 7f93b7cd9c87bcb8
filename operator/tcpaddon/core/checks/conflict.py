"""Checks for children that cannot be made because something else has their name."""

from tcpaddon.core.checks.verdict import Verdict, failed
from tcpaddon.core.facts import Child, Ref
from tcpaddon.core.ownership import is_of_predecessor, is_ours
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


def name_conflict(situation: Situation, ref: Ref, child: Child | None) -> Verdict | None:
    """What has the child's name and is not ours is never adopted: a human decides."""
    refusal = situation.refusal(ref)
    refused = refusal is not None and refusal.reason == Reason.NAME_CONFLICT
    foreign = (
        child is not None
        and not is_ours(child, situation.addon)
        and not is_of_predecessor(child, situation.addon)
    )
    if not refused and not foreign:
        return None
    return failed(
        Reason.NAME_CONFLICT,
        f"{ref} is there already and does not belong to this TcpAddon: rename or delete it, or "
        "give the TcpAddon another name.",
    )


def terminating(situation: Situation, ref: Ref, child: Child | None) -> Verdict | None:
    """What is on its way out cannot be written to; it is made anew once it is gone."""
    if child is None:
        return None
    if is_of_predecessor(child, situation.addon):
        return failed(
            Reason.WAITING_FOR_DELETION,
            f"{ref} belongs to an earlier TcpAddon of this name and is made anew once Kubernetes "
            "has removed it: delete it yourself if it stays.",
        )
    if child.deleting:
        return failed(
            Reason.WAITING_FOR_DELETION,
            f"{ref} is being deleted and is made anew once it is gone: look at its finalizers if "
            "it stays.",
        )
    return None
