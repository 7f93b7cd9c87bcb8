"""What people apply with kubectl, and the sample app beside it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests import chart_crds, chart_readme
from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core import procfile

ROOT = Path(__file__).resolve().parents[3]
MQTT = ROOT / "examples" / "mqtt"
SAMPLES = [*(ROOT / "manifests" / "samples").glob("*.yaml"), MQTT / "manifests" / "addon.yaml"]


def addon(file: Path) -> TcpAddon:
    raw: dict[str, Any] = yaml.safe_load(file.read_text())
    stored = {"namespace": "default", "uid": "u", "generation": 1, "resourceVersion": "1"}
    return TcpAddon.parse({**raw, "metadata": {**stored, **raw["metadata"]}})


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_is_a_valid_addon_whose_procfile_has_its_process_type(file: Path) -> None:
    spec = addon(file).spec
    if spec.procfile:
        assert procfile.command_line(spec.procfile, spec.process_type)


def test_the_sample_addon_carries_the_sample_apps_procfile() -> None:
    spec = addon(MQTT / "manifests" / "addon.yaml").spec
    assert spec.procfile == (MQTT / "Procfile").read_text()


def test_the_sample_apps_lock_has_hashes_and_names_no_registry() -> None:
    packages = json.loads((MQTT / "package-lock.json").read_text())["packages"]
    modules = {name: package for name, package in packages.items() if name}
    assert modules
    assert all("integrity" in package for package in modules.values())
    assert not any("resolved" in package for package in modules.values())


def test_the_charts_crds_are_the_generated_ones_but_for_the_keep_mark() -> None:
    for path, text in chart_crds.generated(ROOT).items():
        crd = yaml.safe_load(text)
        assert crd["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
        assert crd == yaml.safe_load((ROOT / "manifests" / "crds" / path.name).read_text())


def test_a_comment_of_several_lines_belongs_to_the_key_below_it() -> None:
    text = "# not a value's\nouter:\n  # -- First line\n  # and second.\n  inner: [1]\nplain: 1\n"
    assert chart_readme.values(text) == [
        chart_readme.Value("outer.inner", "[1]", "First line and second.")
    ]
