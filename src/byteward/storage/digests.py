"""Digests of stored bytes: two over the whole, one for each block."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import xxhash

from byteward.storage.file_system import Buffer
from byteward.storage.port import BLOCK_BYTES, DIGEST_BYTES, StagedPart


def block_digest(block: Buffer) -> bytes:
    """The digest of one block. It finds damage by chance, not by intent: rows are trusted."""
    return xxhash.xxh3_128_digest(block)


def block_matches(block: Buffer, index: int, block_digests: bytes) -> bool:
    """Whether the bytes of block `index` are those that were stored."""
    expected = block_digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
    return block_digest(block) == expected


def block_count(size_bytes: int) -> int:
    """How many blocks an object of that size has."""
    return -(-size_bytes // BLOCK_BYTES)


class BodyDigests:
    """Digests of a body that arrives in whole blocks, the last one possibly shorter."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._blocks = bytearray()

    def add(self, block: Buffer) -> None:
        """Take the next block in."""
        if not block:
            return
        self.size_bytes += len(block)
        self._sha256.update(block)
        self._md5.update(block)
        self._blocks += block_digest(block)

    @property
    def sha256(self) -> bytes:
        """Of everything so far."""
        return self._sha256.digest()

    @property
    def md5(self) -> bytes:
        """Of everything so far; the protocol's validator, never an identity."""
        return self._md5.digest()

    @property
    def block_digests(self) -> bytes:
        """Of each block so far."""
        return bytes(self._blocks)


def composite_sha256(parts: Sequence[StagedPart]) -> bytes:
    """The part's own SHA-256, or that of the concatenated SHA-256 of several."""
    if len(parts) == 1:
        return parts[0].sha256
    return hashlib.sha256(b"".join(part.sha256 for part in parts)).digest()


def composite_md5(parts: Sequence[StagedPart]) -> bytes:
    """Likewise for MD5: the rule of S3, without its `-N`."""
    if len(parts) == 1:
        return parts[0].md5
    return hashlib.md5(b"".join(part.md5 for part in parts), usedforsecurity=False).digest()
