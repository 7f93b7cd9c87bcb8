"""Log lines as a collector reads them, of our code and of kopf's and others'."""

import json
import subprocess
import sys

import pytest

LINES = """
import logging, structlog
from tcpaddon import logs
logs.configure("FORMAT", "info")
with structlog.contextvars.bound_contextvars(addon="iot/mqtt"):
    structlog.get_logger("tcpaddon.x").info("applied", object="Service mqtt-tcp")
    logging.getLogger("kopf").info("told for each event")
    logging.getLogger("other").warning("from a library")
"""


def lines(log_format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LINES.replace("FORMAT", log_format)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_lines_tell_what_happened_to_which_addon() -> None:
    ours, others = (json.loads(line) for line in lines("json"))
    assert ours.pop("timestamp")
    assert ours == {
        "event": "applied",
        "level": "info",
        "logger": "tcpaddon.x",
        "addon": "iot/mqtt",
        "object": "Service mqtt-tcp",
    }
    assert (others["event"], others["level"], others["logger"]) == (
        "from a library",
        "warning",
        "other",
    )


@pytest.mark.parametrize(
    "part", ["level=info", "event=applied", "addon=iot/mqtt", 'object="Service mqtt-tcp"']
)
def test_text_lines_have_a_key_for_each_value(part: str) -> None:
    assert part in lines("text")[0]
