"""What callers do with single files: ask for details, delete.

SECURITY: the permission comes first. A caller without it gets the same answer whether or not the
file exists.
"""

from __future__ import annotations

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files.file_details import FileDetails
from byteward.files.store import delete_file, find_file
from byteward.identity.caller import Caller
from byteward.paths import FilePath
from byteward.permissions.guard import Guard


class Files:
    """The use cases of single files.

    Args:
        database: metadata.
        guard: decides.
        clock: Unix seconds.
    """

    def __init__(self, *, database: Database, guard: Guard, clock: Clock) -> None:
        self._database = database
        self._guard = guard
        self._clock = clock

    async def details(self, caller: Caller, path: FilePath) -> FileDetails:
        """What is stored about a file.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, `file_not_found`.
        """
        principal = caller.principal
        await self._guard.require(principal, Action.GET_FILE_DETAILS, path.segments)
        found = await self._database.read(lambda conn: find_file(conn, principal.account_id, path))
        if found is None:
            raise BytewardError(
                ErrorCode.FILE_NOT_FOUND,
                f"file not found: `{path}`",
                details={"filePath": path.text},
            )
        return found.details

    async def delete(self, caller: Caller, path: FilePath) -> None:
        """Delete a file for good; one that is not there is deleted already.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, or 401 when the credential is
                not accepted any more.
        """
        principal = caller.principal
        await self._guard.require(principal, Action.DELETE_FILE, path.segments)

        def work(conn: Connection) -> None:
            self._guard.require_in(
                conn, principal, Action.DELETE_FILE, path.segments, bound_key_id=caller.bound_key_id
            )
            delete_file(conn, principal.account_id, path, now_ms(self._clock))

        await self._database.write(work)
