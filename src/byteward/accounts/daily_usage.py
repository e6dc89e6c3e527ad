"""What was uploaded, delivered and transformed, by day and API key: statistics for people.

Uploads are counted in their own transaction. Deliveries are counted in memory by each worker and
added to the rows every few seconds, so a worker that is killed loses seconds of them; quotas do
not depend on these rows (see `files/usage.py`). A row is of one day in UTC and one key; the empty
key stands for everything that came without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Connection, Text, bindparam, delete, select, text

from byteward.db.tables import usage_days

NO_KEY: Final = ""
KEPT_DAYS: Final = 400

# The same text runs on SQLite and Postgres.
_ADD: Final = text(
    """
    INSERT INTO usage_days
      (account_id, day, key_id, requests, bytes_out, uploads, bytes_in, transforms, transform_ms)
    VALUES (:account, :day, :key, :requests, :bytes_out, :uploads, :bytes_in, :transforms, :ms)
    ON CONFLICT (account_id, day, key_id) DO UPDATE SET
      requests = usage_days.requests + :requests,
      bytes_out = usage_days.bytes_out + :bytes_out,
      uploads = usage_days.uploads + :uploads,
      bytes_in = usage_days.bytes_in + :bytes_in,
      transforms = usage_days.transforms + :transforms,
      transform_ms = usage_days.transform_ms + :ms
    """
)
_READ: Final = (
    select(usage_days)
    .where(
        (usage_days.c.account_id == bindparam("account", type_=Text()))
        & (usage_days.c.day >= bindparam("since", type_=BigInteger()))
    )
    .order_by(usage_days.c.day, usage_days.c.key_id)
)
_FORGET: Final = delete(usage_days).where(usage_days.c.day < bindparam("until", type_=BigInteger()))


@dataclass(slots=True)
class Amounts:
    """What was done.

    Attributes:
        requests: answered requests for files.
        bytes_out: bytes of the answers' bodies.
        uploads: files that were stored.
        bytes_in: bytes of them.
        transforms: results that were made.
        transform_ms: milliseconds that making them took.
    """

    requests: int = 0
    bytes_out: int = 0
    uploads: int = 0
    bytes_in: int = 0
    transforms: int = 0
    transform_ms: int = 0

    def add(self, other: Amounts) -> None:
        """Add the other's amounts to these."""
        self.requests += other.requests
        self.bytes_out += other.bytes_out
        self.uploads += other.uploads
        self.bytes_in += other.bytes_in
        self.transforms += other.transforms
        self.transform_ms += other.transform_ms


@dataclass(frozen=True, slots=True)
class UsageDay:
    """The amounts of one day (`YYYYMMDD`) and key."""

    day: int
    key_id: str
    amounts: Amounts


def day_of(at_ms: int) -> int:
    """The day of a time in Unix milliseconds, as `YYYYMMDD` in UTC."""
    return _number(datetime.fromtimestamp(at_ms / 1000, UTC).date())


def days_before(at_ms: int, count: int) -> list[int]:
    """The last so many days, the day of `at_ms` included, the oldest first."""
    today = datetime.fromtimestamp(at_ms / 1000, UTC).date()
    return [_number(today - timedelta(days=back)) for back in range(count - 1, -1, -1)]


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def add(conn: Connection, account_id: str, key_id: str, at_ms: int, amounts: Amounts) -> None:
    """Add amounts to their day."""
    conn.execute(
        _ADD,
        {
            "account": account_id,
            "day": day_of(at_ms),
            "key": key_id,
            "requests": amounts.requests,
            "bytes_out": amounts.bytes_out,
            "uploads": amounts.uploads,
            "bytes_in": amounts.bytes_in,
            "transforms": amounts.transforms,
            "ms": amounts.transform_ms,
        },
    )


def add_all(conn: Connection, counted: Iterable[tuple[str, str, Amounts]], at_ms: int) -> None:
    """Add amounts of accounts and keys."""
    for account_id, key_id, amounts in counted:
        add(conn, account_id, key_id, at_ms, amounts)


def read_days(conn: Connection, account_id: str, since: int) -> list[UsageDay]:
    """The rows of an account from a day on."""
    return [
        UsageDay(
            row["day"],
            row["key_id"],
            Amounts(
                row["requests"],
                row["bytes_out"],
                row["uploads"],
                row["bytes_in"],
                row["transforms"],
                row["transform_ms"],
            ),
        )
        for row in conn.execute(_READ, {"account": account_id, "since": since}).mappings()
    ]


def sweep(conn: Connection, at_ms: int) -> None:
    """Forget days that are long past."""
    conn.execute(_FORGET, {"until": days_before(at_ms, KEPT_DAYS)[0]})
