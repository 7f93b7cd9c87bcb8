"""The way of an addon through its rounds: what is written, in which order, and how often."""

from dataclasses import replace
from typing import Any

import pytest

from tcpaddon.core.actions import Look
from tcpaddon.core.facts import (
    AppContainer,
    AppFact,
    ClaimFact,
    DeploymentFact,
    Ingress,
    Kind,
    Ref,
    SecretFact,
)
from tcpaddon.core.plan import plan
from tcpaddon.core.refs import expected_refs
from tests.unit.core.world import HOST, UID, World, addon, secret

BOUND = {"binding": {"secretRef": {"name": "app-env"}}}


def world(spec: dict[str, Any] | None = None) -> World:
    """Return a world with the app's Secret, and nothing of the addon's yet."""
    app_env = secret("app-env", ["DATABASE_URL"])
    return World(addon=addon({**BOUND, **(spec or {})}), users={app_env.ref: app_env})


def served(spec: dict[str, Any] | None = None) -> World:
    """Return a world whose addon is ready and at rest."""
    w = world(spec)
    w.settle()
    w.give_address()
    w.settle()
    w.start_pods()
    w.settle()
    w.writes.clear()
    w.events.clear()
    w.pass_time(60)
    return w


def test_a_create_costs_four_objects_and_three_writes_of_status() -> None:
    w = world()
    w.settle()
    w.give_address()
    w.settle()
    w.pass_time(2)
    w.start_pods(ready=0)
    w.settle()
    w.start_pods()
    w.settle()
    assert w.writes == [
        "apply Service mqtt-tcp",
        "status",
        "apply Secret mqtt-tcp-binding",
        "apply Secret app-env",
        "apply Deployment mqtt-tcp",
        "status",
        "status",
    ]
    assert w.events == ["AddressAssigned", "BindingPublished", "Ready"]


def test_with_an_app_to_follow_a_create_costs_its_mark_besides() -> None:
    web = AppFact(
        ref=Ref(Kind.DEPLOYMENT, "iot", "web"),
        uid="uid-of-web",
        resource_version=1,
        addon=None,
        owner_uid=None,
        applied="",
        fields="",
        deleting=False,
        containers=(AppContainer("web", "example.com/app:7"),),
        default_container="",
        pod_fields={},
        marked_by=frozenset(),
    )
    w = world({"appRef": {"name": "web"}})
    w.users[web.ref] = web
    w.settle()
    w.give_address()
    w.settle()
    w.start_pods()
    w.settle()
    assert w.writes.count("apply Deployment web") == 1
    assert len(w.writes) == 8
    # The mark is the label alone, by a manager of the addon's own.
    assert set(w.bodies[web.ref]) == {"apiVersion", "kind", "metadata"}
    newer = (AppContainer("web", "example.com/app:8"),)
    w.users[web.ref] = replace(web, containers=newer, marked_by=frozenset({UID}))
    w.writes.clear()
    w.settle()
    assert w.writes == ["apply Deployment mqtt-tcp", "status"]
    assert w.addon.status.image == "example.com/app:8"


def test_the_order_on_create_is_service_then_address_then_the_rest() -> None:
    w = world()
    w.settle()
    assert w.writes == ["apply Service mqtt-tcp", "status"]
    assert w.addon.status.url == ""
    w.give_address()
    w.settle()
    assert w.addon.status.url == f"tcp://{HOST}:5000"


def test_with_start_policy_immediately_the_deployment_comes_in_the_first_round() -> None:
    w = world({"startPolicy": "Immediately"})
    w.settle()
    assert w.writes == ["apply Service mqtt-tcp", "apply Deployment mqtt-tcp", "status"]


def test_an_addon_at_rest_plans_nothing_and_does_not_come_back() -> None:
    w = served()
    w.pass_time(3600)
    made = w.round()
    assert made.is_quiet
    assert made.check_again_after is None


def test_a_new_image_costs_one_object_and_two_writes_of_status() -> None:
    w = served()
    w.edit({**BOUND, "image": "example.com/broker:2"})
    w.settle()
    w.start_pods()
    w.settle()
    assert w.writes == ["apply Deployment mqtt-tcp", "status", "status"]
    assert w.addon.status.image == "example.com/broker:2"
    assert w.events == ["Ready"]


