"""Condition BindingPublished: whether the app can read the address where it looks for it."""

from collections.abc import Sequence
from typing import Final

from tcpaddon.core.app_knowledge import knowledge
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


def secret_replaced(situation: Situation) -> Verdict | None:
    """Our keys are put back, and lost again: whether they are there right now means nothing."""
    ref, published = situation.refs.app_secret, situation.publication
    known = situation.refusal(ref) or (published is not None and published.conflicts)
    if ref is None or known or not situation.facts.secret_is_contested:
        return None
    writer = published.secret.writer if published else ""
    by = f" by {_named(writer)}" if writer else ""
    return failed(
        Reason.SECRET_REPLACED,
        f"{ref} is replaced again and again{by}, and loses {_listed(situation)} each time: have "
        "that tool keep keys that it does not know, or name another Secret in "
        "spec.binding.secretRef. The operator puts the key back once a minute.",
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
    secret_replaced,
    app_secret_missing,
    app_secret_immutable,
    key_taken,
    key_refused,
    app_secret_refused,
    address_missing,
)


# What can be said once it is published.
PUBLISHED: Final = frozenset({Reason.BINDING_PUBLISHED, Reason.STALE_PODS, Reason.SECRET_NOT_READ})


def binding_published(situation: Situation) -> Verdict:
    """Say whether the address is published, and whether the app knows it."""
    binding, app_secret = situation.refs.binding, situation.refs.app_secret
    there = {address.name for address in situation.addresses}
    listed = ", ".join(key for key, port in keys(situation.addon).items() if port in there)
    also = f"{listed} is in {app_secret}; " if app_secret else ""
    said = f"{also}{binding} is there to bind to."
    return (
        first(CHECKS, situation)
        or _unknown_to_the_app(situation, said)
        or held(Reason.BINDING_PUBLISHED, said)
    )


def _unknown_to_the_app(situation: Situation, said: str) -> Verdict | None:
    """It is there, but the app cannot have read it."""
    known, app, secret = knowledge(situation), situation.refs.app, situation.refs.app_secret
    if known is None or app is None or secret is None:
        return None
    if not known.readers.any:
        return held(
            Reason.SECRET_NOT_READ,
            f"{said} But no container of {app} reads {secret}: add 'envFrom: [{{secretRef: {{name: "
            f"{secret.name}}}}}]' to its container.",
        )
    if not known.stale:
        return None
    pods = "1 pod" if known.stale == 1 else f"{known.stale} pods"
    do_not = "does not know it" if known.stale == 1 else "do not know it"
    named = f"{app.kind.lower()}/{app.name}"
    cure = (
        "it is restarted, as spec.binding.restartApp says ('kubectl rollout status "
        f"{named}' tells how far that is)."
        if situation.addon.spec.binding.restart_app
        else f"restart it by 'kubectl rollout restart {named}', or set spec.binding.restartApp."
    )
    return held(
        Reason.STALE_PODS, f"{said} But {pods} of {app} started before that and {do_not}: {cure}"
    )


def _listed(situation: Situation) -> str:
    return ", ".join(keys(situation.addon))


def _named(manager: str) -> str:
    uid = uid_of_manager(manager)
    return f"field manager {manager}" if uid is None else "another TcpAddon"
