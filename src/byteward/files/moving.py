"""Moving a file or a folder: a row gets another place, and nothing is copied.

Readers see the old place or the new one, never both and never neither. Moving needs what copying
and then deleting would need (ADR 0008).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.accounts.service import bump_epoch
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import tree
from byteward.files.copying import CopyFile, check_destination, decide_copy
from byteward.files.folder_settings import READ_ACTION, WRITE_ACTION
from byteward.files.layer_resolution import (
    ExternalPlace,
    InternalPlace,
    LayerAt,
    levels_of,
    mount_of,
    place_of,
)
from byteward.files.storage_layers import AzureLayer, BucketLayer
from byteward.files.store import find_file, move_file
from byteward.identity.caller import Caller
from byteward.paths import MAX_CODE_POINTS, MAX_UTF8_BYTES, FilePath, FolderPath
from byteward.permissions.authority import RAW, Authority, Deciding
from byteward.permissions.guard import Guard
from byteward.permissions.layer_facts import read_layers

_PROBE: Final = "?"  # some file's name

# The same text runs on SQLite and Postgres.
_LONGER_THAN: Final = text(
    """
    WITH RECURSIVE below(folder_id, points, bytes) AS (
      SELECT folder_id, 0, 0 FROM folders WHERE folder_id = :folder
      UNION ALL
      SELECT f.folder_id, b.points + 1 + length(f.name), b.bytes + 1 + octet_length(f.name)
      FROM folders f JOIN below b ON f.parent_id = b.folder_id
    )
    SELECT EXISTS (SELECT 1 FROM below WHERE points > :points OR bytes > :bytes)
      OR EXISTS (
        SELECT 1 FROM below b JOIN files f ON f.folder_id = b.folder_id
        WHERE b.points + 1 + length(f.name) > :points
          OR b.bytes + 1 + octet_length(f.name) > :bytes
      )
    """
)


class Moves:
    """The use cases of moving.

    Args:
        database: metadata.
        guard: decides.
        clock: Unix seconds.
    """

    def __init__(self, *, database: Database, guard: Guard, clock: Clock) -> None:
        self._database = database
        self._guard = guard
        self._clock = clock

    async def move_file(self, caller: Caller, source: FilePath, destination: FilePath) -> None:
        """Give a file another path, in place of a file that is there.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, or 401 when the credential is
                not accepted any more; `file_not_found`, `invalid_path`.
        """
        check_destination(destination)
        authority, asked = Authority.of(caller), CopyFile(source, destination)
        account_id, at_ms = caller.principal.account_id, now_ms(self._clock)

        def work(conn: Connection) -> None:
            deciding = Deciding(self._guard, conn, authority)
            deciding.require(Action.DELETE_FILE, source.segments)
            places = decide_copy(conn, deciding, account_id, asked, at_ms)
            here, there = places.source, places.destination
            if isinstance(here, ExternalPlace) or isinstance(there, ExternalPlace):
                raise _kept_elsewhere(source.text)
            found = find_file(conn, account_id, FilePath(here.segments), at_ms)
            if found is None:
                raise _nothing_at(source.text, "filePath")
            if here != there:
                move_file(conn, found, FilePath(there.segments), at_ms)

        await self._database.write(work)

    async def move_folder(
        self, caller: Caller, source: FolderPath, destination: FolderPath
    ) -> None:
        """Give a folder another path with everything in it, settings included.

        Takes as long for a million files as for one, unless the new path is longer: then it is
        looked whether every path in it stays within the limits.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, or 401 when the credential is
                not accepted any more; `path_taken` when something is at the destination;
                `file_not_found`; `invalid_path`.
        """
        _check_folders(source.segments, destination.segments)
        authority, account_id = Authority.of(caller), caller.principal.account_id

        def work(conn: Connection) -> None:
            deciding = Deciding(self._guard, conn, authority)
            _decide_folder(deciding, source.segments, destination.segments)
            row = tree.find_folder(conn, account_id, source.segments)
            if row is None:
                raise _nothing_at(source.text, "folderPath")
            if row.is_virtual:
                _decide_settings(deciding, source.segments, destination.segments)
            levels = levels_of(read_layers(conn, account_id))
            _check_layers(levels, source.segments, destination.segments)
            if tree.find_folder(conn, account_id, destination.segments) is not None:
                raise BytewardError(
                    ErrorCode.PATH_TAKEN,
                    f"there is a folder at `{destination}` already",
                    details={"folderPath": destination.text},
                )
            _check_lengths(conn, row.folder_id, source.text, destination.text)
            tree.move_folder(conn, account_id, row, destination.segments)
            # Folders have other settings above them now: every worker has to look again.
            bump_epoch(conn, account_id)

        await self._database.write(work)


def _check_folders(source: Segments, destination: Segments) -> None:
    if not source or not destination:
        raise _cannot_move("the root folder stays where it is")
    if destination[: len(source)] == source:
        raise _cannot_move("a folder cannot be moved into itself", reason="overlap")
    if not destination[-1]:
        raise _cannot_move("the destination ends in `/`, so the folder has no name")


def _decide_folder(deciding: Deciding, source: Segments, destination: Segments) -> None:
    """Decide on every path that may be below, so that nothing has to be looked at.

    What everybody may download does not count here: another path may make it private.
    """
    deciding.require(Action.LIST_FOLDER_CHILDREN, source)
    for action in (Action.LIST_FOLDER_CHILDREN, Action.GET_FILE_DETAILS, Action.DELETE_FILE):
        deciding.require_below(action, source)
    deciding.require_below(Action.DOWNLOAD_FILE, source, slug=RAW)
    deciding.require_below(Action.CREATE_FILE, destination)


def _decide_settings(deciding: Deciding, source: Segments, destination: Segments) -> None:
    """Decide on whatever settings may be set in the folder: they move with it."""
    taken = (*READ_ACTION.values(), Action.DELETE_VIRTUAL_FOLDER)
    given = (*WRITE_ACTION.values(), Action.CREATE_VIRTUAL_FOLDER)
    for actions, folder in ((taken, source), (given, destination)):
        for action in actions:
            deciding.require(action, folder)
            deciding.require_below(action, folder)


def _check_layers(levels: tuple[LayerAt, ...], source: Segments, destination: Segments) -> None:
    for folder in (source, destination):
        # The folder's own layer moves with it; what counts is where it is looked for.
        path = (*folder, _PROBE)
        outside = [each for each in levels if each.folder[: len(source)] != source]
        if place_of(outside, path) != InternalPlace(path):
            raise _kept_elsewhere(FolderPath(folder).text)
    for each in levels:
        is_inside = each.folder[: len(source)] == source
        is_bound = (
            isinstance(each.layer, BucketLayer | AzureLayer) and each.layer.use_absolute_paths
        )
        if is_inside and is_bound:
            raise _cannot_move(
                f"the storage layer of `{FolderPath(each.folder).text}` uses absolute paths"
            )
        mounted = mount_of(each.layer)
        if mounted is not None and mounted[: len(source)] == source:
            raise _cannot_move(
                f"the storage layer of `{FolderPath(each.folder).text}` mounts what is in it"
            )


def _check_lengths(conn: Connection, folder_id: int, source: str, destination: str) -> None:
    points, size = len(destination), len(destination.encode())
    if points <= len(source) and size <= len(source.encode()):
        return
    room = {"points": MAX_CODE_POINTS - points, "bytes": MAX_UTF8_BYTES - size}
    if conn.execute(_LONGER_THAN, {"folder": folder_id, **room}).scalar():
        raise _cannot_move("paths in the folder would become too long")


def _cannot_move(message: str, *, reason: str = "the folder cannot be moved") -> BytewardError:
    return BytewardError(
        ErrorCode.INVALID_PATH, f"invalid path: {message}", details={"reason": reason}
    )


def _kept_elsewhere(path: str) -> BytewardError:
    return BytewardError(
        ErrorCode.INVALID_PATH,
        f"invalid path: what is at `{path}` is kept elsewhere by a storage layer; "
        "copy it and delete it instead",
        details={"path": path, "reason": "storage layer"},
    )


def _nothing_at(path: str, field: str) -> BytewardError:
    return BytewardError(
        ErrorCode.FILE_NOT_FOUND, f"nothing to move at `{path}`", details={field: path}
    )
