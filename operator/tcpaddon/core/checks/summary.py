"""All conditions of an addon: the five statements, and the three that sum them up."""

from collections.abc import Mapping
from itertools import chain

from tcpaddon.core.checks.accepted import accepted
from tcpaddon.core.checks.address_assigned import address_assigned
from tcpaddon.core.checks.binding_published import binding_published
from tcpaddon.core.checks.verdict import Verdict, failed, held
from tcpaddon.core.checks.workload import progressing, workload_available
from tcpaddon.core.situation import Situation
from tcpaddon.names import Condition, Reason


def conditions(situation: Situation) -> Mapping[Condition, Verdict]:
    """Say what there is to say, in the order in which people should read it."""
    statements = {
        Condition.ACCEPTED: accepted(situation),
        Condition.ADDRESS_ASSIGNED: address_assigned(situation),
        Condition.BINDING_PUBLISHED: binding_published(situation),
        Condition.WORKLOAD_AVAILABLE: workload_available(situation),
    }
    progress = progressing(situation)
    missing = [verdict for verdict in statements.values() if not verdict.holds]
    if not situation.rolled_out:
        missing.append(progress)
    ready = _ready(situation, missing, statements[Condition.WORKLOAD_AVAILABLE])
    return {
        Condition.READY: ready,
        **statements,
        Condition.PROGRESSING: progress,
        **_of_kstatus(missing),
    }


def _ready(situation: Situation, missing: list[Verdict], available: Verdict) -> Verdict:
    """Ready means: the current spec is carried out, and clients are served by all of it."""
    if missing:
        cause = _cause(missing)
        return failed(cause.reason, cause.message)
    if available.reason in (Reason.SCALED_TO_ZERO, Reason.SUSPENDED):
        return available
    return held(Reason.READY, f"Clients are served at {situation.addresses[0].url}.")


def _of_kstatus(missing: list[Verdict]) -> Mapping[Condition, Verdict]:
    """Say it for tools that know kstatus: at most one of the two holds."""
    done = failed(Reason.SETTLED, "There is nothing left to do.")
    if not missing:
        return {Condition.RECONCILING: done, Condition.STALLED: done}
    cause = _cause(missing)
    said = held(cause.reason, cause.message)
    if cause.stalls:
        waits = failed(cause.reason, "It does not go on by itself.")
        return {Condition.RECONCILING: waits, Condition.STALLED: said}
    how = "The operator looks again by itself." if cause.asks else "It goes on by itself."
    goes_on = failed(cause.reason, how)
    return {Condition.RECONCILING: said, Condition.STALLED: goes_on}


def _cause(missing: list[Verdict]) -> Verdict:
    """Choose what to tell first: what waits for somebody, else what comes first."""
    stalled = (verdict for verdict in missing if verdict.stalls)
    asking = (verdict for verdict in missing if verdict.asks)
    return next(chain(stalled, asking), missing[0])
