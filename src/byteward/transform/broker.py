"""The transform process: a queue, children that decode, and the cache that results go to.

It serves every worker of the machine, so that equal requests are computed once whoever gets them,
and the bound on work is one bound. It decides nothing about authority and opens no database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.admission import RETRY_AFTER, AdmissionLimits, AdmissionQueue
from byteward.transform.cache import PERMANENT_FROM_MS, CachedResult, ResultCache, ResultHeader
from byteward.transform.image.formats import SNIFFED_BYTES, sniff
from byteward.transform.image.limits import ImageLimits
from byteward.transform.sandbox.messages import Answer, JobMessage
from byteward.transform.sandbox.pool import Child, ChildSettings, Zygote
from byteward.transform.wire import (
    MAX_LINE,
    TransformReply,
    TransformRequest,
    read_message,
    write_message,
)

_POISON_FAILURES: Final = 3
_POISON_SECONDS: Final = 60.0
_IDLE_CHILDREN: Final = 8
_VECTOR_FORMATS: Final = frozenset({"svg", "pdf", "bmp", "jxl"})
_DEADLY: Final = frozenset({ErrorCode.TRANSFORMATION_TIMEOUT, ErrorCode.TRANSFORMATION_FAILED})

OpenSource = Callable[[str], int]
"""Opens stored bytes for reading; raises `FileNotFoundError` when they are gone."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Bounds of the transform process.

    Attributes:
        admission: of the queue.
        wait_seconds: longest time in the queue.
        cache_max_bytes: of the results on disk.
        limits: of every image.
        max_layers: of every image.
        max_input_bytes: of a source file.
    """

    admission: AdmissionLimits
    wait_seconds: float
    cache_max_bytes: int
    limits: ImageLimits
    max_layers: int = 20
    max_input_bytes: int = 250_000_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0


@dataclass(slots=True, eq=False)
class _Work:
    """One result in the making, and everybody who waits for it."""

    request: TransformRequest
    outcome: asyncio.Future[CachedResult]
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Broker:
    """Answers requests for results.

    Args:
        cache: where results go.
        open_source: see `OpenSource`.
        children: bounds of the processes that decode.
        settings: bounds of this one.
    """

    def __init__(
        self,
        cache: ResultCache,
        open_source: OpenSource,
        children: ChildSettings,
        settings: BrokerSettings,
    ) -> None:
        self._cache = cache
        self._open_source = open_source
        self._settings = settings
        self._zygote = Zygote(children)
        self._queue: AdmissionQueue[_Work] = AdmissionQueue(settings.admission)
        self._working: dict[str, _Work] = {}
        self._idle: dict[str, list[Child]] = {}
        self._failures: dict[str, _Failures] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the template process ahead of the first request."""
        self._zygote.start()

    async def close(self) -> None:
        """End every child."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for children in self._idle.values():
            for child in children:
                child.end()
        self._idle.clear()
        self._zygote.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection of a worker: one request at a time."""
        try:
            while (request := await read_message(reader, TransformRequest)) is not None:
                await write_message(writer, await self.reply(request))
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # the worker went away, or it is not one, or this process ends
        finally:
            writer.close()
            # Why the connection ended is of no interest; unasked, the loop would report it.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def reply(self, request: TransformRequest) -> TransformReply:
        """A result or an error."""
        try:
            found = await self.result(request)
        except BytewardError as error:
            return TransformReply(
                code=error.code.value,
                message=error.message,
                details=None if error.details is None else dict(error.details),
                retry_after=(error.headers or {}).get("retry-after", ""),
            )
        return TransformReply(found.header, str(found.path), found.body_at)

    async def result(self, request: TransformRequest) -> CachedResult:
        """Make a result, or wait for the one that is being made.

        Raises:
            BytewardError: what went wrong.
        """
        work = self._working.get(request.key)
        if work is None:
            self._refuse_poison(request.source)
            work = _Work(request, asyncio.get_running_loop().create_future())
            self._queue.enter(request.account_id, work)
            self._working[request.key] = work
            task = asyncio.create_task(self._make(work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._admit()
        return await asyncio.shield(work.outcome)

    def _admit(self) -> None:
        while (chosen := self._queue.next()) is not None:
            chosen[1].turn.set()

    async def _make(self, work: _Work) -> None:
        request, account_id = work.request, work.request.account_id
        try:
            try:
                async with asyncio.timeout(self._settings.wait_seconds):
                    await work.turn.wait()
            except TimeoutError:
                self._queue.leave(account_id, work)
                raise BytewardError(
                    ErrorCode.OVERLOADED,
                    "the transformation waited too long, try again in a moment",
                    headers=RETRY_AFTER,
                ) from None
            try:
                found = await self._transform(request)
            finally:
                self._queue.done(account_id)
                self._admit()
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must hear it
            if not isinstance(error, BytewardError):
                error = BytewardError(ErrorCode.INTERNAL_ERROR, "the transformation failed")
            self._finish(work)
            if not work.outcome.done():
                work.outcome.set_exception(error)
                work.outcome.exception()  # somebody may wait for it, or nobody any more
        else:
            self._finish(work)
            work.outcome.set_result(found)

    def _finish(self, work: _Work) -> None:
        self._working.pop(work.request.key, None)

    async def _transform(self, request: TransformRequest) -> CachedResult:
        began = time.monotonic()
        with contextlib.ExitStack() as opened:
            descriptors = [self._opened(opened, request.source)]
            for name, source in request.companions.items():
                descriptors.append(self._opened(opened, source, name))
            head = os.pread(descriptors[0], SNIFFED_BYTES, 0)
            handle, name = tempfile.mkstemp(dir=self._cache.work_folder())
            opened.callback(os.close, handle)
            body = Path(name)
            try:
                answer = await self._run(request, [*descriptors, handle], head)
                return self._kept(request, answer, body, began)
            finally:
                _discard(body)

    def _opened(self, opened: contextlib.ExitStack, source: str, name: str | None = None) -> int:
        details = None if name is None else {"parameter": "image", "filePath": name}
        try:
            descriptor = self._open_source(source)
        except OSError:
            raise BytewardError(
                ErrorCode.FILE_NOT_FOUND, "no file at this path", details=details
            ) from None
        opened.callback(os.close, descriptor)
        if os.fstat(descriptor).st_size > self._settings.max_input_bytes:
            raise BytewardError(
                ErrorCode.FILE_TOO_LARGE,
                f"images of more than {self._settings.max_input_bytes} bytes are not transformed",
                details={"reason": "input_too_large"},
            )
        return descriptor

    async def _run(self, request: TransformRequest, descriptors: list[int], head: bytes) -> Answer:
        found = sniff(head)
        # A child that has seen a document or a vector works for nobody else.
        is_reusable = found is not None and found.value not in _VECTOR_FORMATS
        job = JobMessage(
            pairs=request.pairs,
            accepted=request.accepted,
            limits=self._settings.limits,
            companions=tuple(request.companions),
            max_layers=self._settings.max_layers,
        )
        child = await self._child(request.account_id, fresh=not is_reusable)
        had_worked = child.has_worked
        try:
            return await self._answered(request, child, job, descriptors, keep=is_reusable)
        except BytewardError as error:
            if error.code is not ErrorCode.TRANSFORMATION_FAILED or not had_worked:
                raise
        # What earlier jobs left behind in that child may have taken the room of this one.
        os.lseek(descriptors[-1], 0, os.SEEK_SET)
        os.ftruncate(descriptors[-1], 0)
        child = await self._zygote.child()
        return await self._answered(request, child, job, descriptors, keep=is_reusable)

    async def _answered(
        self,
        request: TransformRequest,
        child: Child,
        job: JobMessage,
        descriptors: list[int],
        *,
        keep: bool,
    ) -> Answer:
        is_first = not child.has_worked
        try:
            answer = await child.run(job, descriptors)
        except BytewardError as error:
            if is_first:
                self._note_failure(request.source, error)
            raise
        if keep and child.is_fresh:
            self._idle.setdefault(request.account_id, []).append(child)
            self._drop_idle()
        else:
            child.end()
        if answer.code:
            raise BytewardError(ErrorCode(answer.code), answer.message, details=answer.details)
        return answer

    async def _child(self, account_id: str, *, fresh: bool) -> Child:
        idle = self._idle.get(account_id)
        while idle and not fresh:
            child = idle.pop()
            if not idle:
                self._idle.pop(account_id, None)
            if child.is_fresh:
                return child
            child.end()
        return await self._zygote.child()

    def _drop_idle(self) -> None:
        """Keep few children that nobody uses."""
        while sum(map(len, self._idle.values())) > _IDLE_CHILDREN:
            account_id, children = next(iter(self._idle.items()))
            children.pop(0).end()
            if not children:
                del self._idle[account_id]

    def _kept(
        self, request: TransformRequest, answer: Answer, body: Path, began: float
    ) -> CachedResult:
        if body.stat().st_size != answer.size:
            raise BytewardError(ErrorCode.INTERNAL_ERROR, "the result is not whole")
        cost_ms = round((time.monotonic() - began) * 1000)
        is_costly = cost_ms > PERMANENT_FROM_MS
        header = ResultHeader(
            account_id=request.account_id,
            slug=request.slug,
            path=request.path,
            mime=answer.mime,
            size=answer.size,
            width=answer.width,
            height=answer.height,
            cost_ms=cost_ms,
            made_at=time.time_ns() // 1_000_000,
            is_reduced=answer.is_reduced,
            is_permanent=is_costly if request.is_permanent is None else request.is_permanent,
        )
        return self._cache.put(request.key, header, body)

    def _refuse_poison(self, source: str) -> None:
        failures = self._failures.get(source)
        if failures is None:
            return
        if failures.until and failures.until < time.monotonic():
            del self._failures[source]
        elif failures.until:
            raise BytewardError(
                ErrorCode.TRANSFORMATION_FAILED,
                "the file could not be decoded within the limits, several times",
                details={"reason": "limit_exceeded"},
            )

    def _note_failure(self, source: str, error: BytewardError) -> None:
        if error.code not in _DEADLY:
            return
        failures = self._failures.setdefault(source, _Failures())
        failures.count += 1
        if failures.count >= _POISON_FAILURES:
            failures.until = time.monotonic() + _POISON_SECONDS
        if len(self._failures) > 10_000:  # noqa: PLR2004 - a bound, not a tuned figure
            del self._failures[next(iter(self._failures))]


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)


async def run_broker(
    broker: Broker,
    cache: ResultCache,
    socket_path: Path,
    *,
    max_bytes: int,
    evict_seconds: float,
    on_ready: Callable[[], None],
) -> None:
    """Serve until cancelled, and keep the cache within its bound.

    Args:
        broker: answers.
        cache: where its results go.
        socket_path: where workers find it.
        max_bytes: of the cache.
        evict_seconds: between two looks at the cache.
        on_ready: called when workers can connect.
    """
    listener = _listener(socket_path)
    broker.start()
    server = await asyncio.start_unix_server(broker.serve, sock=listener, limit=MAX_LINE)
    try:
        async with server:
            on_ready()
            while True:
                await asyncio.to_thread(cache.evict, max_bytes)
                await asyncio.to_thread(cache.sweep_work, _ABANDONED_SECONDS)
                await asyncio.sleep(evict_seconds)
    finally:
        await broker.close()


_ABANDONED_SECONDS: Final = 600.0


def _listener(path: Path) -> socket.socket:
    """A socket that only this user can connect to; short names go with any folder."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o600)
    finally:
        os.close(folder)
    return sock
