"""One plane: worker processes of our HTTP server, on a socket that the supervisor bound."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from byteward.config import Config
from byteward.delivery.asgi import AsgiApp
from byteward.server.http1.lifespan import StartFailedError
from byteward.server.http1.served import Limits
from byteward.server.http1.worker import run_worker
from byteward.server.listener import BACKLOG, Listener
from byteward.server.parent_death import end_with_parent
from byteward.server.workers import Workers


@dataclass(frozen=True, slots=True)
class Plane:
    """What to serve on one listener.

    Attributes:
        name: `api` or `cdn`; names the process and its events.
        address: `HOST:PORT` to listen on.
        load: makes the plane's application; called in each worker process, after the fork.
    """

    name: str
    address: str
    load: Callable[[Config], AsgiApp]


def run_plane(
    plane: Plane, listener: Listener, config: Config, workers: int, supervisor_pid: int
) -> None:
    """Serve until SIGTERM; the body of a plane's process.

    Args:
        plane: what to serve.
        listener: where.
        config: passed to `plane.load`.
        workers: worker processes.
        supervisor_pid: ends with this process.
    """
    os.setpgid(0, 0)  # Ctrl-C goes to the supervisor, which tells everybody once
    end_with_parent(supervisor_pid)

    def work(on_ready: Callable[[], None]) -> None:
        try:
            run_worker(
                plane.load(config),
                listener.socket,
                Limits.of(config),
                backlog=BACKLOG,
                grace_seconds=config.shutdown_grace_seconds,
                on_ready=on_ready,
            )
        except StartFailedError:
            os._exit(1)  # the application has said why

    Workers(work, workers, config.shutdown_grace_seconds).run()
