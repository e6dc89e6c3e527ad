"""What every object store keeps, whichever medium is behind it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.ids import OBJECT_ID
from byteward.storage.data_folder import open_data_folder
from byteward.storage.local import LocalObjectStore
from byteward.storage.port import (
    BLOCK_BYTES,
    Body,
    ObjectMissingError,
    ObjectStore,
    StagedPart,
    StoredObject,
)

T = TypeVar("T")

SMALL = b"the bytes of a small file"
LARGE = os.urandom(2 * BLOCK_BYTES + 12345)


class _Run:
    """Runs a scenario on a fresh store of the adapter."""

    def __init__(self, tmp_path: Path) -> None:
        self._folder = open_data_folder(tmp_path / "data")

    def __call__(self, scenario: Callable[[ObjectStore], Awaitable[T]]) -> T:
        async def main() -> T:
            store = LocalObjectStore(self._folder, min_free_bytes=0)
            try:
                return await scenario(store)
            finally:
                await store.close()

        return asyncio.run(main())

    def close(self) -> None:
        self._folder.close()


@pytest.fixture(params=["local"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_Run]:
    assert request.param == "local"
    runner = _Run(tmp_path)
    yield runner
    runner.close()


async def _stream(data: bytes, piece: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


async def _cut_off(data: bytes) -> AsyncIterator[bytes]:
    yield data
    raise ConnectionResetError


async def _read(store: ObjectStore, stored: StoredObject, start: int, end: int) -> bytes:
    reader = await store.read(stored.object_id, start, end, stored.block_digests)
    try:
        pieces = [piece async for piece in reader]
    finally:
        await reader.aclose()
    assert all(len(piece) <= BLOCK_BYTES for piece in pieces)
    return b"".join(pieces)


async def _ids(store: ObjectStore) -> list[str]:
    return [entry.entry_id async for entry in store.iterate()]


async def _staged(store: ObjectStore) -> list[str]:
    return [entry.entry_id async for entry in store.iterate_staged()]


async def _is_empty(store: ObjectStore) -> bool:
    leftovers = await store.sweep_unfinished(older_than_ms=2**62)
    return not await _ids(store) and not await _staged(store) and not leftovers


@pytest.mark.parametrize("data", [b"", b"x", SMALL, LARGE[:BLOCK_BYTES], LARGE])
@pytest.mark.parametrize("as_stream", [False, True])
def test_stored_bytes_come_back_with_their_digests(
    run: _Run, data: bytes, *, as_stream: bool
) -> None:
    async def scenario(store: ObjectStore) -> None:
        body: Body = _stream(data) if as_stream else data
        stored = await store.put(body, max_bytes=len(data))
        assert OBJECT_ID.fullmatch(stored.object_id)
        assert stored.size_bytes == len(data)
        assert stored.sha256 == hashlib.sha256(data).digest()
        assert stored.md5 == hashlib.md5(data, usedforsecurity=False).digest()
        assert len(stored.block_digests) == 16 * -(-len(data) // BLOCK_BYTES)
        assert stored.part_count == 1
        assert await _read(store, stored, 0, len(data)) == data

    run(scenario)


def test_equal_bytes_are_two_objects(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        one, other = await store.put(SMALL), await store.put(SMALL)
        assert one.object_id != other.object_id
        await store.delete(one.object_id)
        assert await _read(store, other, 0, len(SMALL)) == SMALL

    run(scenario)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (5, 5),
        (len(LARGE) - 1, len(LARGE)),
        (BLOCK_BYTES - 1, BLOCK_BYTES + 1),
        (BLOCK_BYTES, 2 * BLOCK_BYTES),
        (BLOCK_BYTES + 7, len(LARGE)),
        (3, len(LARGE) - 3),
    ],
)
def test_ranges_are_exact(run: _Run, start: int, end: int) -> None:
    async def scenario(store: ObjectStore) -> None:
        stored = await store.put(_stream(LARGE))
        assert await _read(store, stored, start, end) == LARGE[start:end]

    run(scenario)


@pytest.mark.parametrize("data", [b"", SMALL, LARGE[:BLOCK_BYTES]])
def test_small_objects_are_read_whole(run: _Run, data: bytes) -> None:
    async def scenario(store: ObjectStore) -> None:
        stored = await store.put(data)
        whole = await store.read_whole(stored.object_id, len(data), stored.block_digests)
        assert whole == data

    run(scenario)


def test_large_objects_are_not_read_whole(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        with pytest.raises(ValueError, match="one block"):
            await store.read_whole("0" * 32, BLOCK_BYTES + 1, b"")

    run(scenario)


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_one_byte_past_the_limit_is_refused_and_nothing_is_left(run: _Run, data: bytes) -> None:
    async def scenario(store: ObjectStore) -> None:
        with pytest.raises(BytewardError) as caught:
            await store.put(_stream(data), max_bytes=len(data) - 1)
        assert caught.value.code == ErrorCode.FILE_TOO_LARGE
        assert await _is_empty(store)

    run(scenario)


@pytest.mark.parametrize("data", [b"", SMALL, LARGE])
def test_d4_a_body_that_is_cut_off_leaves_nothing(run: _Run, data: bytes) -> None:
    async def scenario(store: ObjectStore) -> None:
        with pytest.raises(ConnectionResetError):
            await store.put(_cut_off(data))
        with pytest.raises(ConnectionResetError):
            await store.stage(_cut_off(data), exact_bytes=len(data) + 1)
        assert await _is_empty(store)

    run(scenario)


@pytest.mark.parametrize("yields", range(0, 40, 3))
def test_d4_a_cancelled_writer_leaves_nothing(run: _Run, yields: int) -> None:
    async def scenario(store: ObjectStore) -> None:
        writing = asyncio.create_task(store.put(_stream(LARGE)))
        for _ in range(yields):
            await asyncio.sleep(0)
        writing.cancel()
        try:
            await writing
        except asyncio.CancelledError:
            assert await _is_empty(store)

    run(scenario)


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_part_of_another_length_is_refused(run: _Run, difference: int) -> None:
    async def scenario(store: ObjectStore) -> None:
        with pytest.raises(BytewardError) as caught:
            await store.stage(_stream(LARGE), exact_bytes=len(LARGE) + difference)
        assert caught.value.code == ErrorCode.INVALID_UPLOAD_PART
        assert await _is_empty(store)

    run(scenario)


async def _stage_all(store: ObjectStore, parts: list[bytes]) -> list[StagedPart]:
    return [await store.stage(_stream(part), exact_bytes=len(part)) for part in parts]


@pytest.mark.parametrize(
    "parts",
    [
        [SMALL],
        [b""],
        [LARGE],
        [LARGE[:BLOCK_BYTES], SMALL],
        [LARGE[: 2 * BLOCK_BYTES], LARGE[:BLOCK_BYTES], LARGE],
    ],
    ids=["one", "empty", "large", "two", "three"],
)
def test_parts_become_one_object_in_their_order(run: _Run, parts: list[bytes]) -> None:
    whole = b"".join(parts)

    async def scenario(store: ObjectStore) -> None:
        staged = await _stage_all(store, parts)
        stored = await store.assemble(staged)
        assert stored.size_bytes == len(whole)
        assert stored.part_count == len(parts)
        assert await _read(store, stored, 0, len(whole)) == whole
        assert await _ids(store) == [stored.object_id]

    run(scenario)


def test_assembling_again_works_until_the_parts_are_discarded(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        for parts in ([SMALL], [LARGE[:BLOCK_BYTES], SMALL]):
            staged = await _stage_all(store, parts)
            first = await store.assemble(staged)
            second = await store.assemble(staged)
            assert first.object_id != second.object_id
            ids = [part.staged_id for part in staged]
            await store.discard(ids)
            await store.discard(ids)
            assert await _staged(store) == []
            with pytest.raises(ObjectMissingError):
                await store.assemble(staged)
            assert await _read(store, first, 0, first.size_bytes) == b"".join(parts)

    run(scenario)


def test_a_part_that_would_shift_the_blocks_is_refused(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        staged = await _stage_all(store, [SMALL, SMALL])
        with pytest.raises(ValueError, match="whole blocks"):
            await store.assemble(staged)
        with pytest.raises(ValueError, match="whole blocks"):
            await store.assemble([])

    run(scenario)


def test_a_missing_part_leaves_no_object(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        staged = await _stage_all(store, [LARGE[:BLOCK_BYTES], SMALL])
        await store.discard([staged[1].staged_id])
        with pytest.raises(ObjectMissingError):
            await store.assemble(staged)
        await store.discard([staged[0].staged_id])
        assert await _is_empty(store)

    run(scenario)


def test_a_reader_keeps_the_object_that_it_opened(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        stored = await store.put(_stream(LARGE))
        reader = await store.read(stored.object_id, 0, len(LARGE), stored.block_digests)
        await store.delete(stored.object_id)
        assert b"".join([piece async for piece in reader]) == LARGE
        await reader.aclose()
        with pytest.raises(ObjectMissingError):
            await store.read(stored.object_id, 0, 1, stored.block_digests)

    run(scenario)


def test_a_reader_may_be_left_at_any_point(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        stored = await store.put(_stream(LARGE))
        for count in range(4):
            reader = await store.read(stored.object_id, 0, len(LARGE), stored.block_digests)
            for _ in range(count):
                await anext(reader)
            await reader.aclose()
            await reader.aclose()
            with pytest.raises(StopAsyncIteration):
                await anext(reader)

    run(scenario)


@pytest.mark.parametrize("object_id", ["0" * 32, "", "../../etc/passwd", "A" * 32, "0" * 31 + "/"])
def test_an_id_of_nothing_is_missing_for_every_reader(run: _Run, object_id: str) -> None:
    async def scenario(store: ObjectStore) -> None:
        with pytest.raises(ObjectMissingError):
            await store.read(object_id, 0, 1, bytes(16))
        with pytest.raises(ObjectMissingError):
            await store.read_whole(object_id, 1, bytes(16))

    run(scenario)


def test_deleting_twice_is_no_failure(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        stored = await store.put(SMALL)
        await store.delete(stored.object_id)
        await store.delete(stored.object_id)
        assert await _is_empty(store)

    run(scenario)


def test_entries_carry_the_time_of_their_last_write(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        first = await store.put(SMALL)
        part = await store.stage(SMALL, exact_bytes=len(SMALL))
        times = {entry.entry_id: entry.modified_at_ms async for entry in store.iterate()}
        async for entry in store.iterate_staged():
            times[entry.entry_id] = entry.modified_at_ms
        assert times.keys() == {first.object_id, part.staged_id}
        assert times[part.staged_id] >= times[first.object_id] > 1_600_000_000_000

    run(scenario)


def test_an_object_made_of_an_old_part_is_young(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        staged = await _stage_all(store, [SMALL])
        before = [entry.modified_at_ms async for entry in store.iterate_staged()]
        while True:
            stored = await store.assemble(staged)
            times = {entry.entry_id: entry.modified_at_ms async for entry in store.iterate()}
            if times[stored.object_id] > before[0]:
                return

    run(scenario)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "cut", "delete", "read"]), st.integers(0, 5)), max_size=25
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_any_history_keeps_exactly_the_objects_that_were_put_and_not_deleted(
    run: _Run, steps: list[tuple[str, int]]
) -> None:
    async def scenario(store: ObjectStore) -> None:
        kept: dict[int, tuple[StoredObject, bytes]] = {}
        for number, (step, slot) in enumerate(steps):
            data = f"{number} ".encode() * (number + 1)
            if step == "put":
                overwritten = kept.get(slot)
                kept[slot] = (await store.put(_stream(data, 7)), data)
                if overwritten:
                    await store.delete(overwritten[0].object_id)
            elif step == "cut":
                with pytest.raises(ConnectionResetError):
                    await store.put(_cut_off(data))
            elif step == "delete" and slot in kept:
                await store.delete(kept.pop(slot)[0].object_id)
        for stored, data in kept.values():
            assert await _read(store, stored, 0, len(data)) == data
        assert sorted(await _ids(store)) == sorted(stored.object_id for stored, _ in kept.values())
        for stored, _ in kept.values():
            await store.delete(stored.object_id)
        assert await _is_empty(store)

    run(scenario)


def test_many_writers_at_once_do_not_mix_their_bytes(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        bodies = [bytes([number]) * (number * 40_000 + 1) for number in range(40)]
        stored = await asyncio.gather(*(store.put(_stream(body)) for body in bodies))
        for one, body in zip(stored, bodies, strict=True):
            assert await _read(store, one, 0, len(body)) == body

    run(scenario)


def test_free_space_is_reported(run: _Run) -> None:
    async def scenario(store: ObjectStore) -> None:
        assert store.free_bytes() > 0
        assert store.is_healthy

    run(scenario)
