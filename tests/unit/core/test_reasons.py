"""The texts to the reasons."""

from tcpaddon.core.conditions_page import page
from tcpaddon.core.reasons import EXPLANATIONS
from tcpaddon.names import Reason


def test_every_reason_has_a_cause_and_a_cure() -> None:
    assert set(EXPLANATIONS) == set(Reason)
    for explanation in EXPLANATIONS.values():
        assert explanation.cause.endswith(".")
        assert explanation.cure.endswith(".")


def test_what_stalls_asks_for_somebody() -> None:
    assert all(explanation.asks for explanation in EXPLANATIONS.values() if explanation.stalls)


def test_the_page_lists_every_reason_once() -> None:
    text = page()
    assert all(text.count(f"| `{reason}` |") >= 1 for reason in Reason)
