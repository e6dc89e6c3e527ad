"""DeleteFolderBatchJob: deletes what is in folders, then what made them folders.

Of each folder the files go first and the settings last, from the deepest folder upwards, so who may
see a file that is still there does not change under it. A folder in which something had to stay
keeps its settings for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.accounts.service import bump_epoch
from byteward.bulk.deletion import Deleted, delete_batch
from byteward.bulk.outcome import Failures, Marks
from byteward.bulk.tools import Mandate, Tools
from byteward.errors import BytewardError
from byteward.files import tree
from byteward.files.external_listing import Walk
from byteward.files.layer_deletion import goes_with_folder
from byteward.files.layer_resolution import LayerAt
from byteward.files.virtual_folders import virtual_folders_before
from byteward.files.walk import FileEntry, FolderEntry
from byteward.jobs.model import Job, JobRun
from byteward.paths import FilePath, FolderPath

JOB_TYPE: Final = "DeleteFolderBatchJob"
MAX_FOLDERS: Final = 1000
"""Folders of one request."""

_BATCH: Final = 200


class FolderToDelete(msgspec.Struct, frozen=True, rename="camel"):
    """One folder, and what of it."""

    folder_path: str
    delete_files: bool = True
    delete_virtual_folders: bool = True
    recursive: bool = True

    @property
    def segments(self) -> Segments:
        """The folder's path."""
        return FolderPath.parse(self.folder_path).segments


class FoldersToDelete(msgspec.Struct, frozen=True):
    """What was asked for."""

    folders: tuple[FolderToDelete, ...]


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the job got.

    Attributes:
        done: folders of the request that are done.
        files_done: the files of the next one are.
        key: the last entry that was looked at in it.
        kept: what had to stay in it.
    """

    done: int = 0
    files_done: bool = False
    key: str = ""
    kept: Marks = Marks()
    files_deleted: int = 0
    folders_deleted: int = 0
    failures: Failures = Failures()

    def next_folder(self) -> _State:
        return msgspec.structs.replace(
            self, done=self.done + 1, files_done=False, key="", kept=Marks()
        )


class DeleteFoldersJob:
    """Deletes folders; those that are not there are deleted already.

    Args:
        tools: the parts of the installation.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def run(self, run: JobRun) -> None:
        """See `JobHandler.run`."""
        mandate = Mandate.of(self._tools, run.job)
        folders = _payload(run.job).folders
        while (state := _state(run.state)).done < len(folders):
            folder = folders[state.done]
            if folder.delete_files and not state.files_done:
                await _delete_some_files(run, mandate, folder, state)
            elif folder.delete_virtual_folders:
                await _clear_some_folders(run, mandate, folder, state)
            else:
                await _note(run, state.next_folder())
        state.failures.raise_any()

    def summary(self, job: Job) -> Mapping[str, object]:
        """See `JobHandler.summary`."""
        state = _state(job.state)
        return {
            "deletions": [msgspec.to_builtins(each) for each in _payload(job).folders],
            "progress": {
                "filesDeleted": state.files_deleted,
                "foldersDeleted": state.folders_deleted,
            },
        }


