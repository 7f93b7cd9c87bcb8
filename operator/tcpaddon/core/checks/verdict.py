"""The form of a check: a function of the situation that has a verdict, or passes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tcpaddon.core.facts import Ref, Refusal
from tcpaddon.core.reasons import EXPLANATIONS
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition says: whether it holds, why, and the sentence for people."""

    holds: bool
    reason: Reason
    message: str

    @property
    def stalls(self) -> bool:
        """Whether this will not go on by itself."""
        return EXPLANATIONS[self.reason].stalls

    @property
    def asks(self) -> bool:
        """Whether somebody has to do something."""
        return EXPLANATIONS[self.reason].asks


Check = Callable[[Situation], Verdict | None]


def failed(reason: Reason, message: str) -> Verdict:
    """Say that a condition does not hold."""
    return Verdict(holds=False, reason=reason, message=message)


def held(reason: Reason, message: str) -> Verdict:
    """Say that a condition holds."""
    return Verdict(holds=True, reason=reason, message=message)


def refused(ref: Ref, refusal: Refusal) -> str:
    """Tell the API server's sentence word for word."""
    return (
        f"The API server refuses {ref}: {refusal.message.strip().rstrip('.')}. "
        "Correct what it names; the operator tries again."
    )


def first(checks: Sequence[Check], situation: Situation) -> Verdict | None:
    """Return the first verdict, None where all checks pass."""
    return next((verdict for check in checks if (verdict := check(situation))), None)
