"""The schema of a database file: where it stands, and how it is brought to the current one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from byteward.db.revisions import HEAD, REVISIONS, SchemaState
from byteward.db.sqlite_connection import (
    DatabaseUnusableError,
    DriverConnection,
    connect,
    create_file,
    make_transactional_engine,
    require_safe_library,
)

Progress = Callable[[str], None]
"""Told each step in one line for people."""

SCRIPTS: Final = Path(__file__).parent / "migrations"


def current_revision(path: Path) -> str | None:
    """The revision that the file is at; None where there is no schema of ours.

    Raises:
        DatabaseUnusableError: the file is another program's database.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    connection = connect(path, is_read_only=True)
    try:
        return _revision_in(connection, path)
    finally:
        connection.close()


def schema_state(path: Path) -> SchemaState:
    """How the file stands to this program; costs a millisecond and loads no migration code.

    Raises:
        DatabaseUnusableError: the file is another program's database.
    """
    revision = current_revision(path)
    if revision is None:
        return SchemaState.NEW
    if revision == HEAD:
        return SchemaState.CURRENT
    return SchemaState.OLDER if revision in REVISIONS else SchemaState.NEWER


def upgrade(path: Path, progress: Progress | None = None) -> None:
    """Bring the file to the current schema, creating it where there is none.

    All pending migrations are one transaction: a kill at any step leaves the old schema or the new
    one. On the current schema nothing happens.

    Raises:
        DatabaseUnusableError: the schema is newer than this program, rows would break a foreign
            key, or the library or volume is unsafe.
    """
    require_safe_library()
    create_file(path)
    state = schema_state(path)
    if state is SchemaState.CURRENT:
        return
    if state is SchemaState.NEWER:
        raise DatabaseUnusableError(f"{path}: the schema is newer than this program; update it")
    if progress is not None:
        progress(f"schema {current_revision(path) or 'none'} → {HEAD}")
    _run_migrations(path)


def _run_migrations(path: Path) -> None:
    # Alembic takes 0.2 s to load, which `serve` should not pay on every start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    engine = make_transactional_engine(path)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def _revision_in(connection: DriverConnection, path: Path) -> str | None:
    tables = connection.execute(
        "SELECT count(*), sum(name = 'alembic_version') FROM sqlite_schema WHERE type = 'table'"
    ).fetchone()
    if tables is None or tables[0] == 0:
        return None
    if not tables[1]:
        raise DatabaseUnusableError(f"{path}: is not a database of this program")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
