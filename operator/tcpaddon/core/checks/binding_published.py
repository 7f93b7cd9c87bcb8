"""Condition BindingPublished: whether the app can read the address where it looks for it."""

from collections.abc import Sequence
from typing import Final

from tcpaddon.core.binding import keys
from tcpaddon.core.checks import conflict
from tcpaddon.core.checks.verdict import Check, Verdict, failed, first, held, refused
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason, uid_of_manager


def binding_name_taken(situation: Situation) -> Verdict | None:
    """A Secret of the binding's name that is not ours."""
    return conflict.name_conflict(situation, situation.refs.binding, situation.facts.binding)


def binding_terminating(situation: Situation) -> Verdict | None:
    """The binding Secret goes."""
    return conflict.terminating(situation, situation.refs.binding, situation.facts.binding)


def binding_refused(situation: Situation) -> Verdict | None:
    """The server's sentence stands in Accepted; here it is that the Secret is not there."""
    ref = situation.refs.binding
    refusal = situation.refusal(ref)
    return failed(Reason.REFUSED_BY_API_SERVER, refused(ref, refusal)) if refusal else None


def app_secret_is_a_child(situation: Situation) -> Verdict | None:
    """Another addon's binding, or our own: nothing is added to what the operator makes."""
    secret = situation.facts.app_secret
    if secret is None or secret.addon is None:
        return None
    return failed(
        Reason.SECRET_CONFLICT,
        f"{secret.ref} of spec.binding.secretRef belongs to TcpAddon {secret.addon}: name the "
        "app's own Secret.",
    )


def app_secret_missing(situation: Situation) -> Verdict | None:
    """The Secret is the user's, so only the user makes it."""
    ref = situation.refs.app_secret
    if ref is None:
        return None
    refusal = situation.refusal(ref)
    if situation.publication and (refusal is None or refusal.reason != Reason.SECRET_NOT_FOUND):
        return None
    return failed(
        Reason.SECRET_NOT_FOUND,
        f"{ref} of spec.binding.secretRef is not there: create it in this namespace (it may be "
        f"empty), and {_listed(situation)} is added to it.",
    )


def app_secret_immutable(situation: Situation) -> Verdict | None:
    """Nobody can add a key to it, not even its owner."""
    ref, published = situation.refs.app_secret, situation.publication
    refusal = situation.refusal(ref)
    refused = refusal is not None and refusal.reason == Reason.SECRET_IMMUTABLE
    if not refused and not (published and published.secret.immutable and not published.stands):
        return None
    return failed(
        Reason.SECRET_IMMUTABLE,
        f"{ref} is immutable, so {_listed(situation)} cannot be added to it: name another Secret "
        "in spec.binding.secretRef, or delete this one and create it anew without 'immutable'.",
    )


def key_taken(situation: Situation) -> Verdict | None:
    """A key of the user's is never overwritten, not even with the same value."""
    ref, published = situation.refs.app_secret, situation.publication
    if published is None or not published.conflicts:
        return None
    there = ", ".join(published.conflicts)
    holder = " and belongs to another TcpAddon" if published.taken_by_addons else ""
    return failed(Reason.SECRET_CONFLICT, f"{ref} has {there} already{holder}: {_CURE}")


def key_refused(situation: Situation) -> Verdict | None:
    """The same, where somebody was quicker than our look."""
    ref = situation.refs.app_secret
    refusal = situation.refusal(ref)
    if refusal is None or refusal.reason != Reason.SECRET_CONFLICT:
        return None
    holder = f" ({_named(refusal.holder)})" if refusal.holder else ""
    return failed(
        Reason.SECRET_CONFLICT,
        f"{ref} has a value of somebody else's for {_listed(situation)}{holder}: {_CURE}",
    )


def app_secret_refused(situation: Situation) -> Verdict | None:
    """The server's own sentence, whatever else it has against the write."""
    ref = situation.refs.app_secret
    refusal = situation.refusal(ref)
    if ref is None or refusal is None:
        return None
    return failed(Reason.REFUSED_BY_API_SERVER, refused(ref, refusal))


def address_missing(situation: Situation) -> Verdict | None:
    """There is nothing to publish yet."""
    if situation.addresses:
        return None
    return failed(
        Reason.WAITING_FOR_ADDRESS,
        f"{_listed(situation)} is published as soon as there is an address.",
    )


_CURE: Final = "remove it there, or set spec.binding.urlKey to another key."

CHECKS: Final[Sequence[Check]] = (
    binding_name_taken,
    binding_terminating,
    binding_refused,
    app_secret_is_a_child,
    app_secret_missing,
    app_secret_immutable,
    key_taken,
    key_refused,
    app_secret_refused,
    address_missing,
)


def binding_published(situation: Situation) -> Verdict:
    """Say whether the address is published."""
    binding, app_secret = situation.refs.binding, situation.refs.app_secret
    also = f"{_listed(situation)} is in {app_secret}; " if app_secret else ""
    return first(CHECKS, situation) or held(
        Reason.BINDING_PUBLISHED, f"{also}{binding} is there to bind to."
    )


def _listed(situation: Situation) -> str:
    return ", ".join(keys(situation.addon))


def _named(manager: str) -> str:
    uid = uid_of_manager(manager)
    return f"field manager {manager}" if uid is None else "another TcpAddon"
