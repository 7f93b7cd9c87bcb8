"""Steps run in the order of their needs, only where there is work, and stop at the first error."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cluster import cache, steps
from cluster.errors import ClusterError
from cluster.steps import Step


class Told:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.planned_names: list[str] = []
        self.failed: list[str] = []

    def planned(self, steps: Iterable[Step]) -> None:
        self.planned_names = [step.name for step in steps]

    def started(self, step: Step) -> None:
        pass

    def ended(self, step: Step, seconds: float, *, failed: bool) -> None:
        assert seconds >= 0
        if failed:
            self.failed.append(step.name)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def step(
    name: str,
    *needs: str,
    done: bool = False,
    run: Callable[[], None] = lambda: None,
) -> Step:
    return Step(name, name.title(), 10.0, lambda: done, run, needs)


def names(ordered: Iterable[Step]) -> list[str]:
    return [one.name for one in ordered]


def test_a_step_comes_after_those_it_needs() -> None:
    ordered = names(steps.in_order([step("c", "b"), step("b", "a"), step("a")]))
    assert ordered == ["a", "b", "c"]


def test_a_need_that_is_no_step_is_refused() -> None:
    with pytest.raises(ValueError, match="a needs b, which is no step"):
        steps.in_order([step("a", "b")])


def test_steps_that_need_one_another_are_refused() -> None:
    with pytest.raises(ValueError, match="need one another"):
        steps.in_order([step("a", "b"), step("b", "a")])


def test_only_what_is_not_done_runs() -> None:
    ran: list[str] = []
    told = Told()
    steps.run(
        [
            step("old", done=True, run=lambda: ran.append("old")),
            step("new", "old", run=lambda: ran.append("new")),
        ],
        told,
    )
    assert ran == told.planned_names == ["new"]


def test_needs_have_ended_when_a_step_starts() -> None:
    ran: list[str] = []
    last = step("c", "a", "b", run=lambda: ran.append("c"))
    first = [step("a", run=lambda: ran.append("a")), step("b", run=lambda: ran.append("b"))]
    steps.run([last, *first], Told())
    assert sorted(ran[:2]) == ["a", "b"]
    assert ran[2:] == ["c"]


def test_a_failed_step_ends_the_run_with_its_error() -> None:
    ran: list[str] = []
    told = Told()

    def fail() -> None:
        raise ClusterError("Go is missing.")

    with pytest.raises(ClusterError, match="Go is missing"):
        steps.run([step("a", run=fail), step("b", "a", run=lambda: ran.append("b"))], told)
    assert told.failed == ["a"]
    assert ran == []


def test_the_time_of_a_step_that_succeeded_is_remembered() -> None:
    steps.run([step("a")], Told())
    assert list(cache.read_timings()) == ["a"]
