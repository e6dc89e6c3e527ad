"""What callers do with single files: ask for details, delete.

SECURITY: the permission comes first. A caller without it gets the same answer whether or not the
file exists.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files.external_files import ExternalFiles
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace, Place
from byteward.files.layer_store import find_place
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
        external: files in stores of accounts.
    """

    def __init__(
        self, *, database: Database, guard: Guard, clock: Clock, external: ExternalFiles
    ) -> None:
        self._database = database
        self._external = external
        self._guard = guard
        self._clock = clock

    async def details(self, caller: Caller, path: FilePath) -> FileDetails:
        """What is stored about a file.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, `file_not_found`;
                `origin_error` and `origin_timeout` when an account's own store does not answer.
        """
        principal = caller.principal
        await self._guard.require(principal, Action.GET_FILE_DETAILS, path.segments)
        account_id, at_ms = principal.account_id, now_ms(self._clock)

        def work(conn: Connection) -> FileDetails | ExternalPlace | None:
            place = find_place(conn, account_id, path.segments)
            if isinstance(place, ExternalPlace):
                return place
            stored = find_file(conn, account_id, FilePath(place.segments), at_ms)
            return None if stored is None else replace(stored.details, path=path)

        found = await self._database.read(work)
        if isinstance(found, ExternalPlace):
            found = await self._external.details(account_id, found)
        if found is None:
            raise BytewardError(
                ErrorCode.FILE_NOT_FOUND,
                f"file not found: `{path}`",
                details={"filePath": path.text},
            )
        return found

    async def delete(self, caller: Caller, path: FilePath) -> None:
        """Delete a file for good; one that is not there is deleted already.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, or 401 when the credential is
                not accepted any more; `read_only_storage`; `origin_error` and `origin_timeout`
                when an account's own store does not answer.
        """
        principal = caller.principal
        await self._guard.require(principal, Action.DELETE_FILE, path.segments)

        def work(conn: Connection) -> Place:
            self._guard.require_in(
                conn, principal, Action.DELETE_FILE, path.segments, bound_key_id=caller.bound_key_id
            )
            place = find_place(conn, principal.account_id, path.segments)
            if not isinstance(place, ExternalPlace):
                kept = FilePath(place.segments)
                delete_file(conn, principal.account_id, kept, now_ms(self._clock))
            return place

        place = await self._database.write(work)
        if isinstance(place, ExternalPlace):
            await self._external.delete(principal.account_id, place)
