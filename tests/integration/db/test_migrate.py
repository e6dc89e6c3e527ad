from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from byteward.db.migrate import SCRIPTS, current_revision, schema_state, upgrade
from byteward.db.revisions import HEAD, REVISIONS, SchemaState
from byteward.db.sqlite_connection import (
    DatabaseUnusableError,
    connect,
    create_file,
    make_engine,
    make_transactional_engine,
)
from byteward.db.tables import METADATA


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


def _schema(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema"
            " WHERE name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite_autoindex_alembic%'"
        ).all()
    return {name: _clauses(sql) for name, sql in rows}


def _clauses(sql: str) -> list[str]:
    """The statement's columns and constraints in any order: added columns come last."""
    head, _, rest = " ".join(sql.split()).partition("(")
    text, _, tail = rest.rpartition(")")
    depths = accumulate((character == "(") - (character == ")") for character in text)
    marked = "".join(
        "\n" if character == "," and depth == 0 else character
        for character, depth in zip(text, depths, strict=True)
    )
    return [head, tail, *sorted(clause.strip() for clause in marked.split("\n"))]


def test_the_migrated_schema_is_the_one_of_the_tables(path: Path, tmp_path: Path) -> None:
    upgrade(path)
    create_file(tmp_path / "direct.db")
    direct = make_transactional_engine(tmp_path / "direct.db")
    METADATA.create_all(direct)
    assert _schema(make_engine(path)) == _schema(direct)


# The index on an expression is compared by the test above; SQLAlchemy cannot read it back.
@pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index",
    "ignore:autogenerate skipping metadata-specified expression-based index",
)
def test_alembic_finds_no_difference_to_the_tables(path: Path) -> None:
    upgrade(path)
    with make_engine(path).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == REVISIONS
    assert REVISIONS[-1] == HEAD


def test_states_of_a_file(path: Path) -> None:
    assert schema_state(path) is SchemaState.NEW
    assert not path.exists()
    path.touch()
    assert schema_state(path) is SchemaState.NEW
    upgrade(path)
    assert schema_state(path) is SchemaState.CURRENT
    assert current_revision(path) == HEAD
    _stamp(path, "9999")
    assert schema_state(path) is SchemaState.NEWER


def test_an_older_known_revision_is_older(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(path)
    monkeypatch.setattr("byteward.db.migrate.HEAD", "9999")
    assert schema_state(path) is SchemaState.OLDER


def _stamp(path: Path, revision: str) -> None:
    connection = connect(path)
    connection.execute(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - a constant of this file
    connection.close()


def test_upgrading_twice_changes_nothing(path: Path) -> None:
    steps: list[str] = []
    upgrade(path, steps.append)
    before = _schema(make_engine(path))
    upgrade(path, steps.append)
    assert _schema(make_engine(path)) == before
    assert len(steps) == 1


def test_a_newer_schema_is_left_alone(path: Path) -> None:
    upgrade(path)
    _stamp(path, "9999")
    with pytest.raises(DatabaseUnusableError, match="newer"):
        upgrade(path)
    assert current_revision(path) == "9999"


def test_a_foreign_database_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(DatabaseUnusableError, match="not a database of this program"):
        upgrade(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database at all, but long enough to be read as a header" * 20)
    with pytest.raises(DatabaseUnusableError, match="not an SQLite database"):
        upgrade(path)
    assert path.read_bytes()[:5] == b"not a"


def test_several_processes_may_upgrade_at_once(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=upgrade, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert schema_state(path) is SchemaState.CURRENT


def test_the_state_is_told_without_loading_the_migration_library(path: Path) -> None:
    upgrade(path)
    program = (
        "import sys, pathlib; from byteward.db.migrate import schema_state;"
        f"print(schema_state(pathlib.Path({str(path)!r})).value, 'alembic' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert told.stdout.split() == [b"current", b"False"]


_KILLED_AT = """
import os, pathlib, signal, sys
from byteward.db import sqlite_connection
from sqlalchemy import event
from byteward.db.migrate import upgrade

make = sqlite_connection.make_transactional_engine
left = int(sys.argv[2])

def make_deadly(path):
    engine = make(path)

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return engine

import byteward.db.migrate as migrate
migrate.make_transactional_engine = make_deadly
upgrade(pathlib.Path(sys.argv[1]))
"""


@pytest.mark.faults
@pytest.mark.parametrize("statements", [0, 1, 2, 5, 12, 20, 24])
def test_r21_a_kill_at_any_statement_leaves_the_old_or_the_new_schema(
    path: Path, statements: int
) -> None:
    arguments = [sys.executable, "-c", _KILLED_AT, str(path), str(statements)]
    killed = subprocess.run(arguments, capture_output=True, check=False)
    assert killed.returncode in {0, -signal.SIGKILL}, killed.stderr
    expected = SchemaState.CURRENT if killed.returncode == 0 else SchemaState.NEW
    assert schema_state(path) is expected
    upgrade(path)
    assert schema_state(path) is SchemaState.CURRENT


def test_the_kill_really_happens(path: Path) -> None:
    arguments = [sys.executable, "-c", _KILLED_AT, str(path), "3"]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL


def test_a_migration_that_breaks_a_reference_is_not_committed(path: Path) -> None:
    upgrade(path)
    engine = make_transactional_engine(path)
    with pytest.raises(DatabaseUnusableError, match="files"), engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO files (folder_id, name, object_id, size_bytes, mime, etag, tags,"
            " metadata, modified_at) VALUES (7, 'a', 'b', 1, 'c', 'd', '[]', '{}', 1)"
        )
    with make_engine(path).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM files").scalar_one() == 0


def test_the_database_is_for_its_owner_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        upgrade(path)
        connection = connect(path)
        connection.execute("DELETE FROM removals")
        modes = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
        connection.close()
    finally:
        os.umask(before)
    assert modes == {"test.db": 0o600, "test.db-wal": 0o600, "test.db-shm": 0o600}
