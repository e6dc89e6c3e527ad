"""What an account stores and uploads: one row of totals, and the quotas on them.

The totals change in the transaction that changes what they count, so they are exact, and no
request counts anything. `byteward check --repair` counts everything anew.

INVARIANT: whoever adds, replaces or removes a row of `files` says so here on the same connection;
`store.py` does it for all of its callers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Text, bindparam, select, text

from byteward.accounts.model import Quotas, TagRule
from byteward.accounts.rows import quotas_from_text, tag_rules_from_text
from byteward.db.tables import account_usage, accounts
from byteward.errors import BytewardError, ErrorCode

_ACCOUNT: Final = bindparam("account", type_=Text())
_RULES: Final = select(accounts.c.settings, accounts.c.tag_rules).where(
    accounts.c.account_id == _ACCOUNT
)
_READ: Final = select(account_usage).where(account_usage.c.account_id == _ACCOUNT)

# The same text runs on SQLite and Postgres.
_CHANGE: Final = text(
    """
    INSERT INTO account_usage
      (account_id, stored_files, stored_bytes, reserved_bytes, upload_month, uploads)
    VALUES (:account, :files, :size, :reserved, 0, 0)
    ON CONFLICT (account_id) DO UPDATE SET
      stored_files = account_usage.stored_files + :files,
      stored_bytes = account_usage.stored_bytes + :size,
      reserved_bytes = account_usage.reserved_bytes + :reserved
    RETURNING stored_files, stored_bytes, reserved_bytes
    """
)
_COUNT_UPLOAD: Final = text(
    """
    INSERT INTO account_usage
      (account_id, stored_files, stored_bytes, reserved_bytes, upload_month, uploads)
    VALUES (:account, 0, 0, 0, :month, 1)
    ON CONFLICT (account_id) DO UPDATE SET
      uploads = CASE WHEN account_usage.upload_month = :month
                THEN account_usage.uploads + 1 ELSE 1 END,
      upload_month = :month
    RETURNING uploads
    """
)
_RECOUNT: Final = text(
    """
    SELECT a.account_id,
      coalesce(u.stored_files, 0), coalesce(u.stored_bytes, 0), coalesce(u.reserved_bytes, 0),
      (SELECT count(*) FROM files f JOIN folders d ON d.folder_id = f.folder_id
        WHERE d.account_id = a.account_id),
      (SELECT coalesce(sum(f.size_bytes), 0) FROM files f
        JOIN folders d ON d.folder_id = f.folder_id WHERE d.account_id = a.account_id),
      (SELECT coalesce(sum(p.size_bytes), 0) FROM uploads p
        WHERE p.account_id = a.account_id AND p.state = 'open')
    FROM accounts a LEFT JOIN account_usage u ON u.account_id = a.account_id
    ORDER BY a.account_id
    """
)


NO_QUOTAS: Final = Quotas()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the account's configuration says about storing files."""

    quotas: Quotas = NO_QUOTAS
    tag_rules: tuple[TagRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """The totals of one account.

    Attributes:
        stored_files: its files.
        stored_bytes: their bytes.
        reserved_bytes: declared bytes of uploads that are not finished.
        uploads: files uploaded in the current month.
    """

    stored_files: int = 0
    stored_bytes: int = 0
    reserved_bytes: int = 0
    uploads: int = 0


@dataclass(frozen=True, slots=True)
class Miscount:
    """Totals of an account that are not what is stored."""

    account_id: str
    recorded: Usage
    counted: Usage


def rules_in(conn: Connection, account_id: str) -> Rules:
    """The account's rules as the transaction sees them; none for an unknown account."""
    row = conn.execute(_RULES, {"account": account_id}).first()
    return Rules() if row is None else _rules(account_id, row.settings, row.tag_rules)


@lru_cache(maxsize=1024)
def _rules(account_id: str, settings: str, tag_rules: str | None) -> Rules:
    return Rules(quotas_from_text(settings, account_id), tag_rules_from_text(tag_rules, account_id))


def read_usage(conn: Connection, account_id: str, at_ms: int) -> Usage:
    """The account's totals; `at_ms` tells which month is the current one."""
    row = conn.execute(_READ, {"account": account_id}).first()
    if row is None:
        return Usage()
    uploads = row.uploads if row.upload_month == month_of(at_ms) else 0
    return Usage(row.stored_files, row.stored_bytes, row.reserved_bytes, uploads)


def change_stored(
    conn: Connection, account_id: str, quotas: Quotas, *, files: int, size_bytes: int
) -> None:
    """Add to what is stored, or take away from it.

    Raises:
        BytewardError: `quota_exceeded` when it grows past a quota; the caller must roll back.
    """
    now = _change(conn, account_id, files=files, size_bytes=size_bytes, reserved_bytes=0)
    if files > 0:
        _require(quotas.stored_files, now.stored_files, "storedFiles")
    if size_bytes > 0:
        _require(quotas.stored_bytes, room_taken(now), "storedBytes")


def reserve(
    conn: Connection, account_id: str, quotas: Quotas, size_bytes: int, *, replaced_bytes: int
) -> None:
    """Keep room for an upload whose bytes come later.

    Args:
        conn: a write transaction.
        account_id: whose.
        quotas: the account's.
        size_bytes: declared size.
        replaced_bytes: size of the file that it is going to replace.

    Raises:
        BytewardError: `quota_exceeded`.
    """
    now = _change(conn, account_id, files=0, size_bytes=0, reserved_bytes=size_bytes)
    if size_bytes > replaced_bytes:
        _require(quotas.stored_bytes, room_taken(now) - replaced_bytes, "storedBytes")


def release(conn: Connection, account_id: str, size_bytes: int) -> None:
    """Give up room that was kept with `reserve`."""
    _change(conn, account_id, files=0, size_bytes=0, reserved_bytes=-size_bytes)


def count_upload(conn: Connection, account_id: str, quotas: Quotas, at_ms: int) -> None:
    """Count one upload in the current month.

    Raises:
        BytewardError: `quota_exceeded`; the caller must roll back.
    """
    values = {"account": account_id, "month": month_of(at_ms)}
    uploads = int(conn.execute(_COUNT_UPLOAD, values).scalar_one())
    _require(quotas.uploads_per_month, uploads, "uploadsPerMonth")


def require_room(
    usage: Usage, quotas: Quotas, size_bytes: int, *, replaced_bytes: int | None
) -> None:
    """Refuse an upload early that could not be stored as things stand.

    Args:
        usage: the account's totals.
        quotas: the account's.
        size_bytes: declared size, or 0 when it is not known.
        replaced_bytes: size of the file that it replaces; None: it is a new one.

    Raises:
        BytewardError: `quota_exceeded`.
    """
    _require(quotas.uploads_per_month, usage.uploads + 1, "uploadsPerMonth")
    if replaced_bytes is None:
        _require(quotas.stored_files, usage.stored_files + 1, "storedFiles")
    growth = size_bytes - (replaced_bytes or 0)
    if growth > 0:
        _require(quotas.stored_bytes, room_taken(usage) + growth, "storedBytes")


def room_left(usage: Usage, quotas: Quotas, replaced_bytes: int | None) -> int | None:
    """The largest file that may be stored as things stand; None: there is no quota.

    A file may always be replaced by one that is no larger, also in an account over its quota.
    """
    if quotas.stored_bytes is None:
        return None
    replaced = replaced_bytes or 0
    return max(quotas.stored_bytes - room_taken(usage), 0) + replaced


def room_taken(usage: Usage) -> int:
    """Bytes that count towards `storedBytes`."""
    return usage.stored_bytes + usage.reserved_bytes


def exceeded(quota: str, limit: int) -> BytewardError:
    """The refusal of what would pass a quota; `quota` is its name in the account document."""
    return BytewardError(
        ErrorCode.QUOTA_EXCEEDED,
        f"the account's quota `{quota}` of {limit} is used up: delete files or ask for more",
        details={"quota": quota, "limit": limit},
    )


def miscounts(conn: Connection) -> list[Miscount]:
    """Accounts whose totals differ from what is stored. Counts everything: for repairs only."""
    found = []
    for account_id, *numbers in conn.execute(_RECOUNT):
        recorded, counted = Usage(*numbers[:3]), Usage(*numbers[3:])
        if recorded != counted:
            found.append(Miscount(account_id, recorded, counted))
    return found


def correct(conn: Connection) -> int:
    """Make every total what is stored; how many accounts were wrong."""
    wrong = miscounts(conn)
    for each in wrong:
        _change(
            conn,
            each.account_id,
            files=each.counted.stored_files - each.recorded.stored_files,
            size_bytes=each.counted.stored_bytes - each.recorded.stored_bytes,
            reserved_bytes=each.counted.reserved_bytes - each.recorded.reserved_bytes,
        )
    return len(wrong)


def month_of(at_ms: int) -> int:
    """The calendar month in UTC as YYYYMM."""
    moment = time.gmtime(at_ms // 1000)
    return moment.tm_year * 100 + moment.tm_mon


def _change(
    conn: Connection, account_id: str, *, files: int, size_bytes: int, reserved_bytes: int
) -> Usage:
    values = {
        "account": account_id,
        "files": files,
        "size": size_bytes,
        "reserved": reserved_bytes,
    }
    row = conn.execute(_CHANGE, values).one()
    return Usage(row.stored_files, row.stored_bytes, row.reserved_bytes)


def _require(limit: int | None, used: int, quota: str) -> None:
    if limit is not None and used > limit:
        raise exceeded(quota, limit)
