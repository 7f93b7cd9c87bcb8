"""Why a process does not answer, one table for each check."""

from typing import Any

import pytest

from tcpaddon.core.checks import pods
from tcpaddon.core.facts import Facts, Ingress, ServiceFact
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.situation import Situation, assess
from tcpaddon.names import Reason
from tests.unit.core.cases import _head, pod
from tests.unit.core.world import NOW, addon


def situation(*made: dict[str, Any]) -> Situation:
    """Return a situation whose wanted version has these pods."""
    mqtt = addon({"procfile": "tcp: cd x && node broker.js"})
    head = _head(expected_refs(mqtt).service)
    service = ServiceFact(**head, ingress=(Ingress(ip="203.0.113.7"),))
    template = assess(mqtt, Facts(now=NOW, service=service)).template
    assert template is not None
    all_pods = tuple(
        pod(f"mqtt-tcp-{index}", **{"revision": template.revision, **say})
        for index, say in enumerate(made)
    )
    return assess(mqtt, Facts(now=NOW, service=service, pods=all_pods))


def reason(check: pods.PodCheck, **say: Any) -> str | None:
    """Return the reason that one check gives for one pod."""
    of = situation(say)
    verdict = check(of, of.facts.pods[0])
    return verdict.reason if verdict else None


_STARTED = {"phase": "Running"}
_NO_SHELL = 'exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown'


@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        ({"waiting_reason": "RunContainerError", "waiting_message": _NO_SHELL}, Reason.NO_SHELL),
        (
            {
                "waiting_reason": "CrashLoopBackOff",
                "exit_reason": "StartError",
                "exit_code": 128,
                "exit_message": _NO_SHELL,
            },
            Reason.NO_SHELL,
        ),
        ({"waiting_reason": "RunContainerError", "waiting_message": 'exec: "npm"'}, None),
        ({"exit_reason": "Error", "exit_code": 1, "exit_message": "/bin/sh: oops"}, None),
        ({}, None),
    ],
)
def test_an_image_without_a_shell_is_told_by_the_runtimes_words(say: Any, wanted: str) -> None:
    assert reason(pods.no_shell, **say) == wanted


@pytest.mark.parametrize("waiting", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled_is_told(waiting: str) -> None:
    assert reason(pods.image_pull_failed, waiting_reason=waiting) == Reason.IMAGE_PULL_FAILED


def test_the_two_words_of_the_kubelet_for_one_failed_pull_are_one_message() -> None:
    cause = 'failed to resolve reference "example.com/broker:1": not found'
    of = situation(
        {"waiting_reason": "ErrImagePull", "waiting_message": cause},
        {
            "waiting_reason": "ImagePullBackOff",
            "waiting_message": f'Back-off pulling image "example.com/a": ErrImagePull: {cause}',
        },
    )
    one, two = (pods.image_pull_failed(of, made) for made in of.facts.pods)
    assert one == two
    assert one is not None
    assert cause in one.message


@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        ({"waiting_reason": "CreateContainerConfigError"}, Reason.CANNOT_START),
        ({"exit_reason": "StartError", "exit_code": 128}, Reason.CANNOT_START),
        ({"exit_reason": "StartError", "exit_code": 128, "started_at": 1}, None),
        ({"waiting_reason": "ContainerCreating"}, None),
    ],
)
def test_a_container_that_cannot_be_started_is_told(say: Any, wanted: str | None) -> None:
    assert reason(pods.cannot_start, **say) == wanted


# Seconds before now; the start limit is 60 s, and preStop and drain take 35 s at most.
@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        ({"started_at": 59}, None),
        ({"started_at": 60}, Reason.BOOT_TIMEOUT),
        ({"started_at": 600, "started": True}, None),
        ({"started_at": 600, "ready": True}, None),
        ({"exit_started_at": 65, "exited_at": 5, "exit_code": 143}, Reason.BOOT_TIMEOUT),
        ({"exit_started_at": 100, "exited_at": 5, "exit_code": 137}, Reason.BOOT_TIMEOUT),
        (
            {"started_at": 4, "exit_started_at": 65, "exited_at": 5, "exit_code": 0, "restarts": 1},
            Reason.BOOT_TIMEOUT,
        ),
        ({"exit_started_at": 65, "exited_at": 5, "exit_code": 1}, None),
        ({"exit_started_at": 50, "exited_at": 5, "exit_code": 143}, None),
        ({"exit_started_at": 200, "exited_at": 5, "exit_code": 143}, None),
        (
            {
                "exit_started_at": 65,
                "exited_at": 5,
                "exit_code": 137,
                "exit_reason": "OOMKilled",
            },
            None,
        ),
        ({}, None),
    ],
)
def test_a_boot_times_out_in_the_container_that_runs_or_in_the_one_before(
    say: Any, wanted: str | None
) -> None:
    assert reason(pods.boot_timeout, **say) == wanted


