"""Pages of a walk against an oracle that knows every path and sorts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.files.walk import Entry, FolderEntry, entries_after
from tests.integration.files.stored_tree import Segments, store_tree


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    path: Path = tmp_path_factory.mktemp("walk") / "test.db"
    upgrade(path)
    opened = open_sqlite(path)
    yield opened
    opened.close_now()


def fill(db: SqliteDatabase, paths: set[Segments], made: Iterable[Segments] = ()) -> int:
    return db.write_now(lambda conn: store_tree(conn, paths, {path: {} for path in made}))


def keys(entries: list[Entry]) -> list[str]:
    return [entry.key for entry in entries]


def expected(
    paths: set[Segments], made: set[Segments], *, recursive: bool, closed: set[Segments]
) -> list[str]:
    """Every key below the root that may be seen, in the order of UTF-8."""
    found = {"/".join(path) for path in paths}
    for folder in {path[:-1] for path in paths} | made:
        found |= {"/".join(folder[:depth]) + "/" for depth in range(1, len(folder) + 1)}
    seen = []
    for key in found:
        segments = tuple(key.removesuffix("/").split("/"))
        above = [segments[:depth] for depth in range(1, len(segments))]
        if (recursive or not above) and not closed.intersection(above):
            seen.append(key)
    return sorted(seen, key=str.encode)


_names = st.sampled_from(
    ["a", "a-", "a-b", "a.b", "a0", "b", "", "é", "\ufffd", "\U0001f600", "%", "é"]
)
_folders = st.lists(_names, max_size=4).map(tuple).filter(lambda path: path[:1] != ("",))
_files = st.tuples(_folders, _names.filter(bool)).map(lambda pair: (*pair[0], pair[1]))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    paths=st.sets(_files, max_size=25),
    made=st.sets(_folders, max_size=8),
    closed=st.sets(_folders, max_size=3),
    recursive=st.booleans(),
    limit=st.integers(1, 12),
)
def test_pages_of_any_size_give_every_entry_once_in_order(
    db: SqliteDatabase,
    paths: set[Segments],
    made: set[Segments],
    closed: set[Segments],
    recursive: bool,
    limit: int,
) -> None:
    root = fill(db, paths, made)
    wanted = expected(paths, made, recursive=recursive, closed=closed)
    seen: list[str] = []

    def page(conn: Connection) -> list[Entry]:
        return entries_after(
            conn,
            root,
            seen[-1] if seen else "",
            limit,
            recursive,
            descends=lambda segments: segments not in closed,
        )

    while found := db.read_now(page):
        seen += keys(found)
        assert seen == wanted[: len(seen)]
        assert len(found) == limit or seen == wanted
    assert seen == wanted


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    paths=st.sets(_files, max_size=15),
    cursor=st.one_of(_files.map("/".join), _folders.map(lambda path: "/".join((*path, "")))),
    closed=st.sets(_folders, max_size=2),
)
def test_any_position_is_a_cursor(
    db: SqliteDatabase, paths: set[Segments], cursor: str, closed: set[Segments]
) -> None:
    root = fill(db, paths)
    found = db.read_now(
        lambda conn: entries_after(
            conn, root, cursor, 1000, True, descends=lambda segments: segments not in closed
        )
    )
    every = expected(paths, set(), recursive=True, closed=closed)
    assert keys(found) == [key for key in every if key.encode() > cursor.encode()]


def _counting(db: SqliteDatabase, work: Callable[[Connection], list[Entry]]) -> tuple[int, int]:
    """Entries found, and statements it took."""
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    def run(conn: Connection) -> int:
        event.listen(conn, "before_cursor_execute", count)
        try:
            return len(work(conn))
        finally:
            event.remove(conn, "before_cursor_execute", count)

    return db.read_now(run), statements


@pytest.mark.parametrize(
    ("paths", "made", "at_most"),
    [
        pytest.param({(f"f{n}", "x") for n in range(1500)}, set(), 16, id="one file each"),
        pytest.param(set(), {(f"f{n}",) for n in range(1500)}, 16, id="all empty"),
        pytest.param(
            {(f"d{n % 8}", f"f{n // 8}", "x") for n in range(1600)}, set(), 24, id="two levels"
        ),
        pytest.param(
            {(f"f{n // 30}", f"x{n}") for n in range(1500)}, set(), 16, id="thirty files each"
        ),
        pytest.param(
            {(f"f{n // 700}", f"x{n}") for n in range(2100)}, set(), 16, id="hundreds of files each"
        ),
        pytest.param(set(), {("a",) * 250}, 2 * 250 + 8, id="a chain"),
    ],
)
def test_many_small_folders_are_read_with_few_statements(
    db: SqliteDatabase, paths: set[Segments], made: set[Segments], at_most: int
) -> None:
    root = fill(db, paths, made)
    found, statements = _counting(db, lambda conn: entries_after(conn, root, "", 1000, True))
    assert found == min(1000, len(expected(paths, made, recursive=True, closed=set())))
    assert statements <= at_most


def test_a_closed_folder_costs_nothing_however_full_it_is(db: SqliteDatabase) -> None:
    root = fill(db, {("a", f"x{n}") for n in range(500)} | {("b", "y")})

    def walk(conn: Connection) -> list[Entry]:
        return entries_after(conn, root, "", 1000, True, descends=lambda path: path != ("a",))

    assert keys(db.read_now(walk)) == ["a/", "b/", "b/y"]
    assert _counting(db, walk)[1] <= 6


def test_an_entry_tells_what_is_stored(db: SqliteDatabase) -> None:
    root = fill(db, {("a", "b", "c")}, {("a", "b")})
    file, folder = db.read_now(lambda conn: entries_after(conn, root, "a/", 9, True))[::-1]
    assert (file.segments, getattr(file, "size_bytes", None)) == (("a", "b", "c"), 3)
    assert isinstance(folder, FolderEntry)
    assert folder.folder.is_virtual
    assert folder.segments == ("a", "b")


def test_both_reads_run_along_their_indexes(db: SqliteDatabase) -> None:
    plans: list[str] = []

    # Any: the parameters of a statement, which go on as they came.
    def explain(
        conn: Connection,
        _: object,
        statement: str,
        parameters: Any,  # noqa: ANN401
        *_more: object,
    ) -> None:
        driver = conn.connection.dbapi_connection
        assert driver is not None
        asked = driver.cursor()
        asked.execute("EXPLAIN QUERY PLAN " + statement, parameters)
        plans.extend(str(row[3]) for row in asked.fetchall())

    def run(conn: Connection) -> list[Entry]:
        event.listen(conn, "before_cursor_execute", explain)
        try:
            return entries_after(conn, 1, "", 10, False)
        finally:
            event.remove(conn, "before_cursor_execute", explain)

    db.read_now(run)
    assert not [line for line in plans if "SCAN" in line or "TEMP B-TREE" in line]
    assert [line for line in plans if "folders_in_listing_order (parent_id=? AND <expr>>?)" in line]
