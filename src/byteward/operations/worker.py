"""The worker process: jobs as they come, and housekeeping again and again.

Nothing in it has to end well: a job that is cut off goes on after its last committed step, and a
sweep may be repeated. On SIGTERM it gives its jobs up at once, so that the next worker has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from typing import Final

from byteward.bulk import copy_files, copy_folders, delete_files, delete_folders
from byteward.bulk.tools import Tools
from byteward.clock import now_ms
from byteward.config import Config
from byteward.files.copying import FileCopies
from byteward.files.expiry import SWEEP_SECONDS, sweep_expired_files
from byteward.files.external_files import ExternalFiles
from byteward.jobs import store as job_store
from byteward.jobs.model import JobHandler
from byteward.jobs.worker import Worker, WorkerSettings
from byteward.operations.backend import Backend, opened_backend
from byteward.operations.housekeeping import sweep
from byteward.operations.outbound import external_files, opened_client
from byteward.outbound.fetch import OutboundClient
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from byteward.telemetry.log import get_logger
from byteward.transform.cache import ResultCache
from byteward.transform.reset import JOB_TYPE as RESET_CACHE
from byteward.transform.reset import ResetCacheJob

_LOG: Final = get_logger()
_NAME: Final = "worker-0"
"""One worker process runs on a data folder, so it keeps one name."""

_NICENESS: Final = 10
"""Whoever waits for an answer gets the processor first."""

_RESTART_SECONDS: Final = 5.0
_DAY_MS: Final = 86_400_000
_FORGET_BATCH: Final = 500
_EXPIRED_BATCH: Final = 500


def job_handlers(tools: Tools, results: ResultCache) -> Mapping[str, JobHandler]:
    """Every kind of job, by its name on the wire.

    Args:
        tools: for jobs on files.
        results: of transformations.
    """
    return {
        copy_files.JOB_TYPE: copy_files.CopyFilesJob(tools),
        delete_files.JOB_TYPE: delete_files.DeleteFilesJob(tools),
        copy_folders.JOB_TYPE: copy_folders.CopyFoldersJob(tools),
        delete_folders.JOB_TYPE: delete_folders.DeleteFoldersJob(tools),
        RESET_CACHE: ResetCacheJob(results),
    }


def bulk_tools(backend: Backend, guard: Guard, external: ExternalFiles) -> Tools:
    """What jobs on files work with."""
    return Tools(
        database=backend.database,
        guard=guard,
        clock=backend.clock,
        external=external,
        copies=FileCopies(
            database=backend.database,
            guard=guard,
            clock=backend.clock,
            store=backend.store,
            external=external,
        ),
    )


def job_worker(backend: Backend, client: OutboundClient) -> Worker:
    """The worker of an installation; its requests to stores of accounts go through `client`."""
    settings, clock = backend.config.jobs, backend.clock
    facts = Facts(backend.database, backend.keys)
    guard = Guard(facts, backend.keys, clock, tells_details=True)
    return Worker(
        backend.database,
        job_handlers(
            bulk_tools(backend, guard, external_files(backend, client)),
            ResultCache(backend.folder.cache_path),
        ),
        clock,
        name=_NAME,
        settings=WorkerSettings(concurrency=settings.concurrency, per_account=settings.per_account),
    )


def run_worker(config: Config) -> None:
    """Work until SIGTERM; the body of the worker process."""
    os.nice(_NICENESS)
    asyncio.run(_until_stopped(config))


async def _until_stopped(config: Config) -> None:
    loop, work = asyncio.get_running_loop(), asyncio.current_task()
    if work is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with opened_backend(config) as backend:
            await asyncio.gather(_do_jobs(backend), _keep_house(backend), _remove_expired(backend))


async def _do_jobs(backend: Backend) -> None:
    with opened_client(backend.config.outbound) as client:
        worker = job_worker(backend, client)
        while True:
            try:
                await worker.run()
            except Exception:  # noqa: BLE001 - the outermost loop: the next try may succeed
                _LOG.exception("jobs.failed")
            await asyncio.sleep(_RESTART_SECONDS)


async def _keep_house(backend: Backend) -> None:
    while True:
        try:
            await sweep(backend)
            await _forget_jobs(backend)
        except Exception:  # noqa: BLE001 - the outermost loop: the next sweep may succeed
            _LOG.exception("sweep.failed")
        await asyncio.sleep(backend.config.uploads.sweep_interval_seconds)


async def _remove_expired(backend: Backend) -> None:
    """Take away files whose time has come, each minute."""
    with opened_client(backend.config.outbound) as client:
        external = external_files(backend, client)
        while True:
            try:
                await sweep_expired_files(backend.database, backend.clock)
                await external.remove_expired(_EXPIRED_BATCH)
            except Exception:  # noqa: BLE001 - the outermost loop: the next sweep may succeed
                _LOG.exception("expiry.failed")
            await asyncio.sleep(SWEEP_SECONDS)


async def _forget_jobs(backend: Backend) -> None:
    before = now_ms(backend.clock) - backend.config.jobs.retention_days * _DAY_MS
    while await backend.database.write(
        lambda conn: job_store.forget_old(conn, before, _FORGET_BATCH)
    ):
        pass
