"""Walks down the folder tree: one statement from an account's root along a path.

A recursive query takes the path as a JSON array and goes one step down the unique index
(parent, name) per segment, so its cost is the depth of the path and never the size of the tree.
`array ->> number` means the same in SQLite and, over a JSON parameter, in Postgres.

Every statement is built once; build the parameters with the function of the same name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    literal_column,
    or_,
    select,
)

from byteward.db.tables import files, folders, objects

_child: Final = folders.alias("child")

_root = select(
    literal_column("0", Integer).label("depth"),
    folders.c.folder_id,
    folders.c.is_virtual,
    folders.c.description,
    folders.c.public_permissions,
    folders.c.storage_layer,
).where(folders.c.account_id == bindparam("account_id"), folders.c.parent_id.is_(None))

_chain: Final = _root.cte("chain", recursive=True)
_chain_whole: Final = _chain.union_all(
    select(
        (_chain.c.depth + literal_column("1", Integer)).label("depth"),
        _child.c.folder_id,
        _child.c.is_virtual,
        _child.c.description,
        _child.c.public_permissions,
        _child.c.storage_layer,
    ).where(
        _child.c.parent_id == _chain.c.folder_id,
        _child.c.name == bindparam("segments", type_=Text).op("->>")(_chain.c.depth),
    )
)

FOLDER_CHAIN: Final = select(_chain_whole).order_by(_chain_whole.c.depth)
"""Rows (depth, folder_id, is_virtual, description, public_permissions, storage_layer) of the
folders that exist on the path, root first. The last one's depth tells how far the path exists."""

FOLDER_AT: Final = select(_chain_whole).where(_chain_whole.c.depth == bindparam("depth"))
"""The row of the folder itself; none when it does not exist."""


def has_not_expired(table: FromClause) -> ColumnElement[bool]:
    """Whether a row of `files`, or of an alias of it, counts as there at the parameter `at_ms`."""
    expires_at = table.c.expires_at
    return or_(expires_at.is_(None), expires_at > bindparam("at_ms", type_=BigInteger()))


# The columns of a row have as many types as the tables; readers name what they take.
def _file_at(*of_object: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*files.c, *of_object)
        .join(_chain_whole, files.c.folder_id == _chain_whole.c.folder_id)
        .join(objects, objects.c.object_id == files.c.object_id)
        .where(
            _chain_whole.c.depth == bindparam("depth"),
            files.c.name == bindparam("name"),
            has_not_expired(files),
        )
    )


FILE_AT: Final = _file_at(objects.c.sha256, objects.c.is_corrupt)
"""The file's own columns, then `sha256` and `is_corrupt` of its object; none: no such file, or one
that has expired."""

FILE_WITH_BLOCKS_AT: Final = _file_at(
    objects.c.sha256, objects.c.is_corrupt, objects.c.block_digests
)
"""The same with `block_digests` (16 bytes for each MiB), for an answer with a body."""


def folder_chain(account_id: str, segments: Sequence[str]) -> Mapping[str, object]:
    """Parameters of `FOLDER_CHAIN`."""
    return {"account_id": account_id, "segments": _array(segments)}


def folder_at(account_id: str, segments: Sequence[str]) -> Mapping[str, object]:
    """Parameters of `FOLDER_AT`."""
    return {"account_id": account_id, "segments": _array(segments), "depth": len(segments)}


def file_at(account_id: str, segments: Sequence[str], at_ms: int) -> Mapping[str, object]:
    """Parameters of `FILE_AT` and `FILE_WITH_BLOCKS_AT`: the last segment is the file's name.

    A file that has expired at `at_ms` (Unix milliseconds) is not there.
    """
    return {
        "account_id": account_id,
        "segments": _array(segments[:-1]),
        "depth": len(segments) - 1,
        "name": segments[-1],
        "at_ms": at_ms,
    }


def _array(segments: Sequence[str]) -> str:
    return json.dumps(segments, ensure_ascii=False)
