"""The Events of an addon: one for each transition, read off the conditions before and after.

So an operator that restarts tells nothing twice, and a create tells three things: the address,
the binding, and that it is ready.
"""

from collections.abc import Mapping
from typing import Final

from tcpaddon.api.v1alpha1 import TcpAddonStatus
from tcpaddon.core.actions import Note
from tcpaddon.core.checks.verdict import Verdict
from tcpaddon.core.stored import stored_condition
from tcpaddon.names import Condition, Reason

# Good news: these becoming true.
_GOOD: Final = (Condition.ADDRESS_ASSIGNED, Condition.BINDING_PUBLISHED, Condition.READY)
# Bad news: these being false for a reason that somebody must do something about.
_BAD: Final = (
    Condition.ACCEPTED,
    Condition.ADDRESS_ASSIGNED,
    Condition.BINDING_PUBLISHED,
    Condition.WORKLOAD_AVAILABLE,
    Condition.PROGRESSING,
)


def notes(
    before: TcpAddonStatus, after: Mapping[Condition, Verdict], changed: Note | None = None
) -> tuple[Note, ...]:
    """Return the Events for the way from one set of conditions to the next.

    changed: what is to be told of a change of address; it says that there is one.
    """
    told_before = {condition.reason for condition in before.conditions}
    told: dict[str, Note] = {}
    for condition in _BAD:
        verdict = after[condition]
        if verdict.holds or not verdict.asks:
            continue
        if verdict.reason not in told_before:
            told.setdefault(verdict.reason, Note(verdict.reason, verdict.message, warning=True))
    if changed:
        told[Reason.ADDRESS_ASSIGNED] = changed
    for condition in _GOOD:
        verdict, earlier = after[condition], stored_condition(before, condition)
        if verdict.holds and (earlier is None or earlier.status != "True"):
            note = Note(verdict.reason, verdict.message, warning=verdict.asks)
            told.setdefault(verdict.reason, note)
    return tuple(told.values())
