from __future__ import annotations

import hashlib

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from byteward.storage.digests import (
    BodyDigests,
    block_count,
    block_matches,
    composite_md5,
    composite_sha256,
)
from byteward.storage.port import BLOCK_BYTES, StagedPart


@given(st.lists(st.binary(min_size=1, max_size=64), max_size=4))
def test_digests_are_those_of_the_whole_and_of_each_block(blocks: list[bytes]) -> None:
    digests = BodyDigests()
    for block in blocks:
        digests.add(block)
    digests.add(b"")
    whole = b"".join(blocks)
    assert digests.size_bytes == len(whole)
    assert digests.sha256 == hashlib.sha256(whole).digest()
    assert digests.md5 == hashlib.md5(whole, usedforsecurity=False).digest()
    assert digests.block_digests == b"".join(xxhash.xxh3_128_digest(b) for b in blocks)
    assert all(block_matches(b, i, digests.block_digests) for i, b in enumerate(blocks))


@given(st.binary(min_size=1, max_size=200), st.data())
def test_r6_one_flipped_bit_is_found(block: bytes, data: st.DataObject) -> None:
    digests = BodyDigests()
    digests.add(block)
    bit = data.draw(st.integers(0, len(block) * 8 - 1))
    damaged = bytearray(block)
    damaged[bit // 8] ^= 1 << bit % 8
    assert not block_matches(damaged, 0, digests.block_digests)


def test_a_block_past_the_digests_never_matches() -> None:
    assert not block_matches(b"", 0, b"")
    assert not block_matches(b"x", 3, b"\x00" * 16)


@pytest.mark.parametrize(
    ("size", "count"), [(0, 0), (1, 1), (BLOCK_BYTES, 1), (BLOCK_BYTES + 1, 2)]
)
def test_every_started_block_counts(size: int, count: int) -> None:
    assert block_count(size) == count


def _part(content: bytes) -> StagedPart:
    digests = BodyDigests()
    digests.add(content)
    return StagedPart("0" * 32, len(content), digests.sha256, digests.md5, digests.block_digests)


def test_a_single_part_keeps_its_own_digests() -> None:
    assert composite_sha256([_part(b"a")]) == hashlib.sha256(b"a").digest()
    assert composite_md5([_part(b"a")]) == hashlib.md5(b"a", usedforsecurity=False).digest()


def test_several_parts_get_the_digest_of_their_digests() -> None:
    parts = [_part(b"a"), _part(b"b")]
    joined = parts[0].md5 + parts[1].md5
    assert composite_md5(parts) == hashlib.md5(joined, usedforsecurity=False).digest()
    joined = parts[0].sha256 + parts[1].sha256
    assert composite_sha256(parts) == hashlib.sha256(joined).digest()
