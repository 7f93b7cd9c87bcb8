"""core/pending.py: when it is read what the load balancer says, and how it is quoted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tcpaddon.core.actions import Look
from tcpaddon.core.facts import Facts, Warned, Warnings
from tcpaddon.core.pending import check_again_after, looks, quoted
from tcpaddon.core.plan import plan
from tcpaddon.core.situation import Situation, assess
from tests.unit.core.world import NOW, World, addon


def pending(seconds: float, heard: Warnings | None = None) -> Situation:
    """Return an addon that has waited so long; its status was written at NOW."""
    w = World(addon=addon())
    w.settle()
    return assess(w.addon, replace(w.facts(), now=later(seconds), service_warnings=heard))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(*notes: tuple[str, str]) -> Warnings:
    words = (Warned(reason, note, later(n)) for n, (reason, note) in enumerate(notes))
    return Warnings(later(20), tuple(words))


@pytest.mark.parametrize("seconds", [0, 1, 14.9])
def test_nothing_is_read_where_an_address_may_still_come(seconds: float) -> None:
    assert not looks(pending(seconds))
    assert check_again_after(pending(seconds)) == pytest.approx(15 - seconds)


def test_after_15_seconds_it_is_read() -> None:
    assert looks(pending(15))


@pytest.mark.parametrize(
    ("read_after", "again_after"),
    [(15, 45), (45, 90), (90, 180), (180, 360), (400, 700), (4000, 4300)],
)
def test_the_longer_it_takes_the_more_seldom_it_is_read_again(
    read_after: float, again_after: float
) -> None:
    heard = Warnings(later(read_after))
    assert not looks(pending(again_after - 1, heard))
    assert check_again_after(pending(again_after - 1, heard)) == pytest.approx(1)
    assert looks(pending(again_after, heard))


def test_what_was_said_about_an_earlier_wait_is_read_anew() -> None:
    assert looks(pending(15, Warnings(NOW - timedelta(seconds=1))))


def test_a_look_answers_the_plan_that_asked_for_it() -> None:
    w = World(addon=addon())
    w.settle()
    w.pass_time(20)
    asked = plan(w.addon, w.facts())
    assert asked.looks == {Look.SERVICE_WARNINGS}
    answered: Facts = replace(w.facts(), service_warnings=Warnings(w.now))
    assert plan(w.addon, answered).looks == frozenset()


def test_with_an_address_nothing_is_asked() -> None:
    w = World(addon=addon())
    w.settle()
    w.give_address()
    w.settle()
    w.start_pods()
    w.settle()
    w.pass_time(3600)
    made = plan(w.addon, w.facts())
    assert (made.looks, made.check_again_after) == (frozenset(), None)


def test_only_the_newest_words_of_a_reason_are_quoted() -> None:
    heard = said(("Failed", "no subnet"), ("Failed", "no quota"))
    assert quoted(pending(20, heard)) == "«Failed: no quota»"


def test_two_who_speak_in_turn_read_the_same_each_time() -> None:
    one = quoted(pending(20, said(("A", "x"), ("B", "y"))))
    assert one == quoted(pending(20, said(("B", "y"), ("A", "x")))) == "«A: x» «B: y»"


def test_no_more_than_three_reasons_are_quoted() -> None:
    heard = said(*((reason, "x") for reason in "DCBA"))
    assert quoted(pending(20, heard)) == "«A: x» «B: x» «C: x»"


@pytest.mark.parametrize(
    ("note", "quote"),
    [
        ("failed, RequestID: 6f2c3c5a-9a3e-4a1c-8a52-0242ac130003.", "failed, RequestID: …."),
        ("at 2026-01-01T12:00:00.123Z: no", "at …: no"),
        ("code 1a2b3c4d5e6f7a8b9c0d in  eu-west-1\n(3 tries)", "code … in eu-west-1 (3 tries)"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_words_lose_what_differs_each_time(note: str, quote: str) -> None:
    assert quoted(pending(20, said(("F", note)))) == f"«F: {quote}»"
