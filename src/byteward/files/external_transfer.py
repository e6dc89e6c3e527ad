"""Files between our own store and those of accounts, always by way of ours.

Bytes that come in are whole and durable here before anything is done with them; bytes that go out
are read from here, verified, a part at a time. So a store that fails halfway leaves what it had,
and nothing is ever in memory whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from byteward.errors import BytewardError, ErrorCode
from byteward.files.external_files import ExternalFile, ExternalFiles
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace
from byteward.storage.external.port import Content
from byteward.storage.port import ObjectStore, StoredObject


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file of an account's store, and its bytes in ours, which no row names yet."""

    found: ExternalFile
    stored: StoredObject


async def stage_external(
    external: ExternalFiles,
    store: ObjectStore,
    account_id: str,
    place: ExternalPlace,
    *,
    max_bytes: int | None = None,
) -> StagedFile | None:
    """Bring a file's bytes here; None: there is no such file.

    The caller names the stored bytes in a row, or deletes them.

    Raises:
        BytewardError: `origin_error`, `origin_timeout`, `file_too_large`, and the failures of the
            object store; nothing is kept then.
    """
    async with external.reading(account_id, place) as opened:
        if opened is None:
            return None
        found, answer = opened
        stored = await store.put(answer.body, max_bytes=max_bytes)
    announced = found.object.size_bytes
    if announced is not None and announced != stored.size_bytes:
        await store.delete(stored.object_id)
        raise BytewardError(
            ErrorCode.ORIGIN_ERROR, "the store behind the folder sent another length than it said"
        )
    return StagedFile(found, stored)


def stored_content(
    store: ObjectStore, object_id: str, size_bytes: int, block_digests: bytes, mime: str
) -> Content:
    """Bytes of our store as content for another one; each part is verified when it is read."""

    async def read(start: int, end: int) -> bytes:
        if start == end:
            return b""
        reader = await store.read(object_id, start, end, block_digests)
        try:
            return b"".join([piece async for piece in reader])
        finally:
            await reader.aclose()

    return Content(size_bytes, mime, read)


async def send_elsewhere(
    external: ExternalFiles,
    store: ObjectStore,
    place: ExternalPlace,
    details: FileDetails,
    stored: StoredObject,
) -> FileDetails:
    """Copy staged bytes into an account's store and take the staged ones away.

    Returns:
        the details with the store's etag; its answer is in, and the row is committed.

    Raises:
        BytewardError: as `ExternalFiles.put`.
    """
    size = stored.size_bytes
    content = stored_content(store, stored.object_id, size, stored.block_digests, details.mime)
    try:
        return await external.put(place, details, content)
    finally:
        await store.delete(stored.object_id)


@asynccontextmanager
async def _as_content(
    external: ExternalFiles, store: ObjectStore, account_id: str, place: ExternalPlace, mime: str
) -> AsyncIterator[Content | None]:
    staged = await stage_external(external, store, account_id, place)
    if staged is None:
        yield None
        return
    stored = staged.stored
    try:
        yield stored_content(store, stored.object_id, stored.size_bytes, stored.block_digests, mime)
    finally:
        await store.delete(stored.object_id)


async def copy_across(
    external: ExternalFiles,
    store: ObjectStore,
    source: ExternalPlace | Content,
    destination: ExternalPlace,
    details: FileDetails,
) -> FileDetails | None:
    """Copy a file into an account's store, whichever store it comes from.

    The caller has decided both sides and makes `details` of the source's and of what the request
    says. For the other direction there is `stage_external`, whose bytes the caller names in a row.

    Args:
        external: stores of accounts.
        store: ours.
        source: where the bytes are; of our own store, its content (see `stored_content`).
        destination: where they go.
        details: of the new file, at the destination's path; etag and size are the store's.

    Returns:
        the file at the destination; None: there is no such source.

    Raises:
        BytewardError: `read_only_storage`, `origin_error`, `origin_timeout`, `storage_error`; what
            was at the destination stands then.
    """
    external.require_writable(destination)
    if isinstance(source, Content):
        return await external.put(destination, details, source)
    account_id = details.account_id
    async with _as_content(external, store, account_id, source, details.mime) as content:
        return None if content is None else await external.put(destination, details, content)
