"""Fingerprints of field sets; that they are the API server's is tested in tests/api."""

from typing import Any

import pytest

from tcpaddon.core.fieldset import fields_of_object, fingerprint_of_entry, fingerprint_of_object


def of_spec(spec: dict[str, Any]) -> Any:
    """Return the fields of a spec."""
    return fields_of_object({"spec": spec}).get("f:spec", {})


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"replicas": 2}, {"f:replicas": {}}),
        ({"strategy": {"type": "x"}}, {"f:strategy": {"f:type": {}}}),
        ({"emptyDir": {}}, {"f:emptyDir": {}}),
        ({"args": ["a"]}, {"f:args": {}}),
        ({"args": []}, {"f:args": {}}),
        ({"env": []}, {}),
        ({"selector": {"a": "b"}}, {"f:selector": {}}),
        ({"env": [{"name": "A"}]}, {"f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}}}}),
        (
            {"ports": [{"containerPort": 1}]},
            {
                "f:ports": {
                    'k:{"containerPort":1,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}
                }
            },
        ),
        ({"finalizers": ["a&b"]}, {"f:finalizers": {'v:"a\\u0026b"': {}}}),
        ({"imagePullSecrets": [{"name": "r"}]}, {"f:imagePullSecrets": {'k:{"name":"r"}': {}}}),
    ],
)
def test_the_fields_of_an_object_are_those_of_its_apply(spec: Any, fields: Any) -> None:
    assert of_spec(spec) == fields


def test_what_the_server_leaves_out_is_left_out() -> None:
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "uid": "b"}}
    assert fields_of_object(obj) == {}
    assert fingerprint_of_object(obj) == ""


def test_owning_nothing_has_no_fingerprint() -> None:
    assert fingerprint_of_entry({}) == ""
    assert fingerprint_of_entry(None) == ""


def test_the_order_of_an_entry_means_nothing() -> None:
    one: Any = {"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}
    two: Any = {"f:b": {"f:d": {}, "f:c": {}}, "f:a": {}}
    assert fingerprint_of_entry(one) == fingerprint_of_entry(two)


def test_another_value_is_the_same_field_set() -> None:
    one, two = {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}
    assert fingerprint_of_object(one) == fingerprint_of_object(two)
