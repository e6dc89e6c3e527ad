"""The worker's end of the connection to the process that transforms."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.client import TransformClient
from byteward.transform.wire import TransformRequest

REQUEST = TransformRequest("0" * 64, "A623uY2", "image", "/a.png", "0" * 32, (), (), {})


def test_what_is_dropped_before_it_waited_has_begun_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []

    async def connect(*arguments: object, **options: object) -> None:
        begun.append((arguments, options))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_unix_connection", connect)

    async def run() -> None:
        client = TransformClient(tmp_path)
        dropped = client.result(REQUEST)
        dropped.send(None)
        dropped.close()
        assert begun == []
        with pytest.raises(BytewardError) as refused:
            await client.result(REQUEST)
        assert refused.value.code is ErrorCode.OVERLOADED
        assert len(begun) == 1
        await client.close()

    asyncio.run(run())
