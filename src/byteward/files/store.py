"""SQL for files: one row in its folder that points at one immutable object.

Overwriting swings the pointer in the row, so readers see the old file or the new one. Copies of a
file point at the same object. An object that a row stops naming is queued in `removals`; the
collector takes its bytes away later, unless another row names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from byteward.access.model import Segments
from byteward.db.dialect import upsert
from byteward.db.tables import files, folders, objects, removals
from byteward.db.tree import FILE_WITH_BLOCKS_AT, file_at
from byteward.files import tree, usage
from byteward.files.file_details import FileDetails
from byteward.files.ttl import expiry_for
from byteward.paths import FilePath
from byteward.storage.port import StoredObject

_FOLDER: Final = bindparam("folder", type_=Integer())
_WANTED: Final = bindparam("wanted", type_=Text())
_FILE: Final = bindparam("file", type_=Integer())

_IN_FOLDER: Final = select(files.c.file_id, files.c.object_id, files.c.size_bytes).where(
    files.c.folder_id == _FOLDER, files.c.name == _WANTED
)
_SOME_IN_FOLDER: Final = select(files.c.file_id, files.c.object_id, files.c.size_bytes).where(
    files.c.folder_id == _FOLDER,
    files.c.name.in_(bindparam("names", expanding=True, type_=Text())),
)
_EXPIRED: Final = (
    select(files.c.file_id, files.c.folder_id, files.c.object_id, files.c.size_bytes)
    .add_columns(folders.c.account_id)
    .join(folders, folders.c.folder_id == files.c.folder_id)
    .where(files.c.expires_at <= bindparam("at_ms", type_=BigInteger()))
    .order_by(files.c.expires_at)
    .limit(bindparam("at_most", type_=Integer()))
)
_UPDATE: Final = update(files).where(files.c.file_id == _FILE)
_DELETE: Final = delete(files).where(files.c.file_id == _FILE)
_DELETE_SOME: Final = delete(files).where(
    files.c.file_id.in_(bindparam("ids", expanding=True, type_=Integer()))
)
_INSERT: Final = insert(files)
_INSERT_OBJECT: Final = insert(objects)
# Files that are copies share an object, so it may be queued when another of them goes; its grace
# begins anew, for whoever found that other row.
_QUEUE_REMOVAL: Final = upsert(removals, ["object_id"], ["queued_at"])


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
        expires_at: Unix milliseconds from which the file counts as absent; None: never.
    """

    file_id: int
    folder_id: int
    object_id: str
    details: FileDetails
    sha256: bytes
    block_digests: bytes
    is_corrupt: bool
    expires_at: int | None = None


def find_file(conn: Connection, account_id: str, path: FilePath, at_ms: int) -> StoredFile | None:
    """The file at `path`, or None; one that has expired at `at_ms` is not there."""
    row = conn.execute(FILE_WITH_BLOCKS_AT, file_at(account_id, path.segments, at_ms)).first()
    return None if row is None else _read(row, account_id, path)


