"""A mapping of bounded weight that forgets what was not used for longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class WeightedLru(Generic[K, V]):
    """Keeps entries until their weights add up to more than `budget`.

    SECURITY: the weight is of what a stranger can choose, such as the length of a path, so that
    no sequence of requests makes the cache larger than its budget.
    """

    __slots__ = ("_budget", "_entries", "_weight")

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The value, which becomes the most recently used; None when there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def peek(self, key: K) -> V | None:
        """The value without marking it as used; safe on another thread than the owner's."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Add or replace; what is heavier than the whole budget is not kept."""
        self.drop(key)
        if weight > self._budget:
            return
        self._entries[key] = (value, weight)
        self._weight += weight
        while self._weight > self._budget:
            _, (_, gone) = self._entries.popitem(last=False)
            self._weight -= gone

    def drop(self, key: K) -> None:
        """Forget one entry, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._weight -= entry[1]

    @property
    def weight(self) -> int:
        """The weights of all entries together; at most the budget."""
        return self._weight

    def __len__(self) -> int:
        return len(self._entries)
