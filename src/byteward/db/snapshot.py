"""A consistent copy of a database file that is in use, and the engine's own check of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pysqlite3 import dbapi2

from byteward.db.sqlite_connection import (
    DriverConnection,
    connect,
    create_file,
    require_safe_library,
)

_PAGES_PER_STEP: Final = 1024
_MOST_PROBLEMS: Final = 100

Progress = Callable[[int, int], None]
"""Told how many pages are done, and of how many."""


def snapshot(source: Path, destination: Path, progress: Progress | None = None) -> None:
    """Copy the database as it stands at one moment; writers go on meanwhile.

    Args:
        source: a database file, in use or not.
        destination: a new file, readable by its owner alone.
        progress: called after each step.
    """
    require_safe_library()
    create_file(destination)
    reader = connect(source, is_read_only=True)
    copy = dbapi2.connect(str(destination))

    def report(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    try:
        reader.backup(copy, pages=_PAGES_PER_STEP, progress=report)  # type: ignore[attr-defined]  # DriverConnection names only what the rest of db/ uses
    finally:
        copy.close()
        reader.close()


def integrity_problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the file and its references; empty when it is sound."""
    connection = connect(path, is_read_only=True)
    try:
        found = _rows(connection, f"PRAGMA integrity_check({_MOST_PROBLEMS})")
        dangling = _rows(connection, "PRAGMA foreign_key_check")
    finally:
        connection.close()
    problems = [str(row[0]) for row in found if row[0] != "ok"]
    return problems + [f"a row of {row[0]} refers to a missing row of {row[2]}" for row in dangling]


def _rows(connection: DriverConnection, statement: str) -> list[tuple[object, ...]]:
    cursor = connection.execute(statement)
    return list(iter(cursor.fetchone, None))
