"""The chart, rendered by the real helm."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import ClusterError, clients
from cluster.commands import Commands
from cluster.engine import log_file
from manifests import chart_readme, install
from tcpaddon import settings

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "charts" / "tcpaddon"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
# Maps that are the user's own: what is in them is not the chart's business.
FREE = {
    "affinity",
    "global",
    "labels",
    "nodeSelector",
    "annotations",
    "podAnnotations",
    "podLabels",
}


def rendered(*options: str) -> list[dict[str, Any]]:
    return install.rendered(CHART, *options)


def one(kind: str, *options: str) -> dict[str, Any]:
    (found,) = (each for each in rendered(*options) if each["kind"] == kind)
    return found


def objects_of(
    schema: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Each object of the values that the chart itself knows, with its path."""
    yield path, schema
    for name, inner in schema["properties"].items():
        if inner.get("type") == "object" and "properties" in inner:
            yield from objects_of(inner, (*path, name))


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, inner in values.items():
        if isinstance(inner, dict) and inner and name not in {*FREE, "resources"}:
            yield from leaves(inner, (*path, name))
        else:
            yield (*path, name)


def test_every_value_has_a_comment() -> None:
    described = {value.path for value in chart_readme.values((CHART / "values.yaml").read_text())}
    assert described == {".".join(path) for path in leaves(VALUES)}


def test_schema_and_values_name_the_same_keys() -> None:
    for path, schema in objects_of(SCHEMA):
        values = copy.deepcopy(VALUES)
        for name in path:
            values = values[name]
        assert set(schema["properties"]) - {"global", "claims"} == set(values), path


@pytest.mark.parametrize("path", [path for path, _ in objects_of(SCHEMA)], ids=".".join)
def test_an_unknown_value_is_refused(path: tuple[str, ...]) -> None:
    with pytest.raises(ClusterError) as refused:
        rendered("--set", ".".join([*path, "unheardOf"]) + "=1")
    assert "'unheardOf' not allowed" in refused.value.detail


@pytest.mark.parametrize(
    "value",
    [
        "replicas=two",
        "log.level=loud",
        "image.digest=sha256:short",
        "workers=0",
        "clusterNetworks={10.244.0.0}",
    ],
)
def test_a_value_that_cannot_work_is_refused(value: str) -> None:
    with pytest.raises(ClusterError):
        rendered("--set", value)


def test_chart_and_project_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{chart["version"]}"\n' in project
    assert chart["appVersion"] == chart["version"]


@pytest.mark.parametrize("kind", ["Deployment", "Pod"])
def test_pods_pass_pod_security_restricted_with_a_read_only_root(kind: str) -> None:
    found = one(kind)
    spec = found["spec"]["template"]["spec"] if kind == "Deployment" else found["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_operator_understands_every_variable_that_the_chart_sets() -> None:
    networks = r"clusterNetworks={10.244.0.0/16,fd00:10::/56}"
    options = ("workers=3", "log.format=text", "log.level=debug", networks)
    deployment = one("Deployment", *(word for option in options for word in ("--set", option)))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each.get("value", "from-the-pod") for each in container["env"]}
    assert settings.parse([], environment) == settings.Settings(
        namespace="from-the-pod",
        identity="from-the-pod",
        workers=3,
        cluster_networks=("10.244.0.0/16", "fd00:10::/56"),
        log_format="text",
        log_level="debug",
    )


def test_no_rule_has_a_wildcard() -> None:
    for found in rendered():
        for rule in found.get("rules", []):
            assert "*" not in str(rule)


def test_nodes_are_read_only_where_the_cluster_networks_are_not_given() -> None:
    def resources(*options: str) -> set[str]:
        rules = (rule for found in rendered(*options) for rule in found.get("rules", []))
        return {resource for rule in rules for resource in rule["resources"]}

    assert "nodes" in resources()
    assert "nodes" not in resources("--set", "clusterNetworks={10.244.0.0/16}")


def test_crds_are_kept_when_the_release_is_uninstalled() -> None:
    crds = [found for found in rendered() if found["kind"] == "CustomResourceDefinition"]
    assert crds
    for crd in crds:
        assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_crds_can_be_left_to_others() -> None:
    kinds = {found["kind"] for found in rendered("--set", "crds.install=false")}
    assert "CustomResourceDefinition" not in kinds


def test_only_several_replicas_get_a_disruption_budget() -> None:
    assert "PodDisruptionBudget" not in {found["kind"] for found in rendered()}
    assert one("PodDisruptionBudget", "--set", "replicas=2")["spec"]["minAvailable"] == 1


def test_a_digest_wins_over_the_tag() -> None:
    digest = f"sha256:{'0' * 64}"
    deployment = one("Deployment", "--set-string", f"image.tag=1,image.digest={digest}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"tcpaddon/tcpaddon@{digest}"


def test_selectors_name_nothing_that_an_upgrade_changes() -> None:
    for found in rendered():
        selector = found.get("spec", {}).get("selector", {})
        labels = selector.get("matchLabels", selector)
        assert set(labels) <= {"app.kubernetes.io/name", "app.kubernetes.io/instance"}


def test_users_who_may_edit_may_write_addons_and_who_may_view_only_read_them() -> None:
    roles = {found["metadata"]["name"]: found for found in rendered() if "rules" in found}
    edit, view = roles["tcpaddon-edit"], roles["tcpaddon-view"]
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]
    assert "rbac.authorization.k8s.io/aggregate-to-view" in view["metadata"]["labels"]
    assert {verb for rule in view["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_the_notes_tell_how_to_look_and_what_to_apply_next() -> None:
    commands = Commands(log_file("clients"))
    helm = clients.folder() / "helm"
    dry = ["--namespace", "ops", "--dry-run=client"]
    said = commands.text([helm, "install", "tcpaddon", CHART, *dry]).partition("NOTES:")[2]
    for words in (
        "kubectl --namespace ops rollout status deployment/tcpaddon",
        "kind: TcpAddon",
        "kubectl get tcp --watch",
        "helm uninstall tcpaddon` keeps the CRDs",
    ):
        assert words in said, words
