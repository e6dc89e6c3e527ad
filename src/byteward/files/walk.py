"""The entries of a folder in the order of listings, from any position, a page at a time.

The order is the byte order of the whole path in UTF-8, where a folder counts as `path + "/"`. Files
and folders interleave, and a folder stands right before all that is in it, so the same order serves
one folder and the whole tree below it. Code points compare like their UTF-8 bytes, so Python's
order of strings is that of the database.

Work depends on the page, never on the size of a folder or an account: rows are read along two
indexes, (folder_id, name) of files and (parent_id, name || '/') of folders, each read stopping
after the rows that were asked for. A walk of the whole tree reads many small folders with one
pair of queries: the page is laid out with gaps where folders have not been read yet, and each round
fills the foremost gaps together. How many at once follows from how full the last ones were, and
what is read in vain is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Final

import msgspec
from sqlalchemy import (
    Connection,
    Integer,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

from byteward.access.model import Segments
from byteward.db.tables import files, folders
from byteward.files.tree import FolderRow
from byteward.strict_json import dumps

_PROBE: Final = 8
"""How many folders are read together before it is known how full they are, and the guess."""
_SPARING: Final = 64
"""Entries of a round once much was read in vain."""

Descends = Callable[[Segments], bool]
"""Whether a walk may enter a folder, by its path relative to the folder where it began."""


# Entries are made by the thousand; none is part of a cycle, so the collector need not see them.
class FileEntry(msgspec.Struct, frozen=True, gc=False):
    """A file; `segments` are relative to the folder where the walk began."""

    segments: Segments
    file_id: int
    folder_id: int
    size_bytes: int
    modified_at: int
    expires_at: int | None  # a file that has expired is an entry until it is removed

    @property
    def key(self) -> str:
        """Its place in the order, as a cursor."""
        return "/".join(self.segments)


class FolderEntry(msgspec.Struct, frozen=True, gc=False):
    """A folder with its own settings; `segments` are relative to where the walk began."""

    segments: Segments
    folder_id: int
    is_virtual: bool
    stored_settings: tuple[str | None, str | None, str | None]

    @property
    def key(self) -> str:
        """Its place in the order, as a cursor."""
        return "/".join(self.segments) + "/"

    @property
    def folder(self) -> FolderRow:
        """The folder as stored."""
        return FolderRow(self.folder_id, self.is_virtual, self.stored_settings)


Entry = FileEntry | FolderEntry


class _Gap(msgspec.Struct, frozen=True, gc=False):
    """Entries of a folder that were not read yet: all whose local key is greater than `after`."""

    folder_id: int
    segments: Segments
    after: str = ""

    @property
    def is_rest(self) -> bool:
        """Whether it is what a read has left over, or a cursor: it may be long."""
        return self.after != ""


_Children = dict[int, tuple[list[Entry], _Gap | None]]
"""By folder: the first entries of its gap, and what is left of it."""


def entries_after(
    conn: Connection,
    folder_id: int,
    cursor: str,
    limit: int,
    recursive: bool,  # noqa: FBT001 - the listing's own flag
    *,
    descends: Descends | None = None,
) -> list[Entry]:
    """The first `limit` entries behind a position; fewer when there are no more.

    Args:
        conn: a consistent view of the database.
        folder_id: the folder where the walk begins; it is no entry itself.
        cursor: the `key` of the entry before the first one wanted, or "" for the beginning. That
            entry need not exist any more, nor have existed.
        limit: how many; at least 1.
        recursive: whether entries of folders further down are wanted too.
        descends: folders for which it is False are entries, but nothing below them is read.
    """
    may_enter = descends or _everywhere
    if not recursive:
        found, _ = _read(conn, [_Gap(folder_id, (), cursor)], limit)[folder_id]
        return found
    layout: list[Entry | _Gap] = list(_gaps_behind(conn, folder_id, cursor, may_enter))
    reader = _Reader(conn, limit)
    page: list[Entry] = []
    while layout:
        gaps = [item for item in layout if isinstance(item, _Gap)]
        children = reader.read_foremost(gaps)
        layout = _filled(layout, children, may_enter, limit - len(page))
        page += _taken(layout)
    return page


def _taken(layout: list[Entry | _Gap]) -> list[Entry]:
    """Take away the entries before the first gap; nothing can come between them any more."""
    taken: list[Entry] = []
    for item in layout:
        if isinstance(item, _Gap):
            break
        taken.append(item)
    del layout[: len(taken)]
    return taken


class _Reader:
    """Fills the foremost gaps of a page in rounds, as many at once as will probably be needed."""

    __slots__ = ("_asked", "_conn", "_limit", "_total", "_typical")

    def __init__(self, conn: Connection, limit: int) -> None:
        self._conn = conn
        self._limit = limit
        self._asked = 1  # unread folders that the last round has read
        self._total = 0  # entries read so far
        self._typical = _PROBE  # entries of an unread folder, by the last round

    def read_foremost(self, gaps: Sequence[_Gap]) -> _Children:
        """Read the foremost gap, and others behind it on the chance that the page needs them."""
        # INVARIANT: only the foremost gap surely belongs to the page, and sub-folders found in it
        # may push all others out. Once several pages were read for one, chances are not taken.
        is_sparing = self._total > 4 * self._limit
        budget = min(self._limit, _SPARING) if is_sparing else self._limit
        count = max(1, min(_PROBE * self._asked, budget // (self._typical + 1)))
        foremost = gaps[:count]
        each = max(_PROBE, min(4 * self._typical, 2 * budget // count))
        children = self._read_unread([gap for gap in foremost if not gap.is_rest], each)
        rests = (gap for gap in foremost if gap.is_rest and (gap is gaps[0] or not is_sparing))
        children |= _read(self._conn, [*islice(rests, 1)], budget)
        self._total += sum(len(found) for found, _ in children.values())
        return children

    def _read_unread(self, gaps: Sequence[_Gap], each: int) -> _Children:
        children = _read(self._conn, gaps, each)
        if gaps:
            sizes = (self._limit if rest else len(found) for found, rest in children.values())
            self._typical = sum(sizes) // len(gaps)
            self._asked = len(gaps)
        return children


def _everywhere(_: Segments) -> bool:
    return True


def _filled(
    layout: Iterable[Entry | _Gap], children: _Children, may_enter: Descends, limit: int
) -> list[Entry | _Gap]:
    """The layout with what was read in place of its gaps, as far as the page goes."""
    filled: list[Entry | _Gap] = []
    count = 0
    for item in layout:
        if not isinstance(item, _Gap):
            filled.append(item)
            count += 1
        elif item.folder_id in children:
            found, rest = children[item.folder_id]
            for entry in found:
                filled.append(entry)
                if isinstance(entry, FolderEntry) and may_enter(entry.segments):
                    filled.append(_Gap(entry.folder_id, entry.segments))
            if rest is not None:
                filled.append(rest)
            count += len(found)
        else:
            filled.append(item)
        if count >= limit:
            break
    return _cut(filled, count - limit)


def _cut(filled: list[Entry | _Gap], excess: int) -> list[Entry | _Gap]:
    """Without the last `excess` entries, and without the gaps behind the last one that stays."""
    while excess >= 0 and filled:
        if not isinstance(filled[-1], _Gap):
            if excess == 0:
                break
            excess -= 1
        filled.pop()
    return filled


_FOLDER: Final = bindparam("folder", type_=Integer())
_SEGMENTS: Final = bindparam("segments", type_=Text())
_below: Final = folders.alias("below")
_way: Final = (
    select(literal_column("0", Integer).label("depth"), folders.c.folder_id)
    .where(folders.c.folder_id == _FOLDER)
    .cte("way", recursive=True)
)
_way_whole: Final = _way.union_all(
    select((_way.c.depth + literal_column("1", Integer)).label("depth"), _below.c.folder_id).where(
        _below.c.parent_id == _way.c.folder_id,
        _below.c.name == _SEGMENTS.op("->>")(_way.c.depth),
    )
)
_WAY: Final = select(_way_whole).order_by(_way_whole.c.depth)


def _gaps_behind(
    conn: Connection, folder_id: int, cursor: str, may_enter: Descends
) -> Iterator[_Gap]:
    """What lies behind the cursor: the rest of the folder that it is in, then of those above."""
    segments = tuple(cursor.split("/"))
    parameters = {"folder": folder_id, "segments": dumps(segments[:-1]).decode()}
    gaps = []
    for depth, found in conn.execute(_WAY, parameters).all():
        # SECURITY: a cursor is a position and nothing else. One that points into a folder which
        # the walk would not have entered does not enter it either.
        if depth and not may_enter(segments[:depth]):
            break
        is_last = depth == len(segments) - 1
        after = segments[depth] if is_last else segments[depth] + "/"
        gaps.append(_Gap(found, segments[:depth], after))
    return reversed(gaps)


_IDS: Final = bindparam("ids", expanding=True, type_=Integer())
_LIMIT: Final = bindparam("each", type_=Integer())
_AFTERS: Final = bindparam("afters", type_=Text())
_parent: Final = folders.alias("parent")
_AFTER: Final = func.coalesce(
    _AFTERS.op("->>")((literal_column("'f'", Text) + cast(_parent.c.folder_id, Text)).self_group()),
    "",
)

# One statement reads the beginning of many folders: for each, the ids of the first rows along the
# index, then the rows.
_file: Final = files.alias("file")
_FILES: Final = (
    select(_file.c.folder_id, _file.c.name, _file.c.file_id, _file.c.size_bytes)
    .add_columns(_file.c.modified_at, _file.c.expires_at)
    .join_from(
        _parent,
        _file,
        _file.c.file_id.in_(
            select(files.c.file_id)
            .where(
                files.c.folder_id == _parent.c.folder_id,
                files.c.name > _AFTER,
            )
            .order_by(files.c.name)
            .limit(_LIMIT)
            .correlate(_parent)
        ),
    )
    .where(_parent.c.folder_id.in_(_IDS))
)

_child: Final = folders.alias("child")
# The expression of the index `folders_in_listing_order`, letter by letter.
_LISTING_KEY: Final = folders.c.name + literal_column("'/'")
_FOLDERS: Final = (
    select(_child.c.parent_id, _child.c.name, _child.c.folder_id, _child.c.is_virtual)
    .add_columns(_child.c.description, _child.c.public_permissions, _child.c.storage_layer)
    .join_from(
        _parent,
        _child,
        _child.c.folder_id.in_(
            select(folders.c.folder_id)
            .where(folders.c.parent_id == _parent.c.folder_id, _LISTING_KEY > _AFTER)
            .order_by(_LISTING_KEY)
            .limit(_LIMIT)
            .correlate(_parent)
        ),
    )
    .where(_parent.c.folder_id.in_(_IDS))
)


def _read(conn: Connection, gaps: Sequence[_Gap], each: int) -> _Children:
    """The first `each` entries of every gap."""
    if not gaps:
        return {}
    parameters = {
        "ids": [gap.folder_id for gap in gaps],
        "afters": dumps({f"f{gap.folder_id}": gap.after for gap in gaps if gap.after}).decode(),
        "each": each + 1,
    }
    segments = {gap.folder_id: gap.segments for gap in gaps}
    keyed: dict[int, list[tuple[str, Entry]]] = {gap.folder_id: [] for gap in gaps}
    for parent, name, number, size, *times in conn.execute(_FILES, parameters):
        file = FileEntry((*segments[parent], name), number, parent, size, times[0], times[1])
        keyed[parent].append((name, file))
    for parent, name, number, is_virtual, *settings in conn.execute(_FOLDERS, parameters):
        columns = (settings[0], settings[1], settings[2])
        folder = FolderEntry((*segments[parent], name), number, is_virtual, columns)
        keyed[parent].append((name + "/", folder))
    return {gap.folder_id: _cut_to(each, gap, keyed[gap.folder_id]) for gap in gaps}


def _cut_to(
    each: int, gap: _Gap, found: list[tuple[str, Entry]]
) -> tuple[list[Entry], _Gap | None]:
    found.sort(key=itemgetter(0))
    entries = [entry for _, entry in found[:each]]
    is_all = len(found) <= each
    return entries, None if is_all else _Gap(gap.folder_id, gap.segments, found[each - 1][0])
