"""Children from the server's side: starting them, giving them jobs, ending what does not end.

Blocking calls are a few system calls on local sockets; waiting is done by the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.sandbox.messages import (
    MAX_MESSAGE_BYTES,
    Answer,
    JobMessage,
    StartMessage,
    channel,
    receive,
    send,
)

_DECODER: Final = msgspec.json.Decoder(Answer)
_START_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """Bounds of every child.

    Attributes:
        folder: where each child gets an empty folder of its own.
        address_space_bytes: memory.
        cpu_seconds: processor time of one job.
        wall_seconds: time of one job.
        file_bytes: size of a result.
        requires: mechanisms of confinement that must be in force.
        threads: of one libvips operation.
        max_jobs: after which a child is replaced.
        max_age_seconds: after which a child is replaced.
    """

    folder: Path
    address_space_bytes: int = 1 << 30
    cpu_seconds: int = 10
    wall_seconds: float = 10.0
    file_bytes: int = 100_000_000
    requires: tuple[str, ...] = ("limits", "landlock", "seccomp")
    threads: int = 1
    max_jobs: int = 100
    max_age_seconds: float = 60.0


class ChildDiedError(Exception):
    """A child ended in the middle of a job: it crossed a limit, or its decoder crashed."""


class Child:
    """One confined process that works for one account.

    Args:
        handle: a descriptor of the process, which unlike its number is never used again.
        sock: to it.
        folder: its empty folder.
        settings: bounds.
    """

    def __init__(
        self, handle: int, sock: socket.socket, folder: Path, settings: ChildSettings
    ) -> None:
        self._handle = handle
        self._sock = sock
        self._folder = folder
        self._settings = settings
        self._born = time.monotonic()
        self._jobs = 0
        self.confinement: tuple[str, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Whether it may take another job."""
        age = time.monotonic() - self._born
        return self._jobs < self._settings.max_jobs and age < self._settings.max_age_seconds

    @property
    def has_worked(self) -> bool:
        """Whether it did a job before."""
        return self._jobs > 0

    async def answer(self, seconds: float) -> Answer:
        """The next message.

        Raises:
            ChildDiedError: it is gone.
            TimeoutError: nothing came in time.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            try:
                data = await loop.sock_recv(self._sock, MAX_MESSAGE_BYTES)
            except ConnectionError:
                data = b""
        if not data:
            raise ChildDiedError
        return _DECODER.decode(data)

    async def run(self, job: JobMessage, descriptors: Sequence[int]) -> Answer:
        """Do a job.

        Args:
            job: what to do.
            descriptors: the file, its companions, and where the result goes.

        Raises:
            BytewardError: `transformation_timeout`, `transformation_failed`; the child is gone.
        """
        self._jobs += 1
        try:
            send(self._sock, job, descriptors)
            return await self.answer(self._settings.wall_seconds)
        except TimeoutError:
            self.end()
            raise BytewardError(
                ErrorCode.TRANSFORMATION_TIMEOUT,
                f"the transformation took longer than {self._settings.wall_seconds:g} seconds",
            ) from None
        except (ChildDiedError, OSError):
            self.end()
            raise BytewardError(
                ErrorCode.TRANSFORMATION_FAILED,
                "the file could not be decoded within the limits",
                details={"reason": "limit_exceeded"},
            ) from None
        except asyncio.CancelledError:
            self.end()
            raise

    def end(self) -> None:
        """Kill it, which can have no children, and take its folder away."""
        if self._handle < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        os.close(self._handle)
        self._handle = -1
        self._sock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Zygote:
    """The template process that children are forked from.

    Args:
        settings: bounds of children.
    """

    def __init__(self, settings: ChildSettings) -> None:
        self._settings = settings
        self._sock: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = asyncio.Lock()

    def start(self) -> None:
        """Start it; it is ready some hundred milliseconds later."""
        ours, theirs = channel()
        ours.setblocking(False)
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "byteward.transform.sandbox.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._sock = ours

    async def child(self) -> Child:
        """A new child, confined and ready.

        Raises:
            BytewardError: `overloaded` when none could be started.
        """
        async with self._turn:
            if self._process is None or self._process.poll() is not None:
                self.close()
                self.start()
            folder = Path(tempfile.mkdtemp(prefix="child-", dir=self._settings.folder))
            try:
                return await self._forked(folder)
            except (OSError, TimeoutError, ChildDiedError, ValueError) as error:
                shutil.rmtree(folder, ignore_errors=True)
                self.close()
                raise BytewardError(
                    ErrorCode.OVERLOADED, "no process could be started for the transformation"
                ) from error

    async def _forked(self, folder: Path) -> Child:
        settings = self._settings
        if self._sock is None:
            raise ChildDiedError
        ours, theirs = channel()
        ours.setblocking(False)
        message = StartMessage(
            folder=str(folder),
            address_space_bytes=settings.address_space_bytes,
            cpu_seconds=settings.cpu_seconds * settings.max_jobs,
            file_bytes=settings.file_bytes,
            requires=settings.requires,
            threads=settings.threads,
        )
        with theirs:
            send(self._sock, message, [theirs.fileno()])
        async with asyncio.timeout(_START_SECONDS):
            await _readable(self._sock)
        _, descriptors = receive(self._sock)
        if not descriptors:
            raise ChildDiedError
        child = Child(descriptors[0], ours, folder, settings)
        try:
            child.confinement = (await child.answer(_START_SECONDS)).confinement
        except BaseException:
            child.end()
            raise
        return child

    def close(self) -> None:
        """End it, and with it all its children."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


async def _readable(sock: socket.socket) -> None:
    """Wait until a message is there, without taking it: descriptors come with it."""
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()

    def arrive() -> None:
        if not arrived.done():
            arrived.set_result(None)

    loop.add_reader(sock, arrive)
    try:
        await arrived
    finally:
        loop.remove_reader(sock)
