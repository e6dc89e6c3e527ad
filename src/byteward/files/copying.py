"""Copying single files: for a request that waits, and for the items of jobs.

Between paths that this server keeps, a copy is a row that points at the same object, made in one
transaction. Where an account's own store is involved the bytes travel: what is decided is decided
before they do, and again where they become a file of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files.copy_rules import AS_AT_SOURCE, Changes, changed_metadata, changed_tags
from byteward.files.external_files import ExternalFiles, read_only
from byteward.files.external_transfer import copy_across, stage_external, stored_content
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace, Place
from byteward.files.layer_store import find_place
from byteward.files.store import StoredFile, find_file, link_file, put_file
from byteward.identity.caller import Caller
from byteward.paths import FilePath
from byteward.permissions.authority import RAW, Authority, Deciding, require_some_write
from byteward.permissions.guard import Guard, require_tags
from byteward.storage.external.port import Content
from byteward.storage.port import ObjectStore, StoredObject


@dataclass(frozen=True, slots=True)
class CopyFile:
    """One copy; both paths may be the same, which changes metadata and tags in place."""

    source: FilePath
    destination: FilePath
    changes: Changes = AS_AT_SOURCE


@dataclass(frozen=True, slots=True)
class Places:
    """Where the two files of a copy are kept."""

    source: Place
    destination: Place


def check_destination(path: FilePath) -> None:
    """Refuse a path that no file can be made at.

    Raises:
        BytewardError: `invalid_path`.
    """
    if not path.has_name:
        raise BytewardError(
            ErrorCode.INVALID_PATH,
            "invalid path: a file cannot be made without a name",
            details={"path": path.text, "reason": "it ends in `/`"},
        )


def copy_in(
    conn: Connection, deciding: Deciding, account_id: str, asked: CopyFile, at_ms: int
) -> bool | Places:
    """Decide a copy and make it.

    Args:
        conn: a write transaction.
        deciding: for whoever copies, on this transaction.
        account_id: whose files.
        asked: what is copied.
        at_ms: now; the copy's own time, from which its tags let it live.

    Returns:
        False when there is no such source; the places when the bytes have to travel, which
        `FileCopies.copy_elsewhere` does.

    Raises:
        BytewardError: `authorization_failed_permission_denied`, `tag_not_permitted`,
            `invalid_metadata`, `too_many_tags`, `quota_exceeded`, `read_only_storage`.
    """
    places = decide_copy(conn, deciding, account_id, asked, at_ms)
    if isinstance(places.source, ExternalPlace) or isinstance(places.destination, ExternalPlace):
        return places
    kept = FilePath(places.destination.segments)
    found = find_file(conn, account_id, FilePath(places.source.segments), at_ms)
    if found is None:
        return False
    link_file(conn, copied(found.details, asked.changes, kept, at_ms), found.object_id)
    return True


def decide_copy(
    conn: Connection, deciding: Deciding, account_id: str, asked: CopyFile, at_ms: int
) -> Places:
    """Decide a copy as far as it can be without asking stores of accounts.

    Returns:
        where the two files are kept.

    Raises:
        BytewardError: `authorization_failed_permission_denied`, `tag_not_permitted`,
            `read_only_storage`.
    """
    require_source(deciding, asked)
    deciding.require_some_write(asked.destination.segments)
    places = Places(*places_in(conn, account_id, asked))
    if not isinstance(places.destination, ExternalPlace):
        kept = FilePath(places.destination.segments)
        exists = find_file(conn, account_id, kept, at_ms) is not None
        deciding.require_write(asked.destination.segments, exists=exists)
    return places


def require_source(deciding: Deciding, asked: CopyFile) -> None:
    """Decide what a copy reads, and the tags that it names.

    Raises:
        BytewardError: `authorization_failed_permission_denied`, `tag_not_permitted`.
    """
    source = asked.source.segments
    deciding.require(Action.DOWNLOAD_FILE, source, slug=RAW)
    deciding.require(Action.GET_FILE_DETAILS, source)
    deciding.require_tags(asked.changes.named_tags)


def places_in(conn: Connection, account_id: str, asked: CopyFile) -> tuple[Place, Place]:
    """Where the two files are kept.

    Raises:
        BytewardError: `read_only_storage`; nothing can be written at the destination.
    """
    destination = find_place(conn, account_id, asked.destination.segments)
    if isinstance(destination, ExternalPlace) and destination.is_read_only:
        raise read_only(destination)
    return find_place(conn, account_id, asked.source.segments), destination


def copied(source: FileDetails, changes: Changes, path: FilePath, at_ms: int) -> FileDetails:
    """What the copy says about itself.

    Raises:
        BytewardError: `invalid_metadata`, `too_many_tags`.
    """
    return replace(
        source,
        path=path,
        metadata=changed_metadata(source.metadata, changes.metadata),
        tags=changed_tags(source.tags, changes.tags),
        modified_at=at_ms,
    )


class FileCopies:
    """Copies single files, wherever they are kept.

    Args:
        database: metadata.
        guard: decides.
        clock: Unix seconds.
        store: bytes.
        external: files in stores of accounts.
    """

    def __init__(
        self,
        *,
        database: Database,
        guard: Guard,
        clock: Clock,
        store: ObjectStore,
        external: ExternalFiles,
    ) -> None:
        self._database = database
        self._guard = guard
        self._clock = clock
        self._store = store
        self._external = external

    async def check(self, caller: Caller, asked: CopyFile) -> None:
        """Refuse early, by permissions alone, what is going to be refused.

        Raises:
            BytewardError: `invalid_path`, `authorization_failed_permission_denied`,
                `tag_not_permitted`.
        """
        check_destination(asked.destination)
        principal, source = caller.principal, asked.source.segments
        await self._guard.require(principal, Action.DOWNLOAD_FILE, source, slug=RAW)
        await self._guard.require(principal, Action.GET_FILE_DETAILS, source)
        await require_some_write(self._guard, principal, asked.destination.segments)
        require_tags(principal, asked.changes.named_tags)

    async def copy(self, caller: Caller, asked: CopyFile) -> None:
        """Copy a file; readers of the destination see what was there, or the copy.

        Raises:
            BytewardError: what `check` and `copy_in` raise, `file_not_found`, and 401 when the
                credential is not accepted any more; `origin_error` and `origin_timeout` when an
                account's own store does not answer.
        """
        await self.check(caller, asked)
        authority, account_id = Authority.of(caller), caller.principal.account_id

        def work(conn: Connection) -> bool | Places:
            deciding = Deciding(self._guard, conn, authority)
            return copy_in(conn, deciding, account_id, asked, now_ms(self._clock))

        done = await self._database.write(work)
        if isinstance(done, Places):
            done = await self.copy_elsewhere(authority, asked, done)
        if not done:
            raise BytewardError(
                ErrorCode.FILE_NOT_FOUND,
                f"file not found: `{asked.source}`",
                details={"filePath": asked.source.text},
            )

    async def copy_elsewhere(self, authority: Authority, asked: CopyFile, places: Places) -> bool:
        """Make a copy that `copy_in` could not make.

        Returns:
            False when there is no such source.

        Raises:
            BytewardError: as `copy`.
        """
        destination = places.destination
        if isinstance(destination, ExternalPlace):
            return await self._send(authority, asked, places.source, destination)
        if not isinstance(places.source, ExternalPlace):
            raise changed()
        return await self._fetch(authority, asked, places.source)

    async def _fetch(self, authority: Authority, asked: CopyFile, source: ExternalPlace) -> bool:
        """From an account's store into ours."""
        account_id = authority.principal.account_id
        staged = await stage_external(self._external, self._store, account_id, source)
        if staged is None:
            return False
        stored = staged.stored
        found = self._external.described(account_id, source, staged.found)
        found = replace(found, etag=stored.md5.hex(), size_bytes=stored.size_bytes)
        try:
            await self._database.write(
                lambda conn: self._publish(conn, authority, asked, found, stored)
            )
        except BytewardError as error:
            # After a failed commit nobody knows whether a row names the object; the sweep of
            # unreferenced objects takes care of it.
            if error.code is not ErrorCode.STORAGE_ERROR:
                await self._store.delete(stored.object_id)
            raise
        return True

    def _publish(
        self,
        conn: Connection,
        authority: Authority,
        asked: CopyFile,
        found: FileDetails,
        stored: StoredObject,
    ) -> None:
        account_id, at_ms = authority.principal.account_id, now_ms(self._clock)
        deciding = Deciding(self._guard, conn, authority)
        require_source(deciding, asked)
        place = find_place(conn, account_id, asked.destination.segments)
        if isinstance(place, ExternalPlace):
            raise changed()
        kept = FilePath(place.segments)
        exists = find_file(conn, account_id, kept, at_ms) is not None
        deciding.require_write(asked.destination.segments, exists=exists)
        put_file(conn, copied(found, asked.changes, kept, at_ms), stored)

    async def _send(
        self, authority: Authority, asked: CopyFile, source: Place, destination: ExternalPlace
    ) -> bool:
        """From anywhere into an account's store."""
        account_id, at_ms = authority.principal.account_id, now_ms(self._clock)
        exists = await self._external.find(account_id, destination) is not None

        def work(conn: Connection) -> StoredFile | None:
            deciding = Deciding(self._guard, conn, authority)
            require_source(deciding, asked)
            deciding.require_write(asked.destination.segments, exists=exists)
            if isinstance(source, ExternalPlace):
                return None
            return find_file(conn, account_id, FilePath(source.segments), at_ms)

        kept = await self._database.read(work)
        content: Content | ExternalPlace
        if isinstance(source, ExternalPlace):
            details, content = await self._external.details(account_id, source), source
        elif kept is not None:
            details, size = kept.details, kept.details.size_bytes
            content = stored_content(
                self._store, kept.object_id, size, kept.block_digests, details.mime
            )
        else:
            return False
        if details is None:
            return False
        new = copied(details, asked.changes, asked.destination, at_ms)
        done = await copy_across(self._external, self._store, content, destination, new)
        return done is not None


def changed() -> BytewardError:
    """The error for storage that became another while work was done on it."""
    return BytewardError(
        ErrorCode.STORAGE_ERROR, "the folder's storage layer was changed, try again"
    )
