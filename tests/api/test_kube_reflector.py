"""kube/reflector.py against a real API server, over a wire that is cut, frozen and mended."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tcpaddon import names
from tcpaddon.core.actions import Apply, Delete
from tcpaddon.core.facts import AppFact, Kind, Ref, SecretFact
from tcpaddon.kube.answers import Expired
from tcpaddon.kube.client import Client
from tcpaddon.kube.paths import SECRETS, STATEFUL_SETS, Resource
from tcpaddon.kube.projections import Fact
from tcpaddon.kube.reflector import Pace, Reflector
from tcpaddon.kube.words import Raw, Scope, WatchEvent
from tests.apiserver import ApiServer
from tests.until import until
from tests.wire import Wire

BRISK = Pace(first_pause=0.02, longest_pause=0.1)


class Mirror:
    """A running reflector, seen from one namespace, and what it told."""

    def __init__(self, client: Client, resource: Resource, namespace: str, pace: Pace) -> None:
        self.told: list[tuple[Fact | None, Fact | None]] = []
        self.requests: Counter[str] = Counter()
        self.namespace = namespace
        self.reflector = Reflector(client, resource, self._on_change, pace=pace)
        client.on_request = self._on_request

    def _on_request(self, verb: str, _kind: str, code: int, _seconds: float) -> None:
        self.requests[f"{verb} {code}"] += 1

    def _on_change(self, old: Fact | None, new: Fact | None) -> None:
        fact = new or old
        assert fact is not None
        if fact.ref.namespace == self.namespace:
            self.told.append((old, new))

    def names(self) -> set[str]:
        """Name what the reflector knows."""
        facts = self.reflector.facts()
        return {fact.ref.name for fact in facts if fact.ref.namespace == self.namespace}


@asynccontextmanager
async def mirrored(
    client: Client, namespace: str, resource: Resource = SECRETS, pace: Pace = BRISK
) -> AsyncIterator[Mirror]:
    mirror = Mirror(client, resource, namespace, pace)
    task = asyncio.create_task(mirror.reflector.run())
    try:
        await asyncio.wait_for(mirror.reflector.synced.wait(), 30)
        yield mirror
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def child(namespace: str, name: str, **data: str) -> Apply:
    labels = {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_ADDON: "web",
        names.LABEL_ROLE: names.ROLE_CHILD,
    }
    body = {"metadata": {"labels": labels}, "data": data}
    return Apply(Ref(Kind.SECRET, namespace, name), body, names.MANAGER, force=True, create=True)


def make_app(apiserver: ApiServer, namespace: str, name: str) -> None:
    """Make a marked StatefulSet of the user's."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    spec = {"selector": {"matchLabels": labels}, "serviceName": "a", "template": pod}
    head = {"name": name, "labels": {names.LABEL_ROLE: names.ROLE_APP}}
    made = apiserver.call("POST", STATEFUL_SETS.path(namespace), {"metadata": head, "spec": spec})
    assert made["kind"] == "StatefulSet", made


def remove(apiserver: ApiServer, resource: Resource, namespace: str, name: str) -> None:
    apiserver.call("DELETE", resource.path(namespace, name))


# --- list and watch ---------------------------------------------------------------------------


async def test_everything_that_is_there_is_told_in_pages_before_synced(
    client: Client, namespace: str
) -> None:
    for number in range(5):
        await client.apply(child(namespace, f"s{number}"))
    async with mirrored(client, namespace, pace=Pace(page=2)) as mirror:
        assert [old for old, _ in mirror.told] == [None] * 5
        assert mirror.names() == {"s0", "s1", "s2", "s3", "s4"}
        assert mirror.requests["list 200"] >= 3
        assert mirror.reflector.age() < float("inf")


async def test_what_happens_is_told_once(client: Client, namespace: str) -> None:
    async with mirrored(client, namespace) as mirror:
        made = child(namespace, "one")
        uid = (await client.apply(made))["metadata"]["uid"]
        await until(lambda: len(mirror.told) == 1)
        await client.apply(child(namespace, "one", A="MQ=="))
        await until(lambda: len(mirror.told) == 2)
        await client.delete(Delete(made.ref, uid))
        await until(lambda: len(mirror.told) == 3)
        assert [(bool(old), bool(new)) for old, new in mirror.told] == [
            (False, True),
            (True, True),
            (True, False),
        ]


