"""The numbered cases of the job operations, with a kind of job that only counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import Connection

from byteward.ids import new_job_id
from byteward.jobs.model import Job, JobRun, NewJob
from tests.api_plane import ACCOUNT, API_URL, BASE, OTHER_ACCOUNT, Plane, api_plane

KIND, OTHER_KIND = "CopyFileBatchJob", "DeleteFileBatchJob"
JOBS = f"{BASE}/jobs"


class Once:
    """One step."""

    async def run(self, run: JobRun) -> None:
        def work(_: Connection) -> bytes:
            return b"1"

        await run.step(work)

    def summary(self, job: Job) -> Mapping[str, object]:
        return {"steps": int(job.state or b"0")}


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane(job_kinds={KIND: Once(), OTHER_KIND: Once()}) as opened:
        yield opened


def submit(plane: Plane, kind: str = KIND, account: str = ACCOUNT) -> Job:
    plane.now += 0.01
    return plane.run(plane.services.jobs.submit(NewJob(account, kind, b"{}", b"{}")))


def url(job: Job) -> str:
    return f"{JOBS}/{job.job_type}/{job.job_id}"


def test_001_to_008_who_may_ask(plane: Plane) -> None:
    target = f"{JOBS}?jobType={KIND}"
    answer = plane.call("GET", target)
    assert (answer.status, answer.code) == (401, "authentication_failed_no_credentials")
    assert len(answer.json["error"]["timestamp"]) == 24
    for key in ("PK", "PKt"):
        refused = plane.call("GET", target, key=key)
        assert (refused.status, refused.code) == (403, "secret_key_required")
    assert plane.call("GET", target, key="SK2").status == 401
    assert plane.call("GET", target, key="SK").status == 200


def test_121_a_job_tells_how_it_stands(plane: Plane) -> None:
    job = submit(plane)
    waiting = plane.call("GET", url(job), key="SK")
    assert waiting.status == 200
    assert waiting.headers["cache-control"] == "no-store"
    assert waiting.json == {
        "jobDocs": "https://www.bytescale.com/docs/job-api/GetJob",
        "jobId": job.job_id,
        "jobType": KIND,
        "jobUrl": f"{API_URL}{url(job)}",
        "accountId": ACCOUNT,
        "created": job.created_at,
        "lastUpdated": job.created_at,
        "status": "Pending",
        "error": None,
        "summary": {"steps": 0},
    }
    plane.now += 1
    plane.work()
    done = plane.call("GET", url(job), key="SK").json
    assert (done["status"], done["summary"]) == ("Succeeded", {"steps": 1})
    assert done["created"] < done["lastUpdated"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda target: target.replace(KIND, OTHER_KIND), 404, "job_not_found"),
        (lambda target: target.replace(KIND, "WashDishesJob"), 400, "invalid_request"),
        (str.lower, 400, "invalid_request"),
        (lambda target: target[:-1], 400, "invalid_request"),
        (lambda target: target[:-26] + new_job_id(0), 404, "job_not_found"),
    ],
    ids=["another type", "no type", "lower case", "short", "unknown"],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_121_wrong_names_of_a_job(
    plane: Plane, method: str, change: object, status: int, code: str
) -> None:
    head, _, tail = url(submit(plane)).rpartition("/jobs/")
    target = f"{head}/jobs/{change(tail)}"  # type: ignore[operator]  # a function of the table
    answer = plane.call(method, target, key="SK")
    assert (answer.status, answer.code) == (status, code)


def test_121_a_job_of_another_account_is_not_there(plane: Plane) -> None:
    job = submit(plane, account=OTHER_ACCOUNT)
    for method in ("GET", "DELETE"):
        answer = plane.call(method, url(job), key="SK")
        assert (answer.status, answer.code) == (404, "job_not_found")


@pytest.mark.parametrize(
    "query",
    [
        f"0={KIND}&1={OTHER_KIND}", f"jobType={KIND}&jobType={OTHER_KIND}",
        f"jobType={KIND},{OTHER_KIND}", f"jobType[]={KIND}&jobType%5B%5D={OTHER_KIND}",
    ],
)  # fmt: skip
def test_122_recent_jobs_in_every_spelling(plane: Plane, query: str) -> None:
    jobs = [submit(plane, kind) for kind in (KIND, OTHER_KIND) * 6]
    submit(plane, "CopyFolderBatchJob")
    answer = plane.call("GET", f"{JOBS}?{query}", key="SK")
    assert answer.status == 200
    found = [item["jobId"] for item in answer.json["items"]]
    assert found == [job.job_id for job in reversed(jobs)][:10]


@pytest.mark.parametrize("query", ["", "jobType=", "jobType=Nope", f"0={KIND}&1=Nope", "x=1"])
def test_122_no_type_or_an_unknown_one_is_refused(plane: Plane, query: str) -> None:
    answer = plane.call("GET", f"{JOBS}?{query}", key="SK")
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "query.jobType" in answer.json["error"]["details"]


def test_123_cancelling(plane: Plane) -> None:
    job = submit(plane)
    answer = plane.call("DELETE", url(job), key="SK")
    assert (answer.status, answer.body) == (204, b"")
    assert "json" not in answer.headers.get("content-type", "")
    plane.work()
    cancelled = plane.call("GET", url(job), key="SK").json
    assert (cancelled["status"], cancelled["summary"]) == ("Cancelled", {"steps": 0})
    assert plane.call("DELETE", url(job), key="SK").status == 204
    assert plane.call("GET", url(job), key="SK").json == cancelled
    done = submit(plane)
    plane.work()
    assert plane.call("DELETE", url(done), key="SK").status == 204
    assert plane.call("GET", url(done), key="SK").json["status"] == "Succeeded"
