"""CopyFolderBatchJob: copies what is in folders to other folders.

Of each folder the settings go first and the files last, so a private folder is private before
anything is in it. Where settings could not be copied, the files below are not copied either: a
copy never shows a file to more people because half of it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.accounts.service import bump_epoch
from byteward.bulk.copy_batch import Copied, Item, copy_batch
from byteward.bulk.outcome import Failures, Marks
from byteward.bulk.settings_copy import copy_settings, require_settings_copy
from byteward.bulk.tools import Mandate, Tools
from byteward.db.savepoint import savepoint
from byteward.errors import BytewardError, ErrorCode
from byteward.files import tree
from byteward.files.copy_rules import AS_AT_SOURCE, Changes
from byteward.files.copying import CopyFile
from byteward.files.external_listing import Walk
from byteward.files.tree import FolderRow
from byteward.files.virtual_folders import virtual_folders_before
from byteward.files.walk import Entry, FileEntry, FolderEntry
from byteward.jobs.model import Job, JobRun
from byteward.paths import FilePath, FolderPath

JOB_TYPE: Final = "CopyFolderBatchJob"
MAX_FOLDERS: Final = 100
"""Folders of one request."""

_BATCH: Final = 100


class FolderToCopy(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One folder, and what of it."""

    source: str
    destination: str
    copy_files: bool = True
    copy_virtual_folders: bool = True
    copy_overridden_storage: bool = False
    recursive: bool = True
    changes: Changes = AS_AT_SOURCE

    @property
    def from_segments(self) -> Segments:
        """The path of the source."""
        return FolderPath.parse(self.source).segments

    @property
    def to_segments(self) -> Segments:
        """The path of the destination."""
        return FolderPath.parse(self.destination).segments


class FoldersToCopy(msgspec.Struct, frozen=True):
    """What was asked for."""

    folders: tuple[FolderToCopy, ...]


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the job got.

    Attributes:
        done: folders of the request that are done.
        settings_done: the settings of the next one are.
        key: the last entry that was looked at in it.
        unset: folders in it whose settings could not be copied.
    """

    done: int = 0
    settings_done: bool = False
    key: str = ""
    unset: Marks = Marks()
    files_copied: int = 0
    folders_copied: int = 0
    files_skipped: int = 0
    failures: Failures = Failures()

    def next_folder(self) -> _State:
        return msgspec.structs.replace(
            self, done=self.done + 1, settings_done=False, key="", unset=Marks()
        )

    def failed(self, path: str, error: BytewardError) -> _State:
        return msgspec.structs.replace(self, failures=self.failures.add(path, error))


class CopyFoldersJob:
    """Copies folders; those that are not there are skipped.

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
            if folder.copy_virtual_folders and not state.settings_done:
                await _copy_some_settings(run, mandate, folder, state)
            elif folder.copy_files:
                await _copy_some_files(run, mandate, folder, state)
            else:
                await _note(run, state.next_folder())
        state.failures.raise_any()

    def summary(self, job: Job) -> Mapping[str, object]:
        """See `JobHandler.summary`."""
        state = _state(job.state)
        return {
            "copies": [
                {
                    "source": each.source,
                    "destination": each.destination,
                    "copyFiles": each.copy_files,
                    "copyVirtualFolders": each.copy_virtual_folders,
                    "copyOverriddenStorage": each.copy_overridden_storage,
                    "recursive": each.recursive,
                }
                for each in _payload(job).folders
            ],
            "progress": {
                "filesCopied": state.files_copied,
                "foldersCopied": state.folders_copied,
                "filesSkipped": state.files_skipped,
            },
        }


async def _copy_some_settings(
    run: JobRun, mandate: Mandate, folder: FolderToCopy, state: _State
) -> None:
    """Copy settings from the deepest folder upwards, those of the source itself as the last."""
    source = folder.from_segments

    def work(conn: Connection) -> bytes:
        row = tree.find_folder(conn, mandate.account_id, source)
        if row is None:
            return msgspec.json.encode(_settings_done(state))
        found: list[FolderEntry] = []
        if folder.recursive:
            found = virtual_folders_before(conn, row.folder_id, state.key, _BATCH)
        copying = _SettingsCopying(conn, mandate, folder, state)
        for each in found:
            copying.copy(each.segments, each.folder)
        if len(found) == _BATCH:
            new = msgspec.structs.replace(copying.state, key=found[-1].key)
        else:
            if row.is_virtual:
                copying.copy((), row)
            new = _settings_done(copying.state)
        if copying.count:
            # What is public may have changed: every worker has to look again.
            bump_epoch(conn, mandate.account_id)
        return msgspec.json.encode(new)

    await run.step(work)


