"""Keeps a fight over an object from being fought at full speed.

Somebody's change to a field of ours, or to a Secret that holds our key, is repaired at once. A
controller that makes that change again after each repair would otherwise meet us as fast as the
API server answers, for ever.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from tcpaddon import names
from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Apply
from tcpaddon.core.children.binding_secret import encoded
from tcpaddon.core.facts import Child

AT_ONCE = 5.0  # repairs of one object without a pause …
EVERY = 60.0  # … and then one in so many seconds
CONTESTED = 2.0  # with no more repairs left than this, it is a fight that somebody must end


@dataclass(slots=True)
class Repairs:
    """How many repairs each object has left. Only objects that were repaired are kept."""

    _left: dict[Hashable, tuple[float, float]] = field(default_factory=dict)  # repairs, as of when

    def pause(self, what: Hashable, now: float) -> float:
        """Take one repair; returns 0.0, or the seconds to wait where none is left."""
        self._left = {
            kept: (left, since)
            for kept, (left, since) in self._left.items()
            if left + (now - since) / EVERY < AT_ONCE
        }
        left = self._left_now(what, now)
        if left < 1.0:
            return (1.0 - left) * EVERY
        self._left[what] = (left - 1.0, now)
        return 0.0

    def refund(self, what: Hashable) -> None:
        """Give back a repair that was refused: nobody has undone it."""
        if what in self._left:
            left, since = self._left[what]
            self._left[what] = (left + 1.0, since)

    def contested(self, what: Hashable, now: float) -> float:
        """Return for how many seconds, if nothing more happens, it still counts as fought over."""
        return max(0.0, (CONTESTED - self._left_now(what, now)) * EVERY)

    def _left_now(self, what: Hashable, now: float) -> float:
        left, since = self._left.get(what, (AT_ONCE, now))
        return min(AT_ONCE, left + (now - since) / EVERY)


def repaired(apply: Apply) -> Hashable:
    """Name what an apply repairs: a child, or what one addon has of an object of the user's."""
    return apply.ref, apply.manager


def is_repair(apply: Apply, child: Child | None, addon: TcpAddon) -> bool:
    """Tell whether an apply says again what it said before.

    Of a child its annotation tells. Whoever replaces an object of the user's leaves nothing of
    ours; but the status remembers the URLs that were published.
    """
    if apply.manager != names.MANAGER:
        urls = {encoded(endpoint.url) for endpoint in addon.status.endpoints}
        return urls.issuperset(apply.body.get("data", {}).values())
    wanted = apply.body.get("metadata", {}).get("annotations", {}).get(names.ANNOTATION_APPLIED)
    return child is not None and wanted is not None and child.applied == wanted
