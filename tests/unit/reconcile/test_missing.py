"""What no event will bring is looked for again, and only that."""

from typing import Any

import pytest

from tcpaddon.reconcile.missing import waits_for_the_user
from tests.unit.core.cases import given

APP = {"containers": [{"name": "web", "image": "web:1"}]}
CONFIG_MAP = {"texts": {"Procfile": "tcp: ./serve"}}


@pytest.mark.parametrize(
    ("spec", "facts", "waits"),
    [
        ({"appRef": {"name": "web"}}, {}, True),
        # It came while the plan without it was carried out: nobody watches it yet.
        ({"appRef": {"name": "web"}}, {"app": APP}, True),
        ({"appRef": {"name": "web"}}, {"app": {**APP, "marked": True}}, False),
        ({"procfileFrom": {"name": "p"}}, {}, True),
        ({"procfileFrom": {"name": "p"}}, {"configMap": CONFIG_MAP}, True),
        ({"procfileFrom": {"name": "p"}}, {"configMap": {**CONFIG_MAP, "marked": True}}, False),
        ({"binding": {"secretRef": {"name": "app-env"}}}, {}, True),
        ({"binding": {"secretRef": {"name": "app-env"}}}, {"appSecret": {}}, False),
        (
            {"binding": {"secretRef": {"name": "app-env"}}},
            {"appSecret": {"keys": ["TCP_URL"]}, "service": {"ingress": [{"ip": "203.0.113.7"}]}},
            True,
        ),
        ({}, {}, False),
    ],
)
def test_an_object_of_the_users_is_polled_for_until_it_is_watched(
    spec: Any, facts: Any, waits: bool
) -> None:
    addon, found = given({"addon": {"spec": spec}, "facts": facts})
    assert waits_for_the_user(addon, found) is waits
