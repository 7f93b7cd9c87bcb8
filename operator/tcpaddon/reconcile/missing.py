"""What an addon lacks that no event will bring: to be read live, or looked for again."""

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.address import known, reach
from tcpaddon.core.facts import AppFact, ConfigMapFact, Facts
from tcpaddon.core.ownership import blocked


def had_more(addon: TcpAddon, facts: Facts) -> bool:
    """Tell whether a child is missing that was there before, by the addon's own status."""
    status = addon.status
    return (
        ((status.observed_generation or 0) > 0 and facts.service is None)
        or (bool(status.revision) and facts.deployment is None)
        or (bool(status.binding and status.binding.name) and facts.binding is None)
    )


def waits_for_the_user(addon: TcpAddon, facts: Facts) -> bool:
    """Tell whether the user must do something that no watch will report: it is polled for.

    Only what carries our mark is watched; an object of the user's that is missing, or that could
    not be marked because a key in it is somebody else's, is looked at again with back-off.
    """
    uid = addon.metadata.uid
    if blocked(addon, facts):
        return True
    if addon.spec.app_ref is not None and _is_unwatched(facts.app, uid):
        return True
    if addon.spec.procfile_from is not None and _is_unwatched(facts.procfile, uid):
        return True
    if addon.spec.binding.secret_ref is None:
        return False
    if facts.app_secret is None:
        return True
    return bool(known(addon, reach(addon, facts.service))) and uid not in facts.app_secret.marked_by


def _is_unwatched(followed: AppFact | ConfigMapFact | None, uid: str) -> bool:
    """Tell what is missing; or came after the plan was made, and so has no mark of ours yet."""
    return followed is None or uid not in followed.marked_by
