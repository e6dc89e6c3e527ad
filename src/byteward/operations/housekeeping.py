"""Housekeeping: takes away what nobody needs any more.

Every step is bounded, may be killed at any point and be repeated. While a backup runs, nothing is
removed: both hold the collector's lock.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from byteward.accounts import daily_usage, session_store
from byteward.clock import now_ms
from byteward.identity.dashboard import lifetimes, throttle
from byteward.operations.backend import Backend
from byteward.storage.collector import collect_removed, sweep_orphans, sweep_staging
from byteward.storage.data_folder import DataFolderError
from byteward.storage.lock import COLLECTOR_LOCK_FILE, DataFolderLock
from byteward.telemetry.log import get_logger
from byteward.uploads.expiry import sweep_uploads

_LOG: Final = get_logger()
_MILLISECONDS: Final = 1000
_UNFINISHED_AGE_MS: Final = 600_000
"""No writer pauses that long: bodies time out after 30 s of silence."""


async def sweep(backend: Backend) -> None:
    """One sweep, or none while a backup runs."""
    try:
        lock = DataFolderLock(backend.folder, COLLECTOR_LOCK_FILE)
    except DataFolderError:
        _LOG.info("sweep.postponed", reason="a backup is running")
        return
    with lock:
        await sweep_once(backend)


async def sweep_once(backend: Backend) -> None:
    """One sweep over expired uploads, removed objects, orphans and unfinished files."""
    now = now_ms(backend.clock)
    storage = backend.config.storage
    orphan_age_ms = storage.orphan_age_seconds * _MILLISECONDS
    uploads = await sweep_uploads(backend.database, backend.store, backend.clock)
    removed = await collect_removed(
        backend.database,
        backend.store,
        now_ms=now,
        grace_ms=storage.gc_grace_seconds * _MILLISECONDS,
    )
    orphans = await sweep_orphans(
        backend.database, backend.store, now_ms=now, orphan_age_ms=orphan_age_ms
    )
    staged = await sweep_staging(
        backend.database, backend.store, now_ms=now, unfinished_age_ms=_UNFINISHED_AGE_MS
    )
    await backend.database.write(lambda conn: _forget_sign_ins(conn, now))
    _LOG.info(
        "sweep.completed",
        uploads=uploads.uploads,
        parts=uploads.staged_parts + staged,
        objects=removed,
        orphans=orphans,
    )


def _forget_sign_ins(conn: Connection, now: int) -> None:
    """Sessions, challenges, links and failed sign-ins that are over."""
    session_store.sweep(
        conn,
        seen_before=now - lifetimes.IDLE_MS,
        created_before=now - lifetimes.ABSOLUTE_MS,
        now_ms=now,
    )
    throttle.sweep(conn, now)
    daily_usage.sweep(conn, now)
