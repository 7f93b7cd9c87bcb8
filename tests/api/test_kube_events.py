"""kube/events.py and the status of addons against a real API server."""

from collections.abc import Iterator
from typing import Any

import pytest

from tcpaddon import names
from tcpaddon.core.actions import Note
from tcpaddon.kube.answers import Gone, Stale
from tcpaddon.kube.client import Client
from tcpaddon.kube.events import About, Recorder
from tcpaddon.kube.paths import ADDONS, EVENTS
from tcpaddon.names import Reason
from tests.api.crd_server import Addons, serving
from tests.apiserver import ApiServer

READY = Note(Reason.READY, "tcp://192.0.2.1:1883 answers")
LOST = Note(Reason.CRASH_LOOP, "the process ends with 1", warning=True)


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def addons(apiserver: ApiServer) -> Iterator[Addons]:
    with serving(apiserver, "kube-events") as served:
        yield served


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder(client: Client, clock: Clock) -> Recorder:
    return Recorder(client, "tcpaddon-0", clock=clock)


def about(namespace: str, name: str = "web") -> About:
    return About(namespace, name, f"uid-of-{name}")


def events(apiserver: ApiServer, namespace: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = apiserver.call("GET", EVENTS.path(namespace))["items"]
    return items


async def test_an_event_tells_what_happened_to_which_addon(
    apiserver: ApiServer, recorder: Recorder, namespace: str
) -> None:
    await recorder.tell(about(namespace), LOST)
    (event,) = events(apiserver, namespace)
    assert (event["type"], event["reason"], event["note"]) == (
        "Warning",
        "CrashLoop",
        "the process ends with 1",
    )
    assert event["regarding"] == {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "namespace": namespace,
        "name": "web",
        "uid": "uid-of-web",
    }
    assert event["reportingInstance"] == "tcpaddon-0"
    told = apiserver.kubectl("-n", namespace, "get", "events", "--no-headers")
    assert "CrashLoop" in told
    assert "tcpaddon/web" in told


async def test_the_same_words_within_an_hour_are_one_event_that_counts(
    apiserver: ApiServer, recorder: Recorder, namespace: str, clock: Clock
) -> None:
    for _ in range(3):
        await recorder.tell(about(namespace), READY)
        clock.now += 600
    (event,) = events(apiserver, namespace)
    assert event["series"]["count"] == 3

    clock.now += 3600
    await recorder.tell(about(namespace), READY)
    assert len(events(apiserver, namespace)) == 2


async def test_each_telling_is_one_write(
    client: Client, recorder: Recorder, namespace: str
) -> None:
    verbs: list[str] = []
    client.on_request = lambda verb, *_: verbs.append(verb)
    await recorder.tell(about(namespace), READY)
    await recorder.tell(about(namespace), LOST)
    await recorder.tell(about(namespace), READY)
    assert verbs == ["create", "create", "patch"]


async def test_an_event_that_was_forgotten_is_told_anew(
    apiserver: ApiServer, recorder: Recorder, namespace: str
) -> None:
    await recorder.tell(about(namespace), READY)
    apiserver.call("DELETE", EVENTS.path(namespace))
    await recorder.tell(about(namespace), READY)
    (event,) = events(apiserver, namespace)
    assert "series" not in event


async def test_an_addon_that_flaps_is_cut_short_and_others_are_not(
    apiserver: ApiServer, recorder: Recorder, namespace: str, clock: Clock
) -> None:
    for number in range(40):
        await recorder.tell(about(namespace, "flaps"), Note(Reason.READY, f"number {number}"))
    await recorder.tell(about(namespace, "calm"), READY)
    clock.now += 300
    await recorder.tell(about(namespace, "flaps"), READY)
    told = [event["regarding"]["name"] for event in events(apiserver, namespace)]
    assert told.count("flaps") == 25 + 1
    assert told.count("calm") == 1


async def test_a_long_message_is_cut_between_characters(
    apiserver: ApiServer, recorder: Recorder, namespace: str
) -> None:
    await recorder.tell(about(namespace), Note(Reason.READY, "ä" * 1000))
    (event,) = events(apiserver, namespace)
    assert event["note"].endswith("ä…")
    assert len(event["note"].encode()) <= 1024


async def test_in_a_namespace_that_ends_nothing_is_told_and_nothing_fails(
    apiserver: ApiServer, recorder: Recorder, namespace: str
) -> None:
    apiserver.call("DELETE", f"/api/v1/namespaces/{namespace}")
    await recorder.tell(about(namespace), READY)
    assert events(apiserver, namespace) == []


async def test_who_does_not_lead_tells_nothing(
    apiserver: ApiServer, client: Client, recorder: Recorder, namespace: str
) -> None:
    client.may_write = lambda: False
    await recorder.tell(about(namespace), READY)
    assert events(apiserver, namespace) == []


# --- status -----------------------------------------------------------------------------------


def addon(name: str) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name},
        "spec": {"image": "web:1"},
    }


async def test_a_status_is_applied_to_what_was_read_only(addons: Addons, client: Client) -> None:
    read = addons.apply(addon("read"))
    version = read["metadata"]["resourceVersion"]
    stored = await client.apply_status(addons.namespace, "read", version, {"url": "tcp://a:1"})
    assert stored["status"]["url"] == "tcp://a:1"
    with pytest.raises(Stale):
        await client.apply_status(addons.namespace, "read", version, {"url": "tcp://b:1"})
    assert addons.get("read")["status"]["url"] == "tcp://a:1"


async def test_a_field_of_the_status_that_is_applied_no_more_is_removed(
    addons: Addons, client: Client
) -> None:
    version = addons.apply(addon("less"))["metadata"]["resourceVersion"]
    status = {"url": "tcp://a:1", "image": "web:1"}
    stored = await client.apply_status(addons.namespace, "less", version, status)
    version = stored["metadata"]["resourceVersion"]
    stored = await client.apply_status(addons.namespace, "less", version, {"image": "web:1"})
    assert "url" not in stored["status"]
    assert stored["status"]["image"] == "web:1"


async def test_the_status_of_an_addon_that_is_gone_is_gone(addons: Addons, client: Client) -> None:
    with pytest.raises(Gone):
        await client.apply_status(addons.namespace, "never-was", "1", {})


async def test_an_addon_that_is_not_there_is_none(addons: Addons, client: Client) -> None:
    assert await client.get(ADDONS, addons.namespace, "never-was") is None
