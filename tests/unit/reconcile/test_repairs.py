"""A fight over an object is fought slowly, and known as one until it is over."""

import pytest

from tcpaddon.core.actions import Apply
from tcpaddon.core.children.binding_secret import encoded
from tcpaddon.core.facts import Kind, Ref
from tcpaddon.reconcile.repairs import AT_ONCE, EVERY, Repairs, is_repair
from tests.unit.core.world import addon

REF, OTHER = Ref(Kind.SERVICE, "ns", "a-tcp"), Ref(Kind.SERVICE, "ns", "b-tcp")


def test_the_first_repairs_are_made_at_once() -> None:
    repairs = Repairs()
    assert [repairs.pause(REF, now=0) for _ in range(int(AT_ONCE))] == [0.0] * int(AT_ONCE)


def test_a_fight_is_slowed_down_to_one_repair_in_a_while() -> None:
    repairs = Repairs()
    for _ in range(int(AT_ONCE)):
        repairs.pause(REF, now=0)
    wait = repairs.pause(REF, now=0)
    assert wait == EVERY
    assert repairs.pause(REF, now=wait) == 0.0
    assert repairs.pause(REF, now=wait) > 0.0


def test_a_fight_over_one_object_slows_no_other_down() -> None:
    repairs = Repairs()
    for _ in range(20):
        repairs.pause(REF, now=0)
    assert repairs.pause(OTHER, now=0) == 0.0


def test_an_object_left_in_peace_is_forgotten() -> None:
    repairs = Repairs()
    repairs.pause(REF, now=0)
    repairs.pause(OTHER, now=EVERY * AT_ONCE)
    assert REF not in repairs._left


def test_a_fight_is_one_until_nobody_has_fought_for_a_while() -> None:
    repairs = Repairs()
    for _ in range(3):
        repairs.pause(REF, now=0)
    assert repairs.contested(REF, now=0) == 0.0
    repairs.pause(REF, now=0)
    left = repairs.contested(REF, now=0)
    assert left == EVERY
    assert repairs.contested(REF, now=left) == 0.0
    assert repairs.contested(OTHER, now=0) == 0.0


def test_a_repair_that_was_refused_was_none() -> None:
    repairs = Repairs()
    for _ in range(20):
        assert repairs.pause(REF, now=0) == 0.0
        repairs.refund(REF)
    assert repairs.contested(REF, now=0) == 0.0


@pytest.mark.parametrize(
    ("published", "again"), [("tcp://203.0.113.7:1883", True), ("tcp://203.0.113.8:1883", False)]
)
def test_a_url_that_is_new_is_no_repair_of_the_secret(published: str, again: bool) -> None:
    endpoint = {"name": "tcp", "host": "h", "port": 1883, "url": published}
    status = {"endpoints": [endpoint]}
    made = addon()
    told = made.model_copy(update={"status": type(made.status).model_validate(status)})
    data = {"TCP_URL": encoded("tcp://203.0.113.7:1883")}
    ref = Ref(Kind.SECRET, "iot", "app-env")
    apply = Apply(ref=ref, body={"data": data}, manager="tcpaddon/1")
    assert is_repair(apply, None, told) is again
    assert not is_repair(apply, None, made)
