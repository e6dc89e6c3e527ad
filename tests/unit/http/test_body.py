"""Reading a request's body: rate, idle time, ends, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from byteward.delivery.asgi import Message, Receive
from byteward.errors import BytewardError, ErrorCode
from byteward.http.body import DRAIN_BYTES, BodyTimes, RequestBody

TIMES = BodyTimes(idle_seconds=30, min_bytes_per_second=1024)
REFUSED = BytewardError(ErrorCode.INVALID_REQUEST, "no", details={"a": 1})


class Clock:
    """Monotonic seconds that move by `step` whenever they are read for the second time."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        if self.reads % 2 == 0:
            self.now += self.step
        return self.now


def receiving(*chunks: bytes, ends: bool = True) -> Receive:
    def messages() -> Iterator[Message]:
        for index, chunk in enumerate(chunks):
            more = not ends or index < len(chunks) - 1
            yield {"type": "http.request", "body": chunk, "more_body": more}
        while True:
            yield {"type": "http.disconnect"}

    source = messages()

    async def receive() -> Message:
        return next(source)

    return receive


def read(body: RequestBody) -> bytes:
    async def collect() -> bytes:
        return b"".join([chunk async for chunk in body.chunks()])

    return asyncio.run(collect())


def test_chunks_are_joined_and_empty_ones_skipped() -> None:
    assert read(RequestBody(receiving(b"a", b"", b"b"), {}, TIMES)) == b"ab"


def test_body_without_its_end_is_an_error() -> None:
    with pytest.raises(BytewardError) as caught:
        read(RequestBody(receiving(b"a", ends=False), {}, TIMES))
    assert caught.value.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(("size", "is_slow"), [(1023, True), (1024, False)])
def test_rate_is_judged_over_thirty_seconds_of_waiting(size: int, is_slow: bool) -> None:
    chunks = [b"x" * size] * 70
    body = RequestBody(receiving(*chunks), {}, TIMES, Clock(1.0))
    if not is_slow:
        assert len(read(body)) == size * 70
        return
    with pytest.raises(BytewardError) as caught:
        read(body)
    assert caught.value.code is ErrorCode.REQUEST_TIMEOUT


def test_short_slow_body_is_let_through() -> None:
    body = RequestBody(receiving(b"x", b"y"), {}, TIMES, Clock(14.0))
    assert read(body) == b"xy"


def test_read_refuses_a_declared_or_real_size_over_the_limit() -> None:
    for headers, chunks in (({b"content-length": b"4"}, (b"a",)), ({}, (b"ab", b"cd"))):
        body = RequestBody(receiving(*chunks), headers, TIMES)
        with pytest.raises(BytewardError) as caught:
            asyncio.run(body.read(3))
        assert caught.value.code is ErrorCode.PAYLOAD_TOO_LARGE
    assert asyncio.run(RequestBody(receiving(b"abc"), {}, TIMES).read(3)) == b"abc"


def test_refusal_reads_a_short_rest_and_keeps_the_connection() -> None:
    body = RequestBody(receiving(b"x" * 100), {b"content-length": b"100"}, TIMES)
    assert asyncio.run(body.refuse(REFUSED)) is REFUSED


@pytest.mark.parametrize(
    ("headers", "chunks", "ends"),
    [
        ({b"content-length": b"65537"}, (b"x",), True),
        ({}, (b"x" * DRAIN_BYTES, b"y", b"z"), True),
        ({}, (b"x",), False),
    ],
)
def test_refusal_closes_the_connection_over_a_long_rest(
    headers: dict[bytes, bytes], chunks: tuple[bytes, ...], ends: bool
) -> None:
    body = RequestBody(receiving(*chunks, ends=ends), headers, TIMES)
    refused = asyncio.run(body.refuse(REFUSED))
    assert refused.headers == {"connection": "close"}
    assert (refused.code, refused.details) == (REFUSED.code, REFUSED.details)


def test_refusal_asks_no_client_to_go_on_that_waits_to_be_asked() -> None:
    async def receive() -> Message:
        pytest.fail("reading sends 100 Continue")

    headers = {b"expect": b"100-Continue", b"content-length": b"5"}
    refused = asyncio.run(RequestBody(receive, headers, TIMES).refuse(REFUSED))
    assert refused.headers == {"connection": "close"}


def test_client_that_falls_silent_times_out() -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    body = RequestBody(receive, {}, BodyTimes(idle_seconds=0.01, min_bytes_per_second=0))
    with pytest.raises(BytewardError) as caught:
        read(body)
    assert caught.value.code is ErrorCode.REQUEST_TIMEOUT
    assert caught.value.headers == {"connection": "close"}
