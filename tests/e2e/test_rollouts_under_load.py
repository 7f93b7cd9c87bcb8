"""The short form of `make bench-rollout`: rollouts under load lose nothing, and a loss is seen.

The three courses run beside one another, each with an addon and clients of its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bench.load.samples import Wish
from bench.load.table import faults, tell
from bench.load.tally import Run
from bench.rolling import Course, run
from tests.e2e.site import Site

WISH = Wish(rate=50, long=20)
ROLLING = Course("Rolling", rollouts=3, wish=WISH)
SWITCH = Course("Switch", rollouts=3, wish=WISH)
CONTROL = Course("Rolling", rollouts=3, wish=WISH, control=True)
Seen = Callable[[Course], Run]


@pytest.fixture(scope="module")
def seen(site: Site) -> Iterator[Seen]:
    def one(number: int, course: Course) -> Run:
        with site.namespace(f"load-{number}") as namespace:
            return run(site, namespace, course)

    with ThreadPoolExecutor() as beside:
        runs: dict[Course, Future[Run]] = {
            course: beside.submit(one, number, course)
            for number, course in enumerate((ROLLING, SWITCH, CONTROL))
        }
        yield lambda course: runs[course].result()


@pytest.mark.parametrize("course", [ROLLING, SWITCH], ids=lambda course: course.strategy)
def test_rollouts_under_load_lose_no_connection(
    seen: Seen, course: Course, record_property: Callable[[str, object], None]
) -> None:
    found = seen(course)
    total = found.total()
    record_property(
        f"{course.strategy} under load",
        f"{total.tried} connections, {total.lost} lost, p99 {total.p99:.0f} ms, versions mixed for "
        f"{total.mixed:.3f} s at most",
    )
    # Reaching a rate is no promise of a test machine; the bench asks for it.
    assert [tell(sample, found) for sample in found.lost()] == []
    assert total.closed
    assert total.at_limit


def test_clients_of_a_switch_never_meet_the_old_version_after_the_new_one(seen: Seen) -> None:
    assert seen(SWITCH).total().late == 0


def test_a_server_that_exits_at_once_loses_connections_and_the_load_sees_it(seen: Seen) -> None:
    found = seen(CONTROL)
    assert found.total().lost_new
    assert list(faults(found, WISH, at_once=False))
