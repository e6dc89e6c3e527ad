"""Folders that were made below another one, without a look at anything else in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, select

from byteward.access.model import Segments
from byteward.db.tables import folders
from byteward.files.walk import FolderEntry

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


def virtual_folders(
    conn: Connection, folder_id: int, descends: Callable[[Segments], bool]
) -> list[FolderEntry]:
    """All virtual folders below a folder, in no particular order.

    A folder above a virtual one is virtual, too, so nothing else is read. Costs in proportion to
    what is found.

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
