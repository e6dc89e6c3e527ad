"""Days of the statistics."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.accounts.daily_usage import Amounts, day_of, days_before

TIMES = st.integers(0, 4_000_000_000_000)


def test_a_day_ends_at_midnight_in_utc() -> None:
    assert day_of(1_716_681_599_999) == 20240525
    assert day_of(1_716_681_600_000) == 20240526


@given(TIMES, st.integers(1, 400))
def test_days_before_are_consecutive_and_end_today(at_ms: int, count: int) -> None:
    days = days_before(at_ms, count)
    assert len(days) == count
    assert days[-1] == day_of(at_ms)
    assert days == sorted(set(days))
    if count > 1 and at_ms >= 86_400_000:
        assert days[-2] == day_of(at_ms - 86_400_000)


def test_amounts_add_up() -> None:
    amounts = Amounts(1, 2, 3, 4, 5, 6)
    amounts.add(amounts)
    assert amounts == Amounts(2, 4, 6, 8, 10, 12)
