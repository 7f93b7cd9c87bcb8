"""`tcpaddon render`: the objects without a cluster, and refusals that say what to do."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tcpaddon.cli.app import app
from tcpaddon.core.address import PLACEHOLDER_HOST

ADDON: dict[str, Any] = {
    "apiVersion": "tcpaddon.io/v1alpha1",
    "kind": "TcpAddon",
    "metadata": {"name": "mqtt"},
    "spec": {"image": "example.com/broker:1", "binding": {"secretRef": {"name": "app-env"}}},
}
APP: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "example.com/app:7"}]}}},
}


def following(name: str = "web") -> dict[str, Any]:
    """Return an addon that follows an app."""
    return {**ADDON, "spec": {"appRef": {"name": name}}}


def rendered(*arguments: str, stdin: str = "") -> Result:
    """Run `tcpaddon render`."""
    return CliRunner().invoke(app, ["render", *arguments], input=stdin)


def written(folder: Path, *objects: dict[str, Any]) -> str:
    """Write objects to a file."""
    path = folder / f"{len(list(folder.iterdir()))}.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    return str(path)


def test_the_objects_are_printed_in_the_order_of_their_application(tmp_path: Path) -> None:
    result = rendered("-f", written(tmp_path, ADDON))
    assert result.exit_code == 0
    objects = list(yaml.safe_load_all(result.stdout))
    assert [(o["kind"], o["metadata"]["name"]) for o in objects] == [
        ("Service", "mqtt-tcp"),
        ("Secret", "mqtt-tcp-binding"),
        ("Secret", "app-env"),
        ("Deployment", "mqtt-tcp"),
    ]


def test_the_unknown_address_is_a_placeholder_that_a_comment_explains(tmp_path: Path) -> None:
    result = rendered("-f", written(tmp_path, ADDON))
    assert f"# {PLACEHOLDER_HOST} stands for the address" in result.stdout


def test_an_own_name_needs_no_placeholder_and_ranges_tell_what_the_cluster_adds(
    tmp_path: Path,
) -> None:
    exposure = {"hostname": "mqtt.example.com", "sourceRanges": ["192.0.2.0/24"]}
    addon = {**ADDON, "spec": {"image": "a", "exposure": exposure}}
    printed = rendered("-f", written(tmp_path, addon)).stdout
    assert PLACEHOLDER_HOST not in printed
    assert (
        "# In the cluster, loadBalancerSourceRanges also has the networks of its pods." in printed
    )


def test_standard_input_is_read() -> None:
    assert rendered("-f", "-", stdin=yaml.safe_dump(ADDON)).exit_code == 0


def test_json_is_one_list(tmp_path: Path) -> None:
    listed = json.loads(rendered("-f", written(tmp_path, ADDON), "-o", "json").stdout)
    assert listed["kind"] == "List"
    assert len(listed["items"]) == 4


def test_the_app_of_another_file_is_followed(tmp_path: Path) -> None:
    result = rendered("-f", written(tmp_path, following()), "--app", written(tmp_path, APP))
    assert "image: example.com/app:7" in result.stdout


def test_the_procfile_of_a_config_map_is_read_from_either_file(tmp_path: Path) -> None:
    addon = {**ADDON, "spec": {"image": "a", "procfileFrom": {"name": "web-procfile"}}}
    texts = {"kind": "ConfigMap", "metadata": {"name": "web-procfile"}}
    texts["data"] = {"Procfile": "tcp: ./serve --tcp"}
    beside = rendered("-f", written(tmp_path, addon, texts))
    apart = rendered("-f", written(tmp_path, addon), "--app", written(tmp_path, texts))
    assert "- ./serve" in beside.stdout
    assert beside.stdout == apart.stdout
    faulty = rendered("-f", written(tmp_path, addon, {**texts, "data": {"Procfile": 1}}))
    assert faulty.stderr == (
        "error: ConfigMap web-procfile: data.Procfile: Write text here; put a number in quotes.\n"
    )


def test_all_addons_of_a_file_are_rendered_and_other_objects_passed_over(tmp_path: Path) -> None:
    other = {**ADDON, "metadata": {"name": "other"}}
    result = rendered("-f", written(tmp_path, ADDON, APP, other))
    names = [o["metadata"]["name"] for o in yaml.safe_load_all(result.stdout)]
    assert names.count("mqtt-tcp") == names.count("other-tcp") == 2


@pytest.mark.parametrize(
    ("addon", "words"),
    [
        (following(), "give its file with --app"),
        ({**ADDON, "spec": {"image": "a", "procfileFrom": {"name": "b"}}}, "ConfigMap b: put it"),
        ({**ADDON, "spec": {"image": "a", "portz": []}}, "portz"),
        ({**ADDON, "spec": {"image": "a", "procfile": "web: a"}}, "no process type 'tcp'"),
        ({**ADDON, "spec": {"image": "a", "procfile": "tcp a"}}, "Line 1 of the Procfile"),
        (APP, "no TcpAddon"),
    ],
)
def test_what_cannot_be_rendered_is_told_in_a_sentence(
    tmp_path: Path, addon: dict[str, Any], words: str
) -> None:
    result = rendered("-f", written(tmp_path, addon))
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", "no YAML"), ("- 1", "no Kubernetes object"), ("", "no TcpAddon")]
)
def test_what_is_no_object_is_told(text: str, words: str) -> None:
    result = rendered("-f", "-", stdin=text)
    assert result.exit_code == 1
    assert words in result.stderr


def told(folder: Path, *objects: Any, app: dict[str, Any] | None = None) -> list[str]:
    """Return what is told about a file that is refused."""
    more = () if app is None else ("--app", written(folder, app))
    result = rendered("-f", written(folder, *objects), *more)
    assert result.exit_code == 1
    assert result.stdout == ""
    return result.stderr.splitlines()


def test_every_bad_addon_of_a_file_is_told_by_its_name(tmp_path: Path) -> None:
    nameless = {**ADDON, "metadata": {}}
    typo = {**ADDON, "metadata": {"name": "typo"}, "spec": {"image": "a", "portz": []}}
    mute = {**ADDON, "metadata": {"name": "mute"}, "spec": {"image": "a", "procfile": "web: a"}}
    lines = told(tmp_path, ADDON, typo, nameless, mute)
    assert lines[0].startswith("error: TcpAddon typo: spec.portz: There is no such field")
    assert lines[1] == "error: TcpAddon in document 3: metadata.name: This field is needed: add it."
    assert lines[2].startswith("error: TcpAddon mute: The Procfile has no process type 'tcp'")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("items", "place"),
    [([5], "item 1 of document 1"), (5, "items of document 1"), ([{}], "item 1 of document 1")],
)
def test_a_list_of_what_is_no_object_is_told_with_its_place(
    tmp_path: Path, items: Any, place: str
) -> None:
    (line,) = told(tmp_path, {"kind": "List", "items": items})
    assert f"no Kubernetes object ({place})" in line


def test_everything_that_is_no_object_is_told_at_once(tmp_path: Path) -> None:
    lines = told(tmp_path, [1], ADDON, {"a": 1})
    assert ["document 1" in lines[0], "document 3" in lines[1], len(lines)] == [True, True, 2]


def test_a_name_that_the_api_server_refuses_is_refused(tmp_path: Path) -> None:
    (line,) = told(tmp_path, {**ADDON, "metadata": {"name": "ok_name"}})
    assert "metadata.name: Use lower-case letters, digits and hyphens" in line


def pod(**fields: Any) -> dict[str, Any]:
    """Return the app with other fields in its pod."""
    return {**APP, "spec": {"template": {"spec": {**APP["spec"]["template"]["spec"], **fields}}}}


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ({**APP, "spec": {}}, "spec.template: This field is needed"),
        ({**APP, "spec": 5}, "spec: Write fields here"),
        (pod(containers=[]), "spec.template.spec.containers: This field is needed"),
        (pod(containers=[5]), "spec.template.spec.containers[0]: Write fields here"),
        (pod(containers=[{}]), "spec.template.spec.containers[0].name: Write the name here"),
        (pod(containers=[{"name": "a", "image": 1}]), "containers[0].image: Write text here"),
        (pod(containers=[{"name": "a", "env": "B=1"}]), "containers[0].env: Write a list here"),
        (
            pod(containers=[{"name": "a", "env": [{"name": "B", "value": 1}]}]),
            "spec.template.spec.containers[0].env[0].value: Write text here",
        ),
        (pod(volumes=[{}]), "spec.template.spec.volumes[0].name: Write the name here"),
    ],
)
def test_a_workload_that_lacks_what_is_followed_is_told_where(
    tmp_path: Path, app: dict[str, Any], words: str
) -> None:
    (line,) = told(tmp_path, following(), app=app)
    assert line.startswith("error: Deployment web: ")
    assert words in line


def test_a_workload_without_a_name_is_not_the_app(tmp_path: Path) -> None:
    (line,) = told(tmp_path, following(), app={**APP, "metadata": "x"})
    assert "follows Deployment web: give its file with --app" in line


def test_a_workload_as_kubectl_prints_it_is_followed(tmp_path: Path) -> None:
    managed = [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
    head = {"name": "web", "namespace": "shop", "resourceVersion": "7", "managedFields": managed}
    app = written(tmp_path, {**APP, "metadata": head, "status": {"replicas": 1}})
    result = rendered("-f", written(tmp_path, following()), "--app", app)
    assert "image: example.com/app:7" in result.stdout


def test_a_date_in_a_file_stays_the_text_that_it_is(tmp_path: Path) -> None:
    text = yaml.safe_dump(ADDON) + "  args: [2026-01-01]\n"
    result = rendered("-f", "-", "-o", "json", stdin=text)
    assert result.exit_code == 0
    assert "2026-01-01" in result.stdout


def test_a_missing_file_is_told() -> None:
    assert "cannot be read" in rendered("-f", "/nowhere/addon.yaml").stderr


def test_help_imports_neither_the_models_nor_the_client() -> None:
    code = (
        "import sys; from tcpaddon.cli import app; "
        "print([m for m in ('pydantic', 'kubernetes', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
