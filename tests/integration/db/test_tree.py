from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert

from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.db.tables import accounts, files, folders, objects
from byteward.db.tree import (
    FILE_AT,
    FILE_WITH_BLOCKS_AT,
    FOLDER_AT,
    FOLDER_CHAIN,
    file_at,
    folder_at,
    folder_chain,
)

Segments = tuple[str, ...]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    path: Path = tmp_path_factory.mktemp("tree") / "test.db"
    upgrade(path)
    opened = open_sqlite(path)
    yield opened
    opened.close_now()


def _fill(connection: Connection, tree: dict[str, set[Segments]]) -> dict[int, Segments]:
    """Store each account's folders; the paths by folder id."""
    for table in (files, objects, folders):
        connection.execute(delete(table).where(table.c[table.primary_key.columns.keys()[0]] != ""))
    connection.execute(delete(accounts))
    paths: dict[int, Segments] = {}
    for account_id, wanted in tree.items():
        row = {"account_id": account_id, "name": "", "settings": "{}", "created_at": 1}
        connection.execute(insert(accounts), row | {"authority_epoch": 1})
        ids: dict[Segments, int] = {}
        every = {path[:depth] for path in wanted for depth in range(len(path) + 1)} | {()}
        for path in sorted(every, key=lambda path: (len(path), path)):
            parent = ids[path[:-1]] if path else None
            name = path[-1] if path else ""
            row = {"account_id": account_id, "name": name, "description": account_id}
            inserted = connection.execute(
                insert(folders), row | {"parent_id": parent, "is_virtual": False}
            ).inserted_primary_key
            assert inserted is not None
            ids[path] = inserted[0]
        paths |= {number: path for path, number in ids.items()}
    return paths


_NAMES = st.sampled_from(["a", "b", "", "A", "a/b", "[0]", '"', "é", "0", "null", "$"])
_PATHS = st.lists(_NAMES, max_size=5).map(tuple)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(_PATHS, max_size=6), st.sets(_PATHS, max_size=3), _PATHS)
def test_the_chain_is_the_longest_existing_prefix_in_the_account(
    db: SqliteDatabase, mine: set[Segments], others: set[Segments], asked: Segments
) -> None:
    paths = db.write_now(lambda c: _fill(c, {"mine": mine, "other": others}))
    existing = {path[:depth] for path in mine for depth in range(len(path) + 1)} | {()}
    expected: list[Segments] = []
    for depth in range(len(asked) + 1):
        if asked[:depth] not in existing:
            break
        expected.append(asked[:depth])

    rows = db.read_now(lambda c: c.execute(FOLDER_CHAIN, folder_chain("mine", asked)).all())
    assert [row.depth for row in rows] == list(range(len(expected)))
    assert [paths[row.folder_id] for row in rows] == expected
    assert {row.description for row in rows} == {"mine"}

    found = db.read_now(lambda c: c.execute(FOLDER_AT, folder_at("mine", asked)).all())
    assert [paths[row.folder_id] for row in found] == ([asked] if asked in existing else [])


def test_an_unknown_account_has_no_folders(db: SqliteDatabase) -> None:
    db.write_now(lambda c: _fill(c, {"mine": {("a",)}}))
    assert not db.read_now(lambda c: c.execute(FOLDER_CHAIN, folder_chain("none", ["a"])).all())


def _add_file(connection: Connection, folder_id: int, name: str) -> None:
    row = {"object_id": name, "size_bytes": 1, "sha256": b"s", "block_digests": b"d"}
    connection.execute(insert(objects), row | {"is_corrupt": False, "created_at": 1})
    row = {"folder_id": folder_id, "name": name, "object_id": name, "size_bytes": 1}
    facts = {"mime": "a/b", "etag": "e", "tags": "[]", "metadata": "{}", "modified_at": 1}
    connection.execute(insert(files), row | facts)


def test_a_file_is_found_at_its_path_and_nowhere_else(db: SqliteDatabase) -> None:
    def fill(connection: Connection) -> None:
        paths = _fill(connection, {"mine": {("a", "b")}, "other": {("a", "b")}})
        ids = {path: number for number, path in paths.items() if number <= max(paths) - 3}
        _add_file(connection, ids["a", "b"], "f")
        _add_file(connection, ids[()], "top")

    db.write_now(fill)

    def find(account_id: str, *segments: str) -> list[str]:
        return [
            row.name
            for row in db.read_now(
                lambda c: c.execute(FILE_AT, file_at(account_id, segments, 0)).all()
            )
        ]

    assert find("mine", "a", "b", "f") == ["f"]
    assert find("mine", "top") == ["top"]
    for missing in (("f",), ("a", "f"), ("a", "b", "F"), ("a", "b", "c", "f"), ("x", "b", "f")):
        assert find("mine", *missing) == []
    assert find("other", "a", "b", "f") == []
    row = db.read_now(lambda c: c.execute(FILE_WITH_BLOCKS_AT, file_at("mine", ["top"], 0)).one())
    assert (row.sha256, row.block_digests, row.is_corrupt) == (b"s", b"d", False)


@pytest.mark.parametrize("statement", [FOLDER_CHAIN, FOLDER_AT, FILE_AT, FILE_WITH_BLOCKS_AT])
def test_every_step_goes_through_an_index(db: SqliteDatabase, statement: object) -> None:
    def plan(connection: Connection) -> list[str]:
        compiled = statement.compile(connection.engine)  # type: ignore[attr-defined]  # a Select
        parameters = {"account_id": "mine", "segments": "[]", "depth": 0, "name": "f", "at_ms": 0}
        values = tuple(parameters[name] for name in compiled.positiontup)
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
        return [row[-1] for row in rows]

    steps = db.read_now(plan)
    assert not [step for step in steps if step[:4] == "SCAN" and step != "SCAN chain"]