def test_a_scale_does_not_change_the_revision() -> None:
    w = served()
    before = w.addon.status.revision
    w.edit({**BOUND, "replicas": 3})
    w.settle()
    w.start_pods()
    w.settle()
    budget = "apply PodDisruptionBudget mqtt-tcp"
    assert w.writes == ["apply Deployment mqtt-tcp", budget, "status", "status"]
    assert w.addon.status.revision == before
    assert w.addon.status.replicas == 3


def test_the_disruption_budget_stays_when_one_process_is_left_and_is_made_once() -> None:
    w = served({"replicas": 2})
    for replicas in (1, 0, 5):
        w.edit({**BOUND, "replicas": replicas})
        w.settle()
        w.start_pods()
        w.settle()
    assert set(w.writes) == {"apply Deployment mqtt-tcp", "status"}
    assert expected_refs(w.addon).budget in w.children


def test_a_foreign_disruption_budget_keeps_nobody_from_being_served() -> None:
    w = world({"replicas": 2})
    w.foreign = frozenset({expected_refs(w.addon).budget})
    w.settle()
    w.give_address()
    w.settle()
    w.start_pods()
    w.settle()
    told = {c.type: (c.status, c.reason) for c in w.addon.status.conditions}
    assert told["WorkloadAvailable"] == ("True", "Available")
    assert told["Progressing"] == ("False", "RolledOut")
    assert told["BindingPublished"] == ("True", "BindingPublished")
    assert told["Accepted"] == ("False", "NameConflict")


def test_a_disruption_budget_that_a_single_process_does_not_need_is_no_conflict() -> None:
    w = served()
    theirs = replace(served({"replicas": 2}).children[expected_refs(w.addon).budget], addon=None)
    w.children[theirs.ref] = theirs
    assert w.round().is_quiet


def test_a_change_of_spec_that_changes_no_object_costs_one_write_of_status() -> None:
    w = served()
    w.edit({**BOUND, "startPolicy": "Immediately"})
    w.settle()
    assert w.writes == ["status"]


def test_another_order_of_the_ports_changes_nothing() -> None:
    one, two = {"name": "mqtt", "containerPort": 1883}, {"name": "web", "containerPort": 8080}
    spec = {"binding": {"secretRef": {"name": "app-env"}, "port": "mqtt"}}
    w = served({**spec, "ports": [one, two]})
    w.edit({**spec, "ports": [two, one]})
    w.settle()
    assert w.writes == ["status"]


def test_a_field_that_is_removed_from_the_spec_is_gone_from_the_applied_object() -> None:
    w = served({"exposure": {"sourceRanges": ["203.0.113.0/24"]}, "resources": {"limits": {}}})
    refs = expected_refs(w.addon)
    assert "loadBalancerSourceRanges" in w.bodies[refs.service]["spec"]
    w.edit(BOUND)
    w.settle()
    assert "loadBalancerSourceRanges" not in w.bodies[refs.service]["spec"]


def test_somebody_elses_change_of_our_field_is_repaired_once() -> None:
    w = served()
    ref = expected_refs(w.addon).deployment
    w.children[ref] = replace(w.children[ref], fields="taken")
    w.settle()
    assert w.writes.count("apply Deployment mqtt-tcp") == 1


def test_a_field_set_that_the_server_settled_otherwise_is_no_drift() -> None:
    w = served()
    ref = expected_refs(w.addon).deployment
    child = w.children[ref]
    w.children[ref] = replace(child, fields="otherwise")
    facts = replace(w.facts(), settled={(child.uid, child.applied): "otherwise"})
    assert plan(w.addon, facts).is_quiet


def test_a_child_restored_without_its_owner_gets_it_again() -> None:
    w = served()
    ref = expected_refs(w.addon).service
    w.children[ref] = replace(w.children[ref], owner_uid=None)
    w.settle()
    assert w.writes == ["apply Service mqtt-tcp"]
    assert w.children[ref].owner_uid == UID


def test_an_addon_that_is_being_deleted_plans_nothing() -> None:
    w = world()
    w.addon = addon(BOUND, deletionTimestamp="2026-01-01T12:00:00Z")
    assert w.round().is_quiet


@pytest.mark.parametrize("kind", ["service", "deployment", "binding"])
def test_a_child_that_is_being_deleted_is_not_written_to(kind: str) -> None:
    w = served()
    ref: Ref = getattr(expected_refs(w.addon), kind)
    w.children[ref] = replace(w.children[ref], deleting=True)
    w.round()
    assert f"apply {ref}" not in w.writes


