"""SQL for multipart uploads and their parts."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import (
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import BigInteger

from byteward.db.tables import upload_parts, uploads
from byteward.files import usage
from byteward.files.file_details import FileDetails
from byteward.paths import FilePath
from byteward.storage.port import StagedPart
from byteward.uploads.model import Credential, Upload, UploadPart
from byteward.uploads.plan import PartPlan
from byteward.uploads.state import Protocol, UploadState

_ACCOUNT: Final = bindparam("account", type_=Text())
_UPLOAD: Final = bindparam("upload", type_=Text())
_INDEX: Final = bindparam("part", type_=Integer())
_NOW: Final = bindparam("now", type_=BigInteger())

_FIND: Final = select(uploads).where(
    uploads.c.upload_id == _UPLOAD,
    uploads.c.account_id == _ACCOUNT,
    uploads.c.expires_at > _NOW,
)
_PARTS: Final = (
    select(upload_parts)
    .where(upload_parts.c.upload_id == _UPLOAD)
    .order_by(upload_parts.c.part_index)
)
_FIND_PART: Final = select(upload_parts.c.staged_id, upload_parts.c.sha256).where(
    upload_parts.c.upload_id == _UPLOAD, upload_parts.c.part_index == _INDEX
)
_REMOVE_PART: Final = delete(upload_parts).where(
    upload_parts.c.upload_id == _UPLOAD, upload_parts.c.part_index == _INDEX
)
_COMPLETE_PART: Final = (
    update(upload_parts)
    .where(upload_parts.c.upload_id == _UPLOAD, upload_parts.c.part_index == _INDEX)
    .values(is_complete=True)
)
_COMPLETE_ALL: Final = (
    update(upload_parts).where(upload_parts.c.upload_id == _UPLOAD).values(is_complete=True)
)
# INVARIANT: the compare-and-set that lets one of several completions win.
_FINISH: Final = (
    update(uploads)
    .where(uploads.c.upload_id == _UPLOAD, uploads.c.state == UploadState.OPEN.value)
    .values(
        state=UploadState.FINISHED.value,
        etag=bindparam("final_etag", type_=Text()),
        expires_at=bindparam("forget_at", type_=BigInteger()),
    )
)
_OPEN_COUNT: Final = (
    select(func.count())
    .select_from(uploads)
    .where(uploads.c.account_id == _ACCOUNT, uploads.c.state == UploadState.OPEN.value)
)
_RESERVED: Final = (
    select(uploads.c.upload_id)
    .where(
        uploads.c.account_id == _ACCOUNT,
        uploads.c.path == bindparam("wanted", type_=Text()),
        uploads.c.state == UploadState.OPEN.value,
        uploads.c.protocol == Protocol.V1_1.value,
        uploads.c.created_at > bindparam("since", type_=BigInteger()),
    )
    .limit(1)
)
_EXPIRED: Final = (
    select(uploads.c.upload_id, uploads.c.account_id, uploads.c.size_bytes, uploads.c.state)
    .where(uploads.c.expires_at <= _NOW)
    .order_by(uploads.c.expires_at)
    .limit(bindparam("at_most", type_=Integer()))
)
_IDS: Final = bindparam("ids", expanding=True, type_=Text())
_STAGED_OF: Final = select(upload_parts.c.staged_id).where(upload_parts.c.upload_id.in_(_IDS))
_REMOVE_PARTS_OF: Final = delete(upload_parts).where(upload_parts.c.upload_id.in_(_IDS))
_REMOVE: Final = delete(uploads).where(uploads.c.upload_id.in_(_IDS))
_INSERT: Final = insert(uploads)
_INSERT_PART: Final = insert(upload_parts)

_encode = msgspec.json.encode


def insert_upload(conn: Connection, upload: Upload) -> None:
    """Remember a new upload."""
    file = upload.file
    conn.execute(
        _INSERT,
        {
            "upload_id": upload.upload_id,
            "account_id": file.account_id,
            "path": file.path.text,
            "protocol": upload.protocol.value,
            "state": upload.state.value,
            "size_bytes": file.size_bytes,
            "part_size_bytes": upload.plan.part_size_bytes,
            "mime": file.mime,
            "original_file_name": file.original_file_name,
            "tags": _encode(file.tags).decode(),
            "metadata": file.metadata,
            "is_create_only": upload.is_create_only,
            "credential": _encode(upload.began_by).decode(),
            "created_at": upload.created_at,
            "expires_at": upload.expires_at,
        },
    )


def find_upload(conn: Connection, account_id: str, upload_id: str, now_ms: int) -> Upload | None:
    """The account's upload, unless it is unknown or past its expiry."""
    key = {"account": account_id, "upload": upload_id, "now": now_ms}
    row = conn.execute(_FIND, key).first()
    return None if row is None else _read(row)


