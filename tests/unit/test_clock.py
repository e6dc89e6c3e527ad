from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from byteward.clock import now_ms, system_clock


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_a_whole_millisecond_survives_the_float_clock(ms: int) -> None:
    assert now_ms(lambda: ms / 1000) == ms


def test_the_system_clock_gives_unix_seconds() -> None:
    before = time.time_ns()
    seconds = system_clock()
    assert before / 1e9 - 1 < seconds < time.time_ns() / 1e9 + 1
