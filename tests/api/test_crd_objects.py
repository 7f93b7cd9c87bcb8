"""What the API server makes of TcpAddons: defaults, pruning, columns, scale and status."""

from collections.abc import Iterator
from typing import Any

import pytest

from tcpaddon.api.v1alpha1 import TcpAddon
from tests.api.crd_server import CRD_NAME, GROUP_PATH, Addons, causes, serving
from tests.apiserver import ApiServer
from tests.unit.api.refusals import addon

UNSEEN = {"observedGeneration": -1}  # what an addon says until an operator has looked at it
READY = {
    "observedGeneration": 1,
    "url": "tcp://192.0.2.1:1883",
    "endpoints": [
        {"name": "mqtt", "host": "192.0.2.1", "port": 1883, "url": "tcp://192.0.2.1:1883"},
    ],
    "replicas": 3,
    "readyReplicas": 2,
    "updatedReplicas": 3,
    "selector": "tcpaddon.io/addon=web",
    "image": "example.com/broker:1.2",
    "revision": "1-0123456789abcdef",
    "binding": {"name": "web-tcp-binding"},
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Ready",
            "message": "It serves.",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}


@pytest.fixture(scope="module")
def addons(apiserver: ApiServer) -> Iterator[Addons]:
    with serving(apiserver, "crd-objects") as served:
        yield served


def test_the_defaults_of_the_api_server_are_those_of_the_models(addons: Addons) -> None:
    stored = addons.try_out(addon({}))
    assert stored["spec"] == {
        "image": "x",
        "processType": "tcp",
        "launcher": "Image",
        "replicas": 1,
        "exposure": {
            "mode": "Dedicated",
            "ipFamilyPolicy": "SingleStack",
            "externalTrafficPolicy": "Cluster",
            "allocateLoadBalancerNodePorts": True,
        },
        "readiness": {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 3},
        "rollout": {
            "strategy": "Rolling",
            "onFailure": "Rollback",
            "startupTimeoutSeconds": 60,
            "drainSeconds": 30,
            "preStopSeconds": 5,
            "maxSurge": "100%",
            "restartOnSecretChange": False,
        },
        "binding": {"urlKey": "TCP_URL", "restartApp": False},
        "startPolicy": "AfterAddress",
        "suspend": False,
    }
    assert TcpAddon.parse(stored).spec == TcpAddon.parse(addon({})).spec


def test_a_part_that_is_given_in_part_has_the_rest_by_default(addons: Addons) -> None:
    spec = {
        "appRef": {"name": "web"},
        "ports": [{"port": 1883}],
        "rollout": {"drainSeconds": 10},
        "binding": None,
    }
    body = addon({})
    body["spec"] = spec
    stored = addons.try_out(body)["spec"]
    assert stored["appRef"] == {"kind": "Deployment", "name": "web"}
    assert stored["ports"] == [{"name": "tcp", "containerPort": 5000, "port": 1883}]
    assert stored["rollout"]["drainSeconds"] == 10
    assert stored["rollout"]["preStopSeconds"] == 5
    assert stored["binding"] == {"urlKey": "TCP_URL", "restartApp": False}


def test_a_port_can_take_the_place_of_another_under_server_side_apply(addons: Addons) -> None:
    # With a default for ports in the schema the default would stay beside the new one.
    addons.apply(addon({}, "swap"))
    for name in ("mqtt", "amqp"):
        stored = addons.apply(addon({"ports": [{"name": name, "containerPort": 7}]}, "swap"))
        assert stored["spec"]["ports"] == [{"name": name, "containerPort": 7}]
    assert "ports" not in addons.apply(addon({}, "swap"))["spec"]


def test_two_managers_can_each_own_an_entry_of_a_list(addons: Addons) -> None:
    first = [{"name": "A", "value": "1"}]
    addons.apply(addon({"env": first}, "shared"), manager="first")
    body = addon({}, "shared")
    body["spec"] = {"env": [{"name": "B", "value": "2"}]}
    addons.apply(body, manager="second")
    body["spec"] = {"env": []}
    assert addons.apply(body, manager="second")["spec"]["env"] == first


def test_a_misspelt_field_is_refused_where_validation_is_strict(addons: Addons) -> None:
    spec: dict[str, Any] = {"replica": 1, "env": [{"name": "A", "valu": "x"}]}
    answer = addons.try_out(addon(spec))
    assert answer["code"] == 400
    assert 'unknown field "spec.replica"' in answer["message"]
    assert 'unknown field "spec.env[0].valu"' in answer["message"]


def test_a_misspelt_field_is_dropped_where_validation_is_off(addons: Addons) -> None:
    stored = addons.try_out(addon({"replica": 1, "exposure": {"tls": {}}}), "Ignore")
    assert "replica" not in stored["spec"]
    assert "tls" not in stored["spec"]["exposure"]


