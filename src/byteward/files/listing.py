"""Listing a folder: a page of its entries, as far as the caller may see them.

A page is a stretch of the walk of `walk.py`: the limit counts entries scanned, and what the flags
leave out is taken away afterwards, so a page may be short or empty although there is more. The
cursor is the path of the last entry scanned (a folder's with a slash at its end), so nothing is
kept between two pages and every path is a position. Entries that appear behind the cursor are
missed, ahead of it they are seen.

SECURITY: a cursor carries no authority. The folder is decided on again for every page, and a walk
of the whole tree enters only folders whose children the caller may list, wherever a page begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import tree
from byteward.files.external_files import ExternalFiles
from byteward.files.external_listing import ExternalListing, Walk, spans_regions
from byteward.files.folder_settings import (
    READ_ACTION,
    FolderSettings,
    SettingsField,
    redacted_settings,
)
from byteward.files.layer_resolution import LayerAt, levels_of
from byteward.files.tree import FolderRow
from byteward.files.walk import Entry, FileEntry, FolderEntry, entries_after
from byteward.identity.caller import Caller
from byteward.paths import FilePath, FolderPath
from byteward.permissions.guard import Guard
from byteward.permissions.layer_facts import read_layers
from byteward.strict_base64 import decode_base64

MAX_LIMIT: Final = 1000
MAX_CURSOR: Final = 4096
"""Characters; the longest path as Base64 has 2,052."""


_NO_SETTINGS: Final = FolderSettings()
_Known = dict[tuple[str | None, ...], FolderSettings]
"""Settings by how they are stored: reading them is slow, and many folders have the same."""


@dataclass(frozen=True, slots=True)
class ListFolder:
    """One request for a page.

    Attributes:
        folder: whose entries are wanted.
        cursor: of the page before; None for the first page.
        limit: entries to scan, 1 to 1,000.
        recursive: entries at all depths, but no physical folders.
        include_files: whether files are wanted.
        include_physical_folders: whether folders that nobody made are wanted.
        include_virtual_folders: whether folders that were made are wanted.
        include_overridden_storage: whether files are wanted that are kept elsewhere than those of
            `folder`, because it or a folder between it and the file sets a storage layer.
        is_dry_run: list what copying or deleting the folder with these flags would touch, which
            includes the folder itself but no folders below it unless `recursive`.
    """

    folder: FolderPath
    cursor: str | None = None
    limit: int = MAX_LIMIT
    recursive: bool = False
    include_files: bool = True
    include_physical_folders: bool = True
    include_virtual_folders: bool = True
    include_overridden_storage: bool = True
    is_dry_run: bool = False


# Summaries are made by the thousand; none is part of a cycle, so the collector need not see them.
class FileSummary(msgspec.Struct, frozen=True, gc=False):
    """A file in a listing."""

    segments: Segments
    size_bytes: int
    modified_at: int

    @property
    def path(self) -> FilePath:
        """Its path."""
        return FilePath(self.segments)


class FolderSummary(msgspec.Struct, frozen=True, gc=False):
    """A folder in a listing, with its own settings as far as the caller may read them."""

    segments: Segments
    is_virtual: bool
    settings: FolderSettings


@dataclass(frozen=True, slots=True)
class Listing:
    """One page.

    Attributes:
        account_id: whose.
        folder: the folder that was listed; one that does not exist has no settings.
        items: in the order of the walk.
        cursor: where the next page begins; the same as before when nothing was scanned.
        is_complete: whether nothing is left to scan.
    """

    account_id: str
    folder: FolderSummary
    items: tuple[FileSummary | FolderSummary, ...]
    cursor: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Position:
    """A cursor, taken apart.

    Attributes:
        inner: folders between the listed folder and the last entry scanned.
        key: the last entry scanned, for `walk.py`; "" for the beginning.
        is_start: nothing was scanned, not even the folder itself.
        text: in the canonical form.
    """

    inner: Segments
    key: str
    is_start: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Scan:
    """What was read from the database for a page."""

    folder: Segments
    row: FolderRow | None
    entries: list[Entry]
    overriding: Segments | None  # the folder above the first entry that sets a storage layer
    cursor: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Regional:
    """A folder whose files are kept in several places, or elsewhere.

    Attributes:
        folder: as it is read.
        at: where the page begins.
        rows: of the folder and those on the way to the position, as far as they exist.
        levels: storage layers of the account.
    """

    folder: Segments
    at: _Position
    rows: list[FolderRow]
    levels: tuple[LayerAt, ...]


class Listings:
    """The use case of listing a folder.

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
        self._regions = ExternalListing(database, external)
        self._guard = guard
        self._clock = clock

    async def page(self, caller: Caller, asked: ListFolder) -> Listing:
        """List one page of a folder; one that does not exist is empty.

        A trailing slash is dropped unless a virtual folder is recorded at exactly that path.

        Raises:
            BytewardError: `authorization_failed_permission_denied`; `invalid_request` for a cursor
                that is no position in the folder; `origin_error` and `origin_timeout` when an
                account's own store does not answer.
        """
        # SECURITY: every reading of the path is decided on before anything is looked up.
        readings = [
            reading
            for reading in _readings(asked.folder)
            if (await self._may_list(caller, reading.segments))
        ]
        if not readings:
            await self._guard.require(
                caller.principal, Action.LIST_FOLDER_CHILDREN, _readings(asked.folder)[-1].segments
            )
        scan = await self._database.read(lambda conn: self._scan(conn, caller, asked, readings))
        if isinstance(scan, _Regional):
            scan = await self._scan_regions(caller, asked, scan)
        return Listing(
            account_id=caller.principal.account_id,
            folder=self._folder(caller, scan.folder, scan.row, {}),
            items=tuple(self._items(caller, asked, scan)),
            cursor=scan.cursor,
            is_complete=scan.is_complete,
        )

    async def _may_list(self, caller: Caller, folder: Segments) -> bool:
        action = Action.LIST_FOLDER_CHILDREN
        return (await self._guard.allows(caller.principal, action, folder)).is_allowed

    def _scan(
        self, conn: Connection, caller: Caller, asked: ListFolder, readings: list[FolderPath]
    ) -> _Scan | _Regional:
        account_id = caller.principal.account_id
        folder = readings[-1].segments
        for reading in readings[:-1]:
            row = tree.find_folder(conn, account_id, reading.segments)
            if row is not None and row.is_virtual:
                folder = reading.segments
        at = _position(folder, asked.cursor)
        rows = tree.folder_rows(conn, account_id, folder + at.inner)[len(folder) :]
        levels = levels_of(read_layers(conn, account_id))
        if spans_regions(levels, folder, recursive=asked.recursive):
            return _Regional(folder, at, rows, levels)
        if not rows:
            return _Scan(folder, None, [], None, at.text, is_complete=True)
        own = _own_entry(asked, at, rows)
        # One more than the page holds tells whether there is more.
        wanted = asked.limit + 1 - len(own)
        found = self._walk(conn, caller, asked, rows[0].folder_id, folder, at.key, wanted)
        return self._scanned(asked, folder, at, rows, [*own, *found])

    async def _scan_regions(self, caller: Caller, asked: ListFolder, opened: _Regional) -> _Scan:
        """The same where files are kept in several places."""
        folder, at = opened.folder, opened.at
        own = _own_entry(asked, at, opened.rows)
        listable = self._guard.reachable(caller.principal, Action.LIST_FOLDER_CHILDREN)
        walk = Walk(
            account_id=caller.principal.account_id,
            folder=folder,
            key=at.key,
            limit=asked.limit + 1 - len(own),
            recursive=asked.recursive,
            may_enter=lambda segments: listable.allows(folder + segments),
            levels=opened.levels,
        )
        found = await self._regions.entries(walk)
        return self._scanned(asked, folder, at, opened.rows, [*own, *found])

    def _scanned(
        self,
        asked: ListFolder,
        folder: Segments,
        at: _Position,
        rows: list[FolderRow],
        entries: list[Entry],
    ) -> _Scan:
        page = entries[: asked.limit]
        overriding = next((i for i, row in enumerate(rows) if row.sets_storage_layer), None)
        return _Scan(
            folder=folder,
            row=rows[0] if rows else None,
            entries=page,
            overriding=None if overriding is None else at.inner[:overriding],
            cursor=_cursor(folder, page[-1]) if page else at.text,
            is_complete=len(entries) <= asked.limit,
        )

    def _walk(
        self,
        conn: Connection,
        caller: Caller,
        asked: ListFolder,
        folder_id: int,
        folder: Segments,
        key: str,
        wanted: int,
    ) -> list[Entry]:
        if not asked.recursive:
            return entries_after(conn, folder_id, key, wanted, False)
        listable = self._guard.reachable(caller.principal, Action.LIST_FOLDER_CHILDREN)
        return entries_after(
            conn,
            folder_id,
            key,
            wanted,
            True,
            descends=lambda segments: listable.allows(folder + segments),
        )

    def _items(
        self, caller: Caller, asked: ListFolder, scan: _Scan
    ) -> Iterator[FileSummary | FolderSummary]:
        now = now_ms(self._clock)
        known: _Known = {}
        for entry in _included(asked, scan.entries, scan.overriding):
            segments = scan.folder + entry.segments
            if isinstance(entry, FileEntry):
                if entry.expires_at is not None and entry.expires_at <= now:
                    continue
                yield FileSummary(segments, entry.size_bytes, entry.modified_at)
            else:
                yield self._folder(caller, segments, entry.folder, known)

    def _folder(
        self, caller: Caller, segments: Segments, row: FolderRow | None, known: _Known
    ) -> FolderSummary:
        def may_read(field: SettingsField) -> bool:
            allowed = self._guard.reachable(caller.principal, READ_ACTION[field])
            return allowed.allows(segments)

        if row is None or not row.has_settings:
            return FolderSummary(segments, row is not None and row.is_virtual, _NO_SETTINGS)
        settings = known.get(row.stored_settings)
        if settings is None:
            settings = known[row.stored_settings] = row.settings
        return FolderSummary(segments, row.is_virtual, redacted_settings(settings, may_read))


