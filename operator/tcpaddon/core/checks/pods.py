"""Checks for why a process does not answer: the new version's pods, worst cause first.

Each check is about one pod that is not ready. What kubelet, scheduler and process say is told in
their own words; texts that change with every retry are brought to one form, so that a status at
rest is not written again and again.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from tcpaddon.core import boot
from tcpaddon.core.checks.verdict import Verdict, failed
from tcpaddon.core.facts import PodFact
from tcpaddon.core.launch import SHELL
from tcpaddon.core.quoting import quoted
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason

PodCheck = Callable[[Situation, PodFact], Verdict | None]

# Reasons of waiting containers and of containers that ended before their process ran, as the
# kubelet and containerd give them (pkg/kubelet/images/types.go, kuberuntime_container.go).
_PULL_FAILURES: Final = frozenset(
    {
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_START_FAILURES: Final = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "PostStartHookError",
        "PreCreateHookError",
        "PreStartHookError",
        "RunContainerError",
    }
)
_NEVER_RAN: Final = frozenset({"ContainerCannotRun", "StartError"})
_BACK_OFF: Final = re.compile(r'^Back-off pulling image "[^"]*"(: (ErrImagePull: )?)?')
_OUT_OF_MEMORY: Final = "OOMKilled"
# How a process ends that is told to: by itself, by SIGINT, by SIGKILL, by SIGTERM.
_TOLD_TO_END: Final = frozenset({0, 130, 137, 143})
_LOOP: Final = 2  # restarts; the kubelet's back-off begins with the second
# A process that ran so long is out of its loop: the kubelet then begins its back-off anew.
_LOOP_FORGOTTEN: Final = timedelta(minutes=10)


def no_shell(situation: Situation, pod: PodFact) -> Verdict | None:
    """The line needs a shell, and the image has none."""
    said = _start_failure(pod)
    if SHELL not in said:
        return None
    return failed(
        Reason.NO_SHELL,
        f"The image has no {SHELL}, which the Procfile's line needs: make the line of "
        f"{situation.addon.spec.process_type} a plain command (no variables, pipes, '&&' or ';'), "
        f"set spec.command instead, or use an image with a shell. {quoted(said)}",
    )


def image_pull_failed(_: Situation, pod: PodFact) -> Verdict | None:
    """The kubelet goes back and forth between two reasons with the same cause."""
    if pod.waiting_reason not in _PULL_FAILURES:
        return None
    said = _BACK_OFF.sub("", pod.waiting_message) or pod.waiting_reason
    return failed(
        Reason.IMAGE_PULL_FAILED,
        f"The image cannot be pulled: correct its name, or add spec.imagePullSecrets for its "
        f"registry. {quoted(said)}",
    )


def cannot_start(_: Situation, pod: PodFact) -> Verdict | None:
    """No process ran yet: a missing Secret, an executable that is not there, a user not allowed."""
    said = _start_failure(pod)
    if not said:
        return None
    return failed(
        Reason.CANNOT_START,
        f"The container cannot be started: correct what the node names. {quoted(said)}",
    )


def boot_timeout(situation: Situation, pod: PodFact) -> Verdict | None:
    """It runs, or was restarted for having run, the whole start limit without a handshake."""
    limit = timedelta(seconds=situation.addon.spec.rollout.startup_timeout_seconds)
    running_out = boot_ends(situation, pod)
    if not (running_out and situation.facts.now >= running_out) and not _was_timed_out(
        situation, pod, limit
    ):
        return None
    port = situation.addon.spec.main_port.container_port
    return failed(
        Reason.BOOT_TIMEOUT,
        f"The process did not answer a TCP handshake on port {port} within "
        f"{int(limit.total_seconds())} s: let it listen on 0.0.0.0 and the port in PORT, or raise "
        "spec.rollout.startupTimeoutSeconds.",
    )


def crash_loop(_: Situation, pod: PodFact) -> Verdict | None:
    """It ends again and again. One crash alone is no loop: the first restart comes at once."""
    if pod.waiting_reason != "CrashLoopBackOff" and not _has_crashed_again(pod):
        return None
    if pod.exit_reason == _OUT_OF_MEMORY:
        return failed(
            Reason.CRASH_LOOP,
            "The process was killed because it used more memory than spec.resources.limits.memory "
            "allows: raise the limit, or let the process use less.",
        )
    how = f"exit code {pod.exit_code}" if pod.exit_code is not None else "it was restarted"
    words = pod.exit_message.strip()
    said = f"Its last words: {quoted(words)}" if words else "It left no words in its log."
    return failed(
        Reason.CRASH_LOOP,
        f"The process ends right after its start ({how}): correct the app or its environment; "
        f"'kubectl logs --previous' has the whole log. {said}",
    )


def waiting_for_node(_: Situation, pod: PodFact) -> Verdict | None:
    """The scheduler finds no node, and says for each kind of node why."""
    if pod.scheduled or not pod.unschedulable:
        return None
    return failed(
        Reason.WAITING_FOR_NODE,
        "No node can take the process: add nodes, or ask for less in spec.resources, "
        f"spec.nodeSelector, spec.tolerations and spec.affinity. {quoted(pod.unschedulable)}",
    )


def pulling_image(_: Situation, pod: PodFact) -> Verdict | None:
    """The node has the pod, and no container has run yet."""
    if not pod.scheduled or pod.started_at is not None or pod.exit_code is not None:
        return None
    return failed(
        Reason.PULLING_IMAGE, "The node pulls the image and makes the container: nothing to do."
    )


def waiting_for_handshake(situation: Situation, pod: PodFact) -> Verdict | None:
    """It runs; whether it answers is seen every second."""
    if pod.started_at is None:
        return None
    port = situation.addon.spec.main_port.container_port
    if pod.started:
        return failed(
            Reason.WAITING_FOR_HANDSHAKE,
            f"The process has stopped to answer TCP handshakes on port {port}: look at its log, "
            "and at spec.readiness if it is only slow.",
        )
    limit = situation.addon.spec.rollout.startup_timeout_seconds
    return failed(
        Reason.WAITING_FOR_HANDSHAKE,
        f"The process runs and has up to {limit} s from its start to answer a TCP handshake on "
        f"port {port}.",
    )


CHECKS: Final[Sequence[PodCheck]] = (
    no_shell,
    image_pull_failed,
    cannot_start,
    boot_timeout,
    crash_loop,
    waiting_for_node,
    pulling_image,
    waiting_for_handshake,
)


def trouble(situation: Situation) -> Verdict | None:
    """Return the worst cause among the current version's pods that are not ready."""
    pods = [pod for pod in situation.current_pods if not pod.ready]
    verdicts = (check(situation, pod) for check in CHECKS for pod in pods)
    return next((verdict for verdict in verdicts if verdict), None)