def test_kubectl_apply_refuses_a_misspelt_field(addons: Addons) -> None:
    text = (
        "{apiVersion: tcpaddon.io/v1alpha1, kind: TcpAddon, metadata: {name: web},"
        " spec: {imag: x, appRef: {name: web}}}"
    )
    for how in ((), ("--server-side",)):
        with pytest.raises(AssertionError, match=r"spec\.imag"):
            addons.kubectl("apply", *how, "-f", "-", stdin=text)


def test_volumes_and_affinity_keep_what_the_schema_does_not_know(addons: Addons) -> None:
    volumes = [{"name": "a", "csi": {"driver": "d", "new": {"field": [1]}}}]
    affinity = {"nodeAffinity": {"anything": {"at": "all"}}}
    stored = addons.try_out(addon({"volumes": volumes, "affinity": affinity}))["spec"]
    assert (stored["volumes"], stored["affinity"]) == (volumes, affinity)


def many(number: int, **fields: Any) -> list[dict[str, Any]]:
    """Return this many items, `%` in their texts being the item's number."""
    return [
        {k: v.replace("%", str(i)) if isinstance(v, str) else v for k, v in fields.items()}
        for i in range(number)
    ]


LONG = "x" * 50
FULL: dict[str, Any] = {
    "ports": [{"name": f"port-{i}", "containerPort": 60000 + i, "port": i} for i in range(1, 33)],
    "binding": {"port": "port-32", "urlKey": "U" * 128, "secretRef": {"name": "s" * 253}},
    "env": [
        {"name": f"V{i}", "valueFrom": {"secretKeyRef": {"name": "s" * 253, "key": "k" * 253}}}
        for i in range(256)
    ],
    "envFrom": many(64, prefix="P%_", secretRef={"name": "s" * 253}),
    "volumes": many(64, name=f"{LONG}-%", emptyDir={}),
    "volumeMounts": many(64, name=f"{LONG}-63", mountPath=f"/{LONG}/%"),
    "imagePullSecrets": many(16, name=f"{LONG}-%"),
    "tolerations": many(32, key=f"example.com/{LONG}", value="v" * 63),
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": f"example.com/{LONG}-{i}",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {
                "matchLabels": {f"example.com/{LONG}-{j}": "v" * 63 for j in range(32)},
                "matchExpressions": [
                    {"key": f"example.com/{LONG}", "operator": "In", "values": ["v" * 63] * 32}
                ]
                * 16,
            },
            "matchLabelKeys": [f"example.com/{LONG}"] * 8,
        }
        for i in range(8)
    ],
    "resources": {
        part: {f"example.com/resource-{i}": "9" * 32 for i in range(16)}
        for part in ("requests", "limits")
    },
    "nodeSelector": {f"example.com/{LONG}-{i}": "v" * 63 for i in range(32)},
    "podLabels": {f"example.com/{LONG}-{i}": "v" * 63 for i in range(32)},
    "podAnnotations": {f"example.com/{LONG}-{i}": "v" * 4096 for i in range(32)},
    "exposure": {
        "sourceRanges": many(64, network="2001:db8:ffff:ffff:ffff:ffff:ffff:%/128"),
        "annotations": {f"example.com/{LONG}-{i}": "v" * 4096 for i in range(32)},
        "labels": {f"example.com/{LONG}-{i}": "v" * 63 for i in range(32)},
    },
}
FULL["exposure"]["sourceRanges"] = [each["network"] for each in FULL["exposure"]["sourceRanges"]]
LONGEST_PROCFILE = {"procfile": "web: x\n" * 2300 + "tcp: " + "y" * 279}
LONGEST_COMMAND = {"command": ["c" * 4096] * 64, "args": ["a" * 4096] * 64}


@pytest.mark.parametrize("launch", [LONGEST_PROCFILE, LONGEST_COMMAND], ids=["procfile", "argv"])
def test_a_spec_at_all_its_bounds_is_accepted(launch: dict[str, Any], addons: Addons) -> None:
    # The API server stops rules that cost too much at run time; bounds keep them below.
    answer = addons.try_out(addon({**FULL, **launch}, "n" * 50))
    assert answer["kind"] == "TcpAddon", answer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ports", [{"name": f"p{i}", "containerPort": i} for i in range(1, 34)]),
        ("env", many(257, name="V%", value="x")),
        ("procfile", "tcp: " + "x" * 16_384),
        ("podLabels", {f"l{i}": "x" for i in range(33)}),
    ],
)
def test_a_spec_beyond_a_bound_is_refused(field: str, value: Any, addons: Addons) -> None:
    answer = addons.try_out(addon({field: value, "binding": {"port": "p1"}}))
    assert f"spec.{field}" in [at for at, _ in causes(answer)]


