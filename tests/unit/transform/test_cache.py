"""The cache of results: whole files or none, and the least useful goes first."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from byteward.transform.cache import ResultCache, ResultHeader, result_key


def header(
    size: int, *, path: str = "/a.jpg", slug: str = "image", cost_ms: int = 10
) -> ResultHeader:
    return ResultHeader("A623uY2", slug, path, "image/png", size, 1, 1, cost_ms, 0)


def put(cache: ResultCache, name: str, body: bytes, **changes: object) -> str:
    key = result_key([name])
    file = cache.work_folder() / name
    file.write_bytes(body)
    cache.put(key, header(len(body), **changes), file)  # type: ignore[arg-type]
    return key


def body_of(cache: ResultCache, key: str) -> bytes | None:
    found = cache.find(key)
    return None if found is None else cache.read(found)


def test_what_was_put_is_found(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "cache")
    key = put(cache, "one", b"body")
    found = cache.find(key)
    assert found is not None
    assert (found.header.mime, cache.read(found)) == ("image/png", b"body")
    assert body_of(cache, result_key(["other"])) is None
    assert list(cache.work_folder().iterdir()) == []


def test_an_empty_body_is_a_body(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    assert body_of(cache, put(cache, "empty", b"")) == b""


def test_the_folder_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "cache")
    key = put(cache, "one", b"body")
    shutil.rmtree(cache.folder)
    assert body_of(cache, key) is None
    assert cache.remove(lambda _: True) == cache.evict(0) == 0
    assert body_of(cache, put(cache, "one", b"again")) == b"again"


def test_a_torn_file_is_no_result(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    key = put(cache, "one", b"body" * 100)
    path = tmp_path / key[:2] / key
    whole = path.read_bytes()
    for length in (0, 3, 8, 20, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert body_of(cache, key) is None, length
    path.write_bytes(b"x" * len(whole))
    assert body_of(cache, key) is None


def test_results_are_removed_by_what_they_are(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    kept = put(cache, "kept", b"1", path="/other.jpg")
    gone = put(cache, "gone", b"2", path="/a.jpg")
    assert cache.remove(lambda each: each.path == "/a.jpg") == 1
    assert (body_of(cache, kept), body_of(cache, gone)) == (b"1", None)


def test_eviction_keeps_what_is_dear_and_used(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    dear = put(cache, "dear", b"x" * 1000, cost_ms=5000)
    cheap = put(cache, "cheap", b"x" * 1000, cost_ms=1)
    old = put(cache, "old", b"x" * 1000, cost_ms=5000)
    os.utime(tmp_path / old[:2] / old, (1, 1))
    assert cache.evict(100_000) == 0
    assert cache.evict(2000) > 0
    assert [body_of(cache, key) is None for key in (dear, cheap, old)] == [False, True, True]


def test_the_key_depends_on_every_part() -> None:
    keys = {result_key(parts) for parts in (["a", "b"], ["ab"], ["a", ["b"]], [["a"], "b"], [])}
    assert len(keys) == 5
