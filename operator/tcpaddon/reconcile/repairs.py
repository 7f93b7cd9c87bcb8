"""Keeps a fight over one of our children from being fought at full speed.

Somebody's change to a field of ours is repaired at once. A controller that makes that change again
after each repair would otherwise meet us as fast as the API server answers, for ever.
"""

from dataclasses import dataclass, field

from tcpaddon import names
from tcpaddon.core.actions import Apply
from tcpaddon.core.facts import Child, Ref

AT_ONCE = 5.0  # repairs of one object without a pause …
EVERY = 60.0  # … and then one in so many seconds


@dataclass(slots=True)
class Repairs:
    """How many repairs each object has left. Only objects that were repaired are kept."""

    _left: dict[Ref, tuple[float, float]] = field(default_factory=dict)  # repairs, as of when

    def pause(self, ref: Ref, now: float) -> float:
        """Take one repair; returns 0.0, or the seconds to wait where none is left."""
        self._left = {
            kept: (left, since)
            for kept, (left, since) in self._left.items()
            if left + (now - since) / EVERY < AT_ONCE
        }
        left, since = self._left.get(ref, (AT_ONCE, now))
        left = min(AT_ONCE, left + (now - since) / EVERY)
        if left < 1.0:
            return (1.0 - left) * EVERY
        self._left[ref] = (left - 1.0, now)
        return 0.0


def is_repair(apply: Apply, child: Child | None) -> bool:
    """Tell whether an apply says again what it said before: somebody else changed the object."""
    wanted = apply.body.get("metadata", {}).get("annotations", {}).get(names.ANNOTATION_APPLIED)
    return child is not None and wanted is not None and child.applied == wanted
