"""Uploads are counted in the database, for all processes together; refused ones are not counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pysqlite3.dbapi2
import pytest
from sqlalchemy import Connection, Engine, create_engine

from byteward.db.tables import METADATA
from byteward.errors import BytewardError
from byteward.identity.rate_limit import (
    Demand,
    client_network,
    count_upload,
    forget_passed_windows,
    remaining,
    require_allowance,
)

NOW_MS = 1_800_000_000_000


def demand(subject: str = "k", *, limit: int = 2, seconds: int = 60, amount: int = 1) -> Demand:
    return Demand(subject, limit, seconds, amount, "uploads")


def open_engine(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", module=pysqlite3.dbapi2)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "t.db")
    METADATA.tables["upload_windows"].create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as conn:
        yield conn


def refused(conn: Connection, wanted: Demand, now_ms: int = NOW_MS) -> int:
    """Try to count; the seconds to wait, or 0 when it was let in."""
    try:
        count_upload(conn, [wanted], now_ms)
    except BytewardError as error:
        return int((error.headers or {})["retry-after"])
    return 0


def test_uploads_up_to_the_limit_pass_and_the_next_waits(conn: Connection) -> None:
    assert refused(conn, demand()) == 0
    assert refused(conn, demand(), NOW_MS + 30_000) == 0
    assert refused(conn, demand(), NOW_MS + 30_000) == 33
    assert refused(conn, demand(), NOW_MS + 62_999) == 1
    assert refused(conn, demand(), NOW_MS + 63_000) == 0


def test_the_end_of_a_period_lets_no_second_burst_through(conn: Connection) -> None:
    assert [refused(conn, demand(), NOW_MS + 59_000) for _ in range(2)] == [0, 0]
    assert refused(conn, demand(), NOW_MS + 61_000) > 0


def test_other_subjects_have_their_own_counts(conn: Connection) -> None:
    assert [refused(conn, demand()) for _ in range(2)] == [0, 0]
    assert refused(conn, demand("k2")) == 0
    assert refused(conn, demand()) == 63


def test_bytes_are_summed(conn: Connection) -> None:
    assert refused(conn, demand(limit=100, amount=70)) == 0
    assert remaining(conn, demand(limit=100), NOW_MS) == 30
    assert refused(conn, demand(limit=100, amount=31)) == 63
    assert refused(conn, demand(limit=100, amount=30)) == 0


def test_asking_counts_nothing(conn: Connection) -> None:
    for _ in range(5):
        require_allowance(conn, [demand()], NOW_MS)
    assert [refused(conn, demand()) for _ in range(2)] == [0, 0]
    with pytest.raises(BytewardError, match="too many uploads: wait 63 seconds"):
        require_allowance(conn, [demand()], NOW_MS)


def test_a_limit_with_another_period_starts_anew(conn: Connection) -> None:
    assert refused(conn, demand(limit=1, seconds=86_400)) == 0
    assert refused(conn, demand(limit=1, seconds=5)) == 0


def test_a_refused_upload_is_not_counted_and_processes_share_the_count(
    engine: Engine, tmp_path: Path
) -> None:
    other = open_engine(tmp_path / "t.db")
    for each in (engine, other):
        with each.begin() as conn:
            count_upload(conn, [demand()], NOW_MS)
    for each in (engine, other):
        # The first of the two demands is met, so only the rollback takes it back.
        with pytest.raises(BytewardError), each.begin() as conn:
            count_upload(conn, [demand("other", limit=1), demand()], NOW_MS)
    with other.begin() as conn:
        assert remaining(conn, demand("other", limit=1), NOW_MS) == 1
        assert refused(conn, demand(limit=3)) == 0
        assert refused(conn, demand(limit=3)) == 63
    other.dispose()


def test_windows_that_have_passed_are_forgotten(conn: Connection) -> None:
    count_upload(conn, [demand("early")], NOW_MS)
    count_upload(conn, [demand("late")], NOW_MS + 3000)
    assert forget_passed_windows(conn, NOW_MS + 62_999) == 0
    assert forget_passed_windows(conn, NOW_MS + 63_000) == 1
    assert remaining(conn, demand("late"), NOW_MS + 63_000) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unix socket", "unix socket"),
        ("", ""),
    ],
)
def test_clients_are_told_apart_by_what_they_cannot_choose(address: str, network: str) -> None:
    assert client_network(address) == network
