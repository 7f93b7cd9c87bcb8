"""`tcpaddon status`: what is told of an addon, for people and for programs."""

from datetime import UTC, datetime
from typing import Any

from tcpaddon.cli.state import state_of
from tcpaddon.cli.status_text import lines, table

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
GOOD = ("Ready", "Accepted", "AddressAssigned", "BindingPublished", "WorkloadAvailable")


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason or kind, "message": message}


def addon(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An addon that serves, but for the conditions given."""
    told = {kind: condition(kind, "True") for kind in GOOD}
    told["Progressing"] = condition("Progressing", "False", "RolledOut")
    told |= {each["type"]: each for each in conditions}
    status = {
        "observedGeneration": 2,
        "url": "tcp://198.18.0.1:1883",
        "endpoints": [
            {"name": "mqtt", "url": "tcp://198.18.0.1:1883"},
            {"name": "tls", "url": "tcp://198.18.0.1:8883"},
        ],
        "replicas": 2,
        "readyReplicas": 2,
        "updatedReplicas": 2,
        "image": "registry.example/broker:1",
        "revision": "1-abc",
        "binding": {"name": "mqtt-tcp-binding"},
        "conditions": list(told.values()),
    }
    binding = {"secretRef": {"name": "app-env"}, "urlKey": "TCP_URL"}
    return {
        "metadata": {"name": "mqtt", "namespace": "shop", "uid": "1", "generation": 2},
        "spec": {"processType": "tcp", "replicas": 2, "binding": binding},
        "status": status | more,
    }


def told(found: dict[str, Any], events: list[dict[str, Any]] | None = None) -> list[str]:
    state = state_of(found, [] if events is None else events)
    return [f"{line.label}: {line.text}" for line in lines(state, NOW)]


def test_an_addon_that_serves_is_told_without_a_word_too_much() -> None:
    assert told(addon()) == [
        "Name: mqtt in namespace shop",
        "Ready: yes",
        "Address: tcp://198.18.0.1:1883",
        ": tcp://198.18.0.1:8883 (tls)",
        "Process: tcp: 2 of 2 ready",
        "Image: registry.example/broker:1",
        "Revision: 1-abc",
        "Binding: TCP_URL is in Secret app-env",
        ": Secret mqtt-tcp-binding has host, port and uri",
        "Events: none that the cluster still has",
    ]


def test_what_is_in_the_way_is_told_once_in_the_conditions_own_words() -> None:
    said = "Secret app-env is not there: create it."
    found = addon(
        condition("Ready", "False", "SecretNotFound", said),
        condition("BindingPublished", "False", "SecretNotFound", said),
    )
    text = told(found)
    assert "Ready: no" in text
    assert f"BindingPublished: SecretNotFound: {said}" in text
    assert sum(said in line for line in text) == 1
    assert "Binding: TCP_URL is to go into Secret app-env" in text


def test_a_roll_is_told_with_how_far_it_is() -> None:
    found = addon(
        condition("Progressing", "True", "RollingOut", "Kubernetes starts the processes."),
        updatedReplicas=1,
        replicas=3,
    )
    assert "Rollout: Kubernetes starts the processes. Of the current version: 1 of 3." in told(
        found
    )


def test_a_version_that_was_rolled_back_is_told_though_the_old_one_serves() -> None:
    found = addon(condition("Progressing", "False", "BootTimeout", "It did not answer."))
    assert "Progressing: BootTimeout: It did not answer." in told(found)


def test_an_addon_at_rest_says_that_nobody_is_served() -> None:
    found = addon(condition("Ready", "True", "Suspended", "No process runs."))
    found["spec"]["suspend"] = True
    assert "Process: tcp: 2 of 0 ready" in told(found)
    assert "Ready: Suspended: No process runs." in told(found)


def test_an_addon_that_no_operator_saw_says_where_to_look() -> None:
    found = addon()
    del found["status"]
    text = told(found)
    assert any(line.startswith("Ready: unknown: No operator has looked at it") for line in text)
    assert "Address: none yet" in text
    assert "Binding: TCP_URL is to go into Secret app-env" in text


def test_a_change_that_the_operator_has_not_seen_is_no_yes() -> None:
    text = told(addon(observedGeneration=1))
    assert "Ready: unknown: the operator has not looked at the last change yet" in text


def test_a_deletion_under_way_is_told() -> None:
    found = addon()
    found["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    assert any(line.startswith("Ready: deleting") for line in told(found))


def test_the_last_events_are_told_in_order_and_how_long_ago_they_were() -> None:
    events = [
        {
            "metadata": {},
            "type": "Normal",
            "reason": f"Number{number}",
            "message": "it happened",
            "eventTime": f"2026-01-01T{12 - number:02}:00:00.000000Z",
        }
        for number in range(7)
    ]
    again = {"series": {"count": 2, "lastObservedTime": "2026-01-01T11:59:30.000000Z"}}
    events[6] |= again
    text = told(addon(), events)
    assert text[-5:] == [
        "Events: 3h ago: Number3: it happened",
        ": 2h ago: Number2: it happened",
        ": 60m ago: Number1: it happened",
        ": 30s ago: Number6: it happened",
        ": 0s ago: Number0: it happened",
    ]


def test_events_that_may_not_be_read_are_no_reason_to_tell_nothing() -> None:
    state = state_of(addon(), None)
    assert lines(state, NOW)[-1].text == "this account may not read them"


def test_a_table_has_one_row_an_addon_and_says_what_is_in_the_way() -> None:
    bad = addon(
        condition("Ready", "False", "WaitingForAddress", "No address."),
        condition("AddressAssigned", "False", "WaitingForAddress", "No address."),
        url="",
    )
    states = [state_of(addon()), state_of(bad)]
    assert table(states, namespaces=True) == [
        ["NAMESPACE", "NAME", "READY", "PROCESSES", "URL", "WHAT IS IN THE WAY"],
        ["shop", "mqtt", "yes", "2/2", "tcp://198.18.0.1:1883", ""],
        ["shop", "mqtt", "no", "2/2", "-", "No address."],
    ]
