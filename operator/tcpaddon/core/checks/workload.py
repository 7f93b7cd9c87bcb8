"""Conditions WorkloadAvailable and Progressing: who serves now, and how far the new version is."""

from collections.abc import Sequence
from typing import Final

from tcpaddon.core.checks import conflict, pods, recreate
from tcpaddon.core.checks.verdict import Check, Verdict, failed, first, held
from tcpaddon.core.process import Fault
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


def deployment_name_taken(situation: Situation) -> Verdict | None:
    """A Deployment of that name that is not ours."""
    refs, facts = situation.refs, situation.facts
    return conflict.name_conflict(situation, refs.deployment, facts.deployment)


def deployment_terminating(situation: Situation) -> Verdict | None:
    """The Deployment goes, and its processes with it."""
    refs, facts = situation.refs, situation.facts
    return conflict.terminating(situation, refs.deployment, facts.deployment)


def process_cannot_be_resolved(situation: Situation) -> Verdict | None:
    """Accepted says it already; here it is why nothing moves."""
    fault = situation.process
    return failed(fault.reason, fault.message) if isinstance(fault, Fault) else None


def address_comes_first(situation: Situation) -> Verdict | None:
    """The process must find TCP_URL when it first starts."""
    if situation.deployment is not None:
        return None
    return failed(
        Reason.WAITING_FOR_ADDRESS,
        "The process is started when the address is known (spec.startPolicy AfterAddress).",
    )


def deployment_refused(situation: Situation) -> Verdict | None:
    """Accepted has the server's sentence; it is why nothing moves here."""
    refusal = situation.refusal(situation.refs.deployment)
    if refusal is None:
        return None
    return failed(
        Reason.REFUSED_BY_API_SERVER,
        "The API server refuses the Deployment: see condition Accepted.",
    )


def version_rejected(situation: Situation) -> Verdict | None:
    """It had its time to boot; what it said then is kept with the Deployment."""
    rejection = situation.roll.rejection if situation.roll else None
    return failed(Reason.BOOT_TIMEOUT, rejection.because) if rejection else None


def pods_refused(situation: Situation) -> Verdict | None:
    """A quota or a policy of the namespace keeps the pods out; the Deployment knows its words."""
    live = situation.live_deployment
    if live is None or not live.failure or situation.rolled_out:
        return None
    return failed(
        Reason.PODS_REFUSED,
        "The namespace takes no more pods of this kind: raise its quota, or correct what its "
        f"policy names (securityContext, resources). «{live.failure.strip()}»",
    )


def pods_in_trouble(situation: Situation) -> Verdict | None:
    """The pods of the current version, worst cause first; who serves meanwhile is said as well."""
    trouble = None if situation.rolled_out else pods.trouble(situation)
    if trouble is None or not trouble.asks or not _old_version_serves(situation):
        return trouble
    return failed(trouble.reason, f"{trouble.message} The version before it goes on serving.")


TROUBLES: Final[Sequence[Check]] = (
    deployment_name_taken,
    deployment_terminating,
    process_cannot_be_resolved,
    address_comes_first,
    deployment_refused,
    version_rejected,
    pods_refused,
    pods_in_trouble,
)


def progressing(situation: Situation) -> Verdict:
    """Say whether a new version, or a new number of processes, is on its way."""
    trouble = first(TROUBLES, situation)
    gap = recreate.recreating(situation)
    if gap and (trouble is None or trouble.reason in _STAGES):
        return gap
    if trouble:
        underway = trouble.reason in UNDER_WAY
        return Verdict(underway, trouble.reason, trouble.message)
    if situation.rolled_out:
        return failed(Reason.ROLLED_OUT, "All processes are of the current version.")
    return _under_way(situation)


def _under_way(situation: Situation) -> Verdict:
    live, roll = situation.live_deployment, situation.roll
    if live is None or roll is None or not live.held or not _new_version_serves(situation):
        return held(Reason.ROLLING_OUT, "Kubernetes starts the processes of the current version.")
    left = sum(pod.revision != roll.revision and not pod.deleting for pod in situation.facts.pods)
    return held(
        Reason.DRAINING, f"The new version serves. Processes of the old one that remain: {left}."
    )


def _new_version_serves(situation: Situation) -> bool:
    answering = sum(pod.ready for pod in situation.current_pods)
    led_to = situation.roll is not None and situation.leads_to(situation.roll.revision)
    return led_to and answering >= situation.addon.spec.processes


def workload_available(situation: Situation) -> Verdict:
    """Say whether a process answers, of whichever version."""
    live, wanted = situation.live_deployment, situation.addon.spec.processes
    if situation.rolled_out and wanted == 0:
        if situation.addon.spec.suspend:
            return held(
                Reason.SUSPENDED,
                "No process runs, as spec.suspend says; address and keys are kept. Set it to false "
                "to be served.",
            )
        return held(
            Reason.SCALED_TO_ZERO,
            "No process runs, as spec.replicas says: set it to 1 or more to be served.",
        )
    if live is not None and live.available > 0 and not live.deleting:
        return held(
            Reason.AVAILABLE,
            f"{live.available} of {wanted} processes answer TCP handshakes."
            if wanted
            else f"{live.available} processes answer TCP handshakes until they have ended.",
        )
    progress = progressing(situation)
    return failed(progress.reason, progress.message)


def _old_version_serves(situation: Situation) -> bool:
    live = situation.live_deployment
    answering = sum(pod.ready for pod in situation.current_pods)
    return live is not None and live.available > answering


# The stages of a start, of which a gap in the service says enough.
_STAGES: Final = frozenset({Reason.PULLING_IMAGE, Reason.WAITING_FOR_HANDSHAKE})

# What goes on by itself; it changes from second to second and is no news each time.
UNDER_WAY: Final = frozenset(
    {
        Reason.PULLING_IMAGE,
        Reason.DRAINING,
        Reason.RECREATING,
        Reason.ROLLING_OUT,
        Reason.WAITING_FOR_HANDSHAKE,
        Reason.WAITING_FOR_NODE,
    }
)
