"""Folders that were made below another one, without a look at anything else in it.

A folder above a virtual one is virtual, too, so virtual ones are found by following virtual ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Integer, Text, bindparam, literal_column, select

from byteward.access.model import Segments
from byteward.db.tables import folders
from byteward.files.walk import FolderEntry
from byteward.paths import MAX_CODE_POINTS

_CHUNK: Final = 500  # SQLite binds at most 32,766 values
_CHILDREN: Final = select(
    folders.c.parent_id,
    folders.c.folder_id,
    folders.c.name,
    folders.c.description,
    folders.c.public_permissions,
    folders.c.storage_layer,
).where(
    folders.c.parent_id.in_(bindparam("parents", expanding=True, type_=Integer())),
    folders.c.is_virtual,
)

_COLUMNS: Final = (
    folders.c.folder_id,
    folders.c.name,
    folders.c.description,
    folders.c.public_permissions,
    folders.c.storage_layer,
)
_PARENT: Final = bindparam("parent", type_=Integer())
# The expression of the index `folders_in_listing_order`, letter by letter.
_LISTING_KEY: Final = folders.c.name + literal_column("'/'")
_LAST: Final = (
    select(*_COLUMNS)
    .where(
        folders.c.parent_id == _PARENT,
        folders.c.is_virtual,
        bindparam("before", type_=Text()) > _LISTING_KEY,
    )
    .order_by(_LISTING_KEY.desc())
    .limit(bindparam("each", type_=Integer()))
)
_NAMED: Final = select(*_COLUMNS).where(
    folders.c.parent_id == _PARENT,
    folders.c.is_virtual,
    folders.c.name == bindparam("wanted", type_=Text()),
)
_END: Final = "\U0010ffff" * (MAX_CODE_POINTS + 1)  # behind every name


def virtual_folders_before(
    conn: Connection, folder_id: int, key: str, limit: int
) -> list[FolderEntry]:
    """Virtual folders below a folder from the last one backwards, so each after all in it.

    Args:
        conn: a consistent view of the database.
        folder_id: the folder where the walk begins.
        key: of the last entry that is known, which need not exist any more, or "" at first.
        limit: how many at most.
    """
    found: list[FolderEntry] = []
    position = tuple(key.removesuffix("/").split("/")) if key else ()
    _collect_before(conn, folder_id, (), position, limit, found)
    return found


def _collect_before(
    conn: Connection,
    folder_id: int,
    way: Segments,
    position: Segments,
    limit: int,
    found: list[FolderEntry],
) -> None:
    """Add what is in a folder before a position, which () says is its end."""
    before = _END
    if position:
        before = position[0] + "/"
        row = conn.execute(_NAMED, {"parent": folder_id, "wanted": position[0]}).first()
        if len(position) > 1 and row is not None:
            entry = _entry(way, *row)
            _collect_before(conn, entry.folder_id, entry.segments, position[1:], limit, found)
            if len(found) < limit:
                found.append(entry)
    while len(found) < limit:
        wanted = {"parent": folder_id, "before": before, "each": limit - len(found)}
        rows = conn.execute(_LAST, wanted).all()
        for row in rows:
            entry = _entry(way, *row)
            _collect_before(conn, entry.folder_id, entry.segments, (), limit, found)
            if len(found) >= limit:
                return
            found.append(entry)
        if not rows:
            return
        before = rows[-1].name + "/"


def _entry(way: Segments, folder_id: int, name: str, *settings: str | None) -> FolderEntry:
    return FolderEntry((*way, name), folder_id, True, (settings[0], settings[1], settings[2]))


def virtual_folders(
    conn: Connection, folder_id: int, descends: Callable[[Segments], bool]
) -> list[FolderEntry]:
    """All virtual folders below a folder, in no particular order.

    Costs in proportion to what is found.

    Args:
        conn: a consistent view of the database.
        folder_id: the folder where the search begins.
        descends: whether folders in this one are wanted, by its path from there.
    """
    found: list[FolderEntry] = []
    ways: dict[int, Segments] = {folder_id: ()}
    while ways:
        deeper: dict[int, Segments] = {}
        ids = list(ways)
        for start in range(0, len(ids), _CHUNK):
            rows = conn.execute(_CHILDREN, {"parents": ids[start : start + _CHUNK]})
            for parent_id, child_id, name, *settings in rows:
                segments = (*ways[parent_id], name)
                columns = (settings[0], settings[1], settings[2])
                found.append(FolderEntry(segments, child_id, True, columns))
                if descends(segments):
                    deeper[child_id] = segments
        ways = deeper
    return found
