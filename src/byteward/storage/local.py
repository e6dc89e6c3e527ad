"""The object store on a local disk.

Hashing and writing happen in threads, a block at a time: the event loop is never blocked and
memory does not grow with the size of a file. A body of at most one block costs one thread hop
from its first byte to its name on stable storage.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from byteward.errors import BytewardError, ErrorCode
from byteward.ids import OBJECT_ID, new_object_id
from byteward.storage.data_folder import OBJECTS_FOLDER, DataFolder
from byteward.storage.digests import composite_md5, composite_sha256
from byteward.storage.durable import DRAFT_PREFIX, Draft, Volume, durable_link, write_error
from byteward.storage.file_system import Entry, FileSystem, LocalFileSystem
from byteward.storage.port import (
    BLOCK_BYTES,
    Body,
    ObjectMissingError,
    ObjectReader,
    StagedPart,
    StoredEntry,
    StoredObject,
)
from byteward.storage.reader import BlockReader, CorruptBlockError, read_block, unreadable
from byteward.storage.receiver import Receiver

T = TypeVar("T")

STAGED_PREFIX: Final = "part-"
_THREADS: Final = 16  # mostly waiting for the disk; concurrent syncs share journal commits


def _ignore(_object_id: str) -> None:
    """Nobody asked to hear of corrupt objects."""


class LocalObjectStore:
    """`ObjectStore` in an open data folder; see `port.py` for what each method promises.

    Args:
        folder: stays open for as long as the store is used.
        min_free_bytes: the reserve; None: min(1 GiB, 2 % of the volume).
        verifies_reads: compare each block with its digest before it is handed out.
        on_corrupt: called in the event loop with the id of an object that did not match.
        files: the system calls; tests put faults in here.
    """

    def __init__(
        self,
        folder: DataFolder,
        *,
        min_free_bytes: int | None = None,
        verifies_reads: bool = True,
        on_corrupt: Callable[[str], None] = _ignore,
        files: FileSystem | None = None,
    ) -> None:
        self._folder = folder
        self._files = files or LocalFileSystem()
        self._volume = Volume(self._files, folder.root, min_free_bytes)
        self._verifies_reads = verifies_reads
        self._on_corrupt = on_corrupt
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage")
        self._receiver = Receiver(self._volume, self._executor, folder.staging)

    @property
    def is_healthy(self) -> bool:
        """False once a sync failed; writes are refused until a restart."""
        return self._volume.is_healthy

    def free_bytes(self) -> int:
        """Bytes that may be written before the reserve is touched."""
        try:
            return self._volume.free_bytes()
        except OSError as error:
            raise unreadable() from error

    async def put(self, body: Body, *, max_bytes: int | None = None) -> StoredObject:
        """Store a new object."""
        object_id = new_object_id()

        def refuse() -> BytewardError:
            return BytewardError(
                ErrorCode.FILE_TOO_LARGE, f"the file is larger than {max_bytes} bytes"
            )

        def publish(draft: Draft) -> None:
            self._in_object_folder(object_id, lambda at: draft.publish(object_id, at))

        digests = await self._receiver.receive(
            body, publish, limit=max_bytes, is_exact=False, refuse=refuse
        )
        return StoredObject(
            object_id, digests.size_bytes, digests.sha256, digests.md5, digests.block_digests
        )

    async def stage(self, body: Body, *, exact_bytes: int) -> StagedPart:
        """Store one part of a multipart upload."""
        staged_id = secrets.token_hex(16)

        def refuse() -> BytewardError:
            return BytewardError(
                ErrorCode.INVALID_UPLOAD_PART, f"the part must be {exact_bytes} bytes long"
            )

        def publish(draft: Draft) -> None:
            draft.publish(STAGED_PREFIX + staged_id, self._folder.staging)

        digests = await self._receiver.receive(
            body, publish, limit=exact_bytes, is_exact=True, refuse=refuse
        )
        return StagedPart(
            staged_id, digests.size_bytes, digests.sha256, digests.md5, digests.block_digests
        )

    async def assemble(self, parts: Sequence[StagedPart]) -> StoredObject:
        """Make one object of staged parts; they stay until discarded."""
        if not parts or any(part.size_bytes % BLOCK_BYTES for part in parts[:-1]):
            message = "every part but the last must consist of whole blocks"
            raise ValueError(message)
        object_id = new_object_id()
        await self._receiver.build(lambda draft: self._assemble(object_id, parts, draft))
        return StoredObject(
            object_id,
            sum(part.size_bytes for part in parts),
            composite_sha256(parts),
            composite_md5(parts),
            b"".join(part.block_digests for part in parts),
            len(parts),
        )

    async def discard(self, staged_ids: Sequence[str]) -> None:
        """Remove staged parts."""
        names = [STAGED_PREFIX + staged_id for staged_id in staged_ids if _is_id(staged_id)]
        await self._run(lambda: self._unlink_all(names))

    async def read(
        self, object_id: str, start: int, end: int, block_digests: bytes
    ) -> ObjectReader:
        """Open a range; its first block is verified when this returns."""
        digests = block_digests if self._verifies_reads else None
        opening = self._executor.submit(self._open_object, object_id, start, end, digests)
        try:
            file, block = await asyncio.wrap_future(opening)
        except CorruptBlockError:
            self._on_corrupt(object_id)
            raise
        except asyncio.CancelledError:
            opening.add_done_callback(self._close_opened)
            raise
        return BlockReader(
            self._files,
            self._executor,
            file,
            start=start,
            end=end,
            first_block=block,
            block_digests=digests,
            on_corrupt=lambda: self._on_corrupt(object_id),
        )

    async def read_whole(self, object_id: str, size_bytes: int, block_digests: bytes) -> bytes:
        """All bytes of a small object."""
        if size_bytes > BLOCK_BYTES:
            message = "only objects of one block are read whole"
            raise ValueError(message)
        if size_bytes == 0:
            return b""
        digests = block_digests if self._verifies_reads else None
        try:
            block = await self._run(lambda: self._read_small(object_id, digests))
        except CorruptBlockError:
            self._on_corrupt(object_id)
            raise
        if len(block) != size_bytes:
            self._on_corrupt(object_id)
            raise CorruptBlockError
        return block

    async def size_of(self, object_id: str) -> int:
        """Length of the object's file."""
        _require_id(object_id)
        return await self._run(lambda: self._size_of(object_id))

    def _size_of(self, object_id: str) -> int:
        try:
            found = self._file_path(object_id).lstat()
        except FileNotFoundError:
            raise ObjectMissingError from None
        return found.st_size

    def path_of(self, object_id: str) -> str | None:
        """The object's path below the data folder; None while reads are verified."""
        _require_id(object_id)
        if self._verifies_reads:
            return None
        return str(self._file_path(object_id))

    def _file_path(self, object_id: str) -> Path:
        return self._folder.path / OBJECTS_FOLDER / object_id[:2] / object_id

    async def delete(self, object_id: str) -> None:
        """Remove an object."""
        _require_id(object_id)
        await self._run(
            lambda: self._in_object_folder(object_id, lambda at: self._unlink(object_id, at))
        )

    async def iterate(self) -> AsyncIterator[StoredEntry]:
        """Every object, a folder at a time."""
        for number in range(256):
            name = f"{number:02x}"
            for entry in await self._run(functools.partial(self._entries_of, name)):
                if _is_id(entry.name) and entry.name[:2] == name:
                    yield StoredEntry(entry.name, entry.modified_at_ms)

    async def iterate_staged(self) -> AsyncIterator[StoredEntry]:
        """Every staged part."""
        for entry in await self._run(self._staging_entries):
            if entry.name[: len(STAGED_PREFIX)] == STAGED_PREFIX:
                yield StoredEntry(entry.name[len(STAGED_PREFIX) :], entry.modified_at_ms)

    async def sweep_unfinished(self, *, older_than_ms: int) -> int:
        """Remove drafts that nobody has written to since."""
        return await self._run(lambda: self._sweep_drafts(older_than_ms))

    async def close(self) -> None:
        """Wait for the threads; the data folder stays open."""
        await asyncio.to_thread(self._executor.shutdown)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._executor.submit(work))

    def _assemble(self, object_id: str, parts: Sequence[StagedPart], draft: Draft) -> None:
        def link(folder: int) -> bool:
            name = STAGED_PREFIX + parts[0].staged_id
            return durable_link(self._volume, (name, self._folder.staging), (object_id, folder))

        try:
            for part in parts:
                _require_id(part.staged_id)
            if len(parts) == 1 and self._in_object_folder(object_id, link):
                return
            for part in parts:
                self._append_part(draft, part)
        except FileNotFoundError:
            draft.abort()
            raise ObjectMissingError from None
        self._in_object_folder(object_id, lambda at: draft.publish(object_id, at))

    def _append_part(self, draft: Draft, part: StagedPart) -> None:
        file = self._files.open_file(STAGED_PREFIX + part.staged_id, self._folder.staging)
        try:
            draft.copy_from(file, part.size_bytes)
        finally:
            self._files.close(file)

    def _in_object_folder(self, object_id: str, work: Callable[[int], T]) -> T:
        folder = self._files.open_folder(object_id[:2], self._folder.objects)
        try:
            return work(folder)
        finally:
            self._files.close(folder)

    def _open_object(
        self, object_id: str, start: int, end: int, block_digests: bytes | None
    ) -> tuple[int, bytes]:
        """Open the file and verify the block that holds `start`; the file stays open."""
        _require_id(object_id)
        try:
            file = self._in_object_folder(
                object_id, lambda at: self._files.open_file(object_id, at)
            )
        except FileNotFoundError:
            raise ObjectMissingError from None
        except OSError as error:
            raise unreadable() from error
        try:
            if start >= end:
                return file, b""
            return file, read_block(self._files, file, start // BLOCK_BYTES, block_digests)
        except BaseException:
            self._files.close(file)
            raise

    def _read_small(self, object_id: str, block_digests: bytes | None) -> bytes:
        file, block = self._open_object(object_id, 0, 1, block_digests)
        self._files.close(file)
        return block

    def _close_opened(self, opening: concurrent.futures.Future[tuple[int, bytes]]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._files.close(opening.result()[0])

    def _unlink(self, name: str, folder: int) -> None:
        try:
            self._files.unlink(name, folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise write_error(error) from error

    def _unlink_all(self, names: Sequence[str]) -> None:
        for name in names:
            self._unlink(name, self._folder.staging)

    def _entries_of(self, name: str) -> list[Entry]:
        folder = self._files.open_folder(name, self._folder.objects)
        try:
            return list(self._files.entries(folder))
        finally:
            self._files.close(folder)

    def _staging_entries(self) -> list[Entry]:
        return list(self._files.entries(self._folder.staging))

    def _sweep_drafts(self, older_than_ms: int) -> int:
        swept = 0
        for entry in self._staging_entries():
            is_draft = entry.name[: len(DRAFT_PREFIX)] == DRAFT_PREFIX
            if is_draft and entry.modified_at_ms < older_than_ms:
                with contextlib.suppress(FileNotFoundError):
                    self._files.unlink(entry.name, self._folder.staging)
                    swept += 1
        return swept


def _is_id(text: str) -> bool:
    return OBJECT_ID.fullmatch(text) is not None


def _require_id(text: str) -> None:
    # SECURITY: ids become file names; one of another form could name another folder.
    if not _is_id(text):
        raise ObjectMissingError
