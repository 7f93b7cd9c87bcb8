"""Says whose an object is: what is not ours is never written to, only told about."""

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.facts import Child


def is_ours(child: Child, addon: TcpAddon) -> bool:
    """Whether a child is this addon's own.

    One without a TcpAddon as its owner is, by its labels: so it is after a restore from backup,
    and the owner is set again.
    """
    return child.addon == addon.metadata.name and child.owner_uid in (None, addon.metadata.uid)


def is_of_predecessor(child: Child, addon: TcpAddon) -> bool:
    """Whether a child is left from an earlier addon of this name; it is garbage-collected soon."""
    return child.addon == addon.metadata.name and not is_ours(child, addon)
