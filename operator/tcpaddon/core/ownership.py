"""Says whose an object is: what is not ours is never written to, only told about."""

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.facts import Child, Facts


def is_ours(child: Child, addon: TcpAddon) -> bool:
    """Whether a child is this addon's own.

    One without a TcpAddon as its owner is, by its labels: so it is after a restore from backup,
    and the owner is set again.
    """
    return child.addon == addon.metadata.name and child.owner_uid in (None, addon.metadata.uid)


def is_of_predecessor(child: Child, addon: TcpAddon) -> bool:
    """Whether a child is left from an earlier addon of this name; it is garbage-collected soon."""
    return child.addon == addon.metadata.name and not is_ours(child, addon)


def was_applied(child: Child) -> bool:
    """Whether the operator itself has made a child, as against a user's copy of one.

    Labels and owner travel with `kubectl get -o yaml | kubectl create`; managedFields do not.
    """
    return bool(child.fields)


def blocked(addon: TcpAddon, facts: Facts) -> bool:
    """Whether something that is not ours, and is known by the watches, has a child's name.

    Nobody tells this addon when it goes: another addon's child wakes that one. So it is looked at
    again from time to time. What no watch knows is met as a refused create, and tried again.
    """
    children: list[Child | None] = [facts.service, facts.deployment, facts.binding]
    if addon.spec.replicas > 1:
        children.append(facts.budget)
    return addon.metadata.deletion_timestamp is None and any(
        child is not None and not is_ours(child, addon) for child in children
    )