def boot_ends(situation: Situation, pod: PodFact) -> datetime | None:
    """Return when a running container's start limit ends, None where it is no matter any more."""
    if pod.ready or pod.started or pod.started_at is None:
        return None
    seconds = situation.addon.spec.rollout.startup_timeout_seconds
    return pod.started_at + timedelta(seconds=seconds)


def _was_timed_out(situation: Situation, pod: PodFact, limit: timedelta) -> bool:
    """Whether the last container was ended by the kubelet for its start limit.

    A pod does not say so; but it then ran for just the limit and the time to end, and ended as
    what is told to end does. A crash in that very window with such a code is taken for it.
    """
    ran = boot.last_run(pod)
    if ran is None or pod.exit_reason == _OUT_OF_MEMORY:
        return False
    if pod.exit_code not in _TOLD_TO_END or pod.started:
        return False
    # Both times are cut to whole seconds, and the first handshake comes with the start.
    slack = timedelta(seconds=2)
    return limit - slack <= ran <= limit + boot.time_to_end(situation.addon.spec)


def _has_crashed_again(pod: PodFact) -> bool:
    """Whether a container that runs, or is about to, is one of a loop: no flicker in between."""
    if pod.restarts < _LOOP or pod.exit_code is None:
        return False
    ran = boot.last_run(pod)
    return ran is None or ran < _LOOP_FORGOTTEN


def _start_failure(pod: PodFact) -> str:
    """Return the words about a container whose process never ran, "" for all others."""
    if pod.waiting_reason in _START_FAILURES:
        return pod.waiting_message or pod.waiting_reason
    if pod.exit_reason in _NEVER_RAN and pod.started_at is None:
        return pod.exit_message or pod.exit_reason
    return ""
