"""Compares what the database says is stored with what is stored.

A missing or corrupt object cannot be made whole from guesses: it is reported, and repair only
marks it. Bytes that nothing refers to are orphans, which repair removes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, update

from byteward.clock import now_ms
from byteward.db.snapshot import integrity_problems
from byteward.db.tables import files, objects, upload_parts, uploads
from byteward.errors import BytewardError
from byteward.files import usage
from byteward.operations.backend import Backend
from byteward.storage.data_folder import DataFolderError
from byteward.storage.lock import DataFolderLock
from byteward.storage.port import ObjectMissingError

_BATCH: Final = 500
_COUNT: Final = select(func.count()).select_from(objects)
_PAGE: Final = (
    select(objects.c.object_id, objects.c.size_bytes, objects.c.block_digests)
    .where(objects.c.object_id > bindparam("after"))
    .order_by(objects.c.object_id)
    .limit(_BATCH)
)
_KNOWN: Final = select(objects.c.object_id).where(
    objects.c.object_id.in_(bindparam("ids", expanding=True))
)
_USERS: Final = select(func.count()).where(files.c.object_id == bindparam("wanted"))
_PARTS: Final = (
    select(upload_parts.c.staged_id)
    .join(uploads, uploads.c.upload_id == upload_parts.c.upload_id)
    .where(uploads.c.etag.is_(None))  # parts of a finished upload are part of its object
)
_MARK: Final = (
    update(objects)
    .where(objects.c.object_id.in_(bindparam("ids", expanding=True)))
    .values(is_corrupt=True)
)

Progress = Callable[[int, int], None]
"""Told how many objects are done, and of how many."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found. Object ids stand for bytes; paths are not stored with them.

    Attributes:
        objects: objects that were looked at.
        database: what the database engine found wrong.
        missing: objects with a row and without bytes.
        corrupt: objects whose bytes do not match their size or digests.
        orphans: bytes without a row.
        missing_parts: parts of unfinished uploads without bytes.
        miscounted: accounts whose totals are not what is stored.
        repaired: how many orphans were removed and totals corrected.
        is_scrubbed: whether every byte was read.
    """

    objects: int
    database: tuple[str, ...]
    missing: tuple[str, ...]
    corrupt: tuple[str, ...]
    orphans: tuple[str, ...]
    missing_parts: tuple[str, ...]
    miscounted: tuple[str, ...]
    repaired: int
    is_scrubbed: bool

    @property
    def remaining(self) -> int:
        """Problems that are still there."""
        found = (self.database, self.missing, self.corrupt, self.orphans, self.missing_parts)
        return sum(map(len, found)) + len(self.miscounted) - self.repaired


@dataclass(slots=True)
class _Findings:
    objects: int = 0
    missing: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)


async def check_installation(
    backend: Backend, *, repairs: bool, scrubs: bool, progress: Progress
) -> CheckReport:
    """Check everything; may run beside a server.

    Args:
        backend: the installation.
        repairs: remove orphans, mark missing and corrupt objects and correct totals.
        scrubs: read every byte and compare it with its digest.
        progress: called after each object.
    """
    problems = integrity_problems(backend.folder.database_path)
    findings = await _check_objects(backend, scrubs=scrubs, progress=progress)
    orphans = [each async for each in _orphans(backend)]
    missing_parts = await _missing_parts(backend)
    miscounts = await backend.database.read(usage.miscounts)
    repaired = 0
    if repairs:
        # Counted again in the transaction: beside a server the totals go on changing.
        await backend.database.write(usage.correct)
        repaired += len(miscounts)
        await backend.database.write(
            lambda conn: conn.execute(_MARK, {"ids": findings.missing + findings.corrupt})
        )
        for object_id in orphans:
            await backend.store.delete(object_id)
            repaired += 1
    return CheckReport(
        objects=findings.objects,
        database=tuple(problems),
        missing=tuple(findings.missing),
        corrupt=tuple(findings.corrupt),
        orphans=tuple(orphans),
        missing_parts=tuple(missing_parts),
        miscounted=tuple(each.account_id for each in miscounts),
        repaired=repaired,
        is_scrubbed=scrubs,
    )


async def _check_objects(backend: Backend, *, scrubs: bool, progress: Progress) -> _Findings:
    total: int = await backend.database.read(lambda conn: conn.execute(_COUNT).scalar_one())
    findings = _Findings()
    after = ""
    while page := await backend.database.read(partial(_page, after=after)):
        for object_id, size_bytes, digests in page:
            await _check_object(backend, findings, object_id, size_bytes, digests, scrubs=scrubs)
            findings.objects += 1
            progress(findings.objects, total)
        after = page[-1][0]
    return findings


async def _check_object(
    backend: Backend,
    findings: _Findings,
    object_id: str,
    size_bytes: int,
    digests: bytes,
    *,
    scrubs: bool,
) -> None:
    try:
        length = await backend.store.size_of(object_id)
        if length == size_bytes and scrubs:
            length = await _read_through(backend, object_id, size_bytes, digests)
    except ObjectMissingError:
        # The file may have been replaced and collected while we read the page.
        if await backend.database.read(partial(_known, ids=[object_id])):
            findings.missing.append(object_id)
        return
    except BytewardError:
        length = -1
    if length != size_bytes:
        findings.corrupt.append(object_id)


async def _read_through(backend: Backend, object_id: str, size_bytes: int, digests: bytes) -> int:
    """Read every block, which the store compares with its digest; the bytes read."""
    if size_bytes == 0:
        return 0
    reader = await backend.store.read(object_id, 0, size_bytes, digests)
    count = 0
    try:
        async for block in reader:
            count += len(block)
    finally:
        await reader.aclose()
    return count


async def _orphans(backend: Backend) -> AsyncIterator[str]:
    """Objects without a row; beside a running server only those too old to be an upload's."""
    before_ms = now_ms(backend.clock)
    try:
        DataFolderLock(backend.folder).release()
    except DataFolderError:
        before_ms -= backend.config.storage.orphan_age_seconds * 1000
    batch: list[str] = []
    async for entry in backend.store.iterate():
        if entry.modified_at_ms <= before_ms:
            batch.append(entry.entry_id)
        if len(batch) == _BATCH:
            for object_id in await _unknown(backend, batch):
                yield object_id
            batch = []
    for object_id in await _unknown(backend, batch):
        yield object_id


async def _unknown(backend: Backend, ids: Sequence[str]) -> list[str]:
    known = await backend.database.read(partial(_known, ids=ids))
    return [object_id for object_id in ids if object_id not in known]


async def _missing_parts(backend: Backend) -> list[str]:
    stored = {entry.entry_id async for entry in backend.store.iterate_staged()}
    named = await backend.database.read(lambda conn: list(conn.execute(_PARTS).scalars()))
    return [staged_id for staged_id in named if staged_id not in stored]


def _page(conn: Connection, *, after: str) -> list[tuple[str, int, bytes]]:
    return [(row[0], row[1], row[2]) for row in conn.execute(_PAGE, {"after": after})]


def _known(conn: Connection, *, ids: Sequence[str]) -> set[str]:
    return set(conn.execute(_KNOWN, {"ids": ids}).scalars()) if ids else set()
