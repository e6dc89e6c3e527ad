"""A plane's worker processes: started, watched, started again, and stopped together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Final

from byteward.server.parent_death import end_with_parent
from byteward.telemetry.log import get_logger

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0
HEALTHY_SECONDS: Final = 10.0
KILL_MARGIN_SECONDS: Final = 1.0

_FORK: Final = multiprocessing.get_context("fork")
_LOG: Final = get_logger()


class _Slot:
    """A place for one worker, and how often it fell empty of late."""

    __slots__ = ("due_at", "pause", "process", "started_at")

    def __init__(self) -> None:
        self.process: BaseProcess | None = None
        self.started_at = 0.0
        self.pause = FIRST_PAUSE_SECONDS
        self.due_at = 0.0


class Workers:
    """Keeps `count` processes running `body` until SIGTERM or SIGINT.

    Args:
        body: what each worker does; it is handed a function to call once it serves.
        count: how many.
        grace_seconds: how long workers may take to stop.
    """

    def __init__(
        self, body: Callable[[Callable[[], None]], None], count: int, grace_seconds: float
    ) -> None:
        self._body = body
        self._slots = [_Slot() for _ in range(count)]
        self._grace_seconds = grace_seconds
        self._is_stopping = False
        self._has_served = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._ready_reader, self._ready_writer = socket.socketpair()
        for each in (self._wake_reader, self._wake_writer, self._ready_reader):
            each.setblocking(False)

    def run(self) -> None:
        """Returns when every worker has ended; ends the process when none could ever start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        try:
            while not self._is_stopping:
                self._look_after()
                self._sleep()
        finally:
            self._stop_all()

    def _request_stop(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def _look_after(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            process = slot.process
            if process is not None and process.exitcode is not None:
                self._bury(slot, process, now)
            if slot.process is None and now >= slot.due_at:
                self._start(slot, now)

    def _start(self, slot: _Slot, now: float) -> None:
        slot.process = _FORK.Process(target=self._work, args=(os.getpid(),), name="worker")
        slot.started_at = now
        slot.process.start()

    def _bury(self, slot: _Slot, process: BaseProcess, now: float) -> None:
        """Note an end that nobody asked for, and plan the next start."""
        self._has_served = self._has_served or _is_readable(self._ready_reader)
        _LOG.error("worker.ended", pid=process.pid, exitcode=process.exitcode)
        if not self._has_served:
            sys.exit(1)
        if now - slot.started_at > HEALTHY_SECONDS:
            slot.pause = FIRST_PAUSE_SECONDS
        slot.process = None
        slot.due_at = now + slot.pause
        slot.pause = min(slot.pause * 2, LONGEST_PAUSE_SECONDS)

    def _sleep(self) -> None:
        """Until a worker ends, one is due, or a signal comes."""
        due = [slot.due_at for slot in self._slots if slot.process is None]
        alive = [slot.process.sentinel for slot in self._slots if slot.process is not None]
        timeout = max(min(due) - time.monotonic(), 0) if due else None
        wait([self._wake_reader, *alive], timeout)
        _is_readable(self._wake_reader)

    def _stop_all(self) -> None:
        processes = [slot.process for slot in self._slots if slot.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + self._grace_seconds + KILL_MARGIN_SECONDS
        for process in processes:
            process.join(max(deadline - time.monotonic(), 0))
            if process.exitcode is None:
                _LOG.error("worker.killed", pid=process.pid)
                process.kill()
                process.join()

    def _work(self, parent_pid: int) -> None:
        """A worker's life; it starts with the handlers of its parent, which are not for it."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        end_with_parent(parent_pid, signal.SIGKILL)
        self._body(self._say_ready)

    def _say_ready(self) -> None:
        self._ready_writer.send(b".")


def _is_readable(end: socket.socket) -> bool:
    """Whether bytes have come; they are taken."""
    try:
        return bool(end.recv(4096))
    except BlockingIOError:
        return False
