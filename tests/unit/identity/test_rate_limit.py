"""Uploads are counted in the database, per key and client, and refused ones are not counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pysqlite3.dbapi2
import pytest
from sqlalchemy import Connection, Engine, create_engine

from byteward.accounts.model import RateLimit
from byteward.db.tables import METADATA
from byteward.errors import BytewardError
from byteward.identity.rate_limit import (
    count_upload,
    forget_ended_windows,
    require_upload_allowance,
)

NOW_MS = 1_800_000_000_000
LIMIT = RateLimit(count=2, seconds=60)


def open_engine(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", module=pysqlite3.dbapi2)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "t.db")
    METADATA.tables["upload_counts"].create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as conn:
        yield conn


def test_uploads_up_to_the_limit_pass_and_the_next_waits(conn: Connection) -> None:
    assert count_upload(conn, "k", "ip", LIMIT, NOW_MS) is None
    assert count_upload(conn, "k", "ip", LIMIT, NOW_MS + 1500) is None
    assert count_upload(conn, "k", "ip", LIMIT, NOW_MS + 1500) == 59
    assert count_upload(conn, "k", "ip", LIMIT, NOW_MS + 59_999) == 1


def test_a_new_window_starts_with_the_first_upload_after_the_old_one(conn: Connection) -> None:
    for _ in range(3):
        count_upload(conn, "k", "ip", LIMIT, NOW_MS)
    later = NOW_MS + 60_000
    assert [count_upload(conn, "k", "ip", LIMIT, later) for _ in range(3)] == [None, None, 60]


def test_other_keys_and_clients_have_their_own_counts(conn: Connection) -> None:
    for _ in range(2):
        count_upload(conn, "k", "ip", LIMIT, NOW_MS)
    assert count_upload(conn, "k2", "ip", LIMIT, NOW_MS) is None
    assert count_upload(conn, "k", "ip2", LIMIT, NOW_MS) is None
    assert count_upload(conn, "k", "ip", LIMIT, NOW_MS) == 60


def test_a_limit_made_shorter_does_not_wait_for_the_old_window(conn: Connection) -> None:
    count_upload(conn, "k", "ip", RateLimit(count=1, seconds=86_400), NOW_MS)
    assert count_upload(conn, "k", "ip", RateLimit(count=1, seconds=5), NOW_MS) == 5


def test_a_refused_upload_is_not_counted_and_processes_share_the_count(
    engine: Engine, tmp_path: Path
) -> None:
    other = open_engine(tmp_path / "t.db")
    for each in (engine, other):
        with each.begin() as conn:
            require_upload_allowance(conn, "k", "ip", LIMIT, NOW_MS)
    for each in (engine, other):
        with pytest.raises(BytewardError) as refused, each.begin() as conn:
            require_upload_allowance(conn, "k", "ip", LIMIT, NOW_MS)
        assert refused.value.status == 429
        assert refused.value.headers == {"retry-after": "60"}
    with other.begin() as conn:
        # Two were counted, so a limit of three has room for exactly one more.
        three = RateLimit(count=3, seconds=60)
        require_upload_allowance(conn, "k", "ip", three, NOW_MS)
        assert count_upload(conn, "k", "ip", three, NOW_MS) == 60
    other.dispose()


def test_without_a_limit_nothing_is_counted(conn: Connection) -> None:
    require_upload_allowance(conn, "k", "ip", None, NOW_MS)
    assert forget_ended_windows(conn, NOW_MS * 2) == 0


def test_ended_windows_are_forgotten(conn: Connection) -> None:
    count_upload(conn, "k", "ip", LIMIT, NOW_MS)
    count_upload(conn, "k", "later", LIMIT, NOW_MS + 1)
    assert forget_ended_windows(conn, NOW_MS + 60_000) == 1
    assert count_upload(conn, "k", "later", LIMIT, NOW_MS + 2) is None
