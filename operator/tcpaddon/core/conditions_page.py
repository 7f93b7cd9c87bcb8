"""The page for users about conditions: every reason with its cause and its cure."""

from collections.abc import Mapping, Sequence
from typing import Final

from tcpaddon.core.reasons import EXPLANATIONS
from tcpaddon.names import Condition, Reason

_MEANINGS: Final[Mapping[Condition, str]] = {
    Condition.READY: "The current spec is carried out, and all wanted processes serve.",
    Condition.ACCEPTED: "What the spec asks for can be carried out.",
    Condition.ADDRESS_ASSIGNED: "Clients have an address to connect to.",
    Condition.BINDING_PUBLISHED: "The address is where the app looks for it.",
    Condition.WORKLOAD_AVAILABLE: "At least one process answers, of whichever version.",
    Condition.PROGRESSING: "A new version, or a new number of processes, is on its way.",
    Condition.RECONCILING: "Work goes on by itself (kstatus).",
    Condition.STALLED: "Somebody has to do something first (kstatus).",
}
_HEAD: Final = """\
# Conditions

<!-- Made by `python -m tcpaddon.cli.conditions_page` from operator/tcpaddon/core/reasons.py. -->

`kubectl describe tcp NAME` shows them, and `kubectl tcpaddon status NAME` those that are not as
they should be. Each has a status, a reason for programs and a message for people, which names the
objects and repeats the words of kubelet, scheduler, API server or process. `Ready` has the reason
and message of what is in the way first. `NAME` below is that of the TcpAddon.
"""


def page() -> str:
    """Return the page as Markdown."""
    types = _table(("Condition", "True means"), [(f"`{c.value}`", _MEANINGS[c]) for c in Condition])
    reasons = _table(
        ("Reason", "What it means", "What to do"),
        [(f"`{r.value}`", EXPLANATIONS[r].cause, EXPLANATIONS[r].cure) for r in Reason],
    )
    return f"{_HEAD}\n{types}\n## Reasons\n\n{reasons}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
