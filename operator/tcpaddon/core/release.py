"""Gives back what an addon that is gone has left in the user's objects."""

from collections.abc import Sequence

from tcpaddon.core.actions import GiveBack
from tcpaddon.core.binding import give_back
from tcpaddon.core.facts import SecretFact, UsersFact


def release(uid: str, held: Sequence[UsersFact]) -> tuple[GiveBack, ...]:
    """Ask for the keys and marks of the addon `uid`, and for nothing else, to be given back.

    Objects that carry nothing of this addon any more are passed over.
    """
    return tuple(give_back(uid, fact) for fact in held if holds(fact, uid))


def holds(fact: UsersFact, uid: str) -> bool:
    """Whether a user's object carries keys or the mark of the addon `uid`."""
    keys = fact.owned.get(uid) if isinstance(fact, SecretFact) else None
    return uid in fact.marked_by or bool(keys)
