"""Whose an object is, and what follows where it is not ours."""

from dataclasses import replace

import pytest

from tcpaddon.core.facts import Facts, Kind, Ref, ServiceFact
from tcpaddon.core.ownership import blocked
from tests.unit.core.world import NOW, UID, World, addon, secret


def service(**more: str | None) -> ServiceFact:
    """Return the Service that an addon made."""
    world = World(addon=addon())
    world.settle()
    made = world.children[Ref(Kind.SERVICE, "iot", "mqtt-tcp")]
    assert isinstance(made, ServiceFact)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(now=NOW), False),
        (Facts(now=NOW, service=service()), False),
        (Facts(now=NOW, service=service(owner_uid=None)), False),
        (Facts(now=NOW, service=service(addon="mq", owner_uid="uid-of-mq")), True),
        (Facts(now=NOW, service=service(owner_uid="uid-of-an-earlier-mqtt")), True),
        (Facts(now=NOW, binding=secret("mqtt-tcp-binding", addon="mqtt", owner_uid=UID)), False),
        (Facts(now=NOW, binding=secret("mqtt-tcp-binding")), True),
    ],
)
def test_a_name_that_something_else_has_blocks(facts: Facts, expected: bool) -> None:
    assert blocked(addon(), facts) is expected


def test_an_addon_that_goes_waits_for_no_name() -> None:
    going = addon(deletionTimestamp="2026-01-01T12:00:00Z")
    assert not blocked(going, Facts(now=NOW, binding=secret("mqtt-tcp-binding")))
