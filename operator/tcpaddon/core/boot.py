"""Tells whether a process has failed to boot: it had its time, and answered no handshake in it.

The time runs from the container's first start. A pod that waits for a node, or whose image is
still being pulled, has not started, and so has failed nothing.
"""

from datetime import datetime, timedelta

from tcpaddon.api.v1alpha1 import TcpAddonSpec
from tcpaddon.core.facts import PodFact
from tcpaddon.core.quoting import quoted


def deadline(pod: PodFact, spec: TcpAddonSpec) -> datetime | None:
    """Return when the boot has failed unless it answers; None where that is no matter."""
    if pod.ready or pod.started:
        return None
    first = _first_start(pod)
    limit = timedelta(seconds=spec.rollout.startup_timeout_seconds)
    return None if first is None else first + limit


def has_failed(pod: PodFact, spec: TcpAddonSpec, now: datetime) -> bool:
    """Whether a process had its time and did not answer."""
    end = deadline(pod, spec)
    return end is not None and now >= end


def account(pod: PodFact, spec: TcpAddonSpec) -> str:
    """Say how a process failed to boot, and what to do."""
    port, limit = spec.main_port.container_port, spec.rollout.startup_timeout_seconds
    if pod.exit_code is not None and pod.started_at is None:
        return (
            f"The new version ended with exit code {pod.exit_code} instead of answering a TCP "
            f"handshake on port {port}: correct the app or its environment."
        )
    return (
        f"The new version did not answer a TCP handshake on port {port} within {limit} s of its "
        "start: let it listen on 0.0.0.0 and the port in PORT, or raise "
        "spec.rollout.startupTimeoutSeconds."
    )


def last_words(pod: PodFact, last_line: str) -> str:
    """Repeat what a process said last; last_line: of its log, "" for none."""
    said = pod.exit_message.strip() or last_line.strip()
    return f"Its last words: {quoted(said)}" if said else "It left no words in its log."


def _first_start(pod: PodFact) -> datetime | None:
    """Return when the pod's process first started, as far as its status still tells."""
    if pod.restarts > 1:
        # Only the last two starts are known. The sandbox came before all of them.
        return pod.prepared_at or pod.exit_started_at or pod.started_at
    return pod.exit_started_at or pod.started_at
