"""DeleteFileBatchJob: deletes the files that were named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from byteward.bulk.deletion import Deleted, delete_batch
from byteward.bulk.outcome import Failures
from byteward.bulk.tools import Mandate, Tools
from byteward.files.layer_resolution import LayerAt
from byteward.jobs.model import Job, JobRun
from byteward.paths import FilePath

JOB_TYPE: Final = "DeleteFileBatchJob"
MAX_FILES: Final = 1000
"""Files of one request."""

_BATCH: Final = 100


class FilesToDelete(msgspec.Struct, frozen=True):
    """What was asked for."""

    files: tuple[str, ...]


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    done: int = 0
    failures: Failures = Failures()


class DeleteFilesJob:
    """Deletes files; those that are not there are deleted already.

    Args:
        tools: the parts of the installation.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def run(self, run: JobRun) -> None:
        """See `JobHandler.run`."""
        mandate = Mandate.of(self._tools, run.job)
        files = _payload(run.job).files
        while (state := _state(run.state)).done < len(files):
            batch = files[state.done : state.done + _BATCH]
            done = state.done + len(batch)

            def note(deleted: Deleted, state: _State = state, done: int = done) -> bytes:
                return msgspec.json.encode(_State(done, deleted.added_to(state.failures)))

            paths = [FilePath.parse(path) for path in dict.fromkeys(batch)]
            await delete_batch(run, mandate, paths, _each, note)
        state.failures.raise_any()

    def summary(self, job: Job) -> Mapping[str, object]:
        """See `JobHandler.summary`."""
        return {"deletions": list(_payload(job).files)}


def _each(_: tuple[LayerAt, ...], __: FilePath) -> bool:
    return True


def _payload(job: Job) -> FilesToDelete:
    return msgspec.json.decode(job.payload, type=FilesToDelete)


def _state(stored: bytes) -> _State:
    return msgspec.json.decode(stored, type=_State) if stored else _State()
