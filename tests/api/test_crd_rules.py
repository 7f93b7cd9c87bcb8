"""The API server refuses what the CRD's rules say, with exactly their sentences."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tcpaddon.api.v1alpha1 import TcpAddon
from tests.api.crd_server import Addons, causes, serving
from tests.apiserver import ApiServer
from tests.unit.api.refusals import Refusal, addon, refusals


@pytest.fixture(scope="module")
def addons(apiserver: ApiServer) -> Iterator[Addons]:
    with serving(apiserver, "crd-rules") as served:
        yield served


@pytest.mark.parametrize("case", refusals(), ids=lambda case: case.because)
def test_the_api_server_refuses(case: Refusal, addons: Addons) -> None:
    ((field, message),) = causes(addons.try_out(case.body))
    # A rule at the root, where the name is, has no path to show; keys of maps stand in brackets.
    named = "metadata.name" if field == "<nil>" else re.sub(r"\[([a-z]+)\]", r".\1", field)
    assert named == case.field
    assert message.startswith("Invalid value")
    assert message.endswith(f": {case.sentence}")


@pytest.mark.parametrize(
    ("spec", "field", "sentence"),
    [
        ({"ports": [{"containerPort": 70000}]}, "spec.ports[0].containerPort", "65535"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port", "greater than or equal to 1"),
        ({"replicas": -1}, "spec.replicas", "greater than or equal to 0"),
        ({"exposure": {"mode": "Shared"}}, "spec.exposure.mode", 'supported values: "Dedicated"'),
        ({"processType": "x" * 62}, "spec.processType", "may not be more than 61"),
        ({"rollout": {"drainSeconds": 0}}, "spec.rollout.drainSeconds", "equal to 1"),
        ({"env": [{"value": "x"}]}, "spec.env[0].name", "Required value"),
        ({"env": [{"name": "A", "value": 1}]}, "spec.env[0].value", "must be of type string"),
        ({"env": [{"name": "A"}, {"name": "A"}]}, "spec.env[1]", "Duplicate value"),
        ({"ports": [{}, {"containerPort": 1}]}, "spec.ports[1]", "Duplicate value"),
        ({"command": "node x.js"}, "spec.command", "must be of type array"),
    ],
)
def test_a_value_out_of_its_bounds_is_named(
    spec: dict[str, Any], field: str, sentence: str, addons: Addons
) -> None:
    answer = causes(addons.try_out(addon(spec)))
    assert any(at == field and sentence in message for at, message in answer), answer


PROCFILE = "web: npm start\ntcp: npm run start-tcp\n"
ACCEPTED: list[dict[str, Any]] = [
    {"appRef": {"name": "web"}},
    {"appRef": {"kind": "StatefulSet", "name": "web.v1", "container": "app"}},
    {"appRef": {"name": "web"}, "volumeMounts": [{"name": "of-the-app", "mountPath": "/d"}]},
    {"appRef": {"name": "web"}, "procfile": PROCFILE},
    {"procfile": PROCFILE, "processType": "web"},
    {"procfile": "# a comment\r\nweb: a\r\n  tcp : b\r\n"},
    {"procfile": "\ufefftcp: b"},
    {"procfile": "web: a\rtcp: b\r"},
    {"procfile": PROCFILE, "launcher": "Buildpack"},
    {"launcher": "Buildpack", "processType": "mqtt-broker"},
    {"procfileFrom": {"name": "web-procfile"}, "launcher": "Buildpack"},
    {"procfileFrom": {"name": "web.v1", "key": "Procfile.prod"}, "appRef": {"name": "web"}},
    {"suspend": True, "replicas": 3},
    {"appRef": {"name": "web"}, "binding": {"secretRef": {"name": "app-env"},
     "restartApp": True}},
    {"rollout": {"restartOnSecretChange": True}, "binding": {"secretRef": {"name": "app-env"}}},
    {"command": ["node", "broker.js"], "args": ["-v"]},
    {"replicas": 0},
    {"ports": [{"name": "mqtt", "containerPort": 1883}]},
    {"ports": [{"containerPort": 1883, "port": 80}], "binding": {"port": "tcp"}},
    {"ports": [{"name": "a", "containerPort": 1, "port": 2}, {"name": "b", "containerPort": 2,
     "port": 1}], "binding": {"port": "b"}},
    {"binding": {"port": "tcp", "secretRef": {"name": "app-env"}, "urlKey": "_mqtt1"}},
    {"exposure": {"sourceRanges": ["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "::/0"]}},
    {"exposure": {"loadBalancerClass": "metallb.io/metallb", "externalTrafficPolicy": "Local",
     "allocateLoadBalancerNodePorts": False}},
    {"exposure": {"annotations": {"example.com/kind": "any text, even ünicode"}}},
    {"rollout": {"maxSurge": 3, "preStopSeconds": 0, "drainSeconds": 1}},
    {"resources": {"requests": {"cpu": 1, "memory": "64Mi"}, "limits": {"cpu": "1.5"}}},
    {"resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": 1}}},
    {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu",
     "divisor": "1m"}}}, {"name": "B.c-d", "value": ""}]},
    {"envFrom": [{"prefix": "DB_", "secretRef": {"name": "db", "optional": True}}]},
    {"tolerations": [{"operator": "Exists"}, {"key": "example.com/spot", "value": "true",
     "effect": "NoExecute", "tolerationSeconds": 60}]},
    {"topologySpreadConstraints": []},
    {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
     "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2}, {"maxSkew": 1, "topologyKey":
     "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector":
     {"matchExpressions": [{"key": "team", "operator": "In", "values": ["iot"]}]}}]},
    {"securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]},
     "seccompProfile": {"type": "RuntimeDefault"}}},
    {"podSecurityContext": {"fsGroup": 1000, "seccompProfile": {"type": "Localhost",
     "localhostProfile": "tcp.json"}, "sysctls": [{"name": "net.core.somaxconn",
     "value": "1024"}]}},
    {"nodeSelector": {"disk": "ssd"}, "podLabels": {"team": "iot"}},
    {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}},
    {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
     "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}]},
]  # fmt: skip


@pytest.mark.parametrize("spec", ACCEPTED, ids=str)
def test_the_api_server_accepts(spec: dict[str, Any], addons: Addons) -> None:
    answer = addons.try_out(addon(spec))
    assert answer["kind"] == "TcpAddon", answer
    assert TcpAddon.parse_strictly(addon(spec))
    assert TcpAddon.parse(answer).spec == TcpAddon.parse(addon(spec)).spec


CHANGE_OF_CLASS = (
    "loadBalancerClass cannot be changed, since the address would change with it: "
    "make a second TcpAddon with the other class, move the clients, then delete this one."
)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("other", {"loadBalancerClass": "a"}, {"loadBalancerClass": "b"}),
        ("none", {"loadBalancerClass": "a"}, {}),
        ("some", {}, {"loadBalancerClass": "b"}),
        ("gone", {"loadBalancerClass": "a"}, None),
    ],
)
def test_the_load_balancer_class_stays_what_it_was(
    name: str, before: dict[str, str], after: dict[str, str] | None, addons: Addons
) -> None:
    assert addons.apply(addon({"exposure": before}, name))["kind"] == "TcpAddon"
    answer = addons.apply(addon({"exposure": after}, name))
    assert causes(answer) == [("spec.exposure", f"Invalid value: {CHANGE_OF_CLASS}")]


def test_everything_beside_the_class_can_change(addons: Addons) -> None:
    first = {"loadBalancerClass": "a", "externalTrafficPolicy": "Local"}
    assert addons.apply(addon({"exposure": first}, "beside"))["kind"] == "TcpAddon"
    second = {"loadBalancerClass": "a", "sourceRanges": ["10.0.0.0/8"]}
    assert addons.apply(addon({"exposure": second}, "beside"))["kind"] == "TcpAddon"