@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        ({"waiting_reason": "CrashLoopBackOff", "exit_code": 1, "restarts": 1}, Reason.CRASH_LOOP),
        ({"started_at": 1, "exit_code": 1, "restarts": 2}, Reason.CRASH_LOOP),
        ({"started_at": 1, "exit_code": 1, "restarts": 1}, None),
        (
            {
                "started_at": 1,
                "exit_code": 1,
                "restarts": 9,
                "exit_started_at": 3600,
                "exited_at": 2,
            },
            None,
        ),
        ({"started_at": 1}, None),
    ],
)
def test_a_process_that_ends_again_and_again_is_told(say: Any, wanted: str | None) -> None:
    assert reason(pods.crash_loop, **say) == wanted


@pytest.mark.parametrize(
    ("say", "words"),
    [
        ({"exit_code": 1, "exit_message": "boom\n"}, "(exit code 1)"),
        ({"exit_code": 1, "exit_message": "boom\n"}, "«boom»"),
        ({"exit_code": 1}, "no words"),
        ({"exit_code": 137, "exit_reason": "OOMKilled"}, "spec.resources.limits.memory"),
        ({"exit_code": 1, "exit_message": "x" * 1000 + "end"}, "xend»"),
    ],
)
def test_a_crash_is_told_with_its_code_and_last_words(say: Any, words: str) -> None:
    of = situation({"waiting_reason": "CrashLoopBackOff", **say})
    verdict = pods.crash_loop(of, of.facts.pods[0])
    assert verdict is not None
    assert words in verdict.message


@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        ({"scheduled": False, "unschedulable": "0/3 nodes"}, Reason.WAITING_FOR_NODE),
        ({"scheduled": False}, None),
        ({}, None),
    ],
)
def test_a_pod_without_a_node_is_told_when_the_scheduler_says_why(
    say: Any, wanted: str | None
) -> None:
    assert reason(pods.waiting_for_node, **say) == wanted


@pytest.mark.parametrize(
    ("say", "wanted"),
    [
        ({"waiting_reason": "ContainerCreating"}, Reason.PULLING_IMAGE),
        ({"scheduled": False}, None),
        ({"started_at": 1}, None),
        ({"exit_code": 1}, None),
    ],
)
def test_a_container_that_is_made_counts_as_a_pull(say: Any, wanted: str | None) -> None:
    assert reason(pods.pulling_image, **say) == wanted


@pytest.mark.parametrize(
    ("say", "words"),
    [
        ({"started_at": 1}, "up to 60 s"),
        ({"started_at": 600, "started": True}, "stopped to answer"),
    ],
)
def test_a_process_that_runs_and_does_not_answer_is_waited_for(say: Any, words: str) -> None:
    of = situation(say)
    verdict = pods.waiting_for_handshake(of, of.facts.pods[0])
    assert verdict is not None
    assert verdict.reason == Reason.WAITING_FOR_HANDSHAKE
    assert words in verdict.message


def test_the_worst_cause_of_several_pods_is_told() -> None:
    of = situation({"started_at": 1}, {"waiting_reason": "ErrImagePull"}, {"scheduled": False})
    verdict = pods.trouble(of)
    assert verdict is not None
    assert verdict.reason == Reason.IMAGE_PULL_FAILED


@pytest.mark.parametrize(
    "say",
    [
        {"ready": True, "started_at": 600},
        {"revision": "1-ofanother", "started_at": 600},
        {"phase": "Failed", "started_at": 600},
    ],
)
def test_pods_that_are_ready_or_old_or_over_tell_nothing(say: Any) -> None:
    assert pods.trouble(situation(say)) is None
