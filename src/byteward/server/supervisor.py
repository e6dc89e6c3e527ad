"""`byteward serve`: the parent of every other process.

It binds the listeners, starts one process for each plane, one for jobs and housekeeping and one for
transformations, reports ready when every plane answers, starts again what dies, and ends everything
in time on SIGTERM or SIGINT. It handles no request and opens no database, so it has little to fail
at.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Final

from msgspec.structs import replace

from byteward.config import Config
from byteward.server.listener import Listener, listen
from byteward.server.parent_death import end_with_parent
from byteward.server.plane import Plane, run_plane
from byteward.telemetry.log import get_logger

Addresses = Mapping[str, str]
"""Plane name → `HOST:PORT` with the real port."""

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
HEALTHY_SECONDS: Final = 60.0
START_SECONDS: Final = 60.0
KILL_MARGIN_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.05
_PROBE: Final = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
_LOG: Final = get_logger()
# Children inherit the listeners, the configuration and the loaded modules.
_FORK: Final = multiprocessing.get_context("fork")


class StartError(Exception):
    """A plane ended, or stayed silent, before it ever answered; its log says why."""


@dataclass(slots=True)
class _Child:
    """A process that is to be there, and its history."""

    name: str
    start: Callable[[], multiprocessing.process.BaseProcess]
    process: multiprocessing.process.BaseProcess
    started_at: float
    pause: float = FIRST_PAUSE_SECONDS
    restart_at: float | None = None


class Supervisor:
    """Runs one node.

    Args:
        config: of the server; the workers see it with real ports in place of 0.
        planes: what to serve; the planes of the node's role.
        helpers: bodies of further processes by name; each runs until SIGTERM.
        on_ready: called once, when every plane answers.
    """

    def __init__(
        self,
        config: Config,
        planes: Sequence[Plane],
        *,
        helpers: Mapping[str, Callable[[Config], None]],
        on_ready: Callable[[Addresses], None],
    ) -> None:
        self._config = config
        self._planes = planes
        self._helpers = helpers
        self._on_ready = on_ready
        self._children: list[_Child] = []
        self._is_stopping = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.setblocking(False)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; returns when every child has ended.

        Raises:
            ListenError: an address cannot be listened on; nothing was started.
            StartError: a plane did not come up; everything else was stopped again.
        """
        listeners = {plane.name: listen(plane.address, self._config.http) for plane in self._planes}
        previous = {
            number: signal.signal(number, self._request_stop)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        signal.set_wakeup_fd(self._wake_writer.fileno())
        try:
            self._start_all(listeners)
            self._await_ready(listeners)
            if not self._is_stopping:
                self._on_ready({name: each.address for name, each in listeners.items()})
            self._watch()
        finally:
            self._stop_all()
            signal.set_wakeup_fd(-1)
            for number, handler in previous.items():
                signal.signal(number, handler)
            for listener in listeners.values():
                listener.socket.close()
            self._wake_reader.close()
            self._wake_writer.close()

    def _request_stop(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def _start_all(self, listeners: Mapping[str, Listener]) -> None:
        me = os.getpid()
        config = with_real_ports(self._config, listeners)
        workers = config.workers or os.cpu_count() or 1
        for plane in self._planes:
            arguments = (plane, listeners[plane.name], config, workers, me)
            self._add(plane.name, run_plane, arguments)
        for name, body in self._helpers.items():
            self._add(name, _run_helper, (body, config, me))

    def _add(self, name: str, body: Callable[..., None], arguments: tuple[object, ...]) -> None:
        def start() -> multiprocessing.process.BaseProcess:
            process = _FORK.Process(target=_child_body, args=(body, arguments), name=name)
            process.start()
            return process

        self._children.append(_Child(name, start, start(), time.monotonic()))

    def _await_ready(self, listeners: Mapping[str, Listener]) -> None:
        deadline = time.monotonic() + START_SECONDS
        waiting = set(listeners)
        while waiting and not self._is_stopping:
            for child in self._children:
                if child.name in listeners and child.process.exitcode is not None:
                    raise StartError(f"the {child.name} plane ended while it started")
            if time.monotonic() > deadline:
                raise StartError(f"no answer from: {', '.join(sorted(waiting))}")
            waiting = {name for name in waiting if not _answers(listeners[name])}
            if waiting:
                self._sleep(_POLL_SECONDS)

    def _watch(self) -> None:
        """Wait for children to end, and start them again after a pause that grows."""
        while not self._is_stopping:
            now = time.monotonic()
            for child in self._children:
                if child.restart_at is not None and now >= child.restart_at:
                    child.process, child.started_at, child.restart_at = child.start(), now, None
                elif child.restart_at is None and child.process.exitcode is not None:
                    self._plan_restart(child, now)
            due = [each.restart_at for each in self._children if each.restart_at is not None]
            self._sleep(max(min(due) - time.monotonic(), 0) if due else None)

    def _plan_restart(self, child: _Child, now: float) -> None:
        if now - child.started_at > HEALTHY_SECONDS:
            child.pause = FIRST_PAUSE_SECONDS
        _LOG.error(
            "process.died", process=child.name, code=child.process.exitcode, pause=child.pause
        )
        child.restart_at = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE_SECONDS)

    def _sleep(self, seconds: float | None) -> None:
        """Sleep until a signal comes, a child ends, or the time is over."""
        alive = [each.process.sentinel for each in self._children if each.restart_at is None]
        if self._wake_reader in wait([self._wake_reader, *alive], seconds):
            self._wake_reader.recv(64)

    def _stop_all(self) -> None:
        """SIGTERM to everybody, and SIGKILL to who is still there after the grace."""
        for child in self._children:
            child.process.terminate()
        deadline = time.monotonic() + self._config.shutdown_grace_seconds + KILL_MARGIN_SECONDS
        for child in self._children:
            child.process.join(max(deadline - time.monotonic(), 0))
            if child.process.exitcode is None:
                _LOG.error("process.killed", process=child.name)
                child.process.kill()
                child.process.join()


def with_real_ports(config: Config, listeners: Mapping[str, Listener]) -> Config:
    """The configuration with the ports that were really bound."""
    api, cdn = listeners.get("api"), listeners.get("cdn")
    return replace(
        config,
        api=config.api if api is None else api.address,
        cdn=config.cdn if cdn is None else cdn.address,
    )


def _child_body(body: Callable[..., None], arguments: tuple[object, ...]) -> None:
    """Forget the supervisor's signal handling, then do the child's work."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    body(*arguments)


def _run_helper(work: Callable[[Config], None], config: Config, supervisor_pid: int) -> None:
    os.setpgid(0, 0)
    end_with_parent(supervisor_pid)
    work(config)


def _answers(listener: Listener) -> bool:
    """Whether a worker answers on the listener; asks over the network, as a client would."""
    host, port = listener.socket.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(_PROBE)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
