"""SQL for jobs. Every change of a running job names the attempt that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from byteward.db.tables import jobs
from byteward.jobs.model import Job, JobError, JobStatus, NewJob

ACTIVE: Final = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELLING)
_ACTIVE_WORDS: Final = [status.value for status in ACTIVE]
_TERMINAL_WORDS: Final = [status.value for status in JobStatus if status.is_terminal]

_INSERT: Final = insert(jobs)
_BY_ID: Final = select(jobs).where(
    jobs.c.account_id == bindparam("account"), jobs.c.job_id == bindparam("job")
)
_COUNT_ACTIVE: Final = select(func.count()).where(
    jobs.c.status.in_(_ACTIVE_WORDS), jobs.c.account_id == bindparam("account")
)
_RECENT: Final = (
    select(jobs)
    .where(
        jobs.c.account_id == bindparam("account"),
        jobs.c.job_type == bindparam("kind"),
    )
    .order_by(jobs.c.job_id.desc())
    .limit(bindparam("most"))
)
_CLAIMABLE: Final = (
    select(jobs.c.job_id, jobs.c.account_id, jobs.c.status, jobs.c.lease_until, jobs.c.run_after)
    .where(jobs.c.status.in_(_ACTIVE_WORDS))
    .order_by(jobs.c.job_id)
)
_CLAIM: Final = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("job"))
    .values(
        attempt=jobs.c.attempt + 1,
        leased_by=bindparam("worker"),
        lease_until=bindparam("until"),
        updated_at=bindparam("at"),
    )
    .returning(*jobs.c)
)
_START: Final = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("job"), jobs.c.status == JobStatus.PENDING.value)
    .values(status=JobStatus.RUNNING.value)
)
_MINE: Final = select(jobs.c.attempt, jobs.c.status).where(jobs.c.job_id == bindparam("job"))
_SAVE: Final = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("job"))
    .values(state=bindparam("new_state"), updated_at=bindparam("at"))
)
_EXTEND: Final = (
    update(jobs)
    .where(
        jobs.c.leased_by == bindparam("worker"),
        jobs.c.job_id.in_(bindparam("ids", expanding=True)),
    )
    .values(lease_until=bindparam("until"))
)
_ANY_ACTIVE: Final = select(jobs.c.job_id).where(jobs.c.status.in_(_ACTIVE_WORDS)).limit(1)
_RUN_AFTER: Final = (
    update(jobs).where(jobs.c.job_id == bindparam("job")).values(run_after=bindparam("later"))
)
_FINISH: Final = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("job"), jobs.c.attempt == bindparam("mine"))
    .values(
        status=bindparam("new_status"),
        error=bindparam("new_error"),
        leased_by=None,
        lease_until=0,
        updated_at=bindparam("at"),
    )
)
_PUT_OFF: Final = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("job"), jobs.c.attempt == bindparam("mine"))
    .values(
        failures=jobs.c.failures + 1,
        leased_by=None,
        lease_until=0,
        updated_at=bindparam("at"),
    )
    .returning(jobs.c.failures)
)
_RELEASE: Final = (
    update(jobs)
    .where(jobs.c.leased_by == bindparam("worker"), jobs.c.status.in_(_ACTIVE_WORDS))
    .values(leased_by=None, lease_until=0)
)
_CANCEL: Final = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("job"))
    .values(status=bindparam("new_status"), updated_at=bindparam("at"))
)
_OLD: Final = (
    select(jobs.c.job_id)
    .where(jobs.c.updated_at < bindparam("before"), jobs.c.status.in_(_TERMINAL_WORDS))
    .limit(bindparam("most"))
)
_FORGET: Final = delete(jobs).where(jobs.c.job_id.in_(bindparam("ids", expanding=True)))


def insert_job(conn: Connection, job_id: str, new: NewJob, at_ms: int) -> Job:
    """A new job, pending."""
    row = {
        "job_id": job_id,
        "account_id": new.account_id,
        "job_type": new.job_type,
        "status": JobStatus.PENDING.value,
        "payload": new.payload,
        "authority": new.authority,
        "state": b"",
        "attempt": 0,
        "failures": 0,
        "run_after": 0,
        "leased_by": None,
        "lease_until": 0,
        "error": None,
        "created_at": at_ms,
        "updated_at": at_ms,
    }
    conn.execute(_INSERT, row)
    return Job(
        job_id=job_id,
        account_id=new.account_id,
        job_type=new.job_type,
        status=JobStatus.PENDING,
        payload=new.payload,
        authority=new.authority,
        state=b"",
        attempt=0,
        error=None,
        created_at=at_ms,
        updated_at=at_ms,
    )


def count_active(conn: Connection, account_id: str) -> int:
    """Jobs of the account that are not over."""
    return conn.execute(_COUNT_ACTIVE, {"account": account_id}).scalar_one()


def find_job(conn: Connection, account_id: str, job_id: str) -> Job | None:
    """The account's job of that id."""
    row = conn.execute(_BY_ID, {"account": account_id, "job": job_id}).first()
    return None if row is None else _read(row)


