"""The cache is never heavier than its budget and forgets the least recently used first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.permissions.lru import WeightedLru

_PUTS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12)), max_size=60)


@given(_PUTS, st.integers(1, 20))
def test_weight_is_the_sum_of_what_is_kept_and_within_the_budget(
    puts: list[tuple[int, int]], budget: int
) -> None:
    cache: WeightedLru[int, int] = WeightedLru(budget)
    for key, weight in puts:
        cache.put(key, weight, weight)
        kept = [cache.peek(key) for key in range(10)]
        assert cache.weight == sum(value for value in kept if value is not None) <= budget
        assert len(cache) == sum(value is not None for value in kept)
        assert cache.peek(key) == (weight if weight <= budget else None)


def test_least_recently_used_entry_goes_first() -> None:
    cache: WeightedLru[str, int] = WeightedLru(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_peeking_is_not_using() -> None:
    cache: WeightedLru[str, int] = WeightedLru(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.peek("a") == 1
    cache.put("c", 3)
    assert cache.peek("a") is None


def test_entry_heavier_than_the_budget_is_not_kept_and_displaces_only_its_own_old_value() -> None:
    cache: WeightedLru[str, int] = WeightedLru(5)
    cache.put("a", 1, 2)
    cache.put("b", 2, 2)
    cache.put("a", 3, 6)
    assert (cache.get("a"), cache.get("b"), cache.weight) == (None, 2, 2)


def test_dropping_what_is_not_there_changes_nothing() -> None:
    cache: WeightedLru[str, int] = WeightedLru(5)
    cache.put("a", 1, 2)
    cache.drop("b")
    cache.drop("a")
    cache.drop("a")
    assert (len(cache), cache.weight) == (0, 0)
