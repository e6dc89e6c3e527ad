"""One plane: a Granian server with its worker processes, on a socket that the supervisor bound."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from byteward.config import Config
from byteward.delivery.asgi import AsgiApp
from byteward.server.listener import BACKLOG, Listener
from byteward.server.parent_death import end_with_parent
from byteward.server.server_log import LOGGING

MAX_CONNECTIONS: Final = 2000
"""Open connections of one worker, idle ones included; more wait in the listen queue."""

_BUFFER_BYTES: Final = 65536  # of request head; twice the largest limit, so that we answer 431


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


class _InheritedSocketServer(MPServer):
    """Granian on a socket that is already listening.

    Granian's own start binds one socket for each worker, which loses the queue of one that dies.
    It has no public way to hand one in; the pinned version is tested with this.
    """

    def __init__(self, listener: Listener, config: Config, workers: int) -> None:
        self._listener = listener
        super().__init__(
            "byteward",
            address="127.0.0.1",  # not used: the socket is there
            port=listener.port,
            interface=Interfaces.ASGI,
            workers=workers,
            runtime_mode=RuntimeModes.st,  # one thread for I/O: measured no slower, less to switch
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=MAX_CONNECTIONS,
            http1_settings=HTTP1Settings(
                header_read_timeout=config.http.header_timeout_seconds * 1000,
                max_buffer_size=_BUFFER_BYTES,
            ),
            log_level=LogLevels.warning,
            log_dictconfig=LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=config.shutdown_grace_seconds,
        )

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._sfd = self._listener.socket.fileno()  # type: ignore[assignment]  # None at first
        is_unix = False
        self._shd = SocketHolder(self._sfd, is_unix, BACKLOG)  # type: ignore[assignment, call-arg]  # the stub lacks the third
        self._sso = None


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
    server = _InheritedSocketServer(listener, config, workers)
    loader = partial(_load_in_worker, plane, config, os.getpid())
    server.serve(target_loader=loader, wrap_loader=False)


def _load_in_worker(plane: Plane, config: Config, server_pid: int) -> AsgiApp:
    # Until the server installs the worker's own handlers, a signal would run those inherited from
    # the parent, which set events of the parent's and may wait for its locks for ever.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent(server_pid, signal.SIGKILL)
    return plane.load(config)