def _own_entry(asked: ListFolder, at: _Position, rows: list[FolderRow]) -> list[Entry]:
    """The listed folder itself, where it is part of what a dry run tells."""
    if not asked.is_dry_run or not at.is_start or not rows:
        return []
    own = rows[0]
    return [FolderEntry((), own.folder_id, own.is_virtual, own.stored_settings)]


def _readings(folder: FolderPath) -> list[FolderPath]:
    """What the path may mean: with a trailing slash, then without."""
    if folder.segments and not folder.segments[-1]:
        return [folder, FolderPath(folder.segments[:-1])]
    return [folder]


def _included(
    asked: ListFolder, entries: Iterable[Entry], overriding: Segments | None
) -> Iterator[Entry]:
    with_physical = asked.include_physical_folders and not asked.recursive and not asked.is_dry_run
    for entry in entries:
        # A folder comes right before what is in it, so the last one that matters is enough.
        if overriding is not None and entry.segments[: len(overriding)] != overriding:
            overriding = None
        if isinstance(entry, FileEntry):
            if asked.include_files and (overriding is None or asked.include_overridden_storage):
                yield entry
            continue
        if overriding is None and entry.folder.sets_storage_layer:
            overriding = entry.segments
        is_touched = not asked.is_dry_run or asked.recursive or not entry.segments
        is_wanted = (
            asked.include_virtual_folders and is_touched if entry.is_virtual else with_physical
        )
        if is_wanted:
            yield entry


