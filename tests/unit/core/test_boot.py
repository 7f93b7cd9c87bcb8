"""Since when a process boots, read off what its pod's status still tells of earlier starts."""

from datetime import timedelta
from typing import Any

import pytest

from tcpaddon.core.boot import account, deadline
from tests.unit.core.cases import pod
from tests.unit.core.world import NOW, addon

SPEC = addon({"rollout": {"startupTimeoutSeconds": 60}}).spec


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ({"started_at": 20}, 40),
        ({"started_at": 20, "ready": True}, None),
        ({"started_at": 20, "started": True}, None),
        ({}, None),  # its image is being pulled, or it has no node
        # The first restart comes at once: what ended last is the first start.
        ({"restarts": 1, "started_at": 10, "exit_started_at": 12, "exited_at": 11}, 50),
        # Before the fourth start lay pauses of 10 and 20 seconds.
        ({"restarts": 3, "exit_started_at": 5, "exited_at": 4}, 25),
        # The sandbox was ready before the image was pulled, and no start came before it.
        ({"restarts": 3, "exit_started_at": 5, "exited_at": 4, "prepared_at": 30}, 30),
        # It ran for an hour, so it had answered: it boots anew since it crashed.
        ({"restarts": 1, "started_at": 10, "exit_started_at": 3700, "exited_at": 12}, 50),
        # An executable that is not there never ran: the kubelet writes the year 1970.
        ({"restarts": 5, "exit_started_at": 10**9, "exited_at": 10**9}, -(10**9) + 60 - 150),
    ],
)
def test_a_boot_ends_so_many_seconds_after_its_first_start(
    said: dict[str, Any], ends: float | None
) -> None:
    end = deadline(pod(**said), SPEC)
    assert (end and (end - NOW) / timedelta(seconds=1)) == ends


def test_a_process_that_ends_by_itself_is_told_by_its_exit_code() -> None:
    crashed = pod(restarts=3, started_at=1, exit_code=3, exit_started_at=20, exited_at=19)
    assert "exit code 3" in account(crashed, SPEC)
    hung = pod(restarts=1, started_at=1, exit_code=143, exit_started_at=70, exited_at=2)
    assert "within 60 s" in account(hung, SPEC)
