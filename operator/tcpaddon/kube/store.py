"""Holds the facts of one kind, newest only, and says what changed.

Words about an object arrive by three ways, in any order: a list, a watch, and the answers to our
own writes. The resourceVersion decides; what is older than what is known is ignored, also when the
object was deleted in the meantime.
"""

from collections.abc import Callable, Container, Hashable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeVar, get_args

from tcpaddon.core.facts import AppFact, ConfigMapFact, Ref, SecretFact
from tcpaddon.kube.projections import Fact

OnChange = Callable[[Fact | None, Fact | None], None]
"""Called with the old and the new fact; None before the first word and after the deletion."""

# An answer to one of our writes is at most as late as a request may take (30 s).
REMEMBER_DELETED: Final = 120.0

_Key = TypeVar("_Key", bound=Hashable)


class Store:
    """The facts of one kind. Not thread-safe: one event loop owns it.

    clock: seconds, monotonic.
    """

    def __init__(self, on_change: OnChange, clock: Callable[[], float]) -> None:
        """Start empty."""
        self._on_change = on_change
        self._clock = clock
        self._facts: dict[Ref, Fact] = {}
        self._by_addon = _Index[tuple[str, str]]()
        self._by_uid = _Index[str]()
        self._deleted: dict[Ref, _Deleted] = {}  # oldest first
        self._newest = 0

    def __len__(self) -> int:
        """Count the objects."""
        return len(self._facts)

    # --- asking ---------------------------------------------------------------------------------

    def get(self, ref: Ref) -> Fact | None:
        """Return what is known of one object."""
        return self._facts.get(ref)

    def of_addon(self, namespace: str, addon: str) -> tuple[Fact, ...]:
        """Return the children that name this addon by label."""
        return tuple(self._facts[ref] for ref in self._by_addon.refs((namespace, addon)))

    def of_uid(self, uid: str) -> tuple[Fact, ...]:
        """Return the user's objects that carry keys or the mark of the addon with this uid."""
        return tuple(self._facts[ref] for ref in self._by_uid.refs(uid))

    def facts(self) -> Iterable[Fact]:
        """Return everything that is known."""
        return self._facts.values()

    @property
    def newest(self) -> int:
        """The newest resourceVersion that was ever heard of."""
        return self._newest

    # --- hearing --------------------------------------------------------------------------------

    def put(self, new: Fact, *, tell: bool = True, rewound: bool = False) -> None:
        """Take in what was said of an object, unless something newer is known.

        tell: call `on_change`, which happens only where more than the resourceVersion changed.
        rewound: the API server's history was set back, so what is known is from another one.
        """
        old = self._facts.get(new.ref)
        known = old.resource_version if old else self._deleted_at(new.ref)
        if new.resource_version <= known and not rewound:
            return
        self._newest = max(self._newest, new.resource_version)
        self._deleted.pop(new.ref, None)
        self._index(old, new)
        self._facts[new.ref] = new
        if tell and (old is None or _differs(old, new)):
            self._on_change(old, new)

    def remove(self, ref: Ref, version: int, *, tell: bool = True) -> None:
        """Take in that an object was not there (any more) at `version`."""
        old = self._facts.get(ref)
        if old and old.resource_version > version:
            return  # it has been made anew since
        self._newest = max(self._newest, version)
        self._remember(ref, version)
        if old:
            self._drop(old, tell=tell)

    def forget(self, ref: Ref, uid: str) -> None:
        """Take in that the very object is gone, as the answer to a write said."""
        old = self._facts.get(ref)
        if old and old.uid == uid:
            self.remove(ref, old.resource_version)

    def sweep(self, listed: Container[Ref], version: int, *, rewound: bool = False) -> None:
        """Remove what a complete list as of `version` did not have.

        Newer objects, of which a write's answer told in the meantime, stay.
        """
        for ref, fact in list(self._facts.items()):
            if ref in listed:
                continue
            if rewound:
                self._drop(fact, tell=True)
            else:
                self.remove(ref, version)

    def rewind(self, version: int) -> None:
        """Take in that the API server's history was set back to `version` (etcd was restored)."""
        self._newest = version
        self._deleted.clear()

    # --- inside ---------------------------------------------------------------------------------

    def _drop(self, old: Fact, *, tell: bool) -> None:
        del self._facts[old.ref]
        self._index(old, None)
        if tell:
            self._on_change(old, None)

    def _deleted_at(self, ref: Ref) -> int:
        found = self._deleted.get(ref)
        return found.version if found else 0

    def _remember(self, ref: Ref, version: int) -> None:
        """Keep a deletion as long as an older word may still be under way."""
        now = self._clock()
        version = max(version, self._deleted_at(ref))
        self._deleted.pop(ref, None)  # so that the order of the dict is the order of time
        self._deleted[ref] = _Deleted(version, now)
        while (oldest := next(iter(self._deleted.items())))[1].at < now - REMEMBER_DELETED:
            del self._deleted[oldest[0]]

    def _index(self, old: Fact | None, new: Fact | None) -> None:
        ref = (new or old).ref  # type: ignore[union-attr]  # one of them is there
        addon_before, addon_now = _addon(old), _addon(new)
        if addon_before != addon_now:
            self._by_addon.move(ref, addon_before, addon_now)
        uids_before, uids_now = _uids(old), _uids(new)
        if uids_before != uids_now:
            self._by_uid.move(ref, uids_before, uids_now)


@dataclass(frozen=True, slots=True)
class _Deleted:
    version: int
    at: float


class _Index(Generic[_Key]):
    """Which objects belong to a key; tuples, because nearly all have one member."""

    def __init__(self) -> None:
        self._refs: dict[_Key, tuple[Ref, ...]] = {}

    def refs(self, key: _Key) -> tuple[Ref, ...]:
        return self._refs.get(key, ())

    def move(self, ref: Ref, before: frozenset[_Key], now: frozenset[_Key]) -> None:
        for key in before - now:
            rest = tuple(other for other in self._refs[key] if other != ref)
            if rest:
                self._refs[key] = rest
            else:
                del self._refs[key]
        for key in now - before:
            self._refs[key] = (*self._refs.get(key, ()), ref)


_NONE: Final[frozenset[Any]] = frozenset()


def _addon(fact: Fact | None) -> frozenset[tuple[str, str]]:
    if fact is None or fact.addon is None:
        return _NONE
    return frozenset({(fact.ref.namespace, fact.addon)})


def _uids(fact: Fact | None) -> frozenset[str]:
    if isinstance(fact, SecretFact):
        return fact.marked_by.union(fact.owned)
    if isinstance(fact, AppFact | ConfigMapFact):
        return fact.marked_by
    return _NONE


def _differs(old: Fact, new: Fact) -> bool:
    """Whether more than the resourceVersion changed."""
    if type(old) is not type(new):
        return True
    names = _COMPARED[type(new)]
    return any(getattr(old, name) != getattr(new, name) for name in names)


_COMPARED: Final = {
    kind: tuple(field.name for field in fields(kind) if field.name != "resource_version")
    for kind in get_args(Fact)
}
