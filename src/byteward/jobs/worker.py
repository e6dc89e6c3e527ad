"""Doing the work: claims jobs, runs their handlers step by step, and ends them.

A worker may be killed at any point. What it did is in committed steps, each with the state that
tells where to go on, so another attempt continues after the last of them. An attempt that was
taken over cannot commit: every step compares the job's fencing number with its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.jobs import store
from byteward.jobs.model import (
    Job,
    JobCancelledError,
    JobError,
    JobFailedError,
    JobHandler,
    JobStatus,
    JobTakenOverError,
)
from byteward.telemetry.log import get_logger

_LOG: Final = get_logger()
_REST: Final = 2.0
"""How long a job rests after a step, in times of what the step took."""

_MAX_REST_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker works.

    Attributes:
        concurrency: jobs that it runs at once.
        per_account: an account's jobs that run at once.
        max_attempts: attempts that may end in an unforeseen error.
        backoff_seconds: pause after the first such error; doubles with each.
        lease_seconds: without a sign of life for that long, a job is taken over.
        poll_seconds: between two looks at whether anything changed.
    """

    concurrency: int = 8
    per_account: int = 4
    max_attempts: int = 3
    backoff_seconds: float = 2.0
    lease_seconds: float = 30.0
    poll_seconds: float = 0.05


class Attempt:
    """One attempt at a job; the `JobRun` of its handler."""

    def __init__(self, job: Job, database: Database, clock: Clock) -> None:
        self._job = job
        self._database = database
        self._clock = clock
        self._state = job.state

    @property
    def job(self) -> Job:
        """The job as it was claimed."""
        return self._job

    @property
    def state(self) -> bytes:
        """The state of the last committed step."""
        return self._state

    async def step(self, work: Callable[[Connection], bytes]) -> None:
        """See `JobRun.step`; rests after it, so that requests get their turn."""
        at_ms = now_ms(self._clock)

        def fenced(conn: Connection) -> bytes:
            self._require_mine(conn)
            state = work(conn)
            store.save_state(conn, self._job.job_id, state, at_ms)
            return state

        began = time.monotonic()
        self._state = await self._database.write(fenced)
        await asyncio.sleep(min(_REST * (time.monotonic() - began), _MAX_REST_SECONDS))

    def _require_mine(self, conn: Connection) -> None:
        found = store.attempt_and_status(conn, self._job.job_id)
        if found is None or found[0] != self._job.attempt or found[1].is_terminal:
            raise JobTakenOverError
        if found[1] is JobStatus.CANCELLING:
            raise JobCancelledError


class Worker:
    """Runs the jobs of one installation.

    Args:
        database: where jobs are rows.
        handlers: the kinds of jobs, by name.
        clock: Unix seconds.
        name: of this worker, the same after a restart; no two may run under one name.
        settings: how it works.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, JobHandler],
        clock: Clock,
        *,
        name: str,
        settings: WorkerSettings,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._name = name
        self._settings = settings
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until cancelled; jobs that run then are taken up again by the next worker."""
        # Whoever had this name before is dead: its jobs need not wait for their leases.
        await self._database.write(lambda conn: store.release_jobs(conn, self._name))
        try:
            await asyncio.gather(self._claim_for_ever(), self._keep_leases())
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            with contextlib.suppress(BytewardError):
                await self._database.write(lambda conn: store.release_jobs(conn, self._name))

    async def _claim_for_ever(self) -> None:
        seen: int | None = None
        checked_at = 0.0
        while True:
            version, now = self._database.version(), time.monotonic()
            # Time alone makes jobs ready too: back-off and leases end.
            if version != seen or now - checked_at > 1:
                seen, checked_at = version, now
                if await self.claim_once():
                    seen = None
            await asyncio.sleep(self._settings.poll_seconds)

    async def claim_once(self) -> int:
        """Start what can be started now; how many jobs that were."""
        room = self._settings.concurrency - len(self._running)
        if room <= 0:
            return 0
        settings, at_ms = self._settings, now_ms(self._clock)
        if not await self._database.read(store.has_active):
            return 0

        def work(conn: Connection) -> list[Job]:
            return store.claim_jobs(
                conn,
                self._name,
                at_ms=at_ms,
                lease_ms=round(settings.lease_seconds * 1000),
                most=room,
                per_account=settings.per_account,
            )

        try:
            claimed = await self._database.write(work)
        except BytewardError:
            _LOG.exception("jobs.claim_failed")
            return 0
        for job in claimed:
            self._running[job.job_id] = asyncio.create_task(self._attempt(job))
        return len(claimed)

    async def idle(self) -> None:
        """Wait until nothing that was started runs any more."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _keep_leases(self) -> None:
        lease = self._settings.lease_seconds
        while True:
            await asyncio.sleep(lease / 3)
            if not self._running:
                continue
            with contextlib.suppress(BytewardError):
                await self._database.write(self._extend)

    def _extend(self, conn: Connection) -> None:
        until_ms = now_ms(self._clock) + round(self._settings.lease_seconds * 1000)
        store.extend_leases(conn, self._name, list(self._running), until_ms)

    async def _attempt(self, job: Job) -> None:
        """Run a job until it is over, or as far as it goes."""
        _LOG.info("job.started", job_id=job.job_id, job_type=job.job_type, attempt=job.attempt)
        try:
            await self._handle(job)
            await self._finish(job, JobStatus.SUCCEEDED, None)
        except JobCancelledError:
            await self._finish(job, JobStatus.CANCELLED, None)
        except JobTakenOverError:
            _LOG.warning("job.taken_over", job_id=job.job_id, attempt=job.attempt)
        except JobFailedError as failure:
            error = failure.error
            await self._finish(
                job, JobStatus.FAILED, self._error(error.code.value, error.message, failure.details)
            )
        except Exception:  # noqa: BLE001 - a handler may fail in any way; it is tried again
            _LOG.exception("job.attempt_failed", job_id=job.job_id, job_type=job.job_type)
            await self._put_off(job)
        finally:
            self._running.pop(job.job_id, None)

    async def _handle(self, job: Job) -> None:
        if job.status is JobStatus.CANCELLING:
            raise JobCancelledError
        await self._handlers[job.job_type].run(Attempt(job, self._database, self._clock))

    async def _put_off(self, job: Job) -> None:
        """Try again after a pause, or give the job up."""
        at_ms = now_ms(self._clock)

        pause_ms = round(self._settings.backoff_seconds * 1000)
        with contextlib.suppress(BytewardError):
            failures = await self._database.write(
                lambda conn: store.put_off(conn, job, pause_ms, at_ms)
            )
            if failures >= self._settings.max_attempts:
                message = "the job failed several times; report its id"
                error = self._error(ErrorCode.INTERNAL_ERROR.value, message, None)
                await self._finish(job, JobStatus.FAILED, error)

    async def _finish(self, job: Job, status: JobStatus, error: JobError | None) -> None:
        at_ms = now_ms(self._clock)
        try:
            await self._database.write(
                lambda conn: store.finish_job(conn, job, status, error, at_ms)
            )
        except BytewardError:
            # The lease ends, and the next attempt finds nothing left to do.
            _LOG.exception("job.finish_failed", job_id=job.job_id)
            return
        _LOG.info("job.finished", job_id=job.job_id, job_type=job.job_type, status=status.value)

    def _error(self, code: str, message: str, details: Mapping[str, object] | None) -> JobError:
        return JobError(code, message, now_ms(self._clock), details)
