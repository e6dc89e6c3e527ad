"""The body of an answer: decoded, counted, and never waited for too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import aiohttp

from byteward.outbound.decoding import Coding, DecodingError, Inflater
from byteward.outbound.model import Failure, OutboundError

RATE_WINDOW_SECONDS: Final = 10.0


class Pace:
    """Judges how fast the other end sends; only time spent waiting for it counts.

    Args:
        deadline: loop time of the end of all waiting; None: none.
        min_bytes_per_second: least rate over each window of waiting; 0: any.
        window_seconds: over which the rate is measured, and the longest wait for any byte.
    """

    def __init__(
        self, *, deadline: float | None, min_bytes_per_second: int, window_seconds: float
    ) -> None:
        self._deadline = deadline
        self._min_bytes_per_second = min_bytes_per_second
        self._window_seconds = window_seconds
        self._waited = 0.0
        self._received = 0

    async def read(self, stream: aiohttp.StreamReader) -> bytes:
        """The next bytes of a stream, empty at its end.

        Raises:
            OutboundError: they come too slowly.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        patience = started + self._window_seconds
        until = patience if self._deadline is None else min(patience, self._deadline)
        try:
            async with asyncio.timeout_at(until):
                data = await stream.readany()
        except TimeoutError:
            raise OutboundError(Failure.TIMEOUT, "the body does not come") from None
        self._note(len(data), loop.time() - started)
        return data

    def _note(self, size: int, waited: float) -> None:
        self._waited += waited
        self._received += size
        if self._waited < self._window_seconds:
            return
        if size and self._received < self._waited * self._min_bytes_per_second:
            raise OutboundError(Failure.TIMEOUT, "the body comes too slowly")
        self._waited, self._received = 0.0, 0


async def read_body(
    stream: aiohttp.StreamReader, coding: Coding | None, pace: Pace, *, max_bytes: int | None
) -> AsyncIterator[bytes]:
    """The decoded body.

    Args:
        stream: the body as sent; it raises when it ends before it was announced to.
        coding: how it is coded.
        pace: how patiently it is read.
        max_bytes: most decoded bytes.

    Raises:
        OutboundError: too large, too slow, cut off, or not of its coding.
    """
    inflater = None if coding is None else Inflater(coding)
    total = 0
    try:
        while data := await pace.read(stream):
            for piece in _decoded(data, inflater):
                total += len(piece)
                if max_bytes is not None and total > max_bytes:
                    raise OutboundError(Failure.TOO_LARGE, f"more than {max_bytes} bytes")
                yield piece
                if inflater is not None:
                    await asyncio.sleep(0)  # a bomb must not keep the loop to itself
        if inflater is not None:
            inflater.finish()
    except DecodingError as error:
        raise OutboundError(Failure.UNREACHABLE, str(error)) from None
    except (aiohttp.ClientError, OSError) as error:
        detail = f"the body was cut off: {type(error).__name__}"
        raise OutboundError(Failure.UNREACHABLE, detail) from None


def _decoded(data: bytes, inflater: Inflater | None) -> Iterator[bytes]:
    return iter((data,)) if inflater is None else inflater.feed(data)
