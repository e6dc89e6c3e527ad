"""One number for all that a turn of the loop brings, and never one from an earlier turn."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from byteward.server.http1.poll_batch import PollBatch


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_batch_ends_before_the_loop_looks_for_input_again(
    factory: type[asyncio.AbstractEventLoop],
) -> None:
    async def turns() -> tuple[int, int, int, int]:
        batch = PollBatch(asyncio.get_running_loop(), lambda: 784111777.5)
        first, second = batch.enter(), batch.enter()
        await asyncio.sleep(0)
        third = batch.enter()
        assert batch.date_line == b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        return first, second, third, batch.renew()

    with asyncio.Runner(loop_factory=factory) as runner:
        first, second, third, renewed = runner.run(turns())
    assert first == second
    assert len({first, third, renewed}) == 3


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_input_that_comes_later_is_in_another_batch(
    factory: type[asyncio.AbstractEventLoop],
) -> None:
    """Also when the loop is kept busy in between, so that it never waits."""
    seen: list[int] = []

    class Listening(asyncio.Protocol):
        def __init__(self, batch: PollBatch) -> None:
            self._batch = batch

        def data_received(self, _data: bytes) -> None:
            seen.append(self._batch.enter())

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        batch = PollBatch(loop)
        server = await loop.create_server(lambda: Listening(batch), "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        _, writer = await asyncio.open_connection(*address)
        for count in range(1, 6):
            writer.write(b"x")
            while len(seen) < count:  # noqa: ASYNC110 - the loop is to have no time to wait
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        server.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(talk())
    assert sorted(set(seen)) == seen
