"""The transaction that turns stored bytes into a file, shared by every way to upload.

What was decided before the bytes came is decided again here, on what the transaction sees: the
credential, the permission, what is at the path, the upload rates and the quotas.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from sqlalchemy import Connection

from byteward.accounts import daily_usage
from byteward.accounts.daily_usage import NO_KEY, Amounts
from byteward.accounts.model import DEFAULT_UPLOAD_LOCATION, Quotas, UploadLocation
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import store as file_store
from byteward.files import usage
from byteward.files.external_files import ExternalFiles, read_only
from byteward.files.external_transfer import send_elsewhere
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace, Place, levels_of, place_of
from byteward.files.layer_store import find_place
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
from byteward.identity import rate_limit
from byteward.identity.caller import Caller
from byteward.ids import base58_text
from byteward.paths import FilePath
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard, require_tags
from byteward.storage.port import ObjectStore, StoredObject
from byteward.uploads import store as upload_store
from byteward.uploads.allowance import Allowance, Headroom, allowance_of, bounded
from byteward.uploads.authority import Writer, require_some_write, require_write_in
from byteward.uploads.destination import Destinations
from byteward.uploads.model import NewFile

T = TypeVar("T")

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
        allowance: limits that hold for it.
        headroom: what is left of the limits that uploads share; None: no such limit.
    """

    caller: Caller
    file: NewFile
    tags: tuple[str, ...]
    plan: PathPlan
    allowance: Allowance
    headroom: Headroom | None = None

    @property
    def max_bytes(self) -> int:
        """The largest file that is taken."""
        return self.allowance.max_bytes


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the account stands when an upload asks to begin."""

    usage: usage.Usage
    is_external: bool  # its bytes go to a store of the account's and are no usage of ours
    replaced_bytes: int | None
    left: tuple[Headroom, ...]


class Publication:
    """Admits uploads early and publishes files in their transaction.

    Args:
        database: metadata.
        store: bytes.
        facts: cached facts of this worker.
        guard: decides.
        clock: Unix seconds.
        external: files in stores of accounts.
    """

    def __init__(
        self,
        *,
        database: Database,
        store: ObjectStore,
        facts: Facts,
        guard: Guard,
        clock: Clock,
        external: ExternalFiles,
    ) -> None:
        self.database = database
        self.store = store
        self.facts = facts
        self.guard = guard
        self.clock = clock
        self.external = external

    async def admit(self, caller: Caller, file: NewFile, size_bytes: int | None) -> Admission:
        """Refuse early what cannot succeed, before any bytes are taken.

        Args:
            caller: who uploads.
            file: what the request says about the file.
            size_bytes: its declared size, if there is one.

        Raises:
            BytewardError: `invalid_path…`, `too_many_tags`, `rate_limit_exceeded`,
                `tag_not_permitted`, `authorization_failed_permission_denied`, `file_too_large`,
                `insufficient_storage`, `quota_exceeded`, `read_only_storage`.
        """
        tags = join_tags(file.tags, () if caller.key is None else caller.key.tags)
        name = UploadedName(file.original_file_name, file.mime)
        plan = plan_path(file.definition, _location(caller), name, now_ms(self.clock))
        candidate = first_candidate(plan, base58_text)
        account = await self.facts.account(caller.principal.account_id)
        if account is None:
            raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "the account is gone")
        allowance, quotas = allowance_of(account, caller, tags), account.settings.quotas
        standing = None
        if allowance.is_counted or quotas != usage.NO_QUOTAS:
            standing = await self.database.read(
                lambda conn: self._standing(
                    conn, account.account_id, allowance, candidate, size_bytes
                )
            )
        await require_some_write(self.guard, caller.principal, candidate.segments)
        require_tags(caller.principal, file.tags)
        await self._require_writable(account.account_id, candidate)
        self.check_size(size_bytes, allowance)
        if standing is None:
            return Admission(caller, file, tags, plan, allowance)
        if standing.is_external:
            quotas = Quotas(uploads_per_month=quotas.uploads_per_month)
        replaced_bytes = standing.replaced_bytes
        usage.require_room(standing.usage, quotas, size_bytes or 0, replaced_bytes=replaced_bytes)
        left = [*standing.left, *_room_left(standing, quotas)]
        headroom = min(left, key=lambda each: each.size_bytes, default=None)
        return Admission(caller, file, tags, plan, allowance, headroom)

    async def _require_writable(self, account_id: str, path: FilePath) -> None:
        levels = levels_of(await self.facts.storage_layers(account_id))
        place = place_of(levels, path.segments)
        if isinstance(place, ExternalPlace) and place.is_read_only:
            raise read_only(place)

    def _standing(
        self,
        conn: Connection,
        account_id: str,
        allowance: Allowance,
        path: FilePath,
        size_bytes: int | None,
    ) -> _Standing:
        """Read how far the limits are used up, and refuse an upload for which nothing is left."""
        at_ms = now_ms(self.clock)
        # Of an unknown size it is asked whether a single byte may come.
        wanted = 1 if size_bytes is None else min(size_bytes, allowance.max_bytes)
        rate_limit.require_allowance(conn, allowance.demands(wanted), at_ms)
        place = find_place(conn, account_id, path.segments)
        existing = None
        if not isinstance(place, ExternalPlace):
            kept = FilePath(place.segments)
            existing = file_store.find_file(conn, account_id, kept, at_ms)
        return _Standing(
            usage.read_usage(conn, account_id, at_ms),
            isinstance(place, ExternalPlace),
            None if existing is None else existing.details.size_bytes,
            tuple(
                Headroom(
                    rate_limit.remaining(conn, each, at_ms),
                    rate_limit.exceeded(each, each.seconds),
                )
                for each in allowance.volumes
            ),
        )

    def check_size(self, size_bytes: int | None, allowance: Allowance) -> None:
        """Refuse a declared size that is not allowed or that the volume has no room for.

        Raises:
            BytewardError: `file_too_large`, `insufficient_storage`.
        """
        if size_bytes is None:
            return
        allowance.check_size(size_bytes)
        if size_bytes > self.store.free_bytes():
            raise BytewardError(
                ErrorCode.INSUFFICIENT_STORAGE, "there is not enough space left for the file"
            )

    async def receive(self, admission: Admission, body: AsyncIterator[bytes]) -> StoredObject:
        """Store the bytes of an admitted upload, as long as they are within its limits.

        Raises:
            BytewardError: `file_too_large`, `rate_limit_exceeded` or `quota_exceeded` as soon as
                too many bytes have come; nothing is kept then.
        """
        if admission.headroom is not None:
            body = bounded(body, admission.headroom)
        return await self.store.put(body, max_bytes=admission.max_bytes)

    def choose_in(
        self,
        conn: Connection,
        admission: Admission,
        destinations: Destinations,
        at_ms: int,
        size_bytes: int,
    ) -> ChosenPath:
        """Settle the path, decide the write to it, and count it against rates and quotas.

        Raises:
            UnseenError: see `destination.py`.
            BytewardError: 401, 403, `path_taken`, `invalid_path`, `rate_limit_exceeded`,
                `quota_exceeded`, `read_only_storage`.
        """
        caller = admission.caller
        account_id = caller.principal.account_id
        occupancy = _occupancy(conn, account_id, destinations, at_ms)
        chosen = choose_path(admission.plan, occupancy, destinations.draw)
        segments = chosen.path.segments
        require_write_in(self.guard, conn, Writer.of(caller), segments, exists=chosen.exists)
        rate_limit.count_upload(conn, admission.allowance.demands(size_bytes), at_ms)
        quotas = usage.rules_in(conn, account_id).quotas
        usage.count_upload(conn, account_id, quotas, at_ms)
        key_id = NO_KEY if caller.key is None else caller.key.key_id
        daily_usage.add(conn, account_id, key_id, at_ms, Amounts(uploads=1, bytes_in=size_bytes))
        return chosen

    async def publish(self, admission: Admission, stored: StoredObject, etag: str) -> FileDetails:
        """Make the file of a request that brought all its bytes.

        Raises:
            BytewardError: see `choose_in`; the stored bytes are gone then. `origin_error` and
                `origin_timeout` when the account's own store does not take them.
        """
        destinations = Destinations(self.external, admission.caller.principal.account_id)

        def work(conn: Connection) -> tuple[FileDetails, Place]:
            at_ms = now_ms(self.clock)
            chosen = self.choose_in(conn, admission, destinations, at_ms, stored.size_bytes)
            details = details_of(admission, chosen.path, stored.size_bytes, at_ms)
            details = replace(details, etag=etag)
            place = destinations.place(conn, chosen.path)
            if not isinstance(place, ExternalPlace):
                kept = replace(details, path=FilePath(place.segments))
                file_store.put_file(conn, kept, stored)
            return details, place

        details, place = await self.committed(
            lambda: destinations.settled(lambda: self.database.write(work)), stored
        )
        if isinstance(place, ExternalPlace):
            return await send_elsewhere(self.external, self.store, place, details, stored)
        return details

    async def committed(self, commit: Callable[[], Awaitable[T]], stored: StoredObject) -> T:
        """Run a transaction that names `stored`; take the bytes away when it was refused."""
        try:
            return await commit()
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


def _room_left(standing: _Standing, quotas: Quotas) -> list[Headroom]:
    left = usage.room_left(standing.usage, quotas, standing.replaced_bytes)
    if left is None or quotas.stored_bytes is None:
        return []
    return [Headroom(left, usage.exceeded("storedBytes", quotas.stored_bytes))]


def _occupancy(
    conn: Connection, account_id: str, destinations: Destinations, at_ms: int
) -> Callable[[FilePath], Occupancy]:
    def look(path: FilePath) -> Occupancy:
        return Occupancy(
            has_file=destinations.has_file(conn, path, at_ms),
            is_reserved=upload_store.is_reserved(conn, account_id, path, at_ms - RESERVATION_MS),
        )

    return look
