"""The transaction that turns stored bytes into a file, shared by every way to upload.

What was decided before the bytes came is decided again here, on what the transaction sees: the
credential, the permission, what is at the path, and the upload rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from byteward.accounts.model import DEFAULT_UPLOAD_LOCATION, UploadLocation
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import store as file_store
from byteward.files.file_details import FileDetails
from byteward.files.resolution import (
    ChosenPath,
    Occupancy,
    PathPlan,
    UploadedName,
    choose_path,
    first_candidate,
    plan_path,
)
from byteward.files.tags import join_tags
from byteward.identity.caller import Caller
from byteward.identity.rate_limit import require_upload_allowance
from byteward.ids import base58_text
from byteward.paths import FilePath
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard, require_tags
from byteward.storage.port import ObjectStore, StoredObject
from byteward.uploads import store as upload_store
from byteward.uploads.authority import Writer, require_some_write, require_write_in
from byteward.uploads.model import NewFile

RESERVATION_MS: Final = 24 * 3600 * 1000
"""How long an upload in progress makes its path count as taken for fallbacks."""


@dataclass(frozen=True, slots=True)
class Admission:
    """An upload that may go on to send its bytes.

    Attributes:
        caller: who uploads.
        file: what the request says about the file.
        tags: with those that the API key adds.
        plan: where it goes.
        max_bytes: the most that the account allows.
    """

    caller: Caller
    file: NewFile
    tags: tuple[str, ...]
    plan: PathPlan
    max_bytes: int


class Publication:
    """Admits uploads early and publishes files in their transaction.

    Args:
        database: metadata.
        store: bytes.
        facts: cached facts of this worker.
        guard: decides.
        clock: Unix seconds.
    """

    def __init__(
        self, *, database: Database, store: ObjectStore, facts: Facts, guard: Guard, clock: Clock
    ) -> None:
        self.database = database
        self.store = store
        self.facts = facts
        self.guard = guard
        self.clock = clock

    async def admit(self, caller: Caller, file: NewFile, size_bytes: int | None) -> Admission:
        """Refuse early what cannot succeed, before any bytes are taken.

        Args:
            caller: who uploads.
            file: what the request says about the file.
            size_bytes: its declared size, if there is one.

        Raises:
            BytewardError: `invalid_path…`, `too_many_tags`, `file_too_large`, `tag_not_permitted`,
                `authorization_failed_permission_denied`, `insufficient_storage`.
        """
        tags = join_tags(file.tags, () if caller.key is None else caller.key.tags)
        name = UploadedName(file.original_file_name, file.mime)
        plan = plan_path(file.definition, _location(caller), name, now_ms(self.clock))
        candidate = first_candidate(plan, base58_text)
        account_id = caller.principal.account_id
        account = await self.facts.account(account_id)
        if account is None:
            raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "the account is gone")
        await require_some_write(self.guard, caller.principal, candidate.segments)
        require_tags(caller.principal, file.tags)
        max_bytes = account.settings.max_upload_bytes
        self.check_size(size_bytes, max_bytes)
        return Admission(caller, file, tags, plan, max_bytes)

    def check_size(self, size_bytes: int | None, max_bytes: int) -> None:
        """Refuse a declared size that the account or the volume has no room for.

        Raises:
            BytewardError: `file_too_large`, `insufficient_storage`.
        """
        if size_bytes is None:
            return
        if size_bytes > max_bytes:
            raise BytewardError(
                ErrorCode.FILE_TOO_LARGE,
                f"the file has {size_bytes} bytes; the account takes up to {max_bytes}",
                details={"maxSize": max_bytes, "size": size_bytes},
            )
        if size_bytes > self.store.free_bytes():
            raise BytewardError(
                ErrorCode.INSUFFICIENT_STORAGE, "there is not enough space left for the file"
            )

    def choose_in(self, conn: Connection, admission: Admission, at_ms: int) -> ChosenPath:
        """Settle the path, decide the write to it, and count it against the upload rate.

        Raises:
            BytewardError: 401, 403, `path_taken`, `invalid_path`, `rate_limit_exceeded`.
        """
        caller = admission.caller
        principal, key = caller.principal, caller.key
        occupancy = _occupancy(conn, principal.account_id, at_ms)
        chosen = choose_path(admission.plan, occupancy, base58_text)
        segments = chosen.path.segments
        require_write_in(self.guard, conn, Writer.of(caller), segments, exists=chosen.exists)
        if key is not None:
            require_upload_allowance(
                conn, key.key_id, caller.client_ip, key.upload_rate_limit, at_ms
            )
        return chosen

    async def publish(self, admission: Admission, stored: StoredObject, etag: str) -> FileDetails:
        """Make the file of a request that brought all its bytes.

        Raises:
            BytewardError: see `choose_in`; the stored bytes are gone then.
        """

        def work(conn: Connection) -> FileDetails:
            at_ms = now_ms(self.clock)
            chosen = self.choose_in(conn, admission, at_ms)
            details = details_of(admission, chosen.path, stored.size_bytes, at_ms)
            details = replace(details, etag=etag)
            file_store.put_file(conn, details, stored)
            return details

        return await self.committed(work, stored)

    async def committed(
        self, work: Callable[[Connection], FileDetails], stored: StoredObject
    ) -> FileDetails:
        """Run a transaction that names `stored`; take the bytes away when it was refused."""
        try:
            return await self.database.write(work)
        except BytewardError as error:
            # After a failed commit nobody knows whether a row names the object, so it stays; the
            # sweep of unreferenced objects takes care of it.
            if error.code is not ErrorCode.STORAGE_ERROR:
                await self.store.delete(stored.object_id)
            raise


def details_of(admission: Admission, path: FilePath, size_bytes: int, at_ms: int) -> FileDetails:
    """The file that an admitted upload makes, without its etag."""
    return FileDetails(
        account_id=admission.caller.principal.account_id,
        path=path,
        etag=None,
        size_bytes=size_bytes,
        mime=admission.file.mime,
        original_file_name=admission.file.original_file_name,
        tags=admission.tags,
        metadata=admission.file.metadata,
        modified_at=at_ms,
    )


def _location(caller: Caller) -> UploadLocation:
    return DEFAULT_UPLOAD_LOCATION if caller.key is None else caller.key.default_upload_path


def _occupancy(conn: Connection, account_id: str, at_ms: int) -> Callable[[FilePath], Occupancy]:
    def look(path: FilePath) -> Occupancy:
        return Occupancy(
            has_file=file_store.find_file(conn, account_id, path) is not None,
            is_reserved=upload_store.is_reserved(conn, account_id, path, at_ms - RESERVATION_MS),
        )

    return look
