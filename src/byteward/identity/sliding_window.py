"""How much happened in the last period, in a row of numbers (pure).

The period is cut into slices. What happens is added to the slice of its moment, and a slice counts
until the whole of it is further back than the period. So no more than the limit ever passes in any
period, wherever one begins, and what was used becomes free again one period later or at most one
slice after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SLICES: Final = 20
"""In one period: a place comes back after the period and up to 5 % of it."""


@dataclass(frozen=True, slots=True)
class Window:
    """What happened lately.

    Attributes:
        slice_ms: length of a slice.
        newest: number of the newest slice, counted from 1970.
        amounts: of that slice and those before it, the newest first.
    """

    slice_ms: int
    newest: int
    amounts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All that counts."""
        return sum(self.amounts)

    @property
    def passes_at_ms(self) -> int:
        """Unix milliseconds from which nothing of it counts any more."""
        return (self.newest + SLICES + 1) * self.slice_ms


def empty_window(period_seconds: int, now_ms: int) -> Window:
    """A window in which nothing has happened."""
    slice_ms = period_seconds * 1000 // SLICES
    return Window(slice_ms, now_ms // slice_ms, ())


def moved_to(window: Window, period_seconds: int, now_ms: int) -> Window:
    """The window as it is now; a new one when the period is another than it was kept for."""
    fresh = empty_window(period_seconds, now_ms)
    if window.slice_ms != fresh.slice_ms:
        return fresh
    # A clock that was set back finds the window in its future: it stays where it is.
    passed = max(0, fresh.newest - window.newest)
    amounts = (0,) * min(passed, SLICES + 1) + window.amounts
    return Window(window.slice_ms, window.newest + passed, _trimmed(amounts[: SLICES + 1]))


def added_to(window: Window, amount: int) -> Window:
    """The window with something more in its newest slice."""
    first, *rest = window.amounts or (0,)
    return Window(window.slice_ms, window.newest, (first + amount, *rest))


def wait_ms(window: Window, limit: int, amount: int, now_ms: int) -> int:
    """How long until `amount` more is within the limit, if nothing else happens; 0: it is now.

    Args:
        window: moved to now.
        limit: the most in one period, at least `amount`.
        amount: what is wanted.
        now_ms: Unix milliseconds.
    """
    excess = window.total + amount - limit
    if excess <= 0:
        return 0
    for age in range(len(window.amounts) - 1, -1, -1):
        excess -= window.amounts[age]
        if excess <= 0:
            free_at_ms = (window.newest - age + SLICES + 1) * window.slice_ms
            return max(1, free_at_ms - now_ms)
    return max(1, window.passes_at_ms - now_ms)


def _trimmed(amounts: Sequence[int]) -> tuple[int, ...]:
    """Without the zeros at the end."""
    kept = len(amounts)
    while kept and amounts[kept - 1] == 0:
        kept -= 1
    return tuple(amounts[:kept])