def recent_jobs(
    conn: Connection, account_id: str, job_types: Sequence[str], most: int
) -> list[Job]:
    """The account's youngest jobs of these kinds, the youngest first."""
    found = [
        _read(row)
        for kind in job_types
        for row in conn.execute(_RECENT, {"account": account_id, "kind": kind, "most": most})
    ]
    return sorted(found, key=lambda job: job.job_id, reverse=True)[:most]


def claim_jobs(
    conn: Connection, worker: str, *, at_ms: int, lease_ms: int, most: int, per_account: int
) -> list[Job]:
    """Take jobs that nobody runs, the oldest first.

    Args:
        conn: a write transaction.
        worker: who takes them.
        at_ms: now.
        lease_ms: for how long they are the worker's without a sign of life.
        most: no more than that.
        per_account: an account's jobs that may run at once, on all workers together.
    """
    running: dict[str, int] = {}
    wanted = []
    for row in conn.execute(_CLAIMABLE):
        if row.lease_until > at_ms:
            running[row.account_id] = running.get(row.account_id, 0) + 1
        elif row.run_after <= at_ms:
            wanted.append(row)
    claimed: list[Job] = []
    for row in wanted:
        if len(claimed) >= most:
            break
        if running.get(row.account_id, 0) >= per_account:
            continue
        running[row.account_id] = running.get(row.account_id, 0) + 1
        conn.execute(_START, {"job": row.job_id})
        values = {"job": row.job_id, "worker": worker, "until": at_ms + lease_ms, "at": at_ms}
        claimed.append(_read(conn.execute(_CLAIM, values).one()))
    return claimed


def attempt_and_status(conn: Connection, job_id: str) -> tuple[int, JobStatus] | None:
    """Whose the job is now, and where it stands."""
    row = conn.execute(_MINE, {"job": job_id}).first()
    return None if row is None else (row.attempt, JobStatus(row.status))


def save_state(conn: Connection, job_id: str, state: bytes, at_ms: int) -> None:
    """How far the job got; whether the attempt may say so was decided on the same connection."""
    conn.execute(_SAVE, {"job": job_id, "new_state": state, "at": at_ms})


def extend_leases(conn: Connection, worker: str, job_ids: Sequence[str], until_ms: int) -> None:
    """A sign of life of a worker for the jobs that it runs."""
    conn.execute(_EXTEND, {"worker": worker, "ids": job_ids, "until": until_ms})


def has_active(conn: Connection) -> bool:
    """Whether any job is not over."""
    return conn.execute(_ANY_ACTIVE).first() is not None


def finish_job(
    conn: Connection, job: Job, status: JobStatus, error: JobError | None, at_ms: int
) -> None:
    """End a job, if the attempt is still its."""
    stored = None if error is None else msgspec.json.encode(error).decode()
    values = {"new_status": status.value, "new_error": stored, "at": at_ms}
    conn.execute(_FINISH, {"job": job.job_id, "mine": job.attempt} | values)


def put_off(conn: Connection, job: Job, pause_ms: int, at_ms: int) -> int:
    """Try again after a pause that doubles with each failure.

    Returns:
        How often it failed by now; 0 when the attempt is not the job's any more.
    """
    values = {"job": job.job_id, "mine": job.attempt, "at": at_ms}
    failures: int = conn.execute(_PUT_OFF, values).scalar() or 0
    if failures:
        later = at_ms + (pause_ms << (failures - 1))
        conn.execute(_RUN_AFTER, {"job": job.job_id, "later": later})
    return failures


def release_jobs(conn: Connection, worker: str) -> None:
    """Give up every lease of a worker that is known to be dead."""
    conn.execute(_RELEASE, {"worker": worker})


def request_cancel(conn: Connection, job: Job, at_ms: int) -> None:
    """Cancel what waits, and tell what runs to stop; what is over stays as it is."""
    if job.status is JobStatus.PENDING:
        wanted = JobStatus.CANCELLED
    elif job.status is JobStatus.RUNNING:
        wanted = JobStatus.CANCELLING
    else:
        return
    conn.execute(_CANCEL, {"job": job.job_id, "new_status": wanted.value, "at": at_ms})


def forget_old(conn: Connection, before_ms: int, most: int) -> int:
    """Delete jobs that ended before that time; how many."""
    ids = list(conn.execute(_OLD, {"before": before_ms, "most": most}).scalars())
    if ids:
        conn.execute(_FORGET, {"ids": ids})
    return len(ids)


# Any: the columns of a row have types of their own, which SQLAlchemy does not carry over.
def _read(row: Row[Any]) -> Job:
    error = None if row.error is None else msgspec.json.decode(row.error, type=JobError)
    return Job(
        job_id=row.job_id,
        account_id=row.account_id,
        job_type=row.job_type,
        status=JobStatus(row.status),
        payload=row.payload,
        authority=row.authority,
        state=row.state,
        attempt=row.attempt,
        error=error,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
