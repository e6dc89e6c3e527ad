"""Takes stored bytes away that nothing refers to any more.

INVARIANT: the row goes first and is committed, the bytes go later. A crash in between leaves bytes
without a row, which the next run finds; the other order would leave a row without bytes.

Each function does a bounded step and may be stopped, killed and repeated at any point.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, select

from byteward.db.database import Database
from byteward.db.dialect import insert_or_ignore
from byteward.db.tables import files, objects, removals, upload_parts
from byteward.storage.port import ObjectStore, StoredEntry

_BATCH: Final = 200

_is_used: Final = exists().where(files.c.object_id == objects.c.object_id)
_is_queued: Final = exists().where(removals.c.object_id == objects.c.object_id)

_DUE: Final = (
    select(removals.c.object_id)
    .where(removals.c.queued_at <= bindparam("queued_until"))
    .order_by(removals.c.queued_at)
    .limit(_BATCH)
)
_STILL_DUE: Final = select(removals.c.object_id).where(
    removals.c.object_id.in_(bindparam("ids", expanding=True)),
    removals.c.queued_at <= bindparam("queued_until"),
)
_USED: Final = select(files.c.object_id).where(
    files.c.object_id.in_(bindparam("ids", expanding=True))
)
_KNOWN: Final = select(objects.c.object_id).where(
    objects.c.object_id.in_(bindparam("ids", expanding=True))
)
_UNUSED_ROWS: Final = (
    select(objects.c.object_id)
    .where(objects.c.created_at < bindparam("created_before"), ~_is_used, ~_is_queued)
    .limit(_BATCH)
)
_STAGED: Final = select(upload_parts.c.staged_id).where(
    upload_parts.c.staged_id.in_(bindparam("ids", expanding=True))
)
_FORGET_OBJECTS: Final = delete(objects).where(
    objects.c.object_id.in_(bindparam("ids", expanding=True))
)
_FORGET_REMOVALS: Final = delete(removals).where(
    removals.c.object_id.in_(bindparam("ids", expanding=True))
)
_QUEUE: Final = insert_or_ignore(removals, ["object_id"])


async def collect_removed(db: Database, store: ObjectStore, *, now_ms: int, grace_ms: int) -> int:
    """Remove queued objects whose grace has passed; the number of objects removed.

    An object that a file refers to again (a copy made in the meantime) is kept. `grace_ms` is how
    long readers that found the old row may still open the bytes.
    """
    removed = 0
    until_ms = now_ms - grace_ms
    while due := await db.read(partial(_due, queued_until=until_ms)):
        unused = await db.write(partial(_forget_unused, ids=due, queued_until=until_ms))
        for object_id in unused:
            await store.delete(object_id)
        await db.write(partial(_forget_removals, ids=unused))
        removed += len(unused)
    return removed


async def sweep_orphans(
    db: Database, store: ObjectStore, *, now_ms: int, orphan_age_ms: int
) -> int:
    """Queue the removal of objects that no file refers to; the number queued.

    Only what is older than `orphan_age_ms` counts: a younger object may belong to an upload that
    has not committed yet.
    """
    before_ms = now_ms - orphan_age_ms
    queued = 0
    async with aclosing(_old_entries(store.iterate(), before_ms)) as batches:
        async for batch in batches:
            unknown = await db.read(partial(_unknown, ids=batch))
            if unknown:
                queued += await db.write(partial(_queue_unknown, ids=unknown, now_ms=now_ms))
    while unused := await db.read(partial(_unused_rows, created_before=before_ms)):
        queued += await db.write(partial(_queue_unused, ids=unused, now_ms=now_ms))
    return queued


async def sweep_staging(
    db: Database, store: ObjectStore, *, now_ms: int, unfinished_age_ms: int
) -> int:
    """Remove drafts nobody writes to and staged parts no upload names; the number removed.

    `unfinished_age_ms` is how long a writer may pause between two blocks, and how long after
    `stage` the part's row may commit.
    """
    before_ms = now_ms - unfinished_age_ms
    removed = await store.sweep_unfinished(older_than_ms=before_ms)
    async with aclosing(_old_entries(store.iterate_staged(), before_ms)) as batches:
        async for batch in batches:
            # In a write transaction, so that no part is being committed at this moment.
            unnamed = await db.write(partial(_unnamed_parts, ids=batch))
            await store.discard(unnamed)
            removed += len(unnamed)
    return removed


async def _old_entries(
    entries: AsyncIterator[StoredEntry], before_ms: int
) -> AsyncGenerator[list[str], None]:
    """Ids last written before that time, in batches that one statement can take."""
    batch: list[str] = []
    async for entry in entries:
        if entry.modified_at_ms < before_ms:
            batch.append(entry.entry_id)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _due(connection: Connection, *, queued_until: int) -> list[str]:
    return list(connection.execute(_DUE, {"queued_until": queued_until}).scalars())


def _forget_unused(connection: Connection, *, ids: Sequence[str], queued_until: int) -> list[str]:
    """Delete the rows of objects that are not in use; those that are leave the queue.

    An object that was queued anew since `ids` were read is left alone: it was in use till then, and
    readers of that file have their grace, too.
    """
    due = {"ids": ids, "queued_until": queued_until}
    ids = list(connection.execute(_STILL_DUE, due).scalars())
    used = set(connection.execute(_USED, {"ids": ids}).scalars())
    unused = [object_id for object_id in ids if object_id not in used]
    connection.execute(_FORGET_OBJECTS, {"ids": unused})
    connection.execute(_FORGET_REMOVALS, {"ids": list(used)})
    return unused


def _forget_removals(connection: Connection, *, ids: Sequence[str]) -> None:
    connection.execute(_FORGET_REMOVALS, {"ids": ids})


def _unknown(connection: Connection, *, ids: Sequence[str]) -> list[str]:
    known = set(connection.execute(_KNOWN, {"ids": ids}).scalars())
    return [object_id for object_id in ids if object_id not in known]


def _queue_unknown(connection: Connection, *, ids: Sequence[str], now_ms: int) -> int:
    return _queue(connection, _unknown(connection, ids=ids), now_ms)


def _unused_rows(connection: Connection, *, created_before: int) -> list[str]:
    return list(connection.execute(_UNUSED_ROWS, {"created_before": created_before}).scalars())


def _queue_unused(connection: Connection, *, ids: Sequence[str], now_ms: int) -> int:
    used = set(connection.execute(_USED, {"ids": ids}).scalars())
    return _queue(connection, [object_id for object_id in ids if object_id not in used], now_ms)


def _queue(connection: Connection, ids: Sequence[str], now_ms: int) -> int:
    rows = [{"object_id": object_id, "queued_at": now_ms} for object_id in ids]
    return sum(connection.execute(_QUEUE, row).rowcount for row in rows)


def _unnamed_parts(connection: Connection, *, ids: Sequence[str]) -> list[str]:
    named = set(connection.execute(_STAGED, {"ids": ids}).scalars())
    return [staged_id for staged_id in ids if staged_id not in named]
