"""What a TcpAddon is once it is parsed."""

from typing import Any

import pytest

from tcpaddon.api.crd import schema
from tcpaddon.api.v1alpha1 import (
    InvalidAddon,
    Launcher,
    Port,
    StartPolicy,
    TcpAddon,
    TcpAddonSpec,
    TrafficPolicy,
)
from tests.unit.api.refusals import Refusal, addon, refusals
from tests.unit.api.test_schema import fields


def parsed(spec: dict[str, Any]) -> TcpAddonSpec:
    return TcpAddon.parse(addon(spec)).spec


def test_the_smallest_addon_has_every_documented_default() -> None:
    spec = parsed({"image": "x"})
    assert spec.process_type == "tcp"
    assert spec.replicas == 1
    assert spec.ports == [Port(name="tcp", container_port=5000)]
    assert spec.launcher is Launcher.IMAGE
    assert spec.start_policy is StartPolicy.AFTER_ADDRESS
    assert spec.exposure.external_traffic_policy is TrafficPolicy.CLUSTER
    assert spec.exposure.allocate_load_balancer_node_ports
    assert spec.exposure.source_ranges == []
    rollout = spec.rollout
    assert (rollout.startup_timeout_seconds, rollout.drain_seconds) == (60, 30)
    assert (rollout.pre_stop_seconds, rollout.max_surge) == (5, "100%")
    readiness = spec.readiness
    assert (readiness.period_seconds, readiness.timeout_seconds) == (1, 1)
    assert spec.binding.url_key == "TCP_URL"
    assert spec.binding.secret_ref is None


def test_the_public_port_is_the_container_port_where_none_is_given() -> None:
    ports = parsed({"ports": [{"containerPort": 1883}]}).ports
    assert ports[0].public == 1883


def test_the_main_port_is_the_one_that_the_binding_names() -> None:
    ports = [{"name": "ws", "containerPort": 1}, {"name": "mqtt", "containerPort": 2}]
    assert parsed({"ports": ports, "binding": {"port": "mqtt"}}).main_port.name == "mqtt"


def test_the_only_port_is_the_main_port() -> None:
    assert parsed({"ports": [{"name": "mqtt"}]}).main_port.name == "mqtt"


def test_a_surge_may_be_a_number_or_a_percentage() -> None:
    assert parsed({"rollout": {"maxSurge": 2}}).rollout.max_surge == 2
    assert parsed({"rollout": {"maxSurge": "25%"}}).rollout.max_surge == "25%"


def test_pod_fields_are_handed_on_as_they_were_written() -> None:
    env = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    affinity = {"nodeAffinity": {"anything": [1, {"b": None}]}}
    spec = parsed({"env": env, "affinity": affinity})
    assert spec.env == env
    assert spec.affinity == affinity


def test_networks_of_both_families_may_connect() -> None:
    ranges = ["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "::/0", "0.0.0.0/0"]
    assert parsed({"exposure": {"sourceRanges": ranges}}).exposure.source_ranges == ranges


def test_an_object_from_before_a_field_existed_parses_with_its_default() -> None:
    stored = addon({"rollout": {"drainSeconds": 10}, "exposure": {}, "binding": {}})
    spec = TcpAddon.parse(stored).spec
    assert spec.rollout.drain_seconds == 10
    assert spec.rollout.pre_stop_seconds == 5


def test_an_object_of_a_newer_version_parses_without_the_fields_it_brought() -> None:
    stored = addon({"tls": {"secretName": "x"}, "rollout": {"strategy": "Switch"}})
    stored["status"] = {"claims": ["x"], "url": "tcp://a:1"}
    assert TcpAddon.parse(stored).status.url == "tcp://a:1"


def test_an_addon_without_status_has_an_empty_one() -> None:
    status = TcpAddon.parse(addon({})).status
    assert (status.url, status.replicas, status.conditions) == ("", 0, [])


def test_metadata_comes_as_the_api_server_has_it() -> None:
    obj = addon({})
    obj["metadata"] |= {
        "namespace": "shop",
        "uid": "u-1",
        "generation": 3,
        "resourceVersion": "17",
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"a": "b"},
    }
    metadata = TcpAddon.parse(obj).metadata
    assert (metadata.namespace, metadata.uid, metadata.generation) == ("shop", "u-1", 3)
    assert metadata.resource_version == "17"
    assert metadata.deletion_timestamp == "2026-01-01T00:00:00Z"


def test_one_addon_does_not_change_through_another() -> None:
    first, second = parsed({}), parsed({})
    first.env.append({"name": "A"})
    assert second.env == []


