"""The next step of a roll, where the order of what others have seen decides who is served."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tcpaddon.core.facts import DeploymentFact, Facts, PodFact, ServiceFact
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.rollout import Roll, next_step
from tests.unit.core.cases import pod
from tests.unit.core.world import NOW, UID, addon

A, B, C = "1-a", "1-b", "1-c"
SWITCH = {"replicas": 2, "rollout": {"strategy": "Switch"}}
DRAIN = {"replicas": 3, "rollout": {"drain": {"intervalSeconds": 10}}}
HEAD: dict[str, Any] = {
    "resource_version": 1,
    "addon": "mqtt",
    "owner_uid": UID,
    "applied": "",
    "fields": "",
    "deleting": False,
}


def pods(**answering: tuple[int, int]) -> tuple[PodFact, ...]:
    """Pods by version (a, b, c): how many there are, and how many of them answer."""
    return tuple(
        pod(f"{version}-{n}", revision=f"1-{version}", phase="Running", ready=n < up, started=True)
        for version, (there, up) in answering.items()
        for n in range(there)
    )


def facts(
    there: tuple[PodFact, ...], selects: str = "", *, seen: bool = True, **live: Any
) -> Facts:
    refs = expected_refs(addon())
    deployment = DeploymentFact(
        ref=refs.deployment,
        uid="uid-of-deployment",
        **HEAD,
        generation=3,
        observed_generation=3 if seen else 2,
        desired=2,
        replicas=len(there),
        ready=len(there),
        updated=0,
        failure="",
        applied_at=NOW - timedelta(seconds=60),
        **{"revision": B, "available": len(there), **live},
    )
    service = ServiceFact(
        ref=refs.service, uid="uid-of-service", **HEAD, ingress=(), selects=selects
    )
    return Facts(now=NOW, deployment=deployment, service=service, pods=there)


def test_the_next_version_waits_until_the_end_of_the_hold_was_seen() -> None:
    # Kubernetes still takes b for unavailable, and would end all of it.
    there = pods(a=(2, 2), b=(2, 2))
    for unseen in (
        facts(there, B, seen=False),
        facts(there, B, available=2),
    ):
        assert next_step(addon(SWITCH), unseen, C) == Roll(B, selects=B)
    assert next_step(addon(SWITCH), facts(there, B), C).revision == C


def test_a_fix_ends_the_hold_of_a_version_that_serves_in_part_before_it_starts() -> None:
    there = pods(a=(2, 2), b=(2, 1))
    held = facts(there, B, held=True, available=2)
    assert next_step(addon(SWITCH), held, C) == Roll(B, selects=B)
    # Nobody is led to b yet: it may go at once.
    assert next_step(addon(SWITCH), replace_service(held, A), C).revision == C


def test_a_held_roll_ends_before_the_next_where_the_strategy_is_rolling_by_now() -> None:
    there = pods(a=(2, 2), b=(2, 2))
    held = facts(there, held=True, available=2)
    assert next_step(addon({"replicas": 2}), held, C) == Roll(B)


def test_a_drain_does_not_count_on_while_its_last_step_was_not_carried_out() -> None:
    step = next_step(addon(DRAIN), facts(pods(a=(3, 3), b=(3, 3)), held=True, retired=1), B)
    assert (step.held, step.retired) == (True, 1)
    unseen = facts(pods(a=(2, 2), b=(3, 3)), held=True, retired=1, seen=False)
    assert next_step(addon(DRAIN), unseen, B).retired == 1
    done = facts(pods(a=(2, 2), b=(3, 3)), held=True, retired=1)
    assert next_step(addon(DRAIN), done, B).retired == 2


def test_the_service_leads_to_whoever_answers_when_those_it_led_to_are_gone() -> None:
    there = pods(a=(2, 2), b=(2, 0), c=(2, 0))
    assert next_step(addon(SWITCH), facts(there, B, revision=C, held=True), C).selects == A


def test_nothing_is_looked_at_at_once_for_a_service_that_cannot_be_written() -> None:
    there = pods(a=(2, 2), b=(2, 2))
    moving = facts(there, A, held=True)
    assert next_step(addon(SWITCH), moving, B).again_after == 0.0
    assert moving.service is not None
    going = replace(moving, service=replace(moving.service, deleting=True))
    assert next_step(addon(SWITCH), going, B).again_after is None


def test_with_a_foreign_service_a_switch_holds_nothing() -> None:
    there = pods(b=(2, 2))
    known = facts(there)
    assert known.service is not None
    foreign = replace(known, service=replace(known.service, addon=None, owner_uid=None))
    assert next_step(addon(SWITCH), foreign, C) == Roll(C)


def replace_service(known: Facts, selects: str) -> Facts:
    assert known.service is not None
    return replace(known, service=replace(known.service, selects=selects))
