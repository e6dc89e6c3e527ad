"""Taking away files that have expired; until then they only count as absent."""

from __future__ import annotations

from typing import Final

from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.files.store import has_expired, remove_expired

SWEEP_SECONDS: Final = 60
"""Time between two sweeps."""

_BATCH: Final = 100


async def sweep_expired_files(database: Database, clock: Clock) -> int:
    """Remove every file whose time has come; how many. Safe to run in several processes."""
    at_ms = now_ms(clock)
    removed = 0
    # Asked first: a write that finds nothing would still be a commit, which empties caches.
    while await database.read(lambda conn: has_expired(conn, at_ms)):
        removed += await database.write(lambda conn: remove_expired(conn, at_ms, _BATCH))
    return removed
