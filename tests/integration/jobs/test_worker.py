"""The worker on a real database: steps, fencing, cancelling, retries, and who takes what over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from byteward.accounts.model import AccountSettings
from byteward.accounts.service import create_account
from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.errors import BytewardError, ErrorCode
from byteward.jobs import store
from byteward.jobs.model import (
    Job,
    JobFailedError,
    JobRun,
    JobStatus,
    JobTakenOverError,
    NewJob,
)
from byteward.jobs.queue import JobQueue
from byteward.jobs.worker import Attempt, Worker, WorkerSettings

ACCOUNT, OTHER = "A623uY2", "B7kQz9x"


class Counting:
    """Counts to the number in the payload, one row a step; does what it is told before a step."""

    def __init__(self) -> None:
        self.before: Callable[[int], None] = lambda _: None

    async def run(self, run: JobRun) -> None:
        done = int(run.state or b"0")
        while done < int(run.job.payload):
            self.before(done)

            def work(conn: Connection, number: int = done) -> bytes:
                conn.execute(text("INSERT INTO effects VALUES (:n)"), {"n": number})
                return str(number + 1).encode()

            await run.step(work)
            done = int(run.state)

    def summary(self, job: Job) -> Mapping[str, object]:
        return {"counted": int(job.state or b"0")}


class World:
    """A database with two accounts, a queue and a clock that tests move."""

    def __init__(self, database: SqliteDatabase, runner: asyncio.Runner) -> None:
        self.database = database
        self.runner = runner
        self.now = 1_700_000_000.0
        self.kind = Counting()
        self.queue = JobQueue(database, lambda: self.now, max_queued=5)

    def worker(self, name: str = "w") -> Worker:
        return Worker(
            self.database,
            {"Count": self.kind},
            lambda: self.now,
            name=name,
            settings=WorkerSettings(per_account=2),
        )

    def submit(self, to: int, account: str = ACCOUNT) -> Job:
        self.now += 0.01  # ids ascend with milliseconds
        new = NewJob(account, "Count", str(to).encode(), b"{}")
        return self.runner.run(self.queue.submit(new))

    def claim(self, name: str = "w", most: int = 8) -> list[Job]:
        def work(conn: Connection) -> list[Job]:
            at_ms = round(self.now * 1000)
            return store.claim_jobs(
                conn, name, at_ms=at_ms, lease_ms=30_000, most=most, per_account=2
            )

        return self.runner.run(self.database.write(work))

    def work(self, worker: Worker | None = None) -> None:
        async def until_idle() -> None:
            doing = worker or self.worker()
            while await doing.claim_once():
                await doing.idle()

        self.runner.run(until_idle())

    def job(self, job: Job) -> Job:
        return self.runner.run(self.queue.get(job.account_id, job.job_type, job.job_id))

    def effects(self) -> list[int]:
        statement = text("SELECT n FROM effects ORDER BY n")
        return self.runner.run(
            self.database.read(lambda conn: list(conn.execute(statement).scalars()))
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "byteward.db"
    upgrade(path)
    database = open_sqlite(path)

    def fill(conn: Connection) -> None:
        for account in (ACCOUNT, OTHER):
            create_account(conn, account, "Test", AccountSettings(), created_at=0)
        conn.execute(text("CREATE TABLE effects (n INTEGER NOT NULL UNIQUE)"))

    with asyncio.Runner() as runner:
        runner.run(database.write(fill))
        yield World(database, runner)
        database.close_now()


def test_a_job_is_pending_then_done(world: World) -> None:
    job = world.submit(3)
    assert (job.status, world.job(job)) == (JobStatus.PENDING, job)
    world.now += 1
    world.work()
    done = world.job(job)
    assert (done.status, done.state, done.error) == (JobStatus.SUCCEEDED, b"3", None)
    assert done.updated_at == job.created_at + 1000
    assert world.effects() == [0, 1, 2]


def test_a_job_that_was_cut_off_goes_on_after_its_last_step(world: World) -> None:
    job = world.submit(5)
    (claimed,) = world.claim("dead")

    async def three_steps() -> None:
        attempt = Attempt(claimed, world.database, lambda: world.now)

        def stop(number: int) -> None:
            if number == 3:
                raise KeyboardInterrupt  # nothing is tidied up, as after kill -9

        world.kind.before = stop
        with pytest.raises(KeyboardInterrupt):
            await world.kind.run(attempt)

    world.runner.run(three_steps())
    world.kind.before = lambda _: None
    world.work()
    assert world.job(job).status is JobStatus.RUNNING
    world.now += 31
    world.work()
    assert world.job(job).status is JobStatus.SUCCEEDED
    assert world.effects() == [0, 1, 2, 3, 4]


def test_a_worker_that_comes_back_under_its_name_waits_for_no_lease(world: World) -> None:
    world.submit(2)
    world.claim("w")

    async def briefly() -> None:
        task = asyncio.create_task(world.worker("w").run())
        began = asyncio.Event()
        world.kind.before = lambda _: began.set()
        await began.wait()
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    world.runner.run(asyncio.wait_for(briefly(), 10))
    assert world.effects() == [0, 1]


def test_an_attempt_that_was_taken_over_can_commit_nothing(world: World) -> None:
    job = world.submit(2)
    (first,) = world.claim("one")
    world.now += 31
    (second,) = world.claim("two")
    assert (first.attempt, second.attempt) == (1, 2)
    stalled = Attempt(first, world.database, lambda: world.now)

    async def one_step() -> None:
        await stalled.step(lambda _: b"stolen")

    with pytest.raises(JobTakenOverError):
        world.runner.run(one_step())

    def finish(conn: Connection) -> None:
        store.finish_job(conn, first, JobStatus.FAILED, None, 0)

    world.runner.run(world.database.write(finish))
    assert (world.job(job).status, world.job(job).state) == (JobStatus.RUNNING, b"")


def test_a_waiting_job_is_cancelled_at_once(world: World) -> None:
    job = world.submit(2)
    world.runner.run(world.queue.cancel(ACCOUNT, "Count", job.job_id))
    assert world.job(job).status is JobStatus.CANCELLED
    world.work()
    assert world.effects() == []


def test_a_running_job_stops_at_its_next_step(world: World) -> None:
    job = world.submit(5)

    cancelling: list[asyncio.Task[None]] = []

    def cancel(number: int) -> None:
        if number == 2:
            cancelled = world.queue.cancel(ACCOUNT, "Count", job.job_id)
            cancelling.append(asyncio.ensure_future(cancelled))

    world.kind.before = cancel
    world.work()
    done = world.job(job)
    assert done.status is JobStatus.CANCELLED
    assert 2 <= len(world.effects()) < 5
    world.runner.run(world.queue.cancel(ACCOUNT, "Count", job.job_id))
    assert world.job(job) == done


def test_a_cancelled_job_of_a_dead_worker_ends_cancelled(world: World) -> None:
    job = world.submit(5)
    world.claim("dead")
    world.runner.run(world.queue.cancel(ACCOUNT, "Count", job.job_id))
    assert world.job(job).status is JobStatus.CANCELLING
    world.now += 31
    world.work()
    assert (world.job(job).status, world.effects()) == (JobStatus.CANCELLED, [])


def test_an_unforeseen_error_is_tried_again_with_pauses_that_grow(world: World) -> None:
    job = world.submit(3)
    failures: list[float] = []

    def fail(number: int) -> None:
        if number == 1 and len(failures) < 2:
            failures.append(world.now)
            raise RuntimeError("by chance")

    world.kind.before = fail
    for pause in (0.0, 1.0, 1.1, 3.0, 1.1):
        world.now += pause
        world.work()
    assert [round(at - failures[0], 1) for at in failures] == [0, 2.1]
    assert world.job(job).status is JobStatus.SUCCEEDED
    assert world.effects() == [0, 1, 2]


def test_a_job_that_always_fails_is_given_up(world: World) -> None:
    job = world.submit(3)

    def fail(_number: int) -> None:
        raise RuntimeError("always; secret detail")

    world.kind.before = fail
    for _ in range(6):
        world.now += 60
        world.work()
    done = world.job(job)
    assert done.status is JobStatus.FAILED
    assert done.error is not None
    assert done.error.code == "internal_error"
    assert "secret" not in done.error.message


def test_a_failure_that_the_kind_reports_is_final(world: World) -> None:
    job = world.submit(3)

    def fail(_number: int) -> None:
        error = BytewardError(ErrorCode.FILE_NOT_FOUND, "file not found: `/x`")
        raise JobFailedError(error, {"failureCount": 1})

    world.kind.before = fail
    world.work()
    done = world.job(job)
    assert done.error is not None
    assert (done.status, done.error.code) == (JobStatus.FAILED, "file_not_found")
    assert done.error.details == {"failureCount": 1}


def test_an_account_runs_a_few_jobs_at_once_and_in_order(world: World) -> None:
    mine = [world.submit(1) for _ in range(4)]
    other = world.submit(1, OTHER)
    claimed = world.claim(most=4)
    assert [job.job_id for job in claimed] == [mine[0].job_id, mine[1].job_id, other.job_id]
    assert world.claim() == []


def test_too_many_jobs_are_refused(world: World) -> None:
    for _ in range(5):
        world.submit(1)
    with pytest.raises(BytewardError) as refused:
        world.submit(1)
    assert refused.value.code is ErrorCode.RATE_LIMIT_EXCEEDED
    assert "retry-after" in (refused.value.headers or {})
    world.submit(1, OTHER)


def test_jobs_are_forgotten_when_they_are_over_and_old(world: World) -> None:
    old, waiting = world.submit(0), world.submit(1, OTHER)
    (claimed,) = [job for job in world.claim() if job.job_id == old.job_id]

    def forget(conn: Connection) -> int:
        store.finish_job(conn, claimed, JobStatus.SUCCEEDED, None, 5)
        return store.forget_old(conn, 1_800_000_000_000, 10)

    assert world.runner.run(world.database.write(forget)) == 1
    assert world.job(waiting).status is JobStatus.RUNNING
    with pytest.raises(BytewardError) as refused:
        world.job(old)
    assert refused.value.code is ErrorCode.JOB_NOT_FOUND


def test_recent_jobs_come_youngest_first(world: World) -> None:
    jobs = []
    for _ in range(4):
        jobs.append(world.submit(1))
        world.now += 1
    found = world.runner.run(world.queue.recent(ACCOUNT, ["Other", "Count"], 3))
    assert [job.job_id for job in found] == [job.job_id for job in reversed(jobs[1:])]
