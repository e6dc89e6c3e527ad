"""The totals of an account: found wrong and put right by the check, counted by the migration."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from byteward.db.migrate import SCRIPTS, upgrade
from byteward.db.sqlite_connection import create_file, make_transactional_engine
from byteward.files.usage import Usage, read_usage
from byteward.operations.check import CheckReport, check_installation
from tests.integration.delivery.cdn_plane import ACCOUNT, FILES, CdnPlane, cdn_plane, config_in

STORED = Usage(len(FILES), sum(len(body) for _, body in FILES.values()))


def check(plane: CdnPlane, *, repairs: bool) -> CheckReport:
    backend = plane.parts.backend
    checking = check_installation(
        backend, repairs=repairs, scrubs=False, progress=lambda _done, _all: None
    )
    return plane.runner.run(checking)


def totals(plane: CdnPlane) -> Usage:
    read = plane.parts.backend.database.read
    return plane.runner.run(read(lambda conn: read_usage(conn, ACCOUNT, 0)))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE account_usage SET stored_bytes = stored_bytes - 1",
        "UPDATE account_usage SET stored_files = 0, reserved_bytes = 5",
        "DELETE FROM account_usage",
    ],
)
def test_wrong_totals_are_reported_and_repaired(tmp_path: Path, damage: str) -> None:
    with cdn_plane(config_in(tmp_path)) as plane:
        assert totals(plane) == STORED
        assert check(plane, repairs=False).remaining == 0
        plane.runner.run(
            plane.parts.backend.database.write(lambda conn: conn.execute(text(damage)))
        )
        found = check(plane, repairs=False)
        assert (found.miscounted, found.remaining) == ((ACCOUNT,), 1)
        repaired = check(plane, repairs=True)
        assert (repaired.miscounted, repaired.repaired, repaired.remaining) == ((ACCOUNT,), 1, 0)
        assert check(plane, repairs=False).miscounted == ()
        assert totals(plane) == STORED


FILLED = """
INSERT INTO accounts VALUES ('A623uY2', 'a', '{}', 1, 0), ('B7kQz9x', 'b', '{}', 1, 0);
INSERT INTO folders (folder_id, account_id, parent_id, name, is_virtual)
  VALUES (1, 'A623uY2', NULL, '', 1), (2, 'A623uY2', 1, 'x', 0), (3, 'B7kQz9x', NULL, '', 1);
INSERT INTO objects VALUES ('o', 7, x'00', x'00', 0, 0), ('p', 5, x'00', x'00', 0, 0);
INSERT INTO files (folder_id, name, object_id, size_bytes, mime, etag, tags, metadata, modified_at)
  VALUES (1, 'f', 'o', 7, 'a/b', 'e', '[]', '{}', 0), (2, 'g', 'p', 5, 'a/b', 'e', '[]', '{}', 0);
INSERT INTO uploads VALUES
  ('u', 'A623uY2', '/u', '1.1', 'open', 11, 11, 'a/b', NULL, '[]', '{}', 0, '{}', NULL, 0, 9),
  ('v', 'A623uY2', '/v', '1.1', 'finished', 3, 3, 'a/b', NULL, '[]', '{}', 0, '{}', 'e', 0, 9);
"""


def test_the_migration_counts_what_is_stored_already(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    create_file(path)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = make_transactional_engine(path)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with engine.begin() as connection:
        for statement in FILLED.split(";")[:-1]:
            connection.execute(text(statement))
    engine.dispose()
    upgrade(path)
    with engine.connect() as connection:
        counted = {
            account: read_usage(connection, account, 0) for account in ("A623uY2", "B7kQz9x")
        }
    engine.dispose()
    assert counted == {"A623uY2": Usage(2, 12, 11), "B7kQz9x": Usage()}
