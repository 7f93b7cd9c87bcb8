"""What holds for every addon and every course of events."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tcpaddon.core.facts import DeploymentFact, Kind, Ref, SecretFact, ServiceFact
from tcpaddon.core.plan import plan
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.release import release
from tcpaddon.names import Condition, Reason
from tests.unit.core.world import UID, World, addon, secret

_PORTS = st.sampled_from(
    [
        {},
        {"ports": [{"name": "mqtt", "containerPort": 1883, "port": 443}]},
        {"ports": [{"name": "a", "containerPort": 1}, {"name": "b-c", "containerPort": 2}]},
    ]
)
_OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "image": st.sampled_from(["example.com/broker:1", "example.com/broker:2"]),
    "replicas": st.integers(0, 3),
    "suspend": st.booleans(),
    "processType": st.sampled_from(["tcp", "mqtt"]),
    "procfile": st.sampled_from(["tcp: node a", "tcp: cd x && node a", "mqtt: y", "broken"]),
    "env": st.sampled_from([[{"name": "A", "value": "1"}], [{"name": "PORT", "value": "1"}]]),
    "nodeSelector": st.sampled_from([{"disk": "ssd"}]),
    "volumes": st.sampled_from([[{"name": "v", "emptyDir": {}}]]),
    "podAnnotations": st.sampled_from([{"example.com/a": "b"}]),
    "resources": st.sampled_from([{"limits": {"memory": "1Gi"}}]),
    "exposure": st.sampled_from(
        [
            {"sourceRanges": ["10.0.0.0/8"], "ipFamilyPolicy": "PreferDualStack"},
            {"annotations": {"a": "b"}, "labels": {"c": "d"}},
            {"hostname": "mqtt.example.com"},
        ]
    ),
    "rollout": st.sampled_from([{"preStopSeconds": 0}, {"drainSeconds": 60, "maxSurge": 1}]),
    "startPolicy": st.sampled_from(["AfterAddress", "Immediately"]),
}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a spec that the schema takes."""
    spec = dict(draw(st.fixed_dictionaries({}, optional=_OPTIONAL)))
    spec |= draw(_PORTS)
    binding: dict[str, Any] = draw(
        st.sampled_from([{}, {"secretRef": {"name": "app-env"}}, {"secretRef": {"name": "none"}}])
    )
    binding = {**binding, **draw(st.sampled_from([{}, {"urlKey": "BROKER_URL"}]))}
    if len(spec.get("ports", ())) > 1:
        binding["port"] = "a"
    return {**spec, "binding": binding}


_KEYS = ("DATABASE_URL", "TCP_URL", "TCP_URL_B_C", "BROKER_URL")
_SECRETS = st.builds(
    lambda keys, immutable: secret("app-env", keys, immutable=immutable),
    st.sets(st.sampled_from(_KEYS)),
    st.booleans(),
)
_NAMES = ["mqtt-tcp", "mqtt-mqtt"]
_FOREIGN = st.frozensets(
    st.builds(
        Ref,
        st.sampled_from([Kind.SERVICE, Kind.DEPLOYMENT, Kind.DISRUPTION_BUDGET]),
        st.just("iot"),
        st.sampled_from(_NAMES),
    ),
    max_size=1,
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), specs()),
        st.tuples(
            st.just("address"), st.sampled_from(["203.0.113.7", "lb.example.com", "2001:db8::1"])
        ),
        st.tuples(st.just("lose"), st.none()),
        st.tuples(st.just("pods"), st.integers(0, 3)),
        st.tuples(st.just("drift"), st.integers(0, 5)),
        st.tuples(st.just("time"), st.integers(0, 30)),
    ),
    max_size=6,
)


def run(world: World, steps: list[tuple[str, Any]]) -> None:
    """Let things happen, and the operator answer each."""
    world.settle()
    for what, value in steps:
        if what == "edit":
            world.edit(value)
        elif what == "address":
            world.give_address(value)
        elif what == "lose":
            world.take_address()
        elif what == "pods":
            world.start_pods(ready=value)
        elif what == "drift":
            for ref in list(world.children)[value : value + 1]:
                world.children[ref] = replace(world.children[ref], fields="taken")
        else:
            world.pass_time(value)
        world.settle()


_WORLDS = st.builds(
    lambda spec, held, foreign: World(addon=addon(spec), users={held.ref: held}, foreign=foreign),
    specs(),
    _SECRETS,
    _FOREIGN,
)


@given(_WORLDS, _STEPS)
@settings(max_examples=150, deadline=None)
def test_a_plan_that_was_carried_out_is_followed_by_none(
    world: World, steps: list[tuple[str, Any]]
) -> None:
    run(world, steps)
    world.pass_time(60)
    world.settle()
    world.writes.clear()
    assert world.round().is_quiet
    # A name that is taken is tried again each time: nobody tells when it is free.
    assert set(world.writes) <= {f"apply {ref}" for ref in world.foreign}


_ROLLOUTS = st.fixed_dictionaries(
    {"startupTimeoutSeconds": st.just(30)},
    optional={
        "strategy": st.sampled_from(["Rolling", "Switch"]),
        "onFailure": st.sampled_from(["Rollback", "Keep"]),
        "drain": st.just({"intervalSeconds": 5}),
    },
)
_ROLLS = st.lists(
    st.one_of(
        st.tuples(st.just("version"), st.integers(1, 3)),
        st.tuples(st.just("pods"), st.sampled_from([0, 1, 3])),
        st.tuples(st.just("time"), st.sampled_from([6, 31])),  # a drain's step, a boot's limit
    ),
    min_size=3,
    max_size=9,
)


