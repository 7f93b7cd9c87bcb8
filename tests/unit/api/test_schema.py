"""What holds for every field of the generated schema."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tcpaddon.api import generate
from tcpaddon.api.crd import crd, schema
from tcpaddon.api.marks import LIST_MAP_KEYS, LIST_TYPE, VALIDATIONS
from tests.unit.api.refusals import refusals


def fields(of: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in of.get("properties", {}).items():
        yield f"{path}.{name}", each
        yield from fields(each, f"{path}.{name}")
    for below in ("items", "additionalProperties"):
        if below in of:
            yield f"{path}[]", of[below]
            yield from fields(of[below], f"{path}[]")


# The API server takes nothing but a type for these three.
GIVEN = (".apiVersion", ".kind", ".metadata")
FIELDS = [(path, field) for path, field in fields(schema()) if path not in GIVEN]


def faulty(wrong: Any) -> list[str]:
    return [path for path, field in FIELDS if wrong(field)]


def test_every_field_says_what_it_is_for_in_a_sentence() -> None:
    named = [(path, field) for path, field in FIELDS if not path.endswith("]")]
    assert [p for p, f in named if not f.get("description", "").endswith(".")] == []


def test_every_string_has_a_bound() -> None:
    bounds = {"maxLength", "enum"}
    assert faulty(lambda f: f.get("type") == "string" and not bounds & f.keys()) == []


def test_every_number_has_bounds_and_a_format() -> None:
    bounds = {"minimum", "maximum", "format"}
    assert faulty(lambda f: f.get("type") == "integer" and not bounds <= f.keys()) == []


def test_every_int_or_string_has_a_bound_and_a_rule() -> None:
    needed = {"maxLength", VALIDATIONS}
    assert faulty(lambda f: "x-kubernetes-int-or-string" in f and not needed <= f.keys()) == []


def test_every_list_has_a_bound_and_says_how_it_merges() -> None:
    needed = {"maxItems", LIST_TYPE}
    assert faulty(lambda f: f.get("type") == "array" and not needed <= f.keys()) == []


def test_every_map_has_a_bound() -> None:
    assert faulty(lambda f: "additionalProperties" in f and "maxProperties" not in f) == []


def test_every_key_of_a_list_is_given_or_has_a_default() -> None:
    # The API server asks for it: else two items could not be told apart.
    def keyless(field: dict[str, Any]) -> bool:
        items = field.get("items", {})
        return any(
            key not in items.get("required", ()) and "default" not in items["properties"][key]
            for key in field.get(LIST_MAP_KEYS, ())
        )

    assert faulty(keyless) == []


def test_only_volumes_and_affinity_take_what_the_schema_does_not_know() -> None:
    open_fields = [path for path, f in FIELDS if "x-kubernetes-preserve-unknown-fields" in f]
    affinity = [f".spec.affinity.{k}Affinity" for k in ("node", "pod", "podAnti")]
    assert sorted(open_fields) == sorted([".spec.volumes[]", *affinity])


def test_the_status_has_one_default_that_says_that_nobody_has_looked_yet() -> None:
    # Of what is written whole, a default would only add fields that nobody wrote.
    found = {
        path: f["default"] for path, f in FIELDS if path.startswith(".status") if "default" in f
    }
    assert found == {".status": {"observedGeneration": -1}}


def test_the_ports_have_no_default_in_the_schema() -> None:
    # Nobody owns a default: under server-side apply it would stay beside the user's own port.
    assert "default" not in schema()["properties"]["spec"]["properties"]["ports"]


def test_a_field_that_does_nothing_yet_is_not_in_the_schema() -> None:
    later = ("limits", "proxyProtocol", "tls", "gatewayRef")
    names = {path.rpartition(".")[2] for path, _ in FIELDS if "resources" not in path}
    assert names & set(later) == set()


def test_every_rule_has_a_case_that_it_refuses_and_every_case_a_rule() -> None:
    parts = [schema(), *(field for _, field in fields(schema()))]
    rules = [rule for part in parts for rule in part.get(VALIDATIONS, ())]
    # Changes are tested where there is an old object: tests/api/test_crd_objects.py.
    sentences = {rule["message"] for rule in rules if "oldSelf" not in rule["rule"]}
    assert sentences ^ {case.sentence for case in refusals()} == set()


def test_every_sentence_is_one_line_that_ends() -> None:
    parts = [schema(), *(field for _, field in fields(schema()))]
    messages = [rule["message"] for part in parts for rule in part.get(VALIDATIONS, ())]
    assert [m for m in messages if "\n" in m or not m.endswith(".")] == []


def test_the_crd_fits_into_the_annotation_of_kubectl_apply() -> None:
    assert len(generate.crd_text()) < 262_144


def test_the_names_are_those_of_the_design() -> None:
    names = crd()["spec"]["names"]
    assert (names["kind"], names["plural"], names["shortNames"]) == (
        "TcpAddon",
        "tcpaddons",
        ["tcp"],
    )


def test_the_generated_files_are_what_the_models_say() -> None:
    assert generate.drifted(generate.ROOT) == []


def test_a_drifted_file_is_named_in_one_line_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate.write(tmp_path)
    page = tmp_path / "docs/reference/tcpaddon.md"
    page.write_text(page.read_text() + "edited by hand\n")
    assert generate.main(["--check"], tmp_path) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "docs/reference/tcpaddon.md" in told
    assert "make generate" in told
    assert "manifests" not in told


def test_files_that_are_up_to_date_pass_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    assert capsys.readouterr() == ("", "")


def test_the_reference_speaks_of_every_field() -> None:
    page = (generate.ROOT / "docs/reference/tcpaddon.md").read_text()
    named = {path.rpartition(".")[2] for path, _ in FIELDS if not path.endswith("]")}
    assert {name for name in named if f"| `{name}` |" not in page} == set()
