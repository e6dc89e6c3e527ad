"""What a job is, and what a job kind has to bring.

This package knows no kinds: a kind is a `JobHandler`, registered under its name by `app.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from byteward.errors import BytewardError


class JobStatus(StrEnum):
    """Where a job stands, in the words of the wire."""

    PENDING = "Pending"
    RUNNING = "Running"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    FAILED = "Failed"
    SUCCEEDED = "Succeeded"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing will change any more."""
        return self in {JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.SUCCEEDED}


@dataclass(frozen=True, slots=True)
class NewJob:
    """Work to be done.

    Attributes:
        account_id: whose work it is.
        job_type: name of its kind, such as `DeleteFileBatchJob`.
        payload: what was asked for; compact JSON of the kind's own struct. SECURITY: no secrets.
        authority: with whose permissions (see `permissions/frozen.py`); compact JSON.
    """

    account_id: str
    job_type: str
    payload: bytes
    authority: bytes


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, as the wire shows it."""

    code: str
    message: str
    at_ms: int
    details: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as stored.

    Attributes:
        job_id: a ULID; ids ascend with time.
        account_id: whose work it is.
        job_type: name of its kind.
        status: where it stands.
        payload: see `NewJob`.
        authority: see `NewJob`.
        state: how far it got, in a form of the kind's own (empty at first). A run that starts
            again after a crash goes on from here.
        attempt: fencing number: grows whenever a worker takes the job over.
        error: set on `Failed`.
        created_at: Unix milliseconds.
        updated_at: Unix milliseconds.
    """

    job_id: str
    account_id: str
    job_type: str
    status: JobStatus
    payload: bytes
    authority: bytes
    state: bytes
    attempt: int
    error: JobError | None
    created_at: int
    updated_at: int


class JobCancelledError(Exception):
    """Raised by `JobRun.step` when the job is being cancelled; handlers let it pass."""


class JobTakenOverError(Exception):
    """Raised by `JobRun.step` when another worker has the job now; handlers let it pass."""


class JobFailedError(Exception):
    """Raised by a handler whose work is over and did not succeed; it is not tried again.

    Args:
        error: the first failure.
        details: what the wire shows beside it.
    """

    def __init__(self, error: BytewardError, details: Mapping[str, object]) -> None:
        super().__init__(error.message)
        self.error = error
        self.details = details


class JobRun(Protocol):
    """One attempt at a job, as its handler sees it."""

    @property
    def job(self) -> Job:
        """The job as it was when this attempt began."""
        ...

    @property
    def state(self) -> bytes:
        """How far the job got: the state of the last step that was committed."""
        ...

    async def step(self, work: Callable[[Connection], bytes]) -> None:
        """Do a bounded piece of work and note how far the job got, in one transaction.

        `work` returns the new state. Both are committed or neither is, so a piece takes effect
        exactly once whatever is killed when. A piece is some hundred rows at most: other writers
        wait for it.

        Raises:
            JobCancelledError: the job is being cancelled; `work` did not run.
            JobTakenOverError: this attempt is not the job's any more; `work` did not run.
        """
        ...


class JobHandler(Protocol):
    """One kind of job."""

    async def run(self, run: JobRun) -> None:
        """Do the work from `run.state` to its end.

        Raises:
            JobFailedError: the work is over and parts of it failed. Any other exception is tried
                again with back-off, a few times.
        """
        ...

    def summary(self, job: Job) -> Mapping[str, object]:
        """The wire's `summary`: what was asked for and how far it got. Pure."""
        ...