@given(st.integers(1, 3), _ROLLOUTS, _ROLLS)
@settings(max_examples=200, deadline=None)
def test_a_roll_comes_to_rest_and_the_service_leads_to_a_version_that_was_made(
    replicas: int, rollout: dict[str, Any], steps: list[tuple[str, int]]
) -> None:
    def spec(version: int) -> dict[str, Any]:
        image = f"example.com/broker:{version}"
        return {"image": image, "replicas": replicas, "rollout": rollout}

    world = World(addon=addon(spec(1)))
    run(world, [("address", "203.0.113.7"), ("pods", replicas)])
    for what, value in steps:
        run(world, [("edit", spec(value)) if what == "version" else (what, value)])
        service = world.children[Ref(Kind.SERVICE, "iot", "mqtt-tcp")]
        assert isinstance(service, ServiceFact)
        assert service.selects in ("", *world.versions)
        assert not service.selects or rollout.get("strategy") == "Switch"
    # In the end all processes answer, of the version asked for or of one that is gone back to.
    for _ in range(2 * (replicas + 1)):  # two drains may be due
        world.start_pods()
        world.pass_time(60)
        world.settle()
    world.writes.clear()
    assert world.round().is_quiet
    deployment = world.children[Ref(Kind.DEPLOYMENT, "iot", "mqtt-tcp")]
    assert isinstance(deployment, DeploymentFact)
    assert not deployment.held
    image = world.addon.spec.image
    ran = world.bodies[deployment.ref]["spec"]["template"]["spec"]["containers"][0]["image"]
    assert ran == image or deployment.rejected


@given(_WORLDS, _STEPS)
@settings(max_examples=100, deadline=None)
def test_no_plan_touches_a_foreign_key(world: World, steps: list[tuple[str, Any]]) -> None:
    ref = Ref(Kind.SECRET, "iot", "app-env")
    before = world.users[ref]
    assert isinstance(before, SecretFact)
    run(world, steps)  # World itself refuses a write to a key that is not ours
    after = world.users[ref]
    assert isinstance(after, SecretFact)
    assert before.keys <= after.keys
    assert after.keys - before.keys == after.owned.get(UID, frozenset())


@given(_WORLDS, _STEPS, st.sampled_from(["foreign", "predecessor"]))
@settings(max_examples=100, deadline=None)
def test_no_plan_touches_a_foreign_object(
    world: World, steps: list[tuple[str, Any]], whose: str
) -> None:
    run(world, steps)
    for ref in list(world.children):
        theirs: dict[str, Any] = {"owner_uid": "uid-of-another"}
        if whose == "foreign":
            theirs["addon"] = None
        world.children[ref] = replace(world.children[ref], **theirs)
    made = plan(world.addon, world.facts())
    assert not {apply.ref for apply in made.applies} & set(world.children)
    assert made.deletes == ()


@given(_WORLDS, _STEPS, specs())
@settings(max_examples=100, deadline=None)
def test_the_applied_object_depends_on_the_spec_alone_and_not_on_the_way_to_it(
    world: World, steps: list[tuple[str, Any]], last: dict[str, Any]
) -> None:
    # So a field that was removed from the spec is gone from the object.
    run(world, [*steps, ("edit", last), ("address", "203.0.113.7")])
    fresh = World(addon=addon(last), foreign=world.foreign)
    run(fresh, [("address", "203.0.113.7")])
    for ref, body in fresh.bodies.items():
        if ref in (expected_refs(world.addon).service, expected_refs(world.addon).deployment):
            assert world.bodies[ref] == body


@given(_WORLDS, _STEPS)
@settings(max_examples=100, deadline=None)
def test_every_condition_is_whole(world: World, steps: list[tuple[str, Any]]) -> None:
    run(world, steps)
    told = {condition.type: condition for condition in world.addon.status.conditions}
    assert set(told) == set(Condition)
    for condition in told.values():
        assert Reason(condition.reason)
        assert condition.message[-1] in ".»"
        assert condition.observed_generation == world.addon.metadata.generation
    assert (told["Reconciling"].status, told["Stalled"].status) != ("True", "True")
    if told["Ready"].status == "True":
        assert {told[t].status for t in ("Accepted", "AddressAssigned", "BindingPublished")} == {
            "True"
        }
        assert told["WorkloadAvailable"].status == "True"
        assert told["Reconciling"].status == told["Stalled"].status == "False"


@given(_WORLDS, _STEPS)
@settings(max_examples=50, deadline=None)
def test_what_is_released_leaves_the_users_objects_as_they_were(
    world: World, steps: list[tuple[str, Any]]
) -> None:
    ref = Ref(Kind.SECRET, "iot", "app-env")
    before = world.users[ref]
    assert isinstance(before, SecretFact)
    run(world, steps)
    for give in release(UID, list(world.users.values())):
        world._give_back(give)
    after = world.users[ref]
    assert isinstance(after, SecretFact)
    assert after.keys == before.keys
    assert UID not in after.marked_by


def test_release_passes_over_what_holds_nothing_of_the_addon() -> None:
    assert release(UID, [secret("app-env", ["A"])]) == ()