def row(table: str) -> dict[str, str]:
    head, line = table.splitlines()
    starts = [head.index(name) for name in head.split()]
    ends = [*starts[1:], None]
    return {
        head[start:end].strip(): line[start:end].strip()
        for start, end in zip(starts, ends, strict=True)
    }


def test_kubectl_get_shows_the_address_and_wide_the_rest(addons: Addons) -> None:
    addons.apply(addon({}, "shown"))
    addons.apply_status("shown", READY)
    short = row(addons.kubectl("get", "tcp", "shown"))
    assert list(short) == ["NAME", "READY", "URL", "REPLICAS", "AGE"]
    assert (short["READY"], short["URL"]) == ("True", "tcp://192.0.2.1:1883")
    assert short["REPLICAS"] == "2"
    wide = row(addons.kubectl("get", "tcp", "shown", "-o", "wide"))
    assert list(wide) == [*short, "PROCESS", "IMAGE", "ADDRESS"]
    assert wide["PROCESS"] == "tcp"
    assert (wide["IMAGE"], wide["ADDRESS"]) == ("example.com/broker:1.2", "192.0.2.1")


def test_the_addon_is_found_by_its_short_name_and_among_all(addons: Addons) -> None:
    found = addons.server.call("GET", GROUP_PATH)["resources"]
    resource = next(each for each in found if each["name"] == "tcpaddons")
    assert (resource["shortNames"], resource["categories"]) == (["tcp"], ["all"])


def test_the_scale_is_that_of_the_addon(addons: Addons) -> None:
    addons.apply(addon({}, "scaled"))
    addons.apply_status("scaled", READY)
    scale = addons.get("scaled", "/scale")
    assert scale["spec"] == {"replicas": 1}
    assert scale["status"] == {"replicas": 3, "selector": "tcpaddon.io/addon=web"}
    scale["spec"]["replicas"] = 4
    addons.server.call("PUT", f"{addons.path}/scaled/scale", scale)
    assert addons.get("scaled")["spec"]["replicas"] == 4


def test_kubectl_scale_works_on_an_addon_that_never_named_replicas(addons: Addons) -> None:
    addons.apply(addon({}, "scaled-by-hand"))
    addons.kubectl("scale", "tcp/scaled-by-hand", "--replicas=0")
    assert addons.get("scaled-by-hand")["spec"]["replicas"] == 0
    # Whoever applies without replicas leaves the number to the one who scales.
    addons.apply(addon({"processType": "mqtt"}, "scaled-by-hand"))
    assert addons.get("scaled-by-hand")["spec"]["replicas"] == 0


def test_a_scale_beyond_the_bound_is_refused(addons: Addons) -> None:
    addons.apply(addon({}, "too-many"))
    with pytest.raises(AssertionError, match="less than or equal to 10000"):
        addons.kubectl("scale", "tcp/too-many", "--replicas=10001")


def test_the_status_is_written_through_its_own_door_only(addons: Addons) -> None:
    body = addon({}, "states")
    assert addons.apply(body | {"status": READY})["status"] == UNSEEN
    stored = addons.apply_status("states", READY)
    assert stored.get("status") == READY, stored
    assert stored["metadata"]["generation"] == 1
    status = TcpAddon.parse(stored).status
    assert (status.endpoints[0].host, status.binding.name) == ("192.0.2.1", "web-tcp-binding")
    assert status.conditions[0].observed_generation == 1


def test_a_status_in_part_gets_no_further_defaults(addons: Addons) -> None:
    addons.apply(addon({}, "part"))
    part = {"url": "tcp://a:1"}
    assert addons.apply_status("part", part)["status"] == UNSEEN | part


def test_conditions_of_one_type_are_one(addons: Addons) -> None:
    addons.apply(addon({}, "once"))
    answer = addons.apply_status("once", {"conditions": READY["conditions"] * 2})  # type: ignore[operator]
    assert "duplicate entries for key" in answer["message"]


def test_kubectl_explain_tells_what_a_field_does(addons: Addons) -> None:
    told = addons.kubectl("explain", "tcp.spec.rollout.drainSeconds")
    assert "Seconds between SIGTERM and SIGKILL" in told
    assert "Default: 30." in told
    assert "secretKeyRef" in addons.kubectl("explain", "tcp.spec.env.valueFrom")


def test_the_crd_is_structural_and_established(addons: Addons) -> None:
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD_NAME}"
    conditions = addons.server.call("GET", path)["status"]["conditions"]
    states = {each["type"]: each["status"] for each in conditions}
    assert states["Established"] == "True"
    assert "NonStructuralSchema" not in states
