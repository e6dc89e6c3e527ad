"""Work is given up when the client goes away, after it has cleaned up."""

from __future__ import annotations

import asyncio

import pytest

from byteward.delivery.asgi import Message, Receive
from byteward.errors import BytewardError
from byteward.http.disconnect import while_connected


async def stays() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def leaves_after(*messages: Message) -> Receive:
    waiting = iter((*messages, {"type": "http.disconnect"}))

    async def receive() -> Message:
        return next(waiting)

    return receive


async def leaves() -> Message:
    return {"type": "http.disconnect"}


def test_the_result_comes_while_the_client_stays() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert asyncio.run(while_connected(stays, work())) == 7


def test_work_is_cancelled_and_awaited_when_the_client_leaves() -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            done.append("cleaned up")

    with pytest.raises(BytewardError, match="went away"):
        asyncio.run(while_connected(leaves, work()))
    assert done == ["cleaned up"]


def test_other_messages_are_no_departure() -> None:
    more = {"type": "http.request", "body": b"", "more_body": False}
    with pytest.raises(BytewardError, match="went away"):
        asyncio.run(while_connected(leaves_after(more), asyncio.sleep(60)))


def test_a_failure_of_the_work_is_passed_on() -> None:
    async def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(while_connected(stays, work()))


def test_a_request_that_is_cancelled_cancels_the_work() -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cleaned up")

    async def run() -> None:
        task = asyncio.create_task(while_connected(stays, work()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert done == ["cleaned up"]
