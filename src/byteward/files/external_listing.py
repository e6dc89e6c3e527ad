"""The walk of a folder whose files lie in several places, in the order of `walk.py`.

A folder that sets a storage layer, with all below it, is a region: a stretch of the order of its
own, right behind the folder's entry. A page goes from region to region. Inside one, files come from
our rows, from a mounted folder's rows or from a bucket, folders that were made from our rows, and
physical folders from wherever the files come. What a layer shadows is in no region.

Azure containers and web servers cannot be listed; they contribute no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from byteward.access.model import Segments
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import tree
from byteward.files.external_files import ExternalFiles
from byteward.files.layer_resolution import (
    ExternalPlace,
    InternalPlace,
    LayerAt,
    object_key,
    path_of_key,
    place_of,
)
from byteward.files.storage_layers import BucketLayer, InternalLayer
from byteward.files.virtual_folders import virtual_folders
from byteward.files.walk import Entry, FileEntry, FolderEntry, entries_after
from byteward.paths import FilePath
from byteward.storage.external.port import ListedObject, ListedPrefix, ListPage, WritableStore

MAX_REQUESTS: Final = 100
"""Requests to stores for one page."""

_END: Final = "\U0010ffff"  # behind every name that a path can have
_PAGE: Final = 1000
_PROBE: Final = "?"  # some file's name

MayEnter = Callable[[Segments], bool]
"""Whether a walk may enter a folder, by its path relative to where it began."""


def spans_regions(levels: Iterable[LayerAt], folder: Segments, *, recursive: bool) -> bool:
    """Whether a walk of `folder` meets files that are not kept under their own paths here.

    If not, `walk.entries_after` tells the same for less.
    """
    own = place_of(levels, (*folder, _PROBE))
    if own != InternalPlace((*folder, _PROBE)):
        return True
    below = (each for each in levels if each.folder[: len(folder)] == folder)
    return recursive and any(each.layer != InternalLayer() for each in below)


@dataclass(frozen=True, slots=True)
class Walk:
    """What is asked for.

    Attributes:
        account_id: whose.
        folder: where the walk begins.
        key: of the entry before the first one wanted, or "".
        limit: how many entries; at least 1.
        recursive: entries of folders further down, too.
        may_enter: nothing is told of folders for which it is False.
        levels: all layers of the account.
    """

    account_id: str
    folder: Segments
    key: str
    limit: int
    recursive: bool
    may_enter: MayEnter
    levels: tuple[LayerAt, ...]

    @property
    def overrides(self) -> frozenset[Segments]:
        """Folders below the beginning that set a layer, relative to it."""
        depth = len(self.folder)
        return frozenset(
            each.folder[depth:]
            for each in self.levels
            if len(each.folder) > depth and each.folder[:depth] == self.folder
        )


class ExternalListing:
    """Walks folders whose files are kept in several places.

    Args:
        database: metadata.
        external: stores of accounts.
    """

    def __init__(self, database: Database, external: ExternalFiles) -> None:
        self._database = database
        self._external = external

    async def entries(self, walk: Walk) -> list[Entry]:
        """The first entries behind a position, in the order of paths; fewer when there are no more.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`, `storage_error`; `overloaded` when the
                folder hides so much from the caller that a page takes too many requests.
        """
        found: list[Entry] = []
        position = walk.key
        regions = _Regions(walk)
        budget = _Budget()
        while len(found) < walk.limit:
            region = regions.containing(position)
            wanted = walk.limit - len(found)
            batch = await self._batch(walk, regions, region, position, wanted, budget)
            found += batch
            last = batch[-1] if batch else None
            if isinstance(last, FolderEntry) and regions.begins_at(last):
                # Its own entries come next, or nothing of it when it must not be entered.
                is_open = walk.recursive and walk.may_enter(last.segments)
                position = last.key if is_open else last.key + _END
            elif len(batch) < wanted:
                if not region:
                    break
                position = "/".join((*region, _END))
        return found

    async def _batch(
        self,
        walk: Walk,
        regions: _Regions,
        region: Segments,
        position: str,
        wanted: int,
        budget: _Budget,
    ) -> list[Entry]:
        """Entries of one region, up to and with the first folder that begins another one."""
        place = place_of(walk.levels, (*walk.folder, *region, _PROBE))
        if isinstance(place, InternalPlace):
            entries = await self._database.read(
                lambda conn: _internal(conn, walk, regions, region, place, position, wanted)
            )
            return _cut(entries, regions, wanted)
        folders = await self._database.read(lambda conn: _folders(conn, walk, regions, region))
        behind = [each for each in folders if each.key > position]
        store = await self._external.open_bucket(place)
        if store is None or not isinstance(place.layer, BucketLayer):
            return _cut(behind, regions, wanted)
        first = next((each for each in behind if regions.begins_at(each)), None)
        bucket = _BucketWalk(walk, region, place, place.layer, store, budget)
        objects = await bucket.entries(position, wanted, None if first is None else first.key)
        return _cut(_merged(behind, objects, wanted), regions, wanted)


class _Budget:
    """Requests that a page may still make."""

    def __init__(self) -> None:
        self._left = MAX_REQUESTS

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise BytewardError(
                ErrorCode.OVERLOADED,
                "listing the folder takes too many requests to its store; list a folder below it",
            )


class _Regions:
    """Which region a position lies in."""

    def __init__(self, walk: Walk) -> None:
        self._overrides = walk.overrides
        # SECURITY: a cursor is a position and nothing else. One that points into a folder which
        # the walk would not have entered does not enter it either.
        enterable = [
            folder
            for folder in self._overrides
            if walk.recursive
            and all(walk.may_enter(folder[:length]) for length in range(1, len(folder) + 1))
        ]
        self._deepest_first = sorted(enterable, key=len, reverse=True)

    def begins_at(self, entry: Entry) -> bool:
        """Whether the entry is a folder that sets a layer."""
        return isinstance(entry, FolderEntry) and entry.segments in self._overrides

    def __contains__(self, folder: Segments) -> bool:
        return folder in self._overrides

    def containing(self, position: str) -> Segments:
        """The deepest region that what comes behind the position may belong to; () is the first."""
        for folder in self._deepest_first:
            start = "/".join((*folder, ""))
            if position.startswith(start) and position != start + _END:
                return folder
        return ()


class _BucketWalk:
    """Objects of one region as entries."""

    def __init__(
        self,
        walk: Walk,
        region: Segments,
        place: ExternalPlace,
        layer: BucketLayer,
        store: WritableStore,
        budget: _Budget,
    ) -> None:
        self._walk = walk
        self._place = place
        self._layer = layer
        self._store = store
        self._budget = budget
        self._prefix = self._key_of((*region, ""))

    async def entries(self, position: str, wanted: int, before: str | None) -> list[Entry]:
        """Up to `wanted` entries behind a position and before another one."""
        found: list[Entry] = []
        after: str | None = self._after(position)
        while after is not None and len(found) < wanted:
            page = await self._page(after, min(_PAGE, wanted - len(found)))
            after = self._take(page, before, found)
        return found

    def _after(self, position: str) -> str:
        """The object's name to go on behind; "" for the beginning."""
        after = self._key_of(tuple(position.split("/"))) if position else ""
        if len(after) <= len(self._prefix):
            return ""
        if after.endswith("/") and not self._walk.recursive:
            return after + _END  # the folder was told, and nothing else of it will be
        return after

    def _take(self, page: ListPage, before: str | None, found: list[Entry]) -> str | None:
        """Add a page to what was found; the name to go on behind, None at the end."""
        for listed in page.entries:
            entry = self._entry(listed)
            if entry is None:
                continue
            if before is not None and entry.key > before:
                return None
            hidden = self._hidden(entry.segments[:-1])
            if hidden is not None:
                return self._key_of((*hidden, _END))
            found.append(entry)
        if page.is_complete:
            return None
        last = page.entries[-1]
        return last.key + _END if isinstance(last, ListedPrefix) else last.key

    async def _page(self, after: str, limit: int) -> ListPage:
        self._budget.take()
        delimiter = "" if self._walk.recursive else "/"
        return await self._store.list_after(self._prefix, after, limit, delimiter=delimiter)

    def _key_of(self, relative: Segments) -> str:
        return object_key(self._layer, self._place.folder, (*self._walk.folder, *relative))

    def _hidden(self, folder: Segments) -> Segments | None:
        """The outermost folder on the way that must not be entered."""
        ways = (folder[:length] for length in range(1, len(folder) + 1))
        return next((way for way in ways if not self._walk.may_enter(way)), None)

    def _entry(self, listed: ListedObject | ListedPrefix) -> Entry | None:
        """The entry for an object; None for objects whose names are no paths of files."""
        is_folder = isinstance(listed, ListedPrefix)
        key = listed.key.removesuffix("/") if is_folder else listed.key
        segments = path_of_key(self._layer, self._place.folder, key)
        depth = len(self._walk.folder)
        if segments is None or segments[:depth] != self._walk.folder or len(segments) == depth:
            return None
        if not _is_path(segments) or not (is_folder or segments[-1]):
            return None
        relative = segments[depth:]
        if isinstance(listed, ListedPrefix):
            return FolderEntry(relative, 0, False, (None, None, None))
        return FileEntry(relative, 0, 0, listed.size_bytes, listed.modified_at_ms, None)


def _internal(
    conn: Connection,
    walk: Walk,
    regions: _Regions,
    region: Segments,
    place: InternalPlace,
    position: str,
    wanted: int,
) -> list[Entry]:
    """Entries of a region that is kept here, under its own path or behind a mount."""
    folder = (*walk.folder, *region)
    kept = place.segments[:-1]
    base = "".join(f"{segment}/" for segment in region)
    key = position.removeprefix(base)

    def descends(below: Segments) -> bool:
        inside = (*region, *below)
        return walk.may_enter(inside) and inside not in regions

    row = tree.find_folder(conn, walk.account_id, kept)
    entries: list[Entry] = []
    if row is not None:
        found = entries_after(conn, row.folder_id, key, wanted, walk.recursive, descends=descends)
        entries = [_moved(each, region) for each in found]
    if kept == folder:
        return entries
    # Folders behind a mount are physical here; those that were made here come besides.
    shown = [each if isinstance(each, FileEntry) else _physical(each) for each in entries]
    own = [each for each in _folders(conn, walk, regions, region) if each.key > position]
    return _merged(own, shown, wanted)


def _folders(
    conn: Connection, walk: Walk, regions: _Regions, region: Segments
) -> list[FolderEntry]:
    """Folders of a region that were made, in order, as far as the caller may walk to them."""
    row = tree.find_folder(conn, walk.account_id, (*walk.folder, *region))
    if row is None:
        return []

    def descends(below: Segments) -> bool:
        inside = (*region, *below)
        return walk.recursive and walk.may_enter(inside) and inside not in regions

    made = virtual_folders(conn, row.folder_id, descends)
    return sorted((_moved_folder(each, region) for each in made), key=lambda each: each.key)


def _merged(folders: Sequence[FolderEntry], others: Sequence[Entry], wanted: int) -> list[Entry]:
    """Both in order; where both tell of a folder, the one that was made."""
    # Others that fill the page may be followed by more: what lies behind them is not known yet.
    horizon = others[-1].key if len(others) >= wanted else None
    made = {each.key: each for each in folders if horizon is None or each.key <= horizon}
    rest = [each for each in others if each.key not in made or isinstance(each, FileEntry)]
    return sorted([*made.values(), *rest], key=lambda each: each.key)


def _cut(entries: Sequence[Entry], regions: _Regions, wanted: int) -> list[Entry]:
    return list(_up_to_region(entries[:wanted], regions))


def _up_to_region(entries: Iterable[Entry], regions: _Regions) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if regions.begins_at(entry):
            return


def _moved(entry: Entry, region: Segments) -> Entry:
    if isinstance(entry, FolderEntry):
        return _moved_folder(entry, region)
    return FileEntry(
        (*region, *entry.segments),
        entry.file_id,
        entry.folder_id,
        entry.size_bytes,
        entry.modified_at,
        entry.expires_at,
    )


def _moved_folder(entry: FolderEntry, region: Segments) -> FolderEntry:
    segments = (*region, *entry.segments)
    return FolderEntry(segments, entry.folder_id, entry.is_virtual, entry.stored_settings)


def _physical(entry: FolderEntry) -> FolderEntry:
    return FolderEntry(entry.segments, entry.folder_id, False, (None, None, None))


def _is_path(segments: Segments) -> bool:
    try:
        return FilePath.parse("/" + "/".join(segments)).segments == segments
    except BytewardError:
        return False
