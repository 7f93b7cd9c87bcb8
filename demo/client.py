"""Runs the outside client where it reaches the address: here, or on the cluster's network."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paho.mqtt

from cluster import Cluster, ClusterError
from cluster.commands import Commands

_PROGRAM: Final = Path(__file__).with_name("outside.py")
_LIMIT: Final = 60.0  # seconds; the client itself gives up after 30


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A message that went out and came back."""

    text: str
    milliseconds: float
    in_container: bool
    """Whether the client ran in a container because the host does not reach the address."""


def round_trip(cluster: Cluster, commands: Commands, url: str, image: str) -> RoundTrip:
    """Publish and receive through `url` from outside the cluster.

    Args:
        cluster: whose network it is.
        commands: where the client logs to.
        url: `tcp://host:port`.
        image: one with Python, for a client in a container.

    Raises:
        ClusterError: the message did not come back.
    """
    program = [sys.executable, _PROGRAM] if cluster.host_can_route else _contained(cluster, image)
    try:
        answer = json.loads(commands.text([*program, url], timeout=_LIMIT))
    except ClusterError as error:
        reason = error.detail.splitlines()[-1] if error.detail else str(error)
        raise ClusterError(f"No MQTT message came back through {url}: {reason}.") from error
    return RoundTrip(answer["text"], answer["milliseconds"], not cluster.host_can_route)


def _contained(cluster: Cluster, image: str) -> list[str | Path]:
    library = Path(paho.mqtt.__path__[0]).parent
    return [
        *("docker", "run", "--rm", "--network", cluster.network, "--entrypoint", "python3"),
        *("--volume", f"{_PROGRAM}:/client/outside.py:ro"),
        *("--volume", f"{library}:/client/paho:ro", "--env", "PYTHONPATH=/client"),
        *(image, "/client/outside.py"),
    ]
