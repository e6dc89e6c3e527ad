"""Forgetting uploads: abandoned ones after a week, finished ones after a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.identity.rate_limit import forget_passed_windows
from byteward.storage.port import ObjectStore
from byteward.uploads import store

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep removed."""

    uploads: int
    staged_parts: int


async def sweep_uploads(database: Database, objects: ObjectStore, clock: Clock) -> Swept:
    """Remove every upload past its expiry with its parts.

    The rows go first: a part without a row is an orphan that `storage/collector.py` finds, a row
    without its bytes would be an upload that cannot be finished. Safe to run in several processes.

    Args:
        database: metadata.
        objects: holds the staged bytes.
        clock: Unix seconds.
    """
    uploads = parts = 0
    at_ms = now_ms(clock)
    while True:
        forgotten, staged = await database.write(
            lambda conn: store.remove_expired(conn, at_ms, BATCH)
        )
        await objects.discard(staged)
        uploads, parts = uploads + forgotten, parts + len(staged)
        if forgotten < BATCH:
            break
    await database.write(lambda conn: forget_passed_windows(conn, at_ms))
    return Swept(uploads, parts)
