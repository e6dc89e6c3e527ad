from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import Connection, create_engine, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from byteward.db import writer as writer_module
from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.db.sqlite_connection import (
    DatabaseUnusableError,
    connect,
    library_version,
    require_safe_library,
)
from byteward.db.tables import removals
from byteward.db.writer import GroupCommitWriter
from byteward.errors import BytewardError, ErrorCode


@pytest.fixture
def path(tmp_path: Path) -> Path:
    upgrade(tmp_path / "test.db")
    return tmp_path / "test.db"


@pytest.fixture
def db(path: Path) -> Iterator[SqliteDatabase]:
    opened = open_sqlite(path)
    yield opened
    opened.close_now()


def _add(name: str) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(insert(removals), {"object_id": name, "queued_at": 1})

    return work


def _names(connection: Connection) -> list[str]:
    return list(connection.execute(select(removals.c.object_id)).scalars())


def _read_once(path: Path) -> None:
    opened = open_sqlite(path)
    try:
        opened.read_now(_names)
    finally:
        opened.close_now()


def _pragma(name: str) -> Callable[[Connection], object]:
    return lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("busy_timeout", 5000),
        ("mmap_size", 0),
    ],
)
def test_connections_have_the_settings_that_durability_needs(
    db: SqliteDatabase, pragma: str, value: object
) -> None:
    assert db.read_now(_pragma(pragma)) == value
    assert db.write_now(_pragma(pragma)) == value


def test_only_readers_are_read_only(db: SqliteDatabase) -> None:
    assert db.read_now(_pragma("query_only")) == 1
    assert db.write_now(_pragma("query_only")) == 0


def test_an_unsafe_library_is_refused() -> None:
    require_safe_library((3, 51, 3))
    with pytest.raises(DatabaseUnusableError, match=r"3\.51\.2"):
        require_safe_library((3, 51, 2))
    assert library_version().count(".") == 2


def test_writes_that_wait_together_share_one_commit(db: SqliteDatabase) -> None:
    started, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        started.set()
        assert go_on.wait(10)

    async def scenario() -> int:
        first = asyncio.create_task(db.write(hold))
        await asyncio.to_thread(started.wait, 10)
        before = db.version()
        rest = [asyncio.create_task(db.write(_add(str(number)))) for number in range(50)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, *rest)
        return db.version() - before

    # The first commits alone (nothing was written, so no version), the fifty commit as one.
    assert asyncio.run(scenario()) == 1


def test_nobody_hears_of_success_before_the_commit(path: Path, db: SqliteDatabase) -> None:
    seen: list[list[str]] = []
    other = open_sqlite(path)

    def look(_: Connection) -> None:
        seen.append(other.read_now(_names))

    async def scenario() -> None:
        first = asyncio.create_task(db.write(_add("a")))
        second = asyncio.create_task(db.write(look))
        await first
        assert other.read_now(_names) == ["a"]
        await second

    asyncio.run(scenario())
    other.close_now()
    assert seen in ([[]], [["a"]])


def test_a_full_volume_is_a_typed_error_and_service_resumes(db: SqliteDatabase) -> None:
    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")

    db.write_now(limit)
    with pytest.raises(BytewardError) as caught:
        db.write_now(_add("x" * 100_000))
    assert caught.value.code == ErrorCode.INSUFFICIENT_STORAGE
    assert db.is_healthy
    assert db.read_now(_names) == []
    db.write_now(lambda c: c.exec_driver_sql("PRAGMA max_page_count=1000000").close())
    db.write_now(_add("a"))
    assert db.read_now(_names) == ["a"]


