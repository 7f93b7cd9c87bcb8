"""bench/load/tally.py: every connection is counted once, and a loss is a loss."""

import pytest

from bench.load.samples import Sample, Wish
from bench.load.table import faults, tell
from bench.load.tally import End, Retired, Roll, Run

ROLLS = [
    Roll(number=1, version="1", began=100.0, ready=103.0, over=110.0),
    Roll(number=2, version="2", began=110.0, ready=113.0, over=120.0),
]
# Told to go at 104, SIGTERM at 109, killed at 114.
RETIRED = {"old": Retired(told_at=104.0, limit_at=114.0, pre_stop=5.0)}


def new(due: float, outcome: str = "ok", version: str = "1", took: float = 0.01) -> Sample:
    return Sample("new", due, due, due + took, outcome, "pod", version, 1)


def long(ended: float, outcome: str, pod: str = "old") -> Sample:
    return Sample("long", 90.0, 90.0, ended, outcome, pod, "0", 9)


def run(*samples: Sample) -> Run:
    return Run(ROLLS, samples, RETIRED)


def test_a_connection_belongs_to_the_rollout_in_which_it_was_due() -> None:
    rows = run(new(90.0), new(100.0), new(109.99), new(110.0), new(130.0)).rows()
    assert [row.tried for row in rows] == [3, 2]


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        ("refused", "refused"),
        ("reset", "reset"),
        ("timeout", "timed_out"),
        ("ended", "other"),
        ("EADDRNOTAVAIL", "other"),
    ],
)
def test_each_way_to_fail_is_a_loss(outcome: str, name: str) -> None:
    seen = run(new(101.0), new(102.0, outcome))
    assert getattr(seen.total(), name) == 1
    assert seen.total().lost == seen.total().lost_new == 1
    assert [sample.outcome for sample in seen.lost()] == [outcome]


@pytest.mark.parametrize(
    ("sample", "end"),
    [
        (long(109.1, "goodbye"), End.CLOSED),
        (long(107.0, "goodbye"), End.LOST),  # before SIGTERM
        (long(109.1, "goodbye", pod="nobody told it to go"), End.LOST),
        (long(114.2, "ended"), End.AT_LIMIT),
        (long(114.2, "reset"), End.AT_LIMIT),
        (long(112.0, "ended"), End.LOST),
        (long(112.0, "reset"), End.LOST),
        (long(114.2, "timeout"), End.LOST),
        (long(105.0, "refused", pod=""), End.LOST),
        (long(130.0, "ok"), End.OPEN),
    ],
)
def test_a_long_lived_connection_may_end_by_the_servers_word_or_at_the_drain_limit(
    sample: Sample, end: End
) -> None:
    seen = run(sample)
    assert seen.end(sample) is end
    total = seen.total()
    assert (total.closed, total.at_limit, total.long_lost) == (
        end is End.CLOSED,
        end is End.AT_LIMIT,
        end is End.LOST,
    )


def test_a_connection_that_is_begun_late_counts_from_when_it_was_due() -> None:
    late = Sample("new", 101.0, 101.4, 101.5, "ok", "pod", "1", 1)
    assert run(late).total().p50 == pytest.approx(500)


def test_versions_mix_from_the_first_answer_of_the_new_one_on() -> None:
    seen = run(
        new(101.0, version="0"),
        new(102.0, version="1", took=0.5),  # the first answer comes at 102.5
        new(102.4, version="0", took=1.0),  # in flight then
        new(102.6, version="0"),
        new(103.0, version="0"),
        new(103.5, version="1"),
    )
    first, _ = seen.rows()
    assert first.mixed == pytest.approx(0.5)
    assert first.late == 2
    wish = Wish(rate=0.1, long=0)
    assert list(faults(seen, wish, at_once=False)) == []
    (fault,) = faults(seen, wish, at_once=True)
    assert fault.startswith("2 connections were answered by the old version")


def test_a_load_that_falls_behind_proves_nothing() -> None:
    behind = [Sample("new", 100 + n, 100 + 2 * n, 101 + 2 * n, "ok", "p", "1", 1) for n in range(9)]
    (fault,) = faults(run(*behind), Wish(rate=1, long=0), at_once=False)
    assert "50%" in fault


def test_a_loss_is_told_with_its_moment() -> None:
    seen = run(new(111.5, "reset", took=0.25))
    (lost,) = seen.lost()
    assert tell(lost, seen) == (
        "lost: new connection from port 0 to 0, reset, due 1.500 s after the beginning of rollout "
        "2, begun 0.000 s and ended 0.250 s after that; pod pod"
    )
