"""A fight over an object is fought slowly, and known as one until it is over."""

from tcpaddon.core.facts import Kind, Ref
from tcpaddon.reconcile.repairs import AT_ONCE, EVERY, Repairs

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
