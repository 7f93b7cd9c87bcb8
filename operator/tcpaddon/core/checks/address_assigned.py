"""Condition AddressAssigned: whether clients have an address to connect to."""

from collections.abc import Sequence
from typing import Final

from tcpaddon.core.checks import conflict
from tcpaddon.core.checks.verdict import Check, Verdict, failed, first, held
from tcpaddon.core.facts import Kind
from tcpaddon.core.ownership import was_applied
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


def service_name_taken(situation: Situation) -> Verdict | None:
    """A Service of that name that is not ours."""
    return conflict.name_conflict(situation, situation.refs.service, situation.facts.service)


def service_terminating(situation: Situation) -> Verdict | None:
    """The Service goes, and its address with it."""
    return conflict.terminating(situation, situation.refs.service, situation.facts.service)


def load_balancer_pending(situation: Situation) -> Verdict | None:
    """Only a load-balancer controller can give an address; without one this waits for ever."""
    if situation.addresses:
        return None
    service = situation.refs.service
    message = (
        f"{service} has no external address yet. If it stays so, the cluster needs a load-balancer "
        "controller (a cloud's, or MetalLB) with a free address: see "
        f"'kubectl describe service {service.name}'."
    )
    held_by = [
        stray.ref.name
        for stray in situation.facts.strays
        if stray.ref.kind is Kind.SERVICE and was_applied(stray)
    ]
    if held_by:
        # With one address only, the old Service holds what the new one waits for.
        message += (
            f" Service {', '.join(held_by)} of the former process type keeps its address until "
            "this one has its own: delete it if there is no second one."
        )
    return failed(Reason.WAITING_FOR_ADDRESS, message)


CHECKS: Final[Sequence[Check]] = (
    service_name_taken,
    service_terminating,
    load_balancer_pending,
)


def address_assigned(situation: Situation) -> Verdict:
    """Say whether there is an address."""
    return first(CHECKS, situation) or held(
        Reason.ADDRESS_ASSIGNED, f"Clients connect to {situation.addresses[0].url}."
    )