class _SettingsCopying:
    """Copies settings on one transaction."""

    def __init__(
        self, conn: Connection, mandate: Mandate, folder: FolderToCopy, state: _State
    ) -> None:
        self.state = state
        self.count = 0
        self._conn = conn
        self._mandate = mandate
        self._folder = folder
        self._deciding = mandate.deciding(conn)

    def copy(self, inside: Segments, row: FolderRow) -> None:
        """Copy those of one folder, by its path from the source."""
        source = self._folder.from_segments + inside
        try:
            with savepoint(self._conn):
                self._copy(source, inside, row)
        except BytewardError as error:
            failed = self.state.failed(FolderPath(source).text, error)
            self.state = msgspec.structs.replace(failed, unset=failed.unset.add(source))
            return
        self.count += 1
        self.state = msgspec.structs.replace(
            self.state, folders_copied=self.state.folders_copied + 1
        )

    def _copy(self, source: Segments, inside: Segments, row: FolderRow) -> None:
        conn, account_id = self._conn, self._mandate.account_id
        destination = _destination(self._folder, inside)
        require_settings_copy(conn, self._deciding, account_id, (source, row), destination)
        layers = self._mandate.tools.external.layers
        copy_settings(conn, layers, account_id, row, destination)


async def _copy_some_files(
    run: JobRun, mandate: Mandate, folder: FolderToCopy, state: _State
) -> None:
    levels = await mandate.tools.levels(mandate.account_id)
    source = folder.from_segments
    overriding = frozenset() if folder.copy_overridden_storage else {e.folder for e in levels}
    if source in overriding:
        await _note(run, state.next_folder())
        return
    listable = await mandate.tools.database.read(
        lambda conn: mandate.deciding(conn).everywhere(Action.LIST_FOLDER_CHILDREN)
    )

    def may_enter(inside: Segments) -> bool:
        return source + inside not in overriding and listable(source + inside)

    walk = Walk(
        account_id=mandate.account_id,
        folder=source,
        key=state.key,
        limit=_BATCH,
        recursive=folder.recursive,
        may_enter=may_enter,
        levels=levels,
    )
    try:
        if not listable(source):
            raise _not_listable(source)
        entries = await mandate.tools.entries(walk)
    except BytewardError as error:
        await _note(run, state.failed(folder.source, error).next_folder())
        return
    await _copy_entries(run, mandate, folder, entries, listable)


async def _copy_entries(
    run: JobRun,
    mandate: Mandate,
    folder: FolderToCopy,
    entries: Sequence[Entry],
    listable: Callable[[Segments], bool],
) -> None:
    """Copy the files of a page of the walk."""
    source, state = folder.from_segments, _state(run.state)
    keys: list[str] = []
    items: list[Item] = []
    for each in entries:
        path = source + each.segments
        asked: CopyFile | BytewardError
        if isinstance(each, FileEntry):
            asked = _asked(folder, each.segments, state.unset)
        elif folder.recursive and not listable(path):
            asked = _not_listable(path)
        else:
            continue
        items.append(Item(FolderPath(path).text, asked))
        keys.append(each.key)

    def advanced(state: _State, end: int) -> _State:
        if end < len(items):
            return msgspec.structs.replace(state, key=keys[end - 1] if end else state.key)
        if len(entries) < _BATCH:
            return state.next_folder()
        return msgspec.structs.replace(state, key=entries[-1].key)

    def note(copied: Copied) -> bytes:
        state = _state(run.state)
        new = msgspec.structs.replace(
            state,
            files_copied=state.files_copied + copied.count,
            files_skipped=state.files_skipped + copied.skipped,
            failures=copied.added_to(state.failures, items),
        )
        return msgspec.json.encode(advanced(new, copied.end))

    if items:
        await copy_batch(run, mandate, items, note)
    else:
        await _note(run, advanced(state, 0))


def _asked(folder: FolderToCopy, inside: Segments, unset: Marks) -> CopyFile | BytewardError:
    source = folder.from_segments
    if unset.any_above(source + inside):
        return BytewardError(
            ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
            "the settings of a folder above it could not be copied, so neither was the file",
        )
    try:
        destination = FilePath(_destination(folder, inside))
    except BytewardError as error:
        return error
    if destination.segments[: len(source)] == source:
        return overlap(destination.text)
    return CopyFile(FilePath(source + inside), destination, folder.changes)


def _destination(folder: FolderToCopy, inside: Segments) -> Segments:
    """Where a path in the source goes.

    Raises:
        BytewardError: `invalid_path`: it would be too long.
    """
    segments = folder.to_segments + inside
    return FolderPath.parse(FolderPath(segments).text).segments


def overlap(path: str) -> BytewardError:
    """The refusal of copies of a folder into itself."""
    return BytewardError(
        ErrorCode.INVALID_PATH,
        "invalid path: the destination lies in the folder that is copied",
        details={"path": path, "reason": "overlap"},
    )


def _not_listable(folder: Segments) -> BytewardError:
    permission, path = Action.LIST_FOLDER_CHILDREN.value, FolderPath(folder).text
    return BytewardError(
        ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
        f"permission denied: `{permission}` is needed on `{path}`",
        details={"permission": permission, "path": path},
    )


def _settings_done(state: _State) -> _State:
    return msgspec.structs.replace(state, settings_done=True, key="")


async def _note(run: JobRun, state: _State) -> None:
    stored = msgspec.json.encode(state)
    await run.step(lambda _: stored)


def _payload(job: Job) -> FoldersToCopy:
    return msgspec.json.decode(job.payload, type=FoldersToCopy)


def _state(stored: bytes) -> _State:
    return msgspec.json.decode(stored, type=_State) if stored else _State()
