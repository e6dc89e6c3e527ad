"""SQL for what we know of objects in accounts' buckets: tags, metadata, names, expiry.

A row is about one version of one object. It counts only while the object still has the etag that it
had when it was stored through this server; what others put in its place has nothing of it.

Rows are named by the object (bucket and key), not by the path. Whatever path leads to an object
shows the same file, and a folder that is moved takes nothing with it that could be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, Text, bindparam, delete, insert, select

from byteward.db.tables import external_files
from byteward.files.file_details import FileDetails

_THIS: Final = (
    (external_files.c.account_id == bindparam("account", type_=Text()))
    & (external_files.c.location == bindparam("place", type_=Text()))
    & (external_files.c.object_key == bindparam("wanted", type_=Text()))
)
_FIND: Final = select(external_files).where(_THIS)
_DELETE: Final = delete(external_files).where(_THIS)
_INSERT: Final = insert(external_files)
_EXPIRED: Final = (
    select(
        external_files.c.account_id,
        external_files.c.location,
        external_files.c.object_key,
        external_files.c.folder_id,
        external_files.c.etag,
    )
    .where(external_files.c.expires_at <= bindparam("at_ms", type_=BigInteger()))
    .order_by(external_files.c.expires_at)
    .limit(bindparam("at_most", type_=Integer()))
)


@dataclass(frozen=True, slots=True)
class ObjectName:
    """An object of an account's bucket.

    Attributes:
        account_id: the account that mapped the bucket.
        location: the server and the bucket; see `layer_endpoints.location_of`.
        key: the object's name.
    """

    account_id: str
    location: str
    key: str

    @property
    def parameters(self) -> dict[str, object]:
        """Of the statements above."""
        return {"account": self.account_id, "place": self.location, "wanted": self.key}


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """What is stored about one version of an object."""

    etag: str | None
    mime: str
    original_file_name: str | None
    tags: tuple[str, ...]
    metadata: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class ExpiredObject:
    """An object whose time is over, the folder whose layer reaches it, and its version."""

    name: ObjectName
    folder_id: int
    etag: str | None


def find_row(conn: Connection, name: ObjectName) -> ObjectRow | None:
    """What is stored about an object, whichever version that was about."""
    row = conn.execute(_FIND, name.parameters).first()
    if row is None:
        return None
    return ObjectRow(
        etag=row.etag,
        mime=row.mime,
        original_file_name=row.original_file_name,
        tags=msgspec.json.decode(row.tags, type=tuple[str, ...]),
        metadata=row.metadata,
        expires_at=row.expires_at,
    )


def put_row(
    conn: Connection,
    name: ObjectName,
    folder_id: int,
    details: FileDetails,
    expires_at: int | None,
) -> None:
    """Remember what was said about the version with `details.etag`, and nothing older."""
    conn.execute(_DELETE, name.parameters)
    conn.execute(
        _INSERT,
        {
            "account_id": name.account_id,
            "location": name.location,
            "object_key": name.key,
            "folder_id": folder_id,
            "etag": details.etag,
            "size_bytes": details.size_bytes,
            "mime": details.mime,
            "original_file_name": details.original_file_name,
            "tags": msgspec.json.encode(details.tags).decode(),
            "metadata": details.metadata,
            "modified_at": details.modified_at,
            "expires_at": expires_at,
        },
    )


def delete_row(conn: Connection, name: ObjectName) -> None:
    """Forget an object."""
    conn.execute(_DELETE, name.parameters)


def expired_rows(conn: Connection, at_ms: int, at_most: int) -> list[ExpiredObject]:
    """Objects whose time is over, the longest gone first."""
    rows = conn.execute(_EXPIRED, {"at_ms": at_ms, "at_most": at_most})
    return [
        ExpiredObject(
            ObjectName(row.account_id, row.location, row.object_key), row.folder_id, row.etag
        )
        for row in rows
    ]
