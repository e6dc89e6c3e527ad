"""No period ever holds more than its limit, and what was used comes back soon after it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.identity.sliding_window import (
    SLICES,
    Window,
    added_to,
    empty_window,
    moved_to,
    wait_ms,
)

START = 1_800_000_000_123
PERIODS = st.sampled_from([1, 7, 60, 3600])


@given(
    period=PERIODS,
    limit=st.integers(1, 9),
    steps=st.lists(st.tuples(st.floats(0, 0.4), st.integers(1, 3)), max_size=60),
)
def test_no_period_holds_more_than_the_limit(
    period: int, limit: int, steps: list[tuple[float, int]]
) -> None:
    now, window = START, empty_window(period, START)
    passed: list[tuple[int, int]] = []
    for pause, amount in steps:
        now += int(pause * period * 1000)
        window = moved_to(window, period, now)
        if wait_ms(window, limit, amount, now) == 0:
            window = added_to(window, amount)
            passed.append((now, amount))
    for moment, _ in passed:
        within = [a for at, a in passed if moment - period * 1000 < at <= moment]
        assert sum(within) <= limit


@given(period=PERIODS, limit=st.integers(1, 5), uses=st.lists(st.floats(0, 0.9), min_size=1))
def test_whoever_waits_as_told_is_let_in_and_the_wait_is_no_longer_than_needed(
    period: int, limit: int, uses: list[float]
) -> None:
    window, times = empty_window(period, START), list[int]()
    for offset in sorted(uses):
        at = START + int(offset * period * 1000)
        window = moved_to(window, period, at)
        if wait_ms(window, limit, 1, at) == 0:
            window, times = added_to(window, 1), [*times, at]
    now = START + period * 900
    window = moved_to(window, period, now)
    wait = wait_ms(window, limit, 1, now)
    if wait == 0:
        return
    assert wait_ms(moved_to(window, period, now + wait), limit, 1, now + wait) == 0
    exact = times[len(times) - limit] + period * 1000 - now
    assert exact <= wait <= exact + period * 1000 // SLICES


@given(period=PERIODS, limit=st.integers(1, 100), amount=st.integers(1, 100))
def test_an_empty_window_lets_in_what_is_within_the_limit(
    period: int, limit: int, amount: int
) -> None:
    window = empty_window(period, START)
    assert (wait_ms(window, max(limit, amount), amount, START)) == 0


def test_a_window_passes_when_nothing_of_it_counts() -> None:
    window = added_to(empty_window(60, START), 5)
    assert moved_to(window, 60, window.passes_at_ms - 1).total == 5
    assert moved_to(window, 60, window.passes_at_ms).amounts == ()


def test_a_window_of_another_period_starts_anew() -> None:
    window = added_to(empty_window(60, START), 5)
    assert moved_to(window, 61, START).total == 0


def test_a_clock_that_was_set_back_forgets_nothing() -> None:
    window = added_to(empty_window(60, START), 5)
    back = moved_to(window, 60, START - 3_600_000)
    assert (back, back.total) == (window, 5)


def test_what_is_kept_is_bounded_however_long_it_is_used() -> None:
    window, now = empty_window(1, START), START
    for _ in range(500):
        now += 30
        window = added_to(moved_to(window, 1, now), 1)
        assert len(window.amounts) <= SLICES + 1
    assert moved_to(window, 1, now + 10**12) == Window(50, (now + 10**12) // 50, ())