def put_file(conn: Connection, details: FileDetails, stored: StoredObject) -> None:
    """Make `details.path` name `stored`, whatever it named before.

    Whether that is allowed was decided on the same connection. Folders that are missing appear.
    The account's tag rules, as they stand, say when the file expires.

    Args:
        conn: a write transaction.
        details: complete, with its etag.
        stored: durable bytes that no row names yet.

    Raises:
        BytewardError: `quota_exceeded`; the caller must roll back.
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
    link_file(conn, details, stored.object_id)


def link_file(conn: Connection, details: FileDetails, object_id: str) -> None:
    """The same for bytes that a row names already: files that are copies share their bytes.

    INVARIANT: a row that names the object was read on the same connection, so the object is there
    and the collector, which looks for rows in a transaction of its own, leaves it there.

    Args:
        conn: a write transaction.
        details: complete, with its etag and the object's size.
        object_id: the object.

    Raises:
        BytewardError: `quota_exceeded`; the caller must roll back.
    """
    rules = usage.rules_in(conn, details.account_id)
    segments = details.path.parent.segments
    folder = tree.ensure_folder(conn, details.account_id, segments, is_virtual=False)
    expires_at = expiry_for(details.tags, rules.tag_rules, details.modified_at)
    values = _values(details, object_id) | {"expires_at": expires_at}
    key = {"folder": folder.folder_id, "wanted": details.path.name}
    old = conn.execute(_IN_FOLDER, key).first()
    usage.change_stored(
        conn,
        details.account_id,
        rules.quotas,
        files=1 if old is None else 0,
        size_bytes=details.size_bytes - (0 if old is None else old.size_bytes),
    )
    if old is None:
        new = {"folder_id": folder.folder_id, "name": details.path.name}
        conn.execute(_INSERT, new | values)
        return
    conn.execute(_UPDATE.values(values), {"file": old.file_id})
    if old.object_id != object_id:
        _queue_removal(conn, old.object_id, details.modified_at)


def move_file(conn: Connection, file: StoredFile, path: FilePath, now_ms: int) -> None:
    """Give a file another path, in place of whatever is there; nothing else about it changes.

    Whether that is allowed was decided on the same connection. `path` is another one.
    """
    account_id = file.details.account_id
    folder = tree.ensure_folder(conn, account_id, path.parent.segments, is_virtual=False)
    key = {"folder": folder.folder_id, "wanted": path.name}
    old = conn.execute(_IN_FOLDER, key).first()
    if old is not None:
        _remove(conn, account_id, old.file_id, old.object_id, old.size_bytes, now_ms)
    values = {"folder_id": folder.folder_id, "name": path.name}
    conn.execute(_UPDATE.values(values), {"file": file.file_id})
    tree.prune(conn, file.folder_id)


def delete_file(conn: Connection, account_id: str, path: FilePath, now_ms: int) -> bool:
    """Remove the file, and with it physical folders that are empty now; False: there was none."""
    found = find_file(conn, account_id, path, now_ms)
    if found is None:
        return False
    _remove(conn, account_id, found.file_id, found.object_id, found.details.size_bytes, now_ms)
    tree.prune(conn, found.folder_id)
    return True


def delete_files(conn: Connection, account_id: str, paths: Iterable[FilePath], now_ms: int) -> int:
    """`delete_file` for some hundred files, folder by folder; how many there were.

    A file that has expired goes as well: it was only waiting for that.
    """
    names: dict[Segments, set[str]] = {}
    for path in paths:
        names.setdefault(path.parent.segments, set()).add(path.name)
    return sum(
        _delete_in_folder(conn, account_id, folder, wanted, now_ms)
        for folder, wanted in names.items()
    )


def _delete_in_folder(
    conn: Connection, account_id: str, segments: Segments, names: set[str], now_ms: int
) -> int:
    folder = tree.find_folder(conn, account_id, segments)
    if folder is None:
        return 0
    key = {"folder": folder.folder_id, "names": sorted(names)}
    rows = conn.execute(_SOME_IN_FOLDER, key).all()
    if not rows:
        return 0
    conn.execute(_DELETE_SOME, {"ids": [row.file_id for row in rows]})
    size_bytes = sum(row.size_bytes for row in rows)
    usage.change_stored(conn, account_id, usage.NO_QUOTAS, files=-len(rows), size_bytes=-size_bytes)
    # An object stands once in a statement, however many of its copies go.
    gone = dict.fromkeys(row.object_id for row in rows)
    conn.execute(_QUEUE_REMOVAL, [{"object_id": each, "queued_at": now_ms} for each in gone])
    tree.prune(conn, folder.folder_id)
    return len(rows)


def has_expired(conn: Connection, now_ms: int) -> bool:
    """Whether there is a file that `remove_expired` would remove."""
    return conn.execute(_EXPIRED, {"at_ms": now_ms, "at_most": 1}).first() is not None


def remove_expired(conn: Connection, now_ms: int, at_most: int) -> int:
    """Remove up to `at_most` files that have expired, like `delete_file`; how many."""
    rows = conn.execute(_EXPIRED, {"at_ms": now_ms, "at_most": at_most}).all()
    for row in rows:
        _remove(conn, row.account_id, row.file_id, row.object_id, row.size_bytes, now_ms)
        tree.prune(conn, row.folder_id)
    return len(rows)


def _remove(
    conn: Connection, account_id: str, file_id: int, object_id: str, size_bytes: int, now_ms: int
) -> None:
    conn.execute(_DELETE, {"file": file_id})
    usage.change_stored(conn, account_id, usage.NO_QUOTAS, files=-1, size_bytes=-size_bytes)
    _queue_removal(conn, object_id, now_ms)


def _values(details: FileDetails, object_id: str) -> dict[str, object]:
    return {
        "object_id": object_id,
        "size_bytes": details.size_bytes,
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
        expires_at=row.expires_at,
    )
