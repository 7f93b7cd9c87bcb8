"""The status of an addon that a later rule refuses."""

from datetime import UTC, datetime
from typing import Any

from tcpaddon.core.unreadable import unreadable
from tcpaddon.names import Condition, Reason

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EARLIER = "2026-11-23T11:00:00Z"


def stored() -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": EARLIER, "reason": "Ready"}
    published = {"type": "BindingPublished", "status": "True", "reason": "BindingPublished"}
    return {
        "metadata": {"generation": 3},
        "status": {"url": "tcp://198.18.0.1:1", "conditions": [ready, published]},
    }


def test_the_sentence_stands_in_ready_accepted_and_stalled_and_the_rest_stays() -> None:
    status = unreadable(stored(), "Use fewer ports.", NOW)
    assert status is not None
    assert status["url"] == "tcp://198.18.0.1:1"
    told = {c["type"]: c for c in status["conditions"]}
    for kind, value in ((Condition.READY, "False"), (Condition.STALLED, "True")):
        assert told[kind]["status"] == value
        assert told[kind]["reason"] == Reason.INVALID_SPEC
        assert told[kind]["message"] == "Use fewer ports."
        assert told[kind]["observedGeneration"] == 3
        assert told[kind]["lastTransitionTime"] == "2026-11-23T12:00:00Z"
    assert told["BindingPublished"]["status"] == "True"


def test_what_is_said_already_is_not_written_again() -> None:
    addon = stored()
    addon["status"] = unreadable(addon, "Use fewer ports.", NOW)
    later = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert unreadable(addon, "Use fewer ports.", later) is None
