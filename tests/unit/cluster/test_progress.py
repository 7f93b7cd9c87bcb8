"""People read how long a step has taken and will take."""

import pytest

from cluster import progress
from cluster.steps import Step


def step(name: str, seconds: float, *needs: str) -> Step:
    return Step(name, name, seconds, lambda: False, lambda: None, needs)


@pytest.mark.parametrize(
    ("seconds", "want"),
    [
        (0.2, "0 s"),
        (8.4, "8 s"),
        (59.4, "59 s"),
        (59.7, "1:00 min"),
        (65, "1:05 min"),
        (480, "8:00 min"),
    ],
)
def test_a_length_of_time_is_written_as_people_say_it(seconds: float, want: str) -> None:
    assert progress.clock(seconds) == want


def test_a_running_step_tells_how_long_it_will_take() -> None:
    assert progress.outlook(40, 480) == "40 s of about 8:00 min"


def test_an_overdue_step_does_not_pretend_to_end_soon() -> None:
    assert progress.outlook(500, 480) == "8:20 min (about 8:00 min expected)"


def test_what_is_left_is_the_longest_chain_not_the_sum() -> None:
    steps = [step("compile", 480), step("debian", 70), step("image", 25, "compile", "debian")]
    assert progress.remaining(steps, {}) == 505


def test_this_machines_times_go_before_the_recipes() -> None:
    assert progress.remaining([step("compile", 480)], {"compile": 100}) == 100


def test_nothing_to_do_takes_no_time() -> None:
    assert progress.remaining([], {}) == 0