async def _delete_some_files(
    run: JobRun, mandate: Mandate, folder: FolderToDelete, state: _State
) -> None:
    asked = folder.segments
    levels = await mandate.tools.levels(mandate.account_id)
    walk = Walk(
        account_id=mandate.account_id,
        folder=asked,
        key=state.key,
        limit=_BATCH,
        recursive=folder.recursive,
        may_enter=_outside_layers(levels, asked),
        levels=levels,
    )
    if any(each.folder == asked for each in levels):
        # The folder's own layer keeps its files; those below it are in no other region.
        await _note(run, _files_done(state))
        return
    try:
        entries = await mandate.tools.entries(walk)
    except BytewardError as error:
        failures = state.failures.add(folder.folder_path, error)
        kept = state.kept.add(asked)
        await _note(run, _files_done(msgspec.structs.replace(state, failures=failures, kept=kept)))
        return

    def note(deleted: Deleted) -> bytes:
        kept = state.kept
        for path in deleted.refused:
            kept = kept.add(path.segments)
        new = msgspec.structs.replace(
            state,
            key=entries[-1].key if entries else state.key,
            kept=kept,
            files_deleted=state.files_deleted + deleted.count,
            failures=deleted.added_to(state.failures),
        )
        return msgspec.json.encode(new if len(entries) >= _BATCH else _files_done(new))

    def goes(now_levels: tuple[LayerAt, ...], path: FilePath) -> bool:
        return goes_with_folder(now_levels, asked, path.segments)

    paths = [FilePath(asked + each.segments) for each in entries if isinstance(each, FileEntry)]
    await delete_batch(run, mandate, paths, goes, note)


async def _clear_some_folders(
    run: JobRun, mandate: Mandate, folder: FolderToDelete, state: _State
) -> None:
    """Clear folders from the deepest one upwards, the one that was named as the last."""
    asked = folder.segments

    def work(conn: Connection) -> bytes:
        row = tree.find_folder(conn, mandate.account_id, asked)
        if row is None:
            return msgspec.json.encode(state.next_folder())
        found: list[FolderEntry] = []
        if folder.recursive:
            found = virtual_folders_before(conn, row.folder_id, state.key, _BATCH)
        clearing = _Clearing(conn, mandate, state)
        for each in found:
            clearing.clear(asked + each.segments, each.folder_id)
        if len(found) == _BATCH:
            new = msgspec.structs.replace(clearing.state, key=found[-1].key)
        else:
            row = tree.find_folder(conn, mandate.account_id, asked)
            if row is not None and row.is_virtual:
                clearing.clear(asked, row.folder_id, is_alone=not folder.recursive)
            new = clearing.state.next_folder()
        if clearing.count:
            # What is public may have changed: every worker has to look again.
            bump_epoch(conn, mandate.account_id)
        return msgspec.json.encode(new)

    await run.step(work)


class _Clearing:
    """Clears folders on one transaction."""

    def __init__(self, conn: Connection, mandate: Mandate, state: _State) -> None:
        self.state = state
        self.count = 0
        self._conn = conn
        self._deciding = mandate.deciding(conn)

    def clear(self, segments: Segments, folder_id: int, *, is_alone: bool = False) -> None:
        """Clear one folder if nothing in it had to stay; `is_alone`: whatever is in it."""
        state = self.state
        depends = state.kept.any_below(segments) or state.kept.any_above(segments)
        if depends and not is_alone:
            return
        try:
            self._deciding.require(Action.DELETE_VIRTUAL_FOLDER, segments)
        except BytewardError as error:
            failures = state.failures.add(FolderPath(segments).text, error)
            kept = state.kept.add(segments)
            self.state = msgspec.structs.replace(state, failures=failures, kept=kept)
            return
        tree.clear_folder(self._conn, folder_id)
        self.count += 1
        self.state = msgspec.structs.replace(state, folders_deleted=state.folders_deleted + 1)


def _outside_layers(levels: tuple[LayerAt, ...], folder: Segments) -> Callable[[Segments], bool]:
    """Whether a walk of the folder is to enter another one: what has a layer of its own stays."""
    set_at = {each.folder for each in levels}
    return lambda inside: folder + inside not in set_at


def _files_done(state: _State) -> _State:
    return msgspec.structs.replace(state, files_done=True, key="")


async def _note(run: JobRun, state: _State) -> None:
    stored = msgspec.json.encode(state)
    await run.step(lambda _: stored)


def _payload(job: Job) -> FoldersToDelete:
    return msgspec.json.decode(job.payload, type=FoldersToDelete)


def _state(stored: bytes) -> _State:
    return msgspec.json.decode(stored, type=_State) if stored else _State()
