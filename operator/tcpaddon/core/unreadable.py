"""The status of an addon whose stored spec cannot be read: a rule came after it was stored.

What runs is left as it is, and so is everything in the status but what the conditions say.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tcpaddon.core.moment import rfc3339
from tcpaddon.names import Condition, Reason

_SAID: Final = {
    Condition.READY: "False",
    Condition.ACCEPTED: "False",
    Condition.RECONCILING: "False",
    Condition.STALLED: "True",
}


def unreadable(addon: Mapping[str, Any], why: str, now: datetime) -> Mapping[str, Any] | None:
    """Say in an addon's status why it cannot be read; None where that is said already.

    addon: the object as stored. why: a sentence that says what to change.
    """
    generation = addon["metadata"]["generation"]
    stored = addon.get("status", {})
    before = {c["type"]: c for c in stored.get("conditions", ())}
    after = {**before}
    for kind, status in _SAID.items():
        known = before.get(kind, {})
        same = known.get("status") == status
        after[kind.value] = {
            "type": kind.value,
            "status": status,
            "observedGeneration": generation,
            "lastTransitionTime": known["lastTransitionTime"] if same else rfc3339(now),
            "reason": Reason.INVALID_SPEC.value,
            "message": why,
        }
    if after == before:
        return None
    return {**stored, "observedGeneration": generation, "conditions": list(after.values())}
