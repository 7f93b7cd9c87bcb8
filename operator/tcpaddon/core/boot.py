"""Tells whether a process has failed to boot: it had its time, and answered no handshake in it.

The time runs from the container's first start. A pod that waits for a node, or whose image is
still being pulled, has not started, and so has failed nothing.
"""

from datetime import datetime, timedelta
from typing import Final

from tcpaddon.api.v1alpha1 import TcpAddonSpec
from tcpaddon.core.facts import PodFact
from tcpaddon.core.quoting import quoted

# Of the kubelet: from the second restart on (the first comes at once), doubled each time.
_FIRST_PAUSE: Final = timedelta(seconds=10)
_PAUSES: Final = 8  # more of them are no news: the limit is an hour at most
# The kubelet's own time between the last failed handshake and the end of the container.
_KUBELET_SLACK: Final = timedelta(seconds=15)


def deadline(pod: PodFact, spec: TcpAddonSpec) -> datetime | None:
    """Return when the boot has failed unless it answers; None where that is no matter."""
    if pod.ready or pod.started:
        return None
    limit = timedelta(seconds=spec.rollout.startup_timeout_seconds)
    ran = last_run(pod)
    if ran is not None and ran > limit + time_to_end(spec):
        # It would have been ended before, had it not answered: this is a start after a crash.
        first = pod.started_at or pod.exited_at
    else:
        first = _first_start(pod)
    return None if first is None else first + limit


def has_failed(pod: PodFact, spec: TcpAddonSpec, now: datetime) -> bool:
    """Whether a process had its time and did not answer."""
    end = deadline(pod, spec)
    return end is not None and now >= end


def account(pod: PodFact, spec: TcpAddonSpec) -> str:
    """Say how a process failed to boot, and what to do."""
    port, limit = spec.main_port.container_port, spec.rollout.startup_timeout_seconds
    ran = last_run(pod)
    crashed = pod.started_at is None or (ran is not None and ran < timedelta(seconds=limit))
    if pod.exit_code is not None and crashed:
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


def time_to_end(spec: TcpAddonSpec) -> timedelta:
    """Return how long a process that the kubelet tells to end may take, at the most."""
    rollout = spec.rollout
    return timedelta(seconds=rollout.pre_stop_seconds + rollout.drain_seconds) + _KUBELET_SLACK


def last_run(pod: PodFact) -> timedelta | None:
    """Return how long the container ran that ended last, None where none has."""
    if pod.exited_at is None or pod.exit_started_at is None:
        return None
    return pod.exited_at - pod.exit_started_at


def _first_start(pod: PodFact) -> datetime | None:
    """Return when the pod's process first started, as far as its status tells, or later.

    Only the last two starts are in the status. Between the earlier ones lay the kubelet's pauses;
    the sandbox came before all of them, and before the image was pulled.
    """
    last = pod.started_at or pod.exit_started_at
    if last is None or pod.restarts == 0:
        return last
    pauses = _FIRST_PAUSE * ((1 << min(pod.restarts - 1, _PAUSES)) - 1)
    first = last - pauses
    return max(first, pod.prepared_at) if pod.prepared_at else first
