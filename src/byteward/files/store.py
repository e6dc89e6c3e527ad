"""SQL for files: one row in its folder that points at one immutable object.

Overwriting swings the pointer in the row, so readers see the old file or the new one. An object
that no row names any more is queued in `removals`; the collector takes its bytes away later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, Row, Text, bindparam, delete, insert, select, update

from byteward.db.tables import files, objects, removals
from byteward.db.tree import FILE_WITH_BLOCKS_AT, file_at
from byteward.files import tree
from byteward.files.file_details import FileDetails
from byteward.paths import FilePath
from byteward.storage.port import StoredObject

_FOLDER: Final = bindparam("folder", type_=Integer())
_WANTED: Final = bindparam("wanted", type_=Text())
_FILE: Final = bindparam("file", type_=Integer())

_IN_FOLDER: Final = select(files.c.file_id, files.c.object_id).where(
    files.c.folder_id == _FOLDER, files.c.name == _WANTED
)
_UPDATE: Final = update(files).where(files.c.file_id == _FILE)
_DELETE: Final = delete(files).where(files.c.file_id == _FILE)
_INSERT: Final = insert(files)
_INSERT_OBJECT: Final = insert(objects)
_QUEUE_REMOVAL: Final = insert(removals)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's row with what its reader needs of the object.

    Attributes:
        file_id: of the row.
        folder_id: of the row of its folder.
        object_id: name of its bytes in the object store.
        details: what the file says about itself.
        sha256: of the contents (see `StoredObject`).
        block_digests: for verified reads.
        is_corrupt: a read found bytes that do not match.
    """

    file_id: int
    folder_id: int
    object_id: str
    details: FileDetails
    sha256: bytes
    block_digests: bytes
    is_corrupt: bool


def find_file(conn: Connection, account_id: str, path: FilePath) -> StoredFile | None:
    """The file at `path`, or None."""
    row = conn.execute(FILE_WITH_BLOCKS_AT, file_at(account_id, path.segments)).first()
    return None if row is None else _read(row, account_id, path)


def put_file(conn: Connection, details: FileDetails, stored: StoredObject) -> None:
    """Make `details.path` name `stored`, whatever it named before.

    Whether that is allowed was decided on the same connection. Folders that are missing appear.

    Args:
        conn: a write transaction.
        details: complete, with its etag.
        stored: durable bytes that no row names yet.
    """
    conn.execute(
        _INSERT_OBJECT,
        {
            "object_id": stored.object_id,
            "size_bytes": stored.size_bytes,
            "sha256": stored.sha256,
            "block_digests": stored.block_digests,
            "is_corrupt": False,
            "created_at": details.modified_at,
        },
    )
    segments = details.path.parent.segments
    folder = tree.ensure_folder(conn, details.account_id, segments, is_virtual=False)
    values = _values(details, stored)
    key = {"folder": folder.folder_id, "wanted": details.path.name}
    old = conn.execute(_IN_FOLDER, key).first()
    if old is None:
        new = {"folder_id": folder.folder_id, "name": details.path.name}
        conn.execute(_INSERT, new | values)
        return
    conn.execute(_UPDATE.values(values), {"file": old.file_id})
    _queue_removal(conn, old.object_id, details.modified_at)


def delete_file(conn: Connection, account_id: str, path: FilePath, now_ms: int) -> bool:
    """Remove the file, and with it physical folders that are empty now; False: there was none."""
    found = find_file(conn, account_id, path)
    if found is None:
        return False
    conn.execute(_DELETE, {"file": found.file_id})
    _queue_removal(conn, found.object_id, now_ms)
    tree.prune(conn, found.folder_id)
    return True


def _values(details: FileDetails, stored: StoredObject) -> dict[str, object]:
    return {
        "object_id": stored.object_id,
        "size_bytes": stored.size_bytes,
        "mime": details.mime,
        "etag": details.etag,
        "original_file_name": details.original_file_name,
        "tags": msgspec.json.encode(details.tags).decode(),
        "metadata": details.metadata,
        "modified_at": details.modified_at,
    }


def _queue_removal(conn: Connection, object_id: str, now_ms: int) -> None:
    conn.execute(_QUEUE_REMOVAL, {"object_id": object_id, "queued_at": now_ms})


# Any: the columns of a row have types of their own, which SQLAlchemy does not carry over a union.
def _read(row: Row[Any], account_id: str, path: FilePath) -> StoredFile:
    details = FileDetails(
        account_id=account_id,
        path=path,
        etag=row.etag,
        size_bytes=row.size_bytes,
        mime=row.mime,
        original_file_name=row.original_file_name,
        tags=msgspec.json.decode(row.tags, type=tuple[str, ...]),
        metadata=row.metadata,
        modified_at=row.modified_at,
    )
    return StoredFile(
        file_id=row.file_id,
        folder_id=row.folder_id,
        object_id=row.object_id,
        details=details,
        sha256=row.sha256,
        block_digests=row.block_digests,
        is_corrupt=row.is_corrupt,
    )
