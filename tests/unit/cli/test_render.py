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


def test_standard_input_is_read() -> None:
    assert rendered("-f", "-", stdin=yaml.safe_dump(ADDON)).exit_code == 0


def test_json_is_one_list(tmp_path: Path) -> None:
    listed = json.loads(rendered("-f", written(tmp_path, ADDON), "-o", "json").stdout)
    assert listed["kind"] == "List"
    assert len(listed["items"]) == 4


def test_the_app_of_another_file_is_followed(tmp_path: Path) -> None:
    result = rendered("-f", written(tmp_path, following()), "--app", written(tmp_path, APP))
    assert "image: example.com/app:7" in result.stdout


def test_all_addons_of_a_file_are_rendered_and_other_objects_passed_over(tmp_path: Path) -> None:
    other = {**ADDON, "metadata": {"name": "other"}}
    result = rendered("-f", written(tmp_path, ADDON, APP, other))
    names = [o["metadata"]["name"] for o in yaml.safe_load_all(result.stdout)]
    assert names.count("mqtt-tcp") == names.count("other-tcp") == 2


@pytest.mark.parametrize(
    ("addon", "words"),
    [
        (following(), "give its file with --app"),
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


def test_a_missing_file_is_told() -> None:
    assert "cannot be read" in rendered("-f", "/nowhere/addon.yaml").stderr


def test_help_imports_neither_the_models_nor_the_client() -> None:
    code = (
        "import sys; from tcpaddon.cli import app; "
        "print([m for m in ('pydantic', 'kubernetes', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
