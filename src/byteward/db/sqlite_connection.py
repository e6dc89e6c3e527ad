"""How this project opens a SQLite file: the driver, its version floor, and the pragmas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Protocol

from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from byteward.db.driver_errors import CORRUPT, NOT_A_DATABASE, primary_code
from byteward.errors import OperatorError

MINIMUM_VERSION: Final = (3, 51, 3)
"""Older libraries can corrupt a WAL database when one connection commits while another
checkpoints."""

BUSY_TIMEOUT_MS: Final = 5000

_PRAGMAS: Final = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA synchronous=FULL",  # INVARIANT: WAL with NORMAL may lose commits at power loss
)


class DatabaseUnusableError(OperatorError):
    """The database cannot be opened as it is; the message says what to do about it."""


class DriverCursor(Protocol):
    """The part of a DB-API cursor that is used directly."""

    def execute(self, statement: str, /) -> DriverCursor:
        """Run one statement."""
        ...

    # Columns of the driver are untyped.
    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        ...


class DriverConnection(Protocol):
    """The part of a DB-API connection that is used directly."""

    in_transaction: bool

    def cursor(self) -> DriverCursor:
        """A cursor; one per connection is enough."""
        ...

    def execute(self, statement: str, /) -> DriverCursor:
        """Run one statement on a fresh cursor."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def library_version() -> str:
    """The version of the SQLite library that is linked, as `byteward config` shows it."""
    return str(dbapi2.sqlite_version)


def require_safe_library(version: tuple[int, ...] = dbapi2.sqlite_version_info) -> None:
    """Refuse a SQLite library with the WAL corruption defect.

    Raises:
        DatabaseUnusableError: the library is older than `MINIMUM_VERSION`.
    """
    if tuple(version) < MINIMUM_VERSION:
        found = ".".join(map(str, version))
        raise DatabaseUnusableError(
            f"SQLite {found} can corrupt the database; install pysqlite3 0.6.1 or later"
        )


def create_file(path: Path) -> None:
    """Make an empty database file that its owner alone can read; keep one that exists.

    SQLite gives its journal and shared-memory files the mode of the database.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def connect(path: Path, *, is_read_only: bool = False) -> DriverConnection:
    """Open one connection in autocommit mode: a transaction begins only where `BEGIN` stands.

    Raises:
        DatabaseUnusableError: the file is no database, or its volume cannot carry write-ahead
            logging.
    """
    connection: DriverConnection = dbapi2.connect(
        str(path),
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except dbapi2.DatabaseError as error:
        connection.close()
        if primary_code(error) == NOT_A_DATABASE:
            raise DatabaseUnusableError(f"{path}: is not an SQLite database") from error
        if primary_code(error) == CORRUPT:
            message = f"{path}: is damaged; restore it from a backup"
            raise DatabaseUnusableError(message) from error
        raise
    if mode != ("wal",):
        connection.close()
        raise DatabaseUnusableError(f"{path}: write-ahead logging does not work on this volume")
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if is_read_only:
        connection.execute("PRAGMA query_only=ON")
    return connection


def make_engine(path: Path, *, is_read_only: bool = False) -> Engine:
    """A SQLAlchemy engine that opens connections with `connect` and never begins by itself."""
    return create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: connect(path, is_read_only=is_read_only),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
    )


def make_transactional_engine(path: Path) -> Engine:
    """An engine whose transactions are SQLAlchemy's own, for migrations: `BEGIN IMMEDIATE`.

    Foreign keys are not enforced on its connections, as tables may be rebuilt; they are checked
    before each commit.
    """
    engine = create_engine(
        "sqlite://", module=dbapi2, creator=lambda: connect(path), poolclass=NullPool
    )

    @event.listens_for(engine, "connect")
    def _stop_enforcing(driver: DriverConnection, _record: object) -> None:
        driver.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "commit")
    def _check(connection: Connection) -> None:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise DatabaseUnusableError(f"{path}: a row of `{broken[0]}` refers to nothing")

    return engine