def _cursor(folder: Segments, entry: Entry) -> str:
    base = FolderPath(folder).text
    if not entry.segments:
        return base + "/"
    return (base if folder else "") + "/" + entry.key


def _position(folder: Segments, cursor: str | None) -> _Position:
    """Take a cursor apart.

    Raises:
        BytewardError: `invalid_request` when it is no path in the folder.
    """
    text = FolderPath(folder).text if cursor is None else _path_text(cursor)
    # The path of an entry that is a folder ends in a slash; so does that of the root, alone.
    is_folder = len(text) > 1 and text.endswith("/")
    try:
        segments = FolderPath.parse(text[:-1] if is_folder else text).segments
    except BytewardError as error:
        raise _no_position() from error
    if is_folder:
        segments = (*segments, "")
    if segments[: len(folder)] != folder:
        raise _no_position()
    rest = segments[len(folder) :]
    return _Position(rest[:-1], "/".join(rest), not rest, text)


def _path_text(cursor: str) -> str:
    # COMPAT: older clients were told that a cursor is Base64.
    if cursor.startswith("/"):
        return cursor
    decoded = decode_base64(cursor) or b""
    try:
        return decoded.decode()
    except UnicodeDecodeError:
        raise _no_position() from None


def _no_position() -> BytewardError:
    message = "is no cursor of this folder"
    return BytewardError(
        ErrorCode.INVALID_REQUEST,
        f"invalid request: query.cursor: {message}",
        details={"query.cursor": {"message": message}},
    )