async def test_a_change_of_nothing_that_matters_is_not_told(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    async with mirrored(client, namespace) as mirror:
        await client.apply(child(namespace, "one"))
        note = {"metadata": {"annotations": {"somebody": "else"}}}
        merge = "application/merge-patch+json"
        apiserver.call("PATCH", SECRETS.path(namespace, "one"), note, content_type=merge)
        await client.apply(child(namespace, "two"))
        await until(lambda: "two" in mirror.names())
        assert [new.ref.name for _, new in mirror.told if new] == ["one", "two"]


async def test_a_line_of_a_megabyte_arrives_whole(client: Client, namespace: str) -> None:
    async with mirrored(client, namespace) as mirror:
        await client.apply(child(namespace, "big", A="QUFB" * 250_000))
        await until(lambda: "big" in mirror.names())
        fact = mirror.reflector.get(Ref(Kind.SECRET, namespace, "big"))
        assert isinstance(fact, SecretFact)
        assert len(fact.values["A"]) == 1_000_000


async def test_a_watch_that_the_server_ends_goes_on_without_a_list(
    client: Client, namespace: str
) -> None:
    async with mirrored(client, namespace, pace=Pace(ends_after=1.0)) as mirror:
        await until(lambda: mirror.requests["watch 200"] >= 2)
        await client.apply(child(namespace, "one"))
        await until(lambda: "one" in mirror.names())
        assert mirror.requests["list 200"] == 1


async def test_bookmarks_move_a_quiet_watch_on(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    scope = Scope(SECRETS, namespace, labels=names.LABEL_ROLE)
    (page,) = [page async for page in client.pages(scope)]
    heard: list[WatchEvent] = []

    async def listen() -> None:
        words = client.watch(scope, version=page.version, ends_after=4.0, silence=30.0)
        async for word in words:
            heard.append(word)  # noqa: PERF401 - it is looked at before the end

    task = asyncio.create_task(listen())
    merge = {"content_type": "application/merge-patch+json"}
    apiserver.call("POST", SECRETS.path(namespace), {"metadata": {"name": "noise"}})
    number = 0
    # The API server tells them every minute and before the watch's end, if the kind moves at all.
    async with asyncio.timeout(30):
        while not any(word.type == "BOOKMARK" for word in heard):
            number += 1
            note = {"metadata": {"annotations": {"number": str(number)}}}
            apiserver.call("PATCH", SECRETS.path(namespace, "noise"), note, **merge)
            await asyncio.sleep(0.2)
    task.cancel()
    assert [word.type for word in heard[:2]] == ["OPENED", "BOOKMARK"]
    assert int(heard[1].object["metadata"]["resourceVersion"]) > page.version


# --- the watch was down -----------------------------------------------------------------------


async def test_what_was_deleted_while_the_wire_was_cut_is_told(
    apiserver: ApiServer, client: Client, wired: Client, wire: Wire, namespace: str
) -> None:
    await client.apply(child(namespace, "goes"))
    await client.apply(child(namespace, "stays"))
    async with mirrored(wired, namespace) as mirror:
        wire.cut()
        remove(apiserver, SECRETS, namespace, "goes")
        wire.mend()
        await until(lambda: mirror.names() == {"stays"})
        assert [(old.ref.name, new) for old, new in mirror.told if old] == [("goes", None)]


async def test_what_was_deleted_while_the_wire_was_frozen_is_told(
    apiserver: ApiServer, client: Client, wired: Client, wire: Wire, namespace: str
) -> None:
    await client.apply(child(namespace, "goes"))
    pace = Pace(silence=0.2, first_pause=0.02)
    async with mirrored(wired, namespace, pace=pace) as mirror:
        await until(lambda: mirror.requests["watch 200"] > 0)
        wire.freeze()
        tried = wire.tried
        remove(apiserver, SECRETS, namespace, "goes")
        await until(lambda: wire.tried > tried)
        wire.mend()
        await until(lambda: not mirror.names())


async def test_what_was_deleted_before_a_410_is_told(
    apiserver: ApiServer, wired: Client, wire: Wire, namespace: str
) -> None:
    make_app(apiserver, namespace, "goes")
    make_app(apiserver, namespace, "stays")
    async with mirrored(wired, namespace, STATEFUL_SETS) as mirror:
        wire.cut()
        remove(apiserver, STATEFUL_SETS, namespace, "goes")
        make_app(apiserver, namespace, "comes")
        apiserver.compact()
        wire.mend()
        await until(lambda: mirror.names() == {"stays", "comes"})
        assert mirror.requests["list 200"] == 2
        later = [(old and old.ref.name, new and new.ref.name) for old, new in mirror.told[2:]]
        assert sorted(later, key=str) == [("goes", None), (None, "comes")]


async def test_what_was_made_anew_while_the_wire_was_cut_is_told_as_another_object(
    apiserver: ApiServer, wired: Client, wire: Wire, namespace: str
) -> None:
    make_app(apiserver, namespace, "app")
    async with mirrored(wired, namespace, STATEFUL_SETS) as mirror:
        wire.cut()
        remove(apiserver, STATEFUL_SETS, namespace, "app")
        make_app(apiserver, namespace, "app")
        apiserver.compact()
        wire.mend()
        await until(lambda: len(mirror.told) == 2)
        old, new = mirror.told[1]
        assert isinstance(old, AppFact)
        assert isinstance(new, AppFact)
        assert old.uid != new.uid


async def test_a_list_whose_pages_are_forgotten_halfway_is_begun_again(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    for number in range(3):
        make_app(apiserver, namespace, f"s{number}")
    pages = client.pages(Scope(STATEFUL_SETS, namespace), size=2)
    await anext(pages)
    make_app(apiserver, namespace, "s3")
    apiserver.compact()
    with pytest.raises(Expired):
        await anext(pages)

    forgotten: list[str] = []

    def forget_once(verb: str, _kind: str, _code: int, _seconds: float) -> None:
        if verb == "list" and not forgotten:
            forgotten.append(verb)
            make_app(apiserver, namespace, "s4")
            apiserver.compact()

    mirror = Mirror(client, STATEFUL_SETS, namespace, Pace(page=2, first_pause=0.02))
    client.on_request = forget_once
    running = asyncio.create_task(mirror.reflector.run())
    await until(mirror.reflector.synced.is_set)
    running.cancel()
    assert mirror.names() == {"s0", "s1", "s2", "s3", "s4"}
    assert len(mirror.told) == 5, "what the first attempt told is not told again"


# --- read your own writes ---------------------------------------------------------------------


async def test_an_answer_to_a_write_is_known_at_once(client: Client, namespace: str) -> None:
    async with mirrored(client, namespace) as mirror:
        raw = await client.apply(child(namespace, "one"))
        known = mirror.reflector.observe(raw, tell=False)
        assert known is not None
        assert mirror.reflector.of_addon(namespace, "web") == (known,)


async def test_a_late_answer_does_not_bring_back_what_was_deleted(
    client: Client, namespace: str
) -> None:
    async with mirrored(client, namespace) as mirror:
        made = child(namespace, "one")
        late: Raw = await client.apply(made)
        await client.delete(Delete(made.ref, late["metadata"]["uid"]))
        await until(lambda: len(mirror.told) == 2)
        assert mirror.reflector.observe(late) is None
        assert len(mirror.told) == 2


async def test_an_older_answer_does_not_undo_a_newer_word(client: Client, namespace: str) -> None:
    async with mirrored(client, namespace) as mirror:
        older = await client.apply(child(namespace, "one", A="MQ=="))
        newer = await client.apply(child(namespace, "one", A="Mg=="))
        mirror.reflector.observe(newer)
        known = mirror.reflector.observe(older)
        assert isinstance(known, SecretFact)
        assert known.values == {"A": "Mg=="}


async def test_what_was_given_back_is_forgotten_at_once(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    apiserver.call("POST", SECRETS.path(namespace), {"metadata": {"name": "app"}})
    ref = Ref(Kind.SECRET, namespace, "app")
    body = {"metadata": {"labels": {names.LABEL_ROLE: names.ROLE_APP}}, "data": {"A": "MQ=="}}
    async with mirrored(client, namespace) as mirror:
        mirror.reflector.observe(await client.apply(Apply(ref, body, names.manager_for("u1"))))
        (fact,) = mirror.reflector.of_uid("u1")
        assert fact.ref == ref
        given_back = await client.apply(Apply(ref, {}, names.manager_for("u1")))
        assert mirror.reflector.observe(given_back) is None
        assert mirror.reflector.of_uid("u1") == ()


async def test_a_child_that_lost_its_label_is_told_as_gone_and_a_create_finds_it_again(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    async with mirrored(client, namespace) as mirror:
        made = child(namespace, "one")
        uid = (await client.apply(made))["metadata"]["uid"]
        await until(lambda: mirror.names() == {"one"})
        apiserver.kubectl("-n", namespace, "label", "secret", "one", f"{names.LABEL_ROLE}-")
        await until(lambda: mirror.names() == set())
        again = await client.apply(made)
        assert again["metadata"]["uid"] == uid
        await until(lambda: mirror.names() == {"one"})
