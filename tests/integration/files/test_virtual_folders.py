"""Folders that were made, backwards, a page at a time, against one that sorts them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.files.virtual_folders import virtual_folders_before
from byteward.files.walk import FolderEntry
from tests.integration.files.stored_tree import Segments, store_tree

_NAMES = st.sampled_from(["a", "a-", "a-b", "a.b", "a0", "b", "", "é", "\U0001f600", "\U0010ffff"])
FOLDERS = st.lists(_NAMES, max_size=4).map(tuple).filter(lambda path: path[:1] != ("",))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    path: Path = tmp_path_factory.mktemp("virtual") / "test.db"
    upgrade(path)
    opened = open_sqlite(path)
    yield opened
    opened.close_now()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    made=st.sets(FOLDERS, max_size=12),
    files=st.sets(FOLDERS.map(lambda path: (*path, "file")), max_size=6),
    limit=st.integers(1, 5),
)
def test_pages_give_every_folder_once_each_after_all_in_it(
    db: SqliteDatabase, made: set[Segments], files: set[Segments], limit: int
) -> None:
    every = {path[:depth] for path in made for depth in range(1, len(path) + 1)}
    root = db.write_now(lambda conn: store_tree(conn, files, {path: {} for path in every}))
    wanted = sorted((("/".join(path) + "/") for path in every), key=str.encode, reverse=True)
    seen: list[str] = []

    def page(conn: Connection) -> list[FolderEntry]:
        return virtual_folders_before(conn, root, seen[-1] if seen else "", limit)

    while found := db.read_now(page):
        assert len(found) <= limit
        seen += [entry.key for entry in found]
    assert seen == wanted


def test_a_position_need_not_be_there(db: SqliteDatabase) -> None:
    made: dict[Segments, dict[str, str]] = {("a",): {}, ("a", "b"): {}, ("c",): {}}
    root = db.write_now(lambda conn: store_tree(conn, set(), made))

    def keys(key: str) -> list[str]:
        found = db.read_now(lambda conn: virtual_folders_before(conn, root, key, 9))
        return [entry.key for entry in found]

    assert keys("b/x/y/") == ["a/b/", "a/"]
    assert keys("a/c/") == ["a/b/", "a/"]
    assert keys("a/b/") == ["a/"]
    assert keys("a/") == []
