"""Jobs on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from byteward.openapi.parameters import JOB_TYPES

JOB_DOCS = "https://www.bytescale.com/docs/job-api/GetJob"
"""The protocol's constant: clients that check it know no other value."""


JobType = Annotated[str, Meta(extra_json_schema={"enum": list(JOB_TYPES)})]


class RecentJobsQuery(Struct, frozen=True, rename="camel"):
    """Which kinds of jobs are wanted.

    Attributes:
        job_type: at least one; repeated, or words separated by commas.
    """

    job_type: Annotated[list[JobType], Meta(min_length=1)]


class AsyncResponse(Struct, frozen=True, rename="camel"):
    """Work that goes on after the answer.

    Attributes:
        job_docs: a constant of the protocol.
        job_id: the job; younger jobs have greater ids.
        job_type: its kind.
        job_url: where it tells how it stands.
    """

    job_docs: str
    job_id: str
    job_type: str
    job_url: str


class JobError(Struct, frozen=True):
    """Why a job failed.

    Attributes:
        message: what happened, for people; of several failures the first.
        code: which failure.
        timestamp: when, as ISO 8601 in UTC with milliseconds.
        details: for programs; of several failures all of them.
    """

    message: str
    code: str
    timestamp: str
    details: Mapping[str, object] | None = None


class JobSummary(Struct, frozen=True, rename="camel"):
    """A job, what it was asked for and how far it got.

    Attributes:
        job_docs: a constant of the protocol.
        job_id: the job; younger jobs have greater ids.
        job_type: its kind.
        job_url: where it tells how it stands.
        account_id: whose job it is.
        created: in Unix milliseconds.
        last_updated: in Unix milliseconds.
        status: `Pending`, `Running`, `Rollback`, `Failed`, `Succeeded`, `Cancelling` or
            `Cancelled`.
        error: of the first failure, once the job has failed.
        summary: what was asked for, with `progress` or `result` where the kind has them.
    """

    job_docs: str
    job_id: str
    job_type: str
    job_url: str
    account_id: str
    created: int
    last_updated: int
    status: str
    error: JobError | None
    summary: Mapping[str, object]


class ListRecentJobsResponse(Struct, frozen=True):
    """Some jobs.

    Attributes:
        items: the youngest first.
    """

    items: list[JobSummary]