def test_a_new_process_type_serves_before_the_old_one_goes() -> None:
    w = served()
    w.edit({**BOUND, "processType": "mqtt"})
    w.settle()
    assert not [write for write in w.writes if write.startswith("delete")]
    w.give_address("203.0.113.8")
    w.settle()
    assert not [write for write in w.writes if write.startswith("delete")]
    w.start_pods()
    w.settle()
    assert {write for write in w.writes if write.startswith("delete")} == {
        "delete Service mqtt-tcp",
        "delete Deployment mqtt-tcp",
        "delete Secret mqtt-tcp-binding",
    }
    assert w.addon.status.url == "tcp://203.0.113.8:5000"


def test_another_secret_gets_the_key_before_the_old_one_loses_it() -> None:
    w = served()
    other = secret("other-env")
    w.edit({"binding": {"secretRef": {"name": "other-env"}}})
    w.settle()
    held = w.users[Ref(Kind.SECRET, "iot", "app-env")]
    assert isinstance(held, SecretFact)
    assert "TCP_URL" in held.keys
    w.users[other.ref] = other
    w.writes.clear()
    w.settle()
    assert w.writes[:2] == ["apply Secret other-env", "give back Secret app-env"]
    held = w.users[Ref(Kind.SECRET, "iot", "app-env")]
    assert isinstance(held, SecretFact)
    assert held.keys == {"DATABASE_URL"}
    assert UID not in held.marked_by


def test_a_removed_secret_ref_gives_the_key_back() -> None:
    w = served()
    w.edit({})
    w.settle()
    held = w.users[Ref(Kind.SECRET, "iot", "app-env")]
    assert isinstance(held, SecretFact)
    assert held.keys == {"DATABASE_URL"}


def test_a_key_that_somebody_else_applies_too_stays_when_ours_goes_back() -> None:
    w = served()
    ref = Ref(Kind.SECRET, "iot", "app-env")
    held = w.users[ref]
    assert isinstance(held, SecretFact)
    w.users[ref] = replace(held, shared_keys=frozenset({"TCP_URL"}), mark_is_shared=True)
    w.edit({})
    w.settle()
    held = w.users[ref]
    assert isinstance(held, SecretFact)
    assert held.keys == {"DATABASE_URL", "TCP_URL"}
    assert UID not in held.owned
    assert w.writes.count("give back Secret app-env") == 1


def test_a_lost_address_leaves_the_process_and_the_published_key_alone() -> None:
    w = served()
    w.take_address()
    w.settle()
    assert w.writes == ["status"]
    assert w.events == ["AddressLost"]
    assert (w.addon.status.url, w.addon.status.addresses) == (f"tcp://{HOST}:5000", [])
    w.give_address()
    w.settle()
    assert w.writes == ["status", "status"]
    assert w.events == ["AddressLost", "AddressAssigned", "Ready"]


def test_a_key_that_goes_while_the_address_is_lost_is_published_again() -> None:
    w = served()
    w.take_address()
    w.settle()
    w.writes.clear()
    anew = secret("app-env", ["DATABASE_URL"])  # by somebody's `kubectl replace`
    w.users[anew.ref] = anew
    w.settle()
    assert w.writes == ["apply Secret app-env"]
    held = w.users[anew.ref]
    assert isinstance(held, SecretFact)
    assert held.keys == {"DATABASE_URL", "TCP_URL"}


def test_the_url_of_the_former_process_type_stays_until_the_new_one_has_an_address() -> None:
    w = served()
    w.edit({**BOUND, "processType": "mqtt"})
    w.settle()
    assert w.writes == ["apply Service mqtt-mqtt", "status"]
    assert w.addon.status.url == f"tcp://{HOST}:5000"
    ref = expected_refs(w.addon).service
    other = (Ingress(ip="203.0.113.8"),)
    w.children[ref] = replace(w.children[ref], ingress=other)  # type: ignore[call-arg]
    w.settle()
    assert w.addon.status.url == "tcp://203.0.113.8:5000"
    assert "AddressChanged" in w.events


def test_a_generation_of_the_deployment_that_is_not_ours_is_no_roll() -> None:
    # Whoever annotates a Deployment makes a new generation, its own controller included.
    w = served()
    ref = expected_refs(w.addon).deployment
    live = w.children[ref]
    assert isinstance(live, DeploymentFact)
    w.children[ref] = replace(live, generation=live.generation + 1)
    assert w.round().is_quiet