def test_a_database_that_stays_locked_is_an_overload(path: Path, db: SqliteDatabase) -> None:
    db.write_now(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=20").close())
    holder = connect(path)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(BytewardError) as caught:
        db.write_now(_add("a"))
    assert caught.value.code == ErrorCode.OVERLOADED
    assert caught.value.headers == {"retry-after": "1"}
    assert db.read_now(_names) == []
    holder.execute("ROLLBACK")
    holder.close()
    db.write_now(_add("a"))
    assert db.is_healthy


def test_waiting_writes_are_bounded(db: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 3)
    started, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        started.set()
        assert go_on.wait(10)

    async def scenario() -> list[object]:
        first = asyncio.create_task(db.write(hold))
        await asyncio.to_thread(started.wait, 10)
        rest = [asyncio.create_task(db.write(_add(str(number)))) for number in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        await first
        return await asyncio.gather(*rest, return_exceptions=True)

    outcomes = asyncio.run(scenario())
    refused = [outcome for outcome in outcomes if isinstance(outcome, BytewardError)]
    assert [error.code for error in refused] == [ErrorCode.OVERLOADED] * 2
    assert len(db.read_now(_names)) == 3


def test_work_that_ends_the_transaction_fails_its_group_and_no_other(db: SqliteDatabase) -> None:
    with pytest.raises(BytewardError):
        db.write_now(lambda c: c.exec_driver_sql("COMMIT").close())
    db.write_now(_add("a"))
    assert db.read_now(_names) == ["a"]


def test_a_caller_whose_loop_is_gone_hurts_nobody(db: SqliteDatabase) -> None:
    started, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        started.set()
        assert go_on.wait(10)
        _add("held")(connection)

    async def leave() -> None:
        task = asyncio.create_task(db.write(hold))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()

    asyncio.run(leave())
    go_on.set()
    db.write_now(_add("a"))
    assert sorted(db.read_now(_names)) == ["a", "held"]


class _Failing(dbapi2.Connection):  # type: ignore[misc]  # the driver ships no types
    """A connection whose statement `fails` meets an error of the device."""

    fails = ""
    code = 10  # SQLITE_IOERR

    # Any: the driver's cursor.
    def execute(self, statement: str, *arguments: object) -> Any:  # noqa: ANN401
        if self.fails and statement == self.fails:
            error = dbapi2.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.code
            raise error
        return super().execute(statement, *arguments)


@pytest.fixture
def failing(path: Path) -> Iterator[tuple[_Failing, GroupCommitWriter]]:
    driver = _Failing(str(path), isolation_level=None, check_same_thread=False)
    engine = create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: driver,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
    )
    writer = GroupCommitWriter(engine.connect())
    yield driver, writer
    writer.close()


def test_r5_a_commit_that_fails_on_the_device_stops_all_writing(
    failing: tuple[_Failing, GroupCommitWriter], db: SqliteDatabase
) -> None:
    driver, writer = failing
    driver.fails = "COMMIT"
    with pytest.raises(BytewardError) as caught:
        writer.write_blocking(_add("a"))
    assert caught.value.code == ErrorCode.STORAGE_ERROR
    assert not writer.is_healthy
    driver.fails = ""
    with pytest.raises(BytewardError):
        writer.write_blocking(_add("a"))
    assert db.read_now(_names) == []


@pytest.mark.parametrize(
    ("statement", "code", "expected", "is_healthy"),
    [
        ("COMMIT", 13, ErrorCode.INSUFFICIENT_STORAGE, True),
        ("COMMIT", 5, ErrorCode.OVERLOADED, True),
        ("COMMIT", 10 | 4 << 8, ErrorCode.STORAGE_ERROR, False),  # SQLITE_IOERR_FSYNC
        ("BEGIN IMMEDIATE", 13, ErrorCode.INSUFFICIENT_STORAGE, True),
        ("BEGIN IMMEDIATE", 11, ErrorCode.STORAGE_ERROR, False),
        ("SAVEPOINT unit", 10, ErrorCode.STORAGE_ERROR, False),
        ("RELEASE unit", 1, ErrorCode.STORAGE_ERROR, True),
    ],
)
def test_every_caller_of_a_group_that_fails_hears_it(
    failing: tuple[_Failing, GroupCommitWriter],
    db: SqliteDatabase,
    statement: str,
    code: int,
    expected: ErrorCode,
    *,
    is_healthy: bool,
) -> None:
    driver, writer = failing
    driver.code = code
    started, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        started.set()
        assert go_on.wait(10)

    async def scenario() -> list[object]:
        first = asyncio.create_task(writer.write(hold))
        await asyncio.to_thread(started.wait, 10)
        rest = [asyncio.create_task(writer.write(_add(str(number)))) for number in range(3)]
        await asyncio.sleep(0)
        go_on.set()
        await first
        return await asyncio.gather(*rest, return_exceptions=True)

    # The fault begins when the first group, which only holds, has been committed.
    original = writer._commit

    def commit(connection: Connection, group: list[Any]) -> None:
        driver.fails = statement if len(group) == 3 else ""
        original(connection, group)

    writer._commit = commit  # type: ignore[method-assign]
    outcomes = asyncio.run(scenario())
    assert [getattr(outcome, "code", None) for outcome in outcomes] == [expected] * 3
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert writer.is_healthy == is_healthy
    driver.fails = ""
    assert db.read_now(_names) == []


def test_an_error_that_means_something_to_the_caller_passes_through(db: SqliteDatabase) -> None:
    with pytest.raises(OperationalError):
        db.read_now(lambda c: c.exec_driver_sql("SELECT * FROM nothing").close())
    with pytest.raises(OperationalError):
        db.write_now(lambda c: c.exec_driver_sql("SELECT * FROM nothing").close())


def test_a_damaged_file_is_never_read_as_if_it_were_sound(path: Path) -> None:
    """SQLite finds the damage when the file is opened or when it is read, as it happens to look."""
    db = open_sqlite(path)
    db.close_now()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises((BytewardError, DatabaseUnusableError)) as caught:
        _read_once(path)
    if isinstance(caught.value, BytewardError):
        assert caught.value.code == ErrorCode.STORAGE_ERROR