def list_parts(conn: Connection, upload_id: str) -> tuple[UploadPart, ...]:
    """The parts whose bytes are in, by index."""
    return tuple(_read_part(row) for row in conn.execute(_PARTS, {"upload": upload_id}))


def put_part(conn: Connection, upload_id: str, index: int, staged: StagedPart) -> str | None:
    """Let `staged` be the bytes of a part; returns the staged id that it replaces.

    A completion that was accepted for other bytes does not count for these.
    """
    key = {"upload": upload_id, "part": index}
    old = conn.execute(_FIND_PART, key).first()
    if old is not None:
        conn.execute(_REMOVE_PART, key)
    conn.execute(
        _INSERT_PART,
        {
            "upload_id": upload_id,
            "part_index": index,
            "staged_id": staged.staged_id,
            "size_bytes": staged.size_bytes,
            "md5": staged.md5,
            "sha256": staged.sha256,
            "block_digests": staged.block_digests,
            "is_complete": False,
        },
    )
    return None if old is None else str(old.staged_id)


def complete_part(conn: Connection, upload_id: str, index: int) -> None:
    """Remember that CompleteUploadPart was accepted for the part."""
    conn.execute(_COMPLETE_PART, {"upload": upload_id, "part": index})


def finish_upload(conn: Connection, upload_id: str, etag: str, forget_at: int) -> bool:
    """Move the upload from open to finished; False when it was not open."""
    key = {"upload": upload_id, "final_etag": etag, "forget_at": forget_at}
    if conn.execute(_FINISH, key).rowcount != 1:
        return False
    conn.execute(_COMPLETE_ALL, {"upload": upload_id})
    return True


def count_open(conn: Connection, account_id: str) -> int:
    """The account's unfinished uploads."""
    return int(conn.execute(_OPEN_COUNT, {"account": account_id}).scalar_one())


def is_reserved(conn: Connection, account_id: str, path: FilePath, since_ms: int) -> bool:
    """Whether an unfinished upload of protocol 1.1, begun after `since_ms`, holds the path."""
    key = {"account": account_id, "wanted": path.text, "since": since_ms}
    return conn.execute(_RESERVED, key).first() is not None


def remove_expired(conn: Connection, now_ms: int, at_most: int) -> tuple[int, tuple[str, ...]]:
    """Forget up to `at_most` expired uploads; how many, and the ids of their staged bytes.

    The room that was kept for those that were not finished is given up.
    """
    rows = conn.execute(_EXPIRED, {"now": now_ms, "at_most": at_most}).all()
    ids = [row.upload_id for row in rows]
    if not ids:
        return 0, ()
    for row in rows:
        if row.state == UploadState.OPEN.value:
            usage.release(conn, row.account_id, row.size_bytes)
    staged = tuple(conn.execute(_STAGED_OF, {"ids": ids}).scalars())
    conn.execute(_REMOVE_PARTS_OF, {"ids": ids})
    conn.execute(_REMOVE, {"ids": ids})
    return len(ids), staged


def _read(row: Row[tuple[object, ...]]) -> Upload:
    file = FileDetails(
        account_id=row.account_id,
        path=FilePath.parse(row.path),
        etag=row.etag,
        size_bytes=row.size_bytes,
        mime=row.mime,
        original_file_name=row.original_file_name,
        tags=msgspec.json.decode(row.tags, type=tuple[str, ...]),
        metadata=row.metadata,
        modified_at=row.created_at,
    )
    return Upload(
        upload_id=row.upload_id,
        file=file,
        protocol=Protocol(row.protocol),
        state=UploadState(row.state),
        plan=PartPlan(row.size_bytes, row.part_size_bytes),
        is_create_only=row.is_create_only,
        began_by=msgspec.json.decode(row.credential, type=Credential),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _read_part(row: Row[tuple[object, ...]]) -> UploadPart:
    staged = StagedPart(
        staged_id=row.staged_id,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        md5=row.md5,
        block_digests=row.block_digests,
    )
    return UploadPart(row.part_index, staged, row.is_complete)
