"""CopyFileBatchJob: copies the files that were named, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from byteward.bulk.copy_batch import Copied, Item, copy_batch
from byteward.bulk.outcome import Failures
from byteward.bulk.tools import Mandate, Tools
from byteward.files.copy_rules import AS_AT_SOURCE, Changes
from byteward.files.copying import CopyFile
from byteward.jobs.model import Job, JobRun
from byteward.paths import FilePath

JOB_TYPE: Final = "CopyFileBatchJob"
MAX_FILES: Final = 100
"""Files of one request."""


class FileToCopy(msgspec.Struct, frozen=True, omit_defaults=True):
    """One copy."""

    source: str
    destination: str
    changes: Changes = AS_AT_SOURCE

    @classmethod
    def of(cls, asked: CopyFile) -> FileToCopy:
        """As it is stored."""
        return cls(asked.source.text, asked.destination.text, asked.changes)

    @property
    def asked(self) -> CopyFile:
        """As it was asked for."""
        return CopyFile(FilePath.parse(self.source), FilePath.parse(self.destination), self.changes)


class FilesToCopy(msgspec.Struct, frozen=True):
    """What was asked for."""

    files: tuple[FileToCopy, ...]


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    done: int = 0
    files_copied: int = 0
    files_skipped: int = 0
    failures: Failures = Failures()


class CopyFilesJob:
    """Copies files; those that are not there are skipped.

    Args:
        tools: the parts of the installation.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def run(self, run: JobRun) -> None:
        """See `JobHandler.run`."""
        mandate = Mandate.of(self._tools, run.job)
        first = _state(run.state).done
        items = [Item(each.source, each.asked) for each in _payload(run.job).files[first:]]

        def note(copied: Copied) -> bytes:
            state = _state(run.state)
            return msgspec.json.encode(
                _State(
                    first + copied.end,
                    state.files_copied + copied.count,
                    state.files_skipped + copied.skipped,
                    copied.added_to(state.failures, items),
                )
            )

        await copy_batch(run, mandate, items, note)
        _state(run.state).failures.raise_any()

    def summary(self, job: Job) -> Mapping[str, object]:
        """See `JobHandler.summary`."""
        state = _state(job.state)
        return {
            "copies": [
                {"source": each.source, "destination": each.destination}
                for each in _payload(job).files
            ],
            "progress": {
                "filesCopied": state.files_copied,
                "filesSkipped": state.files_skipped,
            },
        }


def _payload(job: Job) -> FilesToCopy:
    return msgspec.json.decode(job.payload, type=FilesToCopy)


def _state(stored: bytes) -> _State:
    return msgspec.json.decode(stored, type=_State) if stored else _State()
