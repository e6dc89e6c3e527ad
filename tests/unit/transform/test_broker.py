"""The transform process: equal requests once, errors typed, work bounded."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.admission import AdmissionLimits
from byteward.transform.broker import Broker, BrokerSettings, run_broker
from byteward.transform.cache import ResultCache, result_key
from byteward.transform.client import TransformClient
from byteward.transform.image.limits import ImageLimits
from byteward.transform.sandbox.pool import ChildSettings
from byteward.transform.wire import SOCKET_NAME, TransformRequest
from tests.unit.transform.engine.pictures import opened, picture

SETTINGS = BrokerSettings(AdmissionLimits(2, 8), 10.0, 1 << 30, ImageLimits())


class Sources:
    """Stored bytes by name, and how often they were opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, name: str) -> int:
        with self._lock:
            self.count += 1
        if name == "gone":
            raise FileNotFoundError
        file = self._folder / name
        if not file.exists():
            file.write_bytes(picture(name) if name != "text" else b"text")
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)


@asynccontextmanager
async def a_broker(
    tmp_path: Path, settings: BrokerSettings = SETTINGS, **children: object
) -> AsyncIterator[tuple[TransformClient, Sources, ResultCache]]:
    for name in ("work", "sources"):
        (tmp_path / name).mkdir()
    cache, sources = ResultCache(tmp_path / "cache"), Sources(tmp_path / "sources")
    bounds = replace(ChildSettings(tmp_path / "work"), **children)  # type: ignore[arg-type]
    broker = Broker(cache, sources, bounds, settings)
    ready = asyncio.Event()
    serving = asyncio.create_task(
        run_broker(
            broker,
            cache,
            tmp_path / SOCKET_NAME,
            max_bytes=1 << 30,
            evict_seconds=60,
            on_ready=ready.set,
        )
    )
    await ready.wait()
    client = TransformClient(tmp_path)
    try:
        yield client, sources, cache
    finally:
        await client.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def wanted(source: str, query: str, account: str = "A623uY2") -> TransformRequest:
    pairs = tuple(
        (name, value) for name, _, value in (part.partition("=") for part in query.split("&"))
    )
    key = result_key([source, query, account])
    return TransformRequest(key, account, "image", "/a", source, pairs, ("jpeg", "png"), {})


def test_a_result_is_made_and_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_broker(tmp_path) as (client, _, cache):
            request = wanted("QUAD", "w=50&f=png")
            found = await client.result(request)
            assert (found.header.width, found.header.mime) == (50, "image/png")
            body = cache.read(found)
            assert body is not None
            assert opened(body).height == 38
            assert cache.find(request.key) == found

    asyncio.run(work())


def test_equal_requests_at_once_are_computed_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_broker(tmp_path) as (client, sources, cache):
            request = wanted("HD", "w=500&blur=20&f=png")
            found = await asyncio.gather(*(client.result(request) for _ in range(50)))
            assert len({cache.read(each) for each in found}) == 1
            assert sources.count == 1

    asyncio.run(work())


def code_of(tmp_path: Path, request: TransformRequest, **children: object) -> ErrorCode:
    async def work() -> None:
        async with a_broker(tmp_path, **children) as (client, _, _):  # type: ignore[arg-type]
            await client.result(request)

    with pytest.raises(BytewardError) as refused:
        asyncio.run(work())
    return refused.value.code


def test_errors_are_typed(tmp_path: Path) -> None:
    for number, (request, code) in enumerate(
        [
            (wanted("text", "w=5"), ErrorCode.UNSUPPORTED_INPUT_FORMAT),
            (wanted("gone", "w=5"), ErrorCode.FILE_NOT_FOUND),
            (wanted("QUAD", "w=0"), ErrorCode.INVALID_PARAMETER),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert code_of(folder, request) is code


def test_no_process_is_a_typed_refusal(tmp_path: Path) -> None:
    async def work() -> None:
        client = TransformClient(tmp_path)
        try:
            await client.result(wanted("QUAD", "w=5"))
        finally:
            await client.close()

    with pytest.raises(BytewardError) as refused:
        asyncio.run(work())
    assert refused.value.code is ErrorCode.OVERLOADED


def test_a_file_that_kills_its_decoder_is_set_aside(tmp_path: Path) -> None:
    async def work() -> list[str]:
        reasons: list[str] = []
        async with a_broker(tmp_path, wall_seconds=0.2) as (client, sources, _):
            for number in range(4):
                with pytest.raises(BytewardError) as refused:
                    await client.result(wanted("LG", f"w=4000&f=avif&c=100&q={number + 1}"))
                reasons.append(refused.value.code.value)
            assert sources.count == 3
            assert (await client.result(wanted("QUAD", "w=5"))).header.width == 5
        return reasons

    assert asyncio.run(work()) == [*["transformation_timeout"] * 3, "transformation_failed"]


def test_a_flood_is_refused_and_ends(tmp_path: Path) -> None:
    settings = replace(SETTINGS, admission=AdmissionLimits(1, 4))

    async def work() -> list[str]:
        async with a_broker(tmp_path, settings) as (client, _, _):
            requests = [wanted("HD", f"w={width}&f=png") for width in range(100, 130)]
            found = await asyncio.gather(
                *(client.result(each) for each in requests), return_exceptions=True
            )
            return [
                each.code.value if isinstance(each, BytewardError) else "made" for each in found
            ]

    outcomes = asyncio.run(work())
    assert 4 <= outcomes.count("made") <= 6
    assert set(outcomes) == {"made", "overloaded"}
