"""What is the same for all requests that one turn of the event loop brings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from byteward.server.http1.response_head import date_line


class PollBatch:
    """A number, the time and the Date header, taken at most once for each turn of the loop.

    INVARIANT: the batch opens when the first of its requests is handled, and closes before the
    loop looks for input again. The first byte of whatever a connection delivers first in this turn
    had therefore arrived before the batch opened, so what was true when it opened was true during
    the request. That does not hold for later requests of the same delivery; see `renew`.

    Args:
        loop: the event loop.
        unix_time: seconds, for the Date header.
    """

    __slots__ = ("_is_open", "_loop", "_unix_time", "date_line", "now", "number")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, unix_time: Callable[[], float] = time.time
    ) -> None:
        self._loop = loop
        self._unix_time = unix_time
        self._is_open = False
        self.number = 0
        self.now = loop.time()
        self.date_line = date_line(int(unix_time()))

    def enter(self) -> int:
        """The batch of this turn."""
        if not self._is_open:
            self._is_open = True
            self._loop.call_soon(self._close)
            self.renew()
        return self.number

    def renew(self) -> int:
        """A batch that opens now, for a request that may have arrived since."""
        self.number += 1
        self.now = self._loop.time()
        self.date_line = date_line(int(self._unix_time()))
        return self.number

    def _close(self) -> None:
        self._is_open = False
