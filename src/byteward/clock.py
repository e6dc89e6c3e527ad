"""The time of day, passed in as a callable so that tests choose it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns Unix seconds (UTC) with a fraction."""

system_clock: Clock = time.time


def now_ms(clock: Clock) -> int:
    """The clock's time as whole Unix milliseconds, the unit of `lastModified` on the wire.

    Rounded: seconds as a float lie just below many whole milliseconds, and cutting loses those.
    """
    return round(clock() * 1000)
