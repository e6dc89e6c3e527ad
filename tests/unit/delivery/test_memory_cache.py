"""Bytes in memory: bounded, and the least used go first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.delivery.memory_cache import MemoryCache


def test_the_least_recently_used_object_makes_room() -> None:
    cache = MemoryCache(10, 5)
    cache.put("a", b"aaaa")
    cache.put("b", b"bbbb")
    assert cache.get("a") == b"aaaa"
    cache.put("c", b"cccc")
    assert cache.get("b") is None
    assert cache.get("a") == b"aaaa"


def test_an_object_larger_than_the_limit_is_not_kept() -> None:
    cache = MemoryCache(100, 5)
    cache.put("a", b"123456")
    assert cache.get("a") is None


def test_a_cache_without_room_keeps_nothing_but_empty_objects() -> None:
    cache = MemoryCache(0, 5)
    cache.put("a", b"1")
    assert cache.get("a") is None
    assert cache.size_bytes == 0


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 12))))
def test_the_size_never_passes_the_limit_and_is_counted_right(puts: list[tuple[str, int]]) -> None:
    cache = MemoryCache(30, 10)
    for name, size in puts:
        cache.put(name, bytes(size))
        kept = [body for name in "abcdefgh" if (body := cache.get(name)) is not None]
        assert cache.size_bytes == sum(map(len, kept)) <= 30


def test_what_is_dropped_is_gone_and_its_room_is_free() -> None:
    cache = MemoryCache(100, 50)
    cache.put("a", b"x" * 40)
    cache.drop("a")
    cache.drop("a")
    assert (cache.get("a"), cache.size_bytes) == (None, 0)
