"""What a plan asks for, as frozen values; reconcile/ carries them out in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tcpaddon.core.facts import Ref


@dataclass(frozen=True, slots=True)
class Apply:
    """One server-side apply.

    create: send `metadata.resourceVersion: "1"`, so that an object that is there is a 409.
    uid: send `metadata.uid`, so that only this very object is written ("" for none).
    force: only ever True on our own children.
    """

    ref: Ref
    body: Mapping[str, Any]
    manager: str
    force: bool = False
    create: bool = False
    uid: str = ""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Take our keys and mark out of one of the user's objects, and nothing else.

    Not an apply of nothing: where nobody owns the map that our keys are in (the user applied
    `stringData`, or the managed fields were stripped), that would take the whole map along.

    resource_version: as it was when it was seen that the keys are ours; of another one nothing
    is taken. keys: of a Secret's data, ours alone. mark: whether the mark is ours alone. shared:
    whether there is more that we hold, but others too: it stays, and only our hold on it ends.
    """

    ref: Ref
    manager: str
    uid: str
    resource_version: int
    keys: frozenset[str] = frozenset()
    mark: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one of our children, this very object."""

    ref: Ref
    uid: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Roll the user's app once, as `kubectl rollout restart` does.

    It is no apply: there is nothing to give back, and giving it back would roll the app again.
    at: the moment for the annotation, as text.
    """

    ref: Ref
    uid: str
    at: str


@dataclass(frozen=True, slots=True)
class Note:
    """An Event about the addon; the same (reason, message) is told once per transition."""

    reason: str
    message: str
    warning: bool = False


class Look(StrEnum):
    """A read that only some decisions need: it costs a request, so a plan asks for it.

    Each stands for a field of Facts that is None while nobody has looked, or tells when it was.
    """

    CLAIMS = "claims"
    REPLICA_SETS = "replica_sets"
    LAST_LINE = "last_line"
    APP_PODS = "app_started"
    SERVICE_WARNINGS = "service_warnings"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole decision. `status` is None where the stored status is already right.

    looks: what has to be read before this can be decided; the plan is then made anew. One that
    has been looked at is not asked for again, so this ends.
    """

    applies: tuple[Apply, ...] = ()
    give_backs: tuple[GiveBack, ...] = ()
    deletes: tuple[Delete, ...] = ()
    restarts: tuple[Restart, ...] = ()
    status: Mapping[str, Any] | None = None
    events: tuple[Note, ...] = ()
    check_again_after: float | None = None  # seconds; None: only when something changes
    looks: frozenset[Look] = frozenset()

    @property
    def is_quiet(self) -> bool:
        """Whether the plan asks the API server for nothing."""
        writes = self.applies or self.give_backs or self.deletes or self.restarts
        return not (writes or self.status is not None or self.events)
