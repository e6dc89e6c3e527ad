"""Asking for work on many files: decided first, then a job in the same transaction.

What a request names is decided before its job exists, so one refusal refuses the whole. What the
job finds on its way it decides by itself, with the rights that the creator had and still has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.bulk import copy_files, copy_folders, delete_files, delete_folders
from byteward.bulk.copy_files import FilesToCopy, FileToCopy
from byteward.bulk.copy_folders import FoldersToCopy, FolderToCopy, overlap
from byteward.bulk.delete_files import FilesToDelete
from byteward.bulk.delete_folders import FoldersToDelete, FolderToDelete
from byteward.bulk.settings_copy import require_settings_copy
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import tree
from byteward.files.copying import CopyFile, check_destination, decide_copy
from byteward.identity.caller import Caller
from byteward.jobs.model import Job, NewJob
from byteward.jobs.queue import JobQueue
from byteward.paths import FilePath
from byteward.permissions.authority import Authority, Deciding
from byteward.permissions.frozen import freeze
from byteward.permissions.guard import Guard


class BulkRequests:
    """The use cases that end in a job on files or folders.

    Args:
        database: metadata.
        guard: decides.
        clock: Unix seconds.
        jobs: where they wait.
    """

    def __init__(self, *, database: Database, guard: Guard, clock: Clock, jobs: JobQueue) -> None:
        self._database = database
        self._guard = guard
        self._clock = clock
        self._jobs = jobs

    async def copy_files(self, caller: Caller, asked: Sequence[CopyFile]) -> Job:
        """Copy files in their order.

        Raises:
            BytewardError: what `decide_copy` raises for one of them; `invalid_path`;
                `rate_limit_exceeded`.
        """
        for each in asked:
            check_destination(each.destination)
        at_ms = now_ms(self._clock)

        def check(conn: Connection, deciding: Deciding) -> None:
            for each in asked:
                decide_copy(conn, deciding, caller.principal.account_id, each, at_ms)

        payload = FilesToCopy(tuple(FileToCopy.of(each) for each in asked))
        return await self._enqueue(caller, copy_files.JOB_TYPE, payload, check)

    async def delete_files(self, caller: Caller, paths: Sequence[FilePath]) -> Job:
        """Delete files.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, `rate_limit_exceeded`.
        """

        def check(_: Connection, deciding: Deciding) -> None:
            for path in paths:
                deciding.require(Action.DELETE_FILE, path.segments)

        payload = FilesToDelete(tuple(path.text for path in paths))
        return await self._enqueue(caller, delete_files.JOB_TYPE, payload, check)

    async def copy_folders(self, caller: Caller, asked: Sequence[FolderToCopy]) -> Job:
        """Copy folders in their order.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, `tag_not_permitted`,
                `conflicting_parameters`, `invalid_path`, `rate_limit_exceeded`.
        """
        for each in asked:
            _check_copy(each)
        account_id = caller.principal.account_id

        def check(conn: Connection, deciding: Deciding) -> None:
            for each in asked:
                _decide_copy(conn, deciding, account_id, each)

        payload = FoldersToCopy(tuple(asked))
        return await self._enqueue(caller, copy_folders.JOB_TYPE, payload, check)

    async def delete_folders(self, caller: Caller, asked: Sequence[FolderToDelete]) -> Job:
        """Delete folders.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, `invalid_path`,
                `rate_limit_exceeded`.
        """
        account_id = caller.principal.account_id
        paths = [each.segments for each in asked]

        def check(conn: Connection, deciding: Deciding) -> None:
            for each, segments in zip(asked, paths, strict=True):
                may_clear = deciding.allows(Action.DELETE_VIRTUAL_FOLDER, segments)
                reaches = deciding.reaches_below(Action.DELETE_FILE, segments)
                row = tree.find_folder(conn, account_id, segments)
                is_cleared = row is not None and row.is_virtual and each.delete_virtual_folders
                # SECURITY: whoever can do nothing there is not told whether there is a folder.
                if not may_clear and (is_cleared or not reaches):
                    deciding.require(Action.DELETE_VIRTUAL_FOLDER, segments)

        payload = FoldersToDelete(tuple(asked))
        return await self._enqueue(caller, delete_folders.JOB_TYPE, payload, check)

    async def _enqueue(
        self,
        caller: Caller,
        job_type: str,
        payload: msgspec.Struct,
        check: Callable[[Connection, Deciding], None],
    ) -> Job:
        authority = Authority.of(caller)
        new = NewJob(
            caller.principal.account_id,
            job_type,
            msgspec.json.encode(payload),
            freeze(authority),
        )

        def work(conn: Connection) -> Job:
            check(conn, Deciding(self._guard, conn, authority))
            return self._jobs.enqueue_in(conn, new, now_ms(self._clock))

        return await self._database.write(work)


def _check_copy(asked: FolderToCopy) -> None:
    source, destination = asked.from_segments, asked.to_segments
    if asked.copy_virtual_folders and asked.copy_overridden_storage:
        raise BytewardError(
            ErrorCode.CONFLICTING_PARAMETERS,
            "`copyOverriddenStorage` takes the files of folders whose storage layer "
            "`copyVirtualFolders` (true unless it is sent) copies already; send one of them",
        )
    if destination[: len(source)] == source:
        raise overlap(asked.destination)


def _decide_copy(
    conn: Connection, deciding: Deciding, account_id: str, asked: FolderToCopy
) -> None:
    source = asked.from_segments
    deciding.require(Action.LIST_FOLDER_CHILDREN, source)
    deciding.require_tags(asked.changes.named_tags)
    row = tree.find_folder(conn, account_id, source) if asked.copy_virtual_folders else None
    if row is not None and row.is_virtual:
        require_settings_copy(conn, deciding, account_id, (source, row), asked.to_segments)
