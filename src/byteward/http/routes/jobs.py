"""Jobs: how they stand, the recent ones, and cancelling. For secret keys only."""

from __future__ import annotations

import re
from typing import Final

from byteward.errors import ErrorCode
from byteward.http.query import Query
from byteward.http.routes import wire
from byteward.http.routes.parsing import caller_of, query_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import jobs as schemas
from byteward.http.services import ApiRequest
from byteward.http.validation import Problems
from byteward.ids import JOB_ID
from byteward.openapi.operation import WRITING, Access, Operation, Tag
from byteward.openapi.parameters import JOB_TYPES
from byteward.permissions.guard import secret_required

RECENT: Final = 10
_JOBS: Final = "/v2/accounts/{accountId}/jobs"
_JOB: Final = f"{_JOBS}/{{jobType}}/{{jobId}}"
_DIGITS: Final = re.compile(r"[0-9]{1,4}", re.ASCII)


GET_JOB: Final = Operation(
    id="GetJob",
    tag=Tag.JOBS,
    method="GET",
    path=_JOB,
    query=None,
    body=None,
    answer=examples.JOB,
    access=Access.SECRET_KEY,
    refusals=(ErrorCode.JOB_NOT_FOUND,),
)


@handles(GET_JOB)
async def get_job(request: ApiRequest) -> schemas.JobSummary:
    """Get how a job stands. Jobs are kept for thirty days."""
    services = services_of(request)
    caller = await caller_of(request)
    secret_required(caller.principal)
    job_type, job_id = _named(request)
    job = await services.jobs.get(caller.principal.account_id, job_type, job_id)
    return wire.job_summary(job, services.job_kinds, services.urls)


CANCEL_JOB: Final = Operation(
    id="CancelJob",
    tag=Tag.JOBS,
    method="DELETE",
    path=_JOB,
    query=None,
    body=None,
    answer=None,
    status=204,
    access=Access.SECRET_KEY,
    refusals=(ErrorCode.JOB_NOT_FOUND, *WRITING),
)


@handles(CANCEL_JOB)
async def cancel_job(request: ApiRequest) -> None:
    """Stop a job at its next step. What it did stays done; a job that has ended stays as it is."""
    services = services_of(request)
    caller = await caller_of(request)
    secret_required(caller.principal)
    job_type, job_id = _named(request)
    await services.jobs.cancel(caller.principal.account_id, job_type, job_id)


LIST_RECENT_JOBS: Final = Operation(
    id="ListRecentJobs",
    tag=Tag.JOBS,
    method="GET",
    path=_JOBS,
    query=schemas.RecentJobsQuery(["DeleteFileBatchJob", "CopyFileBatchJob"]),
    body=None,
    answer=schemas.ListRecentJobsResponse([examples.JOB]),
    access=Access.SECRET_KEY,
)


@handles(LIST_RECENT_JOBS)
async def list_recent_jobs(request: ApiRequest) -> schemas.ListRecentJobsResponse:
    """List the ten youngest jobs of some kinds, the youngest first."""
    services = services_of(request)
    caller = await caller_of(request)
    secret_required(caller.principal)
    types = job_types_of(query_of(request))
    jobs = await services.jobs.recent(caller.principal.account_id, types, RECENT)
    return schemas.ListRecentJobsResponse(
        [wire.job_summary(job, services.job_kinds, services.urls) for job in jobs]
    )


def job_types_of(query: Query) -> tuple[str, ...]:
    """The types that a query names, each once.

    COMPAT: the official client sends the list's indexes as names (`?0=…&1=…`); others repeat
    `jobType` or `jobType[]`, or separate words by commas.

    Raises:
        BytewardError: `invalid_request` for none and for unknown ones.
    """
    found: list[str] = []
    for name, value in query.pairs:
        if name in {"jobType", "jobType[]"} or _DIGITS.fullmatch(name):
            found += [word for word in value.split(",") if word]
    problems = Problems()
    if not found:
        problems.add("query.jobType", "'jobType' is required")
    for word in found:
        _check_type(word, "query.jobType", problems)
    problems.raise_any()
    return tuple(dict.fromkeys(found))


def _named(request: ApiRequest) -> tuple[str, str]:
    job_type: str = request.path_params["jobType"]
    job_id: str = request.path_params["jobId"]
    problems = Problems()
    _check_type(job_type, "path.jobType", problems)
    if not JOB_ID.fullmatch(job_id):
        problems.add("path.jobId", f"Not match in '{JOB_ID.pattern}'", job_id)
    problems.raise_any()
    return job_type, job_id


def _check_type(word: str, where: str, problems: Problems) -> None:
    if word not in JOB_TYPES:
        problems.add(where, f"should be one of the following; [{','.join(JOB_TYPES)}]", word)


HANDLERS: Final = (get_job, cancel_job, list_recent_jobs)
