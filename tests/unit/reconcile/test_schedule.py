"""The order of the queue."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tcpaddon.reconcile.schedule import BACKOFF_LIMIT, Key, Schedule


def schedule(jitter: float = 1.0) -> Schedule:
    return Schedule(jitter=lambda: jitter)


def test_a_burst_for_one_key_is_one_piece_of_work() -> None:
    s = schedule()
    for _ in range(100):
        s.add(Key("ns", "a"))
    assert s.take(0) == Key("ns", "a")
    assert s.take(0) is None


def test_a_key_in_work_is_not_handed_out_again_before_it_is_done() -> None:
    s = schedule()
    key = Key("ns", "a")
    s.add(key)
    assert s.take(0) == key
    s.add(key)
    assert s.take(0) is None
    s.done(key)
    assert s.take(0) == key


def test_a_key_whose_delay_ends_while_it_is_in_work_waits_until_it_is_done() -> None:
    s = schedule()
    key = Key("ns", "a")
    s.add(key)
    s.take(0)
    s.add_at(key, 5)
    assert s.take(6) is None
    s.done(key)
    assert s.take(6) == key


def test_namespaces_take_turns() -> None:
    s = schedule()
    for n in range(5):
        s.add(Key("big", f"a{n}"))
    s.add(Key("small", "only"))
    order = [s.take(0) for _ in range(3)]
    assert order == [Key("big", "a0"), Key("small", "only"), Key("big", "a1")]


def test_a_delayed_key_is_not_due_before_its_time_and_is_due_at_it() -> None:
    s = schedule()
    s.add_at(Key("ns", "a"), 10)
    assert s.next_due() == 10
    assert s.take(9.9) is None
    assert s.take(10) == Key("ns", "a")
    assert s.next_due() is None


def test_of_two_delays_the_earlier_one_counts_once() -> None:
    s = schedule()
    key = Key("ns", "a")
    s.add_at(key, 10)
    s.add_at(key, 5)
    s.add_at(key, 20)
    assert s.take(5) == key
    s.done(key)
    assert s.take(100) is None


def test_asking_now_takes_a_delay_back() -> None:
    s = schedule()
    key = Key("ns", "a")
    s.add_at(key, 10)
    s.add(key)
    assert s.take(0) == key
    s.done(key)
    assert s.take(100) is None


def test_a_failing_key_waits_longer_each_time_up_to_the_limit() -> None:
    s = schedule()
    waits, now = [], 0.0
    for _ in range(12):
        waits.append(s.fail(Key("ns", "a"), now))
        now += waits[-1]
    assert waits[0] == 1.0
    assert all(a <= b for a, b in pairwise(waits))
    assert waits[-1] == BACKOFF_LIMIT


def test_success_starts_the_back_off_anew() -> None:
    s = schedule()
    key = Key("ns", "a")
    first = s.fail(key, now=0)
    s.fail(key, now=first)
    s.succeed(key)
    assert s.fail(key, now=100) == first


def test_an_event_in_the_middle_of_a_back_off_makes_it_no_longer() -> None:
    s = schedule()
    key = Key("ns", "a")
    assert s.fail(key, now=0) == 1
    for moment in (0.2, 0.4, 0.6):
        s.add(key)
        assert s.take(moment) == key
        assert s.fail(key, now=moment) == 1 - moment
        s.done(key)
    assert s.take(0.9) is None
    assert s.take(1.0) == key


def test_no_event_brings_a_key_in_before_the_time_that_the_api_server_asked_for() -> None:
    s = schedule()
    key = Key("ns", "a")
    s.add(key)
    s.take(0)
    s.add(key)  # while it is in work
    s.fail(key, now=0, at_least=10)
    s.done(key)
    assert s.take(1) is None
    s.add(key)
    assert s.take(9.9) is None
    assert s.take(10) == key


def test_the_api_servers_retry_after_is_honoured() -> None:
    s = schedule()
    assert s.fail(Key("ns", "a"), now=0, at_least=30) == 30
    assert s.take(29) is None
    assert s.take(30) == Key("ns", "a")


def test_jitter_spreads_the_back_off() -> None:
    assert schedule(0.5).fail(Key("ns", "a"), now=0) == 0.5
    assert schedule(1.5).fail(Key("ns", "a"), now=0) == 1.5


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "add_at", "take", "done", "fail"]),
            st.sampled_from([Key("a", "1"), Key("a", "2"), Key("b", "1")]),
            st.integers(0, 20),
        ),
        max_size=60,
    )
)
def test_no_wish_is_lost_and_no_key_is_with_two_workers(
    steps: list[tuple[str, Key, int]],
) -> None:
    s = schedule()
    wanted: set[Key] = set()
    working: set[Key] = set()
    for now, (what, key, number) in enumerate(steps):
        if what == "add":
            s.add(key)
            wanted.add(key)
        elif what == "add_at":
            s.add_at(key, now + number)
            wanted.add(key)
        elif what == "fail":
            s.fail(key, now)
            wanted.add(key)
        elif what == "done" and key in working:
            s.done(key)
            working.discard(key)
        elif what == "take" and (taken := s.take(now)) is not None:
            assert taken not in working
            assert taken in wanted
            working.add(taken)
            wanted.discard(taken)
    for key in working:
        s.done(key)
    left = set()
    while (taken := s.take(10_000)) is not None:
        left.add(taken)
    assert left == wanted
