"""Asking for work: a row in the same transaction as whatever else the request does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.ids import new_job_id
from byteward.jobs import store
from byteward.jobs.model import Job, NewJob

_RETRY_AFTER: Final = {"retry-after": "10"}


class JobQueue:
    """The jobs of all accounts, as requests see them.

    Args:
        database: where they are rows.
        clock: Unix seconds.
        max_queued: jobs of an account that may wait or run.
    """

    def __init__(self, database: Database, clock: Clock, *, max_queued: int) -> None:
        self._database = database
        self._clock = clock
        self._max_queued = max_queued

    def enqueue_in(self, conn: Connection, new: NewJob, at_ms: int) -> Job:
        """Add a job; it exists when the transaction is committed.

        Raises:
            BytewardError: `rate_limit_exceeded` when the account has too many jobs already.
        """
        if store.count_active(conn, new.account_id) >= self._max_queued:
            raise BytewardError(
                ErrorCode.RATE_LIMIT_EXCEEDED,
                f"the account has {self._max_queued} jobs that are not over, wait for some",
                headers=_RETRY_AFTER,
            )
        return store.insert_job(conn, new_job_id(at_ms), new, at_ms)

    async def submit(self, new: NewJob) -> Job:
        """Add a job; it is durable when this returns.

        Raises:
            BytewardError: see `enqueue_in`.
        """
        at_ms = now_ms(self._clock)
        return await self._database.write(lambda conn: self.enqueue_in(conn, new, at_ms))

    async def get(self, account_id: str, job_type: str, job_id: str) -> Job:
        """A job.

        Raises:
            BytewardError: `job_not_found`, also for the job of another account or kind.
        """
        found = await self._database.read(lambda conn: store.find_job(conn, account_id, job_id))
        return _required(found, job_type, job_id)

    async def recent(self, account_id: str, job_types: Sequence[str], most: int) -> list[Job]:
        """The youngest jobs of these kinds, the youngest first."""
        return await self._database.read(
            lambda conn: store.recent_jobs(conn, account_id, job_types, most)
        )

    async def cancel(self, account_id: str, job_type: str, job_id: str) -> None:
        """Cancel a job; one that is over stays as it is.

        Raises:
            BytewardError: `job_not_found`.
        """
        at_ms = now_ms(self._clock)

        def work(conn: Connection) -> None:
            found = store.find_job(conn, account_id, job_id)
            store.request_cancel(conn, _required(found, job_type, job_id), at_ms)

        await self._database.write(work)


def _required(found: Job | None, job_type: str, job_id: str) -> Job:
    if found is None or found.job_type != job_type:
        raise BytewardError(
            ErrorCode.JOB_NOT_FOUND,
            f"there is no job `{job_id}` of this type",
            details={"jobId": job_id, "jobType": job_type},
        )
    return found
