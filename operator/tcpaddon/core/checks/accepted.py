"""Condition Accepted: whether what the spec asks for can be carried out at all."""

from collections.abc import Sequence
from typing import Final

from tcpaddon.core.checks import conflict
from tcpaddon.core.checks.verdict import Check, Verdict, failed, first, held, refused
from tcpaddon.core.process import Fault
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


def namespace_terminating(situation: Situation) -> Verdict | None:
    """Nothing can be made in a namespace that goes; no retry will help."""
    for refusal in situation.facts.refusals.values():
        if refusal.reason == Reason.NAMESPACE_TERMINATING:
            return failed(
                Reason.NAMESPACE_TERMINATING,
                f"Namespace {situation.addon.metadata.namespace} is being deleted, so nothing can "
                "be made in it: apply the TcpAddon in another namespace.",
            )
    return None


def process_cannot_be_resolved(situation: Situation) -> Verdict | None:
    """The sentence of the fault says which field to correct."""
    fault = situation.process
    if not isinstance(fault, Fault):
        return None
    live = situation.live_deployment
    runs = live is not None and live.replicas > 0 and not live.deleting
    goes_on = " What runs goes on as it is." if runs and not situation.addon.spec.suspend else ""
    return failed(fault.reason, f"{fault.message}{goes_on}")


def app_went_away(situation: Situation) -> Verdict | None:
    """The app was there when we looked, and gone when we marked it."""
    refusal = situation.refusal(situation.refs.app)
    if refusal is None or refusal.reason != Reason.APP_NOT_FOUND:
        return None
    return failed(
        Reason.APP_NOT_FOUND,
        f"{situation.refs.app} of spec.appRef is not there any more: create it in this namespace, "
        "or correct the name.",
    )


def budget_name_taken(situation: Situation) -> Verdict | None:
    """A PodDisruptionBudget of that name that is not ours; it keeps nobody from being served."""
    if situation.budget is None:
        return None
    refs, facts = situation.refs, situation.facts
    taken = conflict.name_conflict(situation, refs.budget, facts.budget)
    if taken is None:
        return None
    return failed(
        taken.reason,
        f"{taken.message} Clients are served meanwhile, but nothing of this TcpAddon's keeps a "
        "drain of nodes from ending all processes at once.",
    )


def refused_by_api_server(situation: Situation) -> Verdict | None:
    """The server's word is final, and its sentence is the best there is."""
    for ref, refusal in situation.facts.refusals.items():
        # The app's Secret has a condition of its own.
        if refusal.reason in _TOLD_ELSEWHERE or ref == situation.refs.app_secret:
            continue
        return failed(Reason.REFUSED_BY_API_SERVER, refused(ref, refusal))
    return None


_TOLD_ELSEWHERE: Final = frozenset(
    {Reason.NAME_CONFLICT, Reason.NAMESPACE_TERMINATING, Reason.APP_NOT_FOUND}
)

CHECKS: Final[Sequence[Check]] = (
    namespace_terminating,
    process_cannot_be_resolved,
    app_went_away,
    budget_name_taken,
    refused_by_api_server,
)


def accepted(situation: Situation) -> Verdict:
    """Say whether the spec can be carried out."""
    return first(CHECKS, situation) or held(Reason.ACCEPTED, "The spec can be carried out.")
