"""Upload rate limits: sliding windows in the database, shared by all worker processes.

A limit is asked twice. Early, from a cheap read, so that a caller over it is told before the body
is taken; and in the transaction that begins or stores the upload, where it is counted.

INVARIANT: counting is part of the upload's own transaction, so no more than the limit is ever
committed in any period, and a refused or failed upload, which is rolled back, is not counted.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection, Text, bindparam, delete, select
from sqlalchemy.types import BigInteger

from byteward.db.dialect import upsert
from byteward.db.tables import upload_windows
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.sliding_window import (
    Window,
    added_to,
    empty_window,
    moved_to,
    wait_ms,
)

_FIND: Final = select(upload_windows).where(
    upload_windows.c.subject == bindparam("wanted", type_=Text())
)
_PUT: Final = upsert(
    upload_windows, ["subject"], ["slice_ms", "newest_slice", "amounts", "passes_at"]
)
_FORGET: Final = delete(upload_windows).where(
    upload_windows.c.passes_at <= bindparam("now", type_=BigInteger())
)
_IPV6_NETWORK: Final = 64


@dataclass(frozen=True, slots=True)
class Demand:
    """What an upload takes of one limit.

    Attributes:
        subject: what is counted: text that names the limit and for whom it is kept.
        limit: the most in one period.
        seconds: the period.
        amount: what the upload takes: 1 of a count of uploads, its size of a sum of bytes.
        what: what there was too much of, for the message.
    """

    subject: str
    limit: int
    seconds: int
    amount: int
    what: str


def client_network(client_ip: str) -> str:
    """For whom uploads from an address are counted: an IPv4 address, or an IPv6 network of 64 bits.

    SECURITY: whoever has one IPv6 address has 2^64 of them.
    """
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    if address.version == 4:  # noqa: PLR2004 - the version of the protocol
        return client_ip
    return str(ipaddress.ip_network((int(address), _IPV6_NETWORK), strict=False))


def require_allowance(conn: Connection, demands: Iterable[Demand], now_ms: int) -> None:
    """Refuse an upload that is over a limit now. Reads only; nothing is counted.

    Raises:
        BytewardError: `rate_limit_exceeded` (429) with `Retry-After`.
    """
    for demand in demands:
        _require(demand, _window(conn, demand, now_ms), now_ms)


def count_upload(conn: Connection, demands: Iterable[Demand], now_ms: int) -> None:
    """Count an upload against its limits.

    Args:
        conn: in the transaction that begins or stores the upload; the caller must roll back when
            the upload is refused.
        demands: what it takes.
        now_ms: Unix milliseconds.

    Raises:
        BytewardError: `rate_limit_exceeded` (429) with `Retry-After`.
    """
    for demand in demands:
        window = _window(conn, demand, now_ms)
        _require(demand, window, now_ms)
        changed = added_to(window, demand.amount)
        conn.execute(
            _PUT,
            {
                "subject": demand.subject,
                "slice_ms": changed.slice_ms,
                "newest_slice": changed.newest,
                "amounts": msgspec.json.encode(changed.amounts).decode(),
                "passes_at": changed.passes_at_ms,
            },
        )


def remaining(conn: Connection, demand: Demand, now_ms: int) -> int:
    """How much of the limit is left now."""
    return max(0, demand.limit - _window(conn, demand, now_ms).total)


def exceeded(demand: Demand, wait_seconds: int) -> BytewardError:
    """The refusal of an upload over a limit."""
    return BytewardError(
        ErrorCode.RATE_LIMIT_EXCEEDED,
        f"too many {demand.what}: wait {wait_seconds} seconds",
        headers={"retry-after": str(wait_seconds)},
    )


def forget_passed_windows(conn: Connection, now_ms: int) -> int:
    """Delete windows in which nothing counts any more; how many. For a periodic sweep."""
    return conn.execute(_FORGET, {"now": now_ms}).rowcount


def _window(conn: Connection, demand: Demand, now_ms: int) -> Window:
    row = conn.execute(_FIND, {"wanted": demand.subject}).first()
    if row is None:
        return empty_window(demand.seconds, now_ms)
    amounts = msgspec.json.decode(row.amounts, type=tuple[int, ...])
    return moved_to(Window(row.slice_ms, row.newest_slice, amounts), demand.seconds, now_ms)


def _require(demand: Demand, window: Window, now_ms: int) -> None:
    wait = wait_ms(window, demand.limit, demand.amount, now_ms)
    if wait:
        raise exceeded(demand, math.ceil(wait / 1000))
