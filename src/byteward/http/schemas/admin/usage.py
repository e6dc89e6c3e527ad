"""Query and answer of the usage operation."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class UsageQuery(Struct, frozen=True):
    """Which days.

    Attributes:
        days: the last so many, today included.
    """

    days: Annotated[int, Meta(ge=1, le=366)] = 30


class UsageOfDay(Struct, frozen=True, rename="camel"):
    """One day in UTC.

    Attributes:
        day: `YYYY-MM-DD`.
        requests: answered requests for files.
        bytes_out: bytes of the answers' bodies.
        uploads: files that were stored.
        bytes_in: bytes of them.
        transforms: results of transformations that were made.
        transform_ms: milliseconds that making them took.
    """

    day: str
    requests: int
    bytes_out: int
    uploads: int
    bytes_in: int
    transforms: int
    transform_ms: int


class UsageOfKey(Struct, frozen=True, rename="camel"):
    """All these days of one API key.

    Attributes:
        key_id: the key; null: what came without one.
        name: of the key; null: it is gone, or there was none.
        requests: answered requests for files.
        bytes_out: bytes of the answers' bodies.
        uploads: files that were stored.
        bytes_in: bytes of them.
    """

    key_id: str | None
    name: str | None
    requests: int
    bytes_out: int
    uploads: int
    bytes_in: int


class UsageAnswer(Struct, frozen=True, rename="camel"):
    """Usage of the account.

    Attributes:
        days: each of them, the oldest first.
        by_key: the same by API key.
        stored_files: files that are stored now.
        stored_bytes: bytes of them.
    """

    days: list[UsageOfDay]
    by_key: list[UsageOfKey]
    stored_files: int
    stored_bytes: int