def test_the_counts_of_the_old_version_do_not_count_for_the_new_one() -> None:
    w = served()
    w.edit({**BOUND, "image": "example.com/broker:2"})
    w.settle()
    ref = expected_refs(w.addon).deployment
    live = w.children[ref]
    assert isinstance(live, DeploymentFact)
    w.children[ref] = replace(live, updated=1)  # as it was before, not observed yet
    w.settle()
    assert "Ready" not in w.events


def test_counts_alone_wait_for_five_seconds() -> None:
    w = served({"replicas": 2})
    w.status_written_at = w.now
    ref = expected_refs(w.addon).deployment
    live = w.children[ref]
    assert isinstance(live, DeploymentFact)
    w.children[ref] = replace(live, ready=1)
    w.pass_time(2)
    made = w.round()
    assert made.status is None
    assert made.check_again_after == 3
    w.pass_time(3)
    assert w.round().status is not None


def test_with_an_exclusive_volume_the_gap_is_told_and_how_long_it_was() -> None:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    w = world({"volumes": volumes})
    w.claims = (ClaimFact("data", ("ReadWriteOnce",)),)
    w.settle()
    w.give_address()
    w.settle()
    assert not [write for write in w.writes if "Recreat" in write]
    w.start_pods()
    w.settle()
    assert w.events == ["AddressAssigned", "BindingPublished", "Ready"]  # nobody was replaced
    w.writes.clear()
    w.edit({**BOUND, "volumes": volumes, "image": "example.com/broker:2"})
    w.settle()
    assert w.writes == ["apply Deployment mqtt-tcp", "status"]
    assert w.looks == [Look.CLAIMS, Look.CLAIMS]  # once for each apply
    assert reason_of(w, "Progressing") == "Recreating"
    assert reason_of(w, "WorkloadAvailable") == "Available"
    counts(w, replicas=0, updated=0, ready=0, available=0)
    w.settle()
    assert reason_of(w, "WorkloadAvailable") == "Recreating"
    w.pass_time(3)
    counts(w, replicas=1, updated=1)  # nothing but what was said tells it from a first start
    w.settle()
    assert reason_of(w, "Progressing") == "Recreating"
    w.pass_time(4)
    w.start_pods()
    told = w.round().events
    assert [note.reason for note in told] == ["Ready", "Recreated"]
    assert "For 7 s no process was ready" in told[1].message
    w.settle()
    assert w.events[-2:] == ["Ready", "Recreated"]
    assert reason_of(w, "Progressing") == "RolledOut"


def test_scaling_and_resting_with_an_exclusive_volume_is_no_gap() -> None:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    w = world({"volumes": volumes})
    w.claims = (ClaimFact("data", ("ReadWriteOncePod",)),)
    w.settle()
    w.give_address()
    w.settle()
    w.start_pods()
    w.settle()
    for replicas in (0, 1):
        w.edit({**BOUND, "volumes": volumes, "replicas": replicas})
        w.settle()
        assert reason_of(w, "Progressing") != "Recreating"
        w.start_pods()
        w.settle()
    assert "Recreated" not in w.events


def reason_of(w: World, condition: str) -> str:
    """Return the reason that is told for a condition."""
    return next(c.reason for c in w.addon.status.conditions if c.type == condition)


def counts(w: World, **numbers: int) -> None:
    """Let the Deployment's controller report these numbers of the present generation."""
    ref = expected_refs(w.addon).deployment
    live = w.children[ref]
    assert isinstance(live, DeploymentFact)
    seen = replace(live, observed_generation=live.generation)
    w.children[ref] = replace(seen, **numbers)  # type: ignore[arg-type]


def test_an_unchanged_condition_keeps_the_time_of_its_last_transition() -> None:
    w = served()
    before = {c.type: c.last_transition_time for c in w.addon.status.conditions}
    w.edit({**BOUND, "image": "example.com/broker:2"})
    w.settle()
    after = {c.type: c.last_transition_time for c in w.addon.status.conditions}
    assert after["AddressAssigned"] == before["AddressAssigned"]
    assert after["Ready"] != before["Ready"]


def test_a_restart_tells_nothing_twice() -> None:
    w = served()
    assert plan(w.addon, w.facts()).events == ()
