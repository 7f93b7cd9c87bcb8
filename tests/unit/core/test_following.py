"""What the process follows of the app, field by field, and which of its own fields win."""

from typing import Any

import pytest

from tcpaddon.core.children.pod_template import pod_template
from tcpaddon.core.facts import Facts
from tcpaddon.core.process import Process, resolve
from tcpaddon.kube.users import app_fact
from tests.unit.core.world import NOW, addon

KINDS = ("Deployment", "StatefulSet")
OF_CONTAINER: dict[str, tuple[Any, Any]] = {  # field: the app's, the addon's own
    "imagePullPolicy": ("Always", "Never"),
    "securityContext": ({"runAsUser": 1000}, {"runAsNonRoot": True}),
}
OF_POD: dict[str, tuple[Any, Any]] = {
    "serviceAccountName": ("web", "tcp"),
    "nodeSelector": ({"disk": "ssd"}, {"disk": "hdd"}),
    "tolerations": ([{"key": "a", "operator": "Exists"}], [{"key": "b", "operator": "Exists"}]),
    # Without a podAntiAffinity it gets ours: see test_pod_template.py.
    "affinity": ({"podAntiAffinity": {}}, {"nodeAffinity": {}, "podAntiAffinity": {}}),
    "priorityClassName": ("web", "tcp"),
    "securityContext": ({"fsGroup": 1000}, {"fsGroup": 2000}),
}
ALONE = {  # what only the app says
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["db"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["192.0.2.2"]},
    "runtimeClassName": "gvisor",
}


def pod(kind: str, *, container: Any = None, pod: Any = None, **spec: Any) -> dict[str, Any]:
    """Return the pod spec of an addon that follows an app with these fields."""
    web = {"name": "web", "image": "web:1", **(container or {})}
    template = {"spec": {"containers": [web], **(pod or {})}}
    metadata = {"name": "web", "namespace": "iot", "generation": 1}
    raw = {"kind": kind, "metadata": metadata, "spec": {"template": template}}
    made = addon({"appRef": {"kind": kind, "name": "web"}, **spec})
    process = resolve(made, Facts(now=NOW, app=app_fact(raw)))
    assert isinstance(process, Process)
    found: dict[str, Any] = pod_template(made, process).body["spec"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_image_is_followed(kind: str) -> None:
    assert pod(kind)["containers"][0]["image"] == "web:1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_CONTAINER)
def test_a_field_of_the_container_is_followed_and_the_addons_own_wins(kind: str, name: str) -> None:
    apps, ours = OF_CONTAINER[name]
    assert pod(kind, container={name: apps})["containers"][0][name] == apps
    both = pod(kind, container={name: apps}, **{name: ours})
    assert both["containers"][0][name] == ours


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_POD)
def test_a_field_of_the_pod_is_followed_and_the_addons_own_wins(kind: str, name: str) -> None:
    apps, ours = OF_POD[name]
    assert pod(kind, pod={name: apps})[name] == apps
    own = {"securityContext": "podSecurityContext"}.get(name, name)
    assert pod(kind, pod={name: apps}, **{own: ours})[name] == ours


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALONE)
def test_a_field_that_only_the_app_has_is_followed(kind: str, name: str) -> None:
    assert pod(kind, pod={name: ALONE[name]})[name] == ALONE[name]


@pytest.mark.parametrize("kind", KINDS)
def test_variables_are_merged_by_name(kind: str) -> None:
    apps = [{"name": "A", "value": "app"}, {"name": "B", "value": "app"}]
    ours = [{"name": "B", "value": "own"}, {"name": "C", "value": "own"}]
    env = pod(kind, container={"env": apps}, env=ours)["containers"][0]["env"]
    values = {each["name"]: each.get("value") for each in env}
    assert {name: values[name] for name in "ABC"} == {"A": "app", "B": "own", "C": "own"}


@pytest.mark.parametrize("kind", KINDS)
def test_sources_of_variables_of_the_addons_own_come_last_and_so_win(kind: str) -> None:
    apps, ours = [{"secretRef": {"name": "app-env"}}], [{"configMapRef": {"name": "own"}}]
    container = pod(kind, container={"envFrom": apps}, envFrom=ours)["containers"][0]
    assert container["envFrom"] == [*apps, *ours]


@pytest.mark.parametrize("kind", KINDS)
def test_pull_secrets_of_both_are_used(kind: str) -> None:
    found = pod(
        kind,
        pod={"imagePullSecrets": [{"name": "a"}, {"name": "b"}]},
        imagePullSecrets=[{"name": "b"}, {"name": "c"}],
    )
    assert found["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}, {"name": "c"}]


@pytest.mark.parametrize("kind", KINDS)
def test_volumes_and_mounts_are_merged_by_name_and_path(kind: str) -> None:
    found = pod(
        kind,
        container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        pod={"volumes": [{"name": "data", "emptyDir": {}}, {"name": "conf", "emptyDir": {}}]},
        volumes=[{"name": "conf", "configMap": {"name": "own"}}],
        volumeMounts=[{"name": "conf", "mountPath": "/conf"}],
    )
    assert {volume["name"]: sorted(volume) for volume in found["volumes"]} == {
        "data": ["emptyDir", "name"],
        "conf": ["configMap", "name"],
    }
    mounts = {mount["mountPath"]: mount["name"] for mount in found["containers"][0]["volumeMounts"]}
    assert mounts == {"/data": "data", "/conf": "conf"}


@pytest.mark.parametrize("kind", KINDS)
def test_how_the_app_starts_and_is_probed_is_not_followed(kind: str) -> None:
    probe = {"httpGet": {"path": "/", "port": 3000}}
    container = pod(
        kind,
        container={
            "command": ["npm", "start"],
            "args": ["--web"],
            "livenessProbe": probe,
            "readinessProbe": probe,
            "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
            "resources": {"limits": {"cpu": "4"}},
            "ports": [{"containerPort": 3000}],
        },
    )["containers"][0]
    assert not {"command", "args", "livenessProbe", "resources"} & container.keys()
    assert "tcpSocket" in container["readinessProbe"]
    assert [port["containerPort"] for port in container["ports"]] == [5000]
