"""The metadata database in one SQLite file.

Reads run at once on the calling thread: a point read costs a few microseconds, a hop to another
thread many times that. Each thread that reads has its own connection. Writes go to the writer
thread of `writer.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from byteward.db import driver_errors
from byteward.db.sqlite_connection import (
    DriverConnection,
    connect,
    create_file,
    make_engine,
    require_safe_library,
)
from byteward.db.writer import GroupCommitWriter

T = TypeVar("T")


def open_sqlite(path: Path) -> SqliteDatabase:
    """Open the database file, creating an empty one (mode 0600) where there is none.

    The schema is not looked at: see `migrate.schema_state`.

    Raises:
        DatabaseUnusableError: the SQLite library is unsafe, or the volume cannot carry the file.
    """
    require_safe_library()
    create_file(path)
    return SqliteDatabase(path)


class _Reader:
    """One thread's connection for reads."""

    def __init__(self, connection: Connection) -> None:
        driver: DriverConnection = connection.connection.dbapi_connection  # type: ignore[assignment]  # SQLAlchemy knows only DB-API
        self._connection = connection
        self._driver = driver
        self._execute = driver.cursor().execute

    def run(self, work: Callable[[Connection], T]) -> T:
        self._execute("BEGIN DEFERRED")
        try:
            return work(self._connection)
        finally:
            if self._driver.in_transaction:
                self._execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class SqliteDatabase:
    """`Database` over one file; see `database.py` for what each method promises."""

    def __init__(self, path: Path) -> None:
        self._read_engine = make_engine(path, is_read_only=True)
        self._write_engine = make_engine(path)
        self._thread = threading.local()
        self._readers: list[_Reader] = []
        self._lock = threading.Lock()
        # One connection of its own: `data_version` counts per connection and is not comparable
        # between two. It also sees this process's commits, as the writer is another connection.
        self._version_connection = connect(path, is_read_only=True)
        self._version_execute = self._version_connection.cursor().execute
        self._writer = GroupCommitWriter(self._write_engine.connect())

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` at once, on this thread."""
        return self.read_now(work)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """`read` for code that is not asynchronous; safe on any thread."""
        try:
            return self._reader().run(work)
        except Exception as error:
            public = driver_errors.public_error(error)
            if public is None:
                raise
            raise public from error

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in the writer thread and wait for the group's commit."""
        return await self._writer.write(work)

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """`write` for code that is not asynchronous: blocks this thread until it is durable."""
        return self._writer.write_blocking(work)

    def version(self) -> int:
        """SQLite's `data_version`; 2 to 3 µs."""
        with self._lock:
            row = self._version_execute("PRAGMA data_version").fetchone()
        if row is None:
            raise driver_errors.failed()
        version: int = row[0]
        return version

    @property
    def is_healthy(self) -> bool:
        """False once a commit failed with an I/O error."""
        return self._writer.is_healthy

    async def close(self) -> None:
        """Commit what was accepted and release every connection."""
        self.close_now()

    def close_now(self) -> None:
        """`close` for code that is not asynchronous."""
        self._writer.close()
        with self._lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._version_connection.close()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _reader(self) -> _Reader:
        reader: _Reader | None = getattr(self._thread, "reader", None)
        if reader is None:
            reader = _Reader(self._read_engine.connect())
            self._thread.reader = reader
            with self._lock:
                self._readers.append(reader)
        return reader
