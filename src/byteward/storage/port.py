"""The port of the object store: immutable bytes under generated ids.

An object is written once and never changed. Its digests are kept by the caller, in the row that
refers to it, so that a store cannot vouch for itself. Each MiB has its own digest: a range is
verified without reading the whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from byteward.errors import BytewardError, ErrorCode

BLOCK_BYTES: Final = 1024 * 1024
"""The unit of verification and of every step of work."""

DIGEST_BYTES: Final = 16
"""Length of one block's digest (XXH3, 128 bits)."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known about an object once it is durable.

    Attributes:
        object_id: 32 hex digits; see `ids.new_object_id`.
        size_bytes: its length.
        sha256: of the whole; of the parts' SHA-256 in order when it was assembled from several.
        md5: likewise for MD5, the protocol's validator; never an identity.
        block_digests: `DIGEST_BYTES` for each started `BLOCK_BYTES`.
        part_count: 1, or how many parts it was assembled from.
    """

    object_id: str
    size_bytes: int
    sha256: bytes
    md5: bytes
    block_digests: bytes
    part_count: int = 1


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A part of a multipart upload, durable in the staging area and not yet an object."""

    staged_id: str
    size_bytes: int
    sha256: bytes
    md5: bytes
    block_digests: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One object or staged part as the store lists it, with the Unix time of its last write."""

    entry_id: str
    modified_at_ms: int


class ObjectMissingError(BytewardError):
    """The store has no such object: look the row up once more, it may name another one by now."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.STORAGE_ERROR, "the stored bytes of the file are missing")


class ObjectReader(Protocol):
    """Verified pieces of one object, in order. Close it, also when it was not read to its end."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, each at most `BLOCK_BYTES` long."""
        ...

    async def __anext__(self) -> bytes:
        """The next piece.

        Raises:
            BytewardError: `storage_error` when the block does not match its digest; no byte of it
                was handed out.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the object; may be called twice."""
        ...


Body = AsyncIterator[bytes] | bytes
"""Bytes to store. An iterator that raises stands for a body that was cut off."""


class ObjectStore(Protocol):
    """What every adapter keeps; `tests/conformance/test_object_store.py` is the definition.

    Failures to write are `insufficient_storage` (volume full or below its reserve) or
    `storage_error`; failures to read are `storage_error`. Nothing that fails leaves anything
    behind that anybody can see.
    """

    async def put(self, body: Body, *, max_bytes: int | None = None) -> StoredObject:
        """Store a new object; it is durable when this returns.

        Raises:
            BytewardError: `file_too_large` past `max_bytes`, and the failures of the class
                docstring. What `body` raises passes through.
        """
        ...

    async def stage(self, body: Body, *, exact_bytes: int) -> StagedPart:
        """Store one part of a multipart upload; it is durable when this returns.

        Raises:
            BytewardError: `invalid_upload_part` when the body is not `exact_bytes` long.
        """
        ...

    async def assemble(self, parts: Sequence[StagedPart]) -> StoredObject:
        """Make one durable object of staged parts, in the order given.

        The parts stay until they are discarded, so a completion that was cut off before its
        commit can be repeated. Every part but the last must be a multiple of `BLOCK_BYTES` long.

        Raises:
            ObjectMissingError: a part is not in the staging area (any more).
        """
        ...

    async def discard(self, staged_ids: Sequence[str]) -> None:
        """Remove staged parts; those that are gone already are no failure."""
        ...

    async def read(
        self, object_id: str, start: int, end: int, block_digests: bytes
    ) -> ObjectReader:
        """Open bytes `start` up to, not including, `end`; the first block is verified on return.

        The reader keeps the object that it opened, even when the object is deleted meanwhile.

        Raises:
            ObjectMissingError: there is no such object.
        """
        ...

    async def read_whole(self, object_id: str, size_bytes: int, block_digests: bytes) -> bytes:
        """All bytes, verified, of an object of at most `BLOCK_BYTES`.

        Raises:
            ObjectMissingError: there is no such object.
        """
        ...

    async def size_of(self, object_id: str) -> int:
        """Length in bytes of what is stored.

        Raises:
            ObjectMissingError: there is no such object.
        """
        ...

    def path_of(self, object_id: str) -> str | None:
        """Where a server's file-sending extension finds the bytes, if it may.

        SECURITY: whoever sends the file itself skips verification, so this is None while reads
        are verified, as it is for a store without local files. Never part of an answer.
        """
        ...

    async def delete(self, object_id: str) -> None:
        """Remove an object; one that is gone already is no failure."""
        ...

    def iterate(self) -> AsyncIterator[StoredEntry]:
        """Every object, in no particular order."""
        ...

    def iterate_staged(self) -> AsyncIterator[StoredEntry]:
        """Every staged part, in no particular order."""
        ...

    async def sweep_unfinished(self, *, older_than_ms: int) -> int:
        """Remove what writers left half done and last wrote before that Unix time; the count."""
        ...

    def free_bytes(self) -> int:
        """Bytes that may still be written before the reserve is touched; 0 when it is."""
        ...

    @property
    def is_healthy(self) -> bool:
        """False once a sync failed; writes are refused from then on."""
        ...

    async def close(self) -> None:
        """Let go of every file and thread."""
        ...