@pytest.mark.parametrize("case", refusals(), ids=lambda case: case.because)
def test_parsing_refuses(case: Refusal) -> None:
    if case.server_only:
        assert TcpAddon.parse_strictly(case.body)
        return
    with pytest.raises(InvalidAddon) as refused:
        TcpAddon.parse_strictly(case.body)
    assert refused.value.faults == (f"{case.field}: {case.sentence}",)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"imag": "x"}, "spec.imag: There is no such field: correct its spelling or remove it."),
        (
            {"env": [{"name": "A", "valu": "x"}]},
            "spec.env[0].valu: There is no such field: correct its spelling or remove it.",
        ),
        ({"env": [{"value": "x"}]}, "spec.env[0].name: This field is needed: add it."),
        (
            {"env": [{"name": "A", "value": 1}]},
            "spec.env[0].value: Write text here; put a number in quotes.",
        ),
        ({"env": [{"name": "A"}, {"name": "A"}]}, "spec.env: Give each entry a name of its own."),
        (
            {"ports": [{"containerPort": 70000}]},
            "spec.ports[0].containerPort: Use a number of at most 65535, not 70000.",
        ),
        ({"ports": []}, "spec.ports: Add at least one entry, or remove the field."),
        ({"replicas": "3"}, "spec.replicas: Write a whole number here, without quotes."),
        ({"replicas": -1}, "spec.replicas: Use a number of at least 0, not -1."),
        ({"exposure": {"mode": "None"}}, "spec.exposure.mode: Use 'Dedicated', not 'None'."),
        (
            {"processType": "x" * 62},
            "spec.processType: Use at most 61 characters, not 62.",
        ),
        (
            {"command": "node broker.js"},
            "spec.command: Write a list here: lines that begin with '- '.",
        ),
        (
            {"binding": {"secretRef": "app-env"}},
            "spec.binding.secretRef: Write fields here, such as {name: …}.",
        ),
        (
            {"resources": {"limits": {"cpu": 0.5}}},
            (
                "spec.resources.limits.cpu: Write a whole number here, or text in quotes, "
                'such as 1 or "0.5".'
            ),
        ),
        ({5: 6}, 'spec[5]: Put the name of this field in quotes: "5".'),
    ],
)
def test_a_file_is_checked_as_strictly_as_at_apply(spec: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidAddon) as refused:
        TcpAddon.parse_strictly(addon(spec))
    assert refused.value.faults == (fault,)


def test_every_fault_of_a_file_is_told_at_once() -> None:
    with pytest.raises(InvalidAddon) as refused:
        TcpAddon.parse_strictly(addon({"replicas": -1, "image": "a b"}))
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize("name", ["ok_name", "Web", "-web", "web-", "", "wéb"])
def test_a_name_that_no_object_may_have_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(InvalidAddon) as refused:
        TcpAddon.parse_strictly(addon({}, name=name))
    (fault,) = refused.value.faults
    assert fault.startswith("metadata.name: Use lower-case letters, digits and hyphens")


def test_a_namespace_that_cannot_be_is_refused() -> None:
    obj = addon({})
    obj["metadata"]["namespace"] = "my.shop"
    with pytest.raises(InvalidAddon, match=r"^metadata\.namespace: Use lower-case letters"):
        TcpAddon.parse_strictly(obj)


@pytest.mark.parametrize("part", ["metadata", "spec"])
@pytest.mark.parametrize("value", ["x", 5, [1], "volumes"])
def test_what_is_no_fields_is_told_at_its_place(part: str, value: Any) -> None:
    with pytest.raises(InvalidAddon) as refused:
        TcpAddon.parse_strictly({**addon({}), part: value})
    assert f"{part}: Write fields here, such as {{name: …}}." in refused.value.faults


def test_an_object_without_api_version_is_told_what_to_write() -> None:
    obj = addon({})
    del obj["apiVersion"]
    with pytest.raises(InvalidAddon, match="of no apiVersion, not a TcpAddon of tcpaddon"):
        TcpAddon.parse_strictly(obj)


PATHS = [path.removeprefix(".") for path, _ in fields(schema()) if path.startswith(".spec.")]
SCHEMA = schema()
WRONG: tuple[Any, ...] = (
    5,
    0.5,
    "x y",
    [],
    [5],
    {},
    {5: 6},
    {"a": "b"},
    True,
    -1,
    "",
    10**12,
    ["x", None],
)


def holding(value: Any, steps: list[str], of: dict[str, Any]) -> Any:
    """Write the value at the end of a path of the schema."""
    if not steps:
        return value
    if steps[0] != "[]":
        return {steps[0]: holding(value, steps[1:], of["properties"][steps[0]])}
    if "items" in of:
        return [holding(value, steps[1:], of["items"])]
    return {"key": holding(value, steps[1:], of["additionalProperties"])}


def faults_with(path: str, value: Any) -> tuple[str, ...]:
    spec = holding(value, path.replace("[]", ".[]").split("."), SCHEMA)
    try:
        TcpAddon.parse_strictly({**addon({}), **spec})
    except InvalidAddon as refused:
        return refused.faults
    return ()


def test_whatever_stands_at_a_field_is_taken_or_refused_in_our_own_words() -> None:
    faults = {fault for path in PATHS for value in WRONG for fault in faults_with(path, value)}
    assert len(faults) > len(PATHS)
    assert [fault for fault in faults if "needed here" in fault] == []


def test_another_kind_of_object_is_named() -> None:
    with pytest.raises(InvalidAddon, match="This is a Service of v1, not a TcpAddon"):
        TcpAddon.parse_strictly({"apiVersion": "v1", "kind": "Service"})


def test_an_empty_field_of_a_file_means_its_default() -> None:
    obj = addon({})
    obj["spec"] |= {"binding": None, "exposure": {"mode": None}}
    assert TcpAddon.parse_strictly(obj).spec.binding.url_key == "TCP_URL"


def test_a_volume_may_have_any_source() -> None:
    volumes = [{"name": "a", "csi": {"driver": "x"}}]
    mounts = [{"name": "a", "mountPath": "/a"}]
    spec = TcpAddon.parse_strictly(addon({"volumes": volumes, "volumeMounts": mounts})).spec
    assert spec.volumes == volumes


def test_the_volumes_of_a_followed_app_can_be_mounted() -> None:
    mounts = [{"name": "of-the-app", "mountPath": "/a"}]
    assert TcpAddon.parse_strictly(addon({"appRef": {"name": "web"}, "volumeMounts": mounts}))
