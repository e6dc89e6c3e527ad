"""Failed sign-ins slow the next ones down; they never lock anybody out.

A user: from the fifth failure on each one blocks for twice as long as the one before, at most 15
minutes. A client address: 30 failures in 15 minutes. Both are in the database, so that they hold
across workers and restarts.

SECURITY: a locked account would be a weapon of strangers against its owner; a delay is none.
"""

from __future__ import annotations

import math
from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam, delete, select

from byteward.db.dialect import upsert
from byteward.db.tables import sign_in_failures
from byteward.errors import BytewardError, ErrorCode

FREE_FAILURES: Final = 4
FIRST_DELAY_MS: Final = 1000
LONGEST_DELAY_MS: Final = 15 * 60 * 1000
ADDRESS_FAILURES: Final = 30
WINDOW_MS: Final = 15 * 60 * 1000
MEMORY_MS: Final = 24 * 3600 * 1000
"""After so long without a failure a user's failures are forgotten."""

_PUT: Final = upsert(sign_in_failures, ["subject"], ["failures", "began_at", "blocked_until"])
_FORGET: Final = delete(sign_in_failures).where(
    sign_in_failures.c.blocked_until < bindparam("until", type_=BigInteger())
)


def delay_ms(failures: int) -> int:
    """How long a user is blocked after so many failures in a row (pure)."""
    beyond = failures - FREE_FAILURES
    if beyond <= 0:
        return 0
    return min(LONGEST_DELAY_MS, FIRST_DELAY_MS << min(beyond - 1, 20))


def subject_of_user(account_id: str, email: str) -> str:
    """Names that no user has are counted too: the answer must not tell."""
    return f"user {account_id} {email}"


def subject_of_address(client_ip: str) -> str:
    """A client address; the caller gives IPv6 as its network."""
    return f"address {client_ip}"


def check(conn: Connection, subjects: list[str], now_ms: int) -> None:
    """Refuse a sign-in that comes too soon.

    Raises:
        BytewardError: `rate_limit_exceeded` with `retry-after`.
    """
    rows = sign_in_failures.c
    statement = select(rows.blocked_until).where(rows.subject.in_(subjects))
    until = max(conn.execute(statement).scalars(), default=0)
    if now_ms < until:
        seconds = math.ceil((until - now_ms) / 1000)
        raise BytewardError(
            ErrorCode.RATE_LIMIT_EXCEEDED,
            f"too many failed sign-ins: try again in {seconds} s",
            headers={"retry-after": str(seconds)},
        )


def count_user(conn: Connection, subject: str, now_ms: int) -> None:
    """A sign-in of this user failed."""
    failures, began_at, _ = _read(conn, subject, now_ms, MEMORY_MS)
    blocked_until = now_ms + delay_ms(failures + 1)
    _write(conn, subject, failures + 1, now_ms if failures == 0 else began_at, blocked_until)


def count_address(conn: Connection, subject: str, now_ms: int) -> None:
    """A sign-in from this address failed."""
    failures, began_at, _ = _read(conn, subject, now_ms, 0)
    if now_ms >= began_at + WINDOW_MS:
        failures, began_at = 0, now_ms
    is_full = failures + 1 >= ADDRESS_FAILURES
    _write(conn, subject, failures + 1, began_at, began_at + WINDOW_MS if is_full else now_ms)


def forget(conn: Connection, subject: str) -> None:
    """A sign-in succeeded."""
    conn.execute(delete(sign_in_failures).where(sign_in_failures.c.subject == subject))


def sweep(conn: Connection, now_ms: int) -> None:
    """Forget failures that do not matter any more."""
    conn.execute(_FORGET, {"until": now_ms - MEMORY_MS})


def _read(conn: Connection, subject: str, now_ms: int, memory_ms: int) -> tuple[int, int, int]:
    rows = sign_in_failures.c
    statement = select(rows.failures, rows.began_at, rows.blocked_until).where(
        rows.subject == subject
    )
    row = conn.execute(statement).first()
    if row is None or (memory_ms and now_ms > row[2] + memory_ms):
        return 0, now_ms, 0
    return row[0], row[1], row[2]


def _write(
    conn: Connection, subject: str, failures: int, began_at: int, blocked_until: int
) -> None:
    values = {
        "subject": subject,
        "failures": failures,
        "began_at": began_at,
        "blocked_until": blocked_until,
    }
    conn.execute(_PUT, values)
