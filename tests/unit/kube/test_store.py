"""kube/store.py: which word about an object counts, and what is told of it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpaddon.core.facts import AppFact, Child, Kind, Ref, SecretFact, ServiceFact
from tcpaddon.kube.projections import Fact
from tcpaddon.kube.store import REMEMBER_DELETED, Store


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def version_of(fact: Fact | None) -> int | None:
    return fact.resource_version if fact else None


class Told:
    """What a store told."""

    def __init__(self) -> None:
        self.changes: list[tuple[Fact | None, Fact | None]] = []

    def __call__(self, old: Fact | None, new: Fact | None) -> None:
        self.changes.append((old, new))

    @property
    def versions(self) -> list[tuple[int | None, int | None]]:
        return [(version_of(old), version_of(new)) for old, new in self.changes]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(told: Told, clock: Clock) -> Store:
    return Store(told, clock)


def head(version: int, name: str, addon: str | None, uid: str, kind: Kind) -> Child:
    ref = Ref(kind, "default", name)
    return Child(ref, uid, version, addon, None, "", "", deleting=False)


def values(child: Child) -> tuple[Ref, str, int, str | None, str | None, str, str, bool]:
    return (
        child.ref,
        child.uid,
        child.resource_version,
        child.addon,
        child.owner_uid,
        child.applied,
        child.fields,
        child.deleting,
    )


def service(
    version: int,
    name: str = "web-tcp",
    addon: str | None = "web",
    uid: str = "u",
    applied: str = "",
) -> ServiceFact:
    fact = ServiceFact(*values(head(version, name, addon, uid, Kind.SERVICE)), ingress=())
    return replace(fact, applied=applied)


def secret(version: int, *uids: str, keys: dict[str, set[str]] | None = None) -> SecretFact:
    return SecretFact(
        *values(head(version, "app", None, "u", Kind.SECRET)),
        keys=frozenset(),
        values={},
        owned={uid: frozenset(held) for uid, held in (keys or {}).items()},
        marked_by=frozenset(uids),
        immutable=False,
    )


REF = service(1).ref


def test_a_newer_word_replaces_an_older_one_and_is_told(store: Store, told: Told) -> None:
    store.put(service(9, applied="a"))
    store.put(service(10, applied="b"))
    assert store.get(REF) == service(10, applied="b")
    assert told.versions == [(None, 9), (9, 10)]


@pytest.mark.parametrize("version", [9, 10])
def test_an_older_or_equal_word_is_ignored(store: Store, told: Told, version: int) -> None:
    store.put(service(10, applied="b"))
    store.put(service(version, applied="a"))
    assert store.get(REF) == service(10, applied="b")
    assert len(told.changes) == 1


def test_a_word_that_changes_the_version_only_is_kept_and_not_told(
    store: Store, told: Told
) -> None:
    store.put(service(1))
    store.put(service(2))
    assert store.get(REF) == service(2)
    assert told.versions == [(None, 1)]


def test_a_deletion_is_told_with_what_was_known(store: Store, told: Told) -> None:
    store.put(service(1))
    store.remove(REF, 2)
    assert store.get(REF) is None
    assert told.versions == [(None, 1), (1, None)]


def test_a_late_word_does_not_bring_back_what_was_deleted(store: Store, told: Told) -> None:
    store.put(service(1))
    store.remove(REF, 5)
    store.put(service(3))
    store.put(service(5))
    assert store.get(REF) is None
    assert len(told.changes) == 2


def test_what_is_made_anew_after_its_deletion_is_known(store: Store) -> None:
    store.remove(REF, 5)
    store.put(service(6))
    assert store.get(REF) == service(6)


def test_a_late_deletion_does_not_remove_what_was_made_anew(store: Store) -> None:
    store.put(service(6, uid="new"))
    store.remove(REF, 5)
    assert store.get(REF) == service(6, uid="new")


def test_a_deletion_is_remembered_as_long_as_an_answer_may_be_late(
    store: Store, clock: Clock
) -> None:
    store.remove(REF, 5)
    clock.now = REMEMBER_DELETED
    store.remove(service(1, "other").ref, 6)
    store.put(service(4))
    assert store.get(REF) is None
    clock.now += 1
    store.remove(service(1, "third").ref, 7)
    store.put(service(4))
    assert store.get(REF) is not None


def test_what_a_list_lacks_is_told_as_deleted(store: Store, told: Told) -> None:
    store.put(service(1))
    store.put(service(2, "stays"))
    store.sweep({service(1, "stays").ref}, 10)
    assert [fact.ref.name for fact in store.facts()] == ["stays"]
    assert told.versions[-1] == (1, None)


def test_what_was_written_after_a_list_began_is_not_swept(store: Store) -> None:
    store.put(service(11))
    store.sweep(set(), 10)
    assert store.get(REF) is not None


def test_after_a_restore_of_etcd_the_list_is_right_though_its_versions_are_lower(
    store: Store, told: Told
) -> None:
    store.put(service(100, applied="lost"))
    store.put(service(101, "vanished"))
    store.rewind(50)
    store.put(service(20, applied="restored"), rewound=True)
    store.sweep({REF}, 50, rewound=True)
    assert list(store.facts()) == [service(20, applied="restored")]
    assert told.versions[2:] == [(100, 20), (101, None)]
    assert store.newest == 50
    store.put(service(51, "vanished"))
    assert len(store) == 2, "the name is free in the new history"


def test_a_write_that_found_its_object_gone_forgets_this_object_only(store: Store) -> None:
    store.put(service(1, uid="old"))
    store.forget(REF, "other")
    assert store.get(REF) is not None
    store.forget(REF, "old")
    assert store.get(REF) is None


def test_nothing_is_told_where_it_is_not_wanted(store: Store, told: Told) -> None:
    store.put(service(1), tell=False)
    store.remove(REF, 2, tell=False)
    assert told.changes == []


def test_children_are_found_by_their_addon(store: Store) -> None:
    store.put(service(1, "a"))
    store.put(service(2, "b"))
    store.put(service(3, "c", addon="other"))
    store.put(service(4, "d", addon=None))
    assert {fact.ref.name for fact in store.of_addon("default", "web")} == {"a", "b"}
    store.put(service(5, "b", addon="other"))
    assert {fact.ref.name for fact in store.of_addon("default", "web")} == {"a"}
    assert {fact.ref.name for fact in store.of_addon("default", "other")} == {"b", "c"}
    assert store.of_addon("elsewhere", "web") == ()


def test_the_users_objects_are_found_by_mark_or_key(store: Store) -> None:
    store.put(secret(1, "one", keys={"two": {"TCP_URL"}}))
    assert len(store.of_uid("one")) == 1
    assert len(store.of_uid("two")) == 1
    store.put(secret(2, "one"))
    assert store.of_uid("two") == ()
    store.remove(secret(1).ref, 3)
    assert store.of_uid("one") == ()


def test_a_fact_of_another_type_is_a_change(store: Store, told: Told) -> None:
    pod_head = values(head(1, "web-tcp", None, "u", Kind.DEPLOYMENT))
    app = AppFact(
        *pod_head, containers=(), default_container="", pod_fields={}, marked_by=frozenset()
    )
    store.put(app)
    store.put(replace(app, resource_version=2, marked_by=frozenset({"one"})))
    assert len(told.changes) == 2


@settings(deadline=None)  # nothing here is about time
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 3), st.integers(1, 30)),
        max_size=40,
    )
)
def test_in_whatever_order_words_come_the_newest_counts_and_the_indexes_agree(
    words: list[tuple[str, int, int]],
) -> None:
    told = Told()
    store = Store(told, Clock())
    newest: dict[str, tuple[int, bool]] = {}
    for word, number, moment in words:
        name = f"s{number}"
        # A version stands for one word: no version both makes and deletes.
        version = moment * 2 + (word == "remove")
        if word == "put":
            store.put(service(version, name, addon=f"addon-{version % 3}"))
        else:
            store.remove(service(1, name).ref, version)
        if version > newest.get(name, (0, False))[0]:
            newest[name] = (version, word == "put")
    known = {fact.ref.name: fact.resource_version for fact in store.facts()}
    assert known == {name: version for name, (version, there) in newest.items() if there}
    by_addon = {
        fact.ref.name
        for number in range(3)
        for fact in store.of_addon("default", f"addon-{number}")
    }
    assert by_addon == set(known)
    alive: dict[str, int] = {}
    for old, new in told.changes:
        fact = new or old
        assert fact is not None
        assert (fact.ref.name in alive) == (old is not None), "changes follow one another"
        alive.pop(fact.ref.name, None)
        if new:
            alive[new.ref.name] = new.resource_version
    assert set(alive) == set(known)
