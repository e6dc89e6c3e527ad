"""One worker process: its event loop, the application, its connections, and an orderly stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvloop

from byteward.delivery.asgi import AsgiApp
from byteward.http.at_once import AnswersAtOnce
from byteward.server.http1.connection import Connection
from byteward.server.http1.lifespan import Lifespan
from byteward.server.http1.served import Limits, Served

PATROL_SECONDS: Final = 0.5
"""How often waits are checked; one timer for all connections costs less than one for each."""


def run_worker(
    app: AsgiApp,
    listening: socket.socket,
    limits: Limits,
    *,
    backlog: int,
    grace_seconds: float,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT; returns when everything is closed.

    Args:
        app: the application; one that has an attribute `at_once` after its start is asked through
            that first.
        listening: the inherited socket.
        limits: for every connection.
        backlog: of the socket, which may be set again.
        grace_seconds: how long requests may go on after the signal.
        on_ready: called when requests are taken.

    Raises:
        StartFailedError: the application could not start.
    """
    # What was loaded before stays: it need not be looked at, nor its pages be copied, by each
    # collection in each worker.
    gc.collect()
    gc.freeze()
    worker = _Worker(app, listening, limits, backlog, grace_seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(worker.serve(on_ready))


class _Worker:
    def __init__(
        self,
        app: AsgiApp,
        listening: socket.socket,
        limits: Limits,
        backlog: int,
        grace_seconds: float,
    ) -> None:
        self._app = app
        self._listening = listening
        self._limits = limits
        self._backlog = backlog
        self._grace_seconds = grace_seconds

    async def serve(self, on_ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        lifespan = Lifespan(self._app)
        await lifespan.start()
        at_once: AnswersAtOnce | None = getattr(self._app, "at_once", None)
        served = Served(self._app, at_once, self._limits, loop)
        # Each worker closes its own copy; the listener itself stays the supervisor's.
        accepting = await loop.create_server(
            lambda: Connection(served), sock=self._listening.dup(), backlog=self._backlog
        )
        patrol = loop.create_task(_patrol(served))
        on_ready()
        await stopping.wait()
        accepting.close()
        await self._finish(served)
        patrol.cancel()
        await lifespan.stop()

    async def _finish(self, served: Served) -> None:
        """Let what is under way come to its end, and end the rest when the time is up."""
        served.is_stopping = True
        deadline = served.loop.time() + self._grace_seconds
        while served.connections and served.loop.time() < deadline:
            for connection in tuple(served.connections):
                connection.close_idle()
            await asyncio.sleep(_LOOK_SECONDS)
        for connection in tuple(served.connections):
            connection.transport.abort()
        tasks = tuple(served.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_LOOK_SECONDS: Final = 0.02


async def _patrol(served: Served) -> None:
    while True:
        await asyncio.sleep(PATROL_SECONDS)
        now = served.loop.time()
        for connection in tuple(served.connections):
            connection.check_waits(now)
