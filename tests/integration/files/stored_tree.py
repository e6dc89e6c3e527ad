"""Trees of files and folders as rows, for tests that need many of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import accumulate
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from byteward.db.tables import accounts, files, folders, objects

Segments = tuple[str, ...]
Columns = Mapping[str, str]
"""Settings of a folder, as they are stored."""

ACCOUNT: Final = "A623uY2"


def store_tree(
    conn: Connection, paths: Collection[Segments], made: Mapping[Segments, Columns] | None = None
) -> int:
    """Replace everything by these files and virtual folders and the folders around them.

    Returns:
        the id of the root.
    """
    made = made or {}
    _clear(conn)
    ids: dict[Segments, int] = {}
    parents = {path[:-1] for path in paths} | set(made)
    every = {above for parent in parents for above in accumulate((name,) for name in parent)}
    for path in sorted(every | {()}, key=len):
        row = {
            "account_id": ACCOUNT,
            "parent_id": ids[path[:-1]] if path else None,
            "name": path[-1] if path else "",
            "is_virtual": path in made,
            **made.get(path, {}),
        }
        new = insert(folders).values(row).returning(folders.c.folder_id)
        ids[path] = conn.execute(new).scalar_one()
    if paths:
        conn.execute(insert(files), [_file(ids[path[:-1]], path) for path in paths])
    return ids[()]


def _file(folder_id: int, path: Segments) -> dict[str, object]:
    return {
        "folder_id": folder_id,
        "name": path[-1],
        "object_id": "o",
        "size_bytes": len(path),
        "mime": "a/b",
        "etag": "e",
        "tags": "[]",
        "metadata": "{}",
        "modified_at": 7,
    }


def _clear(conn: Connection) -> None:
    conn.execute(delete(files))
    conn.execute(delete(folders).where(folders.c.parent_id.is_not(None)))
    conn.execute(delete(folders))
    if conn.execute(select(accounts.c.account_id)).first() is None:
        row = {"account_id": ACCOUNT, "name": "", "settings": "{}", "created_at": 1}
        conn.execute(insert(accounts), row | {"authority_epoch": 1})
    if conn.execute(select(objects.c.object_id).where(objects.c.object_id == "o")).first() is None:
        stored = {"object_id": "o", "size_bytes": 1, "sha256": b"", "block_digests": b""}
        conn.execute(insert(objects), stored | {"created_at": 1})
