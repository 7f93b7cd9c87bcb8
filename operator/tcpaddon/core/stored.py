"""Reads the status as it was last written: the memory that survives a restart."""

from tcpaddon.api.v1alpha1 import ConditionStatus, TcpAddon, TcpAddonStatus
from tcpaddon.names import Condition, Reason


def stored_condition(status: TcpAddonStatus, condition: Condition) -> ConditionStatus | None:
    """Return a condition as it was last written, None where it never was."""
    return next((c for c in status.conditions if c.type == condition.value), None)


def was_rolled_out(addon: TcpAddon, revision: str) -> bool:
    """Whether this very revision was rolled out for this very generation of the addon."""
    progressing = stored_condition(addon.status, Condition.PROGRESSING)
    return (
        progressing is not None
        and progressing.reason == Reason.ROLLED_OUT
        and progressing.observed_generation == addon.metadata.generation
        and addon.status.revision == revision
    )
