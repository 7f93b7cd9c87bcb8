"""Condition AddressAssigned: whether clients have an address to connect to."""

from collections.abc import Sequence
from typing import Final

from tcpaddon.core.checks import conflict
from tcpaddon.core.checks.verdict import Check, Verdict, failed, first, held
from tcpaddon.core.networks import shuts_cluster_out
from tcpaddon.core.pending import quoted
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


def service_name_taken(situation: Situation) -> Verdict | None:
    """A Service of that name that is not ours."""
    return conflict.name_conflict(situation, situation.refs.service, situation.facts.service)


def service_terminating(situation: Situation) -> Verdict | None:
    """The Service goes, and its address with it."""
    return conflict.terminating(situation, situation.refs.service, situation.facts.service)


def address_lost(situation: Situation) -> Verdict | None:
    """Nobody is told another address before there is one: clients try the last one again."""
    last = situation.addon.status.url
    if situation.reach.hosts or situation.former_services or not last:
        return None
    return failed(
        Reason.ADDRESS_LOST,
        f"{situation.refs.service} has lost its external address. {last} stays published and the "
        "process runs on, so all is well again once the load balancer gives an address back. "
        f"{_what_it_says(situation)}",
    )


def load_balancer_pending(situation: Situation) -> Verdict | None:
    """Only a load-balancer controller can give an address; without one this waits for ever."""
    if situation.reach.hosts:
        return None
    message = (
        f"{situation.refs.service} has no external address yet. If it stays so, the cluster needs "
        "a load-balancer controller (a cloud's, or MetalLB) with a free address."
    )
    held_by = [child.ref.name for child in situation.former_services]
    if held_by:
        # With one address only, the old Service holds what the new one waits for.
        message += (
            f" Service {', '.join(held_by)} of the former process type keeps its address until "
            "this one has its own: delete it if there is no second one."
        )
    return failed(Reason.WAITING_FOR_ADDRESS, f"{message} {_what_it_says(situation)}")


def port_failed(situation: Situation) -> Verdict | None:
    """An address does not mean that the load balancer serves every port there."""
    errors = situation.reach.failed
    if not errors:
        return None
    told = ", ".join(f"{port} («{error}»)" for port, error in sorted(errors.items()))
    return failed(
        Reason.LOAD_BALANCER_PORT_FAILED,
        f"The load balancer of {situation.refs.service} does not serve port {told}: choose another "
        "port in spec.ports or another load balancer in spec.exposure, or correct what it names.",
    )


CHECKS: Final[Sequence[Check]] = (
    service_name_taken,
    service_terminating,
    address_lost,
    load_balancer_pending,
    port_failed,
)


def address_assigned(situation: Situation) -> Verdict:
    """Say whether there is an address."""
    return first(CHECKS, situation) or held(Reason.ADDRESS_ASSIGNED, _assigned(situation))


def _assigned(situation: Situation) -> str:
    exposure = situation.addon.spec.exposure
    message = f"Clients connect to {situation.addresses[0].url}."
    if exposure.hostname:
        message += (
            f" {exposure.hostname} has to lead to {', '.join(situation.reach.hosts)}: make its DNS "
            "record, unless external-dns does."
        )
    if shuts_cluster_out(exposure, situation.facts.cluster_networks):
        message += (
            " But pods of this cluster may be shut out by sourceRanges, since the nodes do not "
            "tell the pods' networks: set clusterNetworks in the operator's chart."
        )
    return message


def _what_it_says(situation: Situation) -> str:
    """Quote whoever knows why; until it is read, and where nobody says anything, say where."""
    words = quoted(situation)
    if words:
        return f"About the Service it is said: {words}"
    return f"'kubectl describe service {situation.refs.service.name}' shows what it waits for."
