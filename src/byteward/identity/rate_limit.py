"""Upload rate limits: fixed windows for each API key and client address, in the database.

INVARIANT: counting is one statement in the upload's own transaction, so the limit holds across all
worker processes, and a refused or failed upload, which is rolled back, is not counted.
"""

from __future__ import annotations

import math
from typing import Final

from sqlalchemy import Connection, text

from byteward.accounts.model import RateLimit
from byteward.errors import BytewardError, ErrorCode

# The same text runs on SQLite and Postgres. A window starts with its first upload.
_COUNT: Final = text(
    """
    INSERT INTO upload_counts (key_id, client_ip, window_ends_at, uploads)
    VALUES (:key_id, :client_ip, :new_end, 1)
    ON CONFLICT (key_id, client_ip) DO UPDATE SET
      uploads = CASE WHEN upload_counts.window_ends_at <= :now
                THEN 1 ELSE upload_counts.uploads + 1 END,
      window_ends_at = CASE WHEN upload_counts.window_ends_at <= :now
                       THEN :new_end ELSE upload_counts.window_ends_at END
    RETURNING uploads, window_ends_at
    """
)
_FORGET: Final = text("DELETE FROM upload_counts WHERE window_ends_at <= :now")


def count_upload(
    conn: Connection, key_id: str, client_ip: str, limit: RateLimit, now_ms: int
) -> int | None:
    """Count one upload.

    Args:
        conn: in the transaction that begins or stores the upload; the caller must roll back when
            the upload is refused.
        key_id: the API key.
        client_ip: the client's address.
        limit: the key's `uploadRateLimit`.
        now_ms: Unix milliseconds.

    Returns:
        None if the upload is within the limit, else the whole seconds until one will be.
    """
    window_ms = limit.seconds * 1000
    parameters = {
        "key_id": key_id,
        "client_ip": client_ip,
        "now": now_ms,
        "new_end": now_ms + window_ms,
    }
    row = conn.execute(_COUNT, parameters).one()
    uploads, window_ends_at = int(row[0]), int(row[1])
    if uploads <= limit.count:
        return None
    # A limit that was made shorter meanwhile need not wait for the old window's end.
    remaining_ms = min(window_ends_at - now_ms, window_ms)
    return max(1, math.ceil(remaining_ms / 1000))


def require_upload_allowance(
    conn: Connection, key_id: str, client_ip: str, limit: RateLimit | None, now_ms: int
) -> None:
    """Count one upload, or refuse it.

    Raises:
        BytewardError: 429 `rate_limit_exceeded` with `Retry-After`.
    """
    wait_seconds = None if limit is None else count_upload(conn, key_id, client_ip, limit, now_ms)
    if wait_seconds is not None:
        raise BytewardError(
            ErrorCode.RATE_LIMIT_EXCEEDED,
            f"too many uploads with this API key from this address: wait {wait_seconds} seconds",
            headers={"retry-after": str(wait_seconds)},
        )


def forget_ended_windows(conn: Connection, now_ms: int) -> int:
    """Delete counts that no longer matter; returns how many. For a periodic sweep."""
    return conn.execute(_FORGET, {"now": now_ms}).rowcount
