"""Uploads in parts: begin, send parts in any order and again, complete, resume.

Decisions are taken anew at each step: nothing about an upload's id is authority. A part that comes
to its pre-signed URL is judged by the credential that began the upload. Of racing completions one
makes the file (compare-and-set on the upload's state); what follows is answered as a repetition.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from byteward.clock import now_ms
from byteward.errors import BytewardError, ErrorCode
from byteward.files import store as file_store
from byteward.files import usage
from byteward.files.external_transfer import send_elsewhere
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace, Place
from byteward.files.layer_store import find_place
from byteward.files.resolution import ChosenPath
from byteward.identity.caller import Caller
from byteward.ids import UPLOAD_ID, new_upload_id
from byteward.paths import FilePath
from byteward.storage.port import StagedPart, StoredObject
from byteward.uploads import part_token, store
from byteward.uploads.authority import Writer, require_some_write_in, require_write_in
from byteward.uploads.destination import Destinations
from byteward.uploads.model import Credential, NewFile, Upload, UploadPart
from byteward.uploads.part_token import PartClaim, PartToken
from byteward.uploads.plan import ByteRange, plan_parts
from byteward.uploads.publication import Publication, details_of
from byteward.uploads.state import (
    CompletionStep,
    Protocol,
    UploadState,
    check_may_put,
    completion_step,
    etag_of,
    not_found,
    remaining,
)


@dataclass(frozen=True, slots=True)
class MultipartLimits:
    """Times and counts of multipart uploads.

    Attributes:
        max_open: unfinished uploads of one account.
        url_ttl_seconds: life of a part's upload URL.
        expiry_seconds: life of an unfinished upload.
        retention_seconds: how long a finished upload still answers.
    """

    max_open: int
    url_ttl_seconds: int
    expiry_seconds: int
    retention_seconds: int


@dataclass(frozen=True, slots=True)
class PartTicket:
    """What a client needs in order to send one part."""

    account_id: str
    upload_id: str
    index: int
    range: ByteRange
    token: PartToken


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """A new upload: the file that it is going to make, and its first part."""

    file: FileDetails
    upload_id: str
    part_count: int
    first: PartTicket


@dataclass(frozen=True, slots=True)
class PartAddress:
    """The part that a URL names, with the token in its query."""

    account_id: str
    upload_id: str
    index: int
    token: PartToken


@dataclass(frozen=True, slots=True)
class _Completion:
    """What the first transaction of CompleteUploadPart found."""

    step: CompletionStep
    upload: Upload
    parts: tuple[UploadPart, ...]


class MultipartUploads:
    """The use cases of multipart uploads.

    Args:
        publication: admits uploads and publishes files.
        token_key: `part_token.derive_key` of the installation's master key.
        limits: times and counts.
    """

    def __init__(
        self, publication: Publication, *, token_key: bytes, limits: MultipartLimits
    ) -> None:
        self._publication = publication
        self._database = publication.database
        self._objects = publication.store
        self._guard = publication.guard
        self._clock = publication.clock
        self._token_key = token_key
        self._limits = limits

    async def begin(
        self, caller: Caller, file: NewFile, size_bytes: int, protocol: Protocol
    ) -> BegunUpload:
        """Settle path, type, tags and size of a file whose bytes come later.

        Raises:
            BytewardError: see `Publication.admit` and `choose_in`; `rate_limit_exceeded` when the
                account has too many unfinished uploads.
        """
        admission = await self._publication.admit(caller, file, size_bytes)
        destinations = self._destinations(caller.principal.account_id)

        def work(conn: Connection) -> Upload:
            at_ms = now_ms(self._clock)
            self._require_room(conn, caller.principal.account_id)
            chosen = self._publication.choose_in(conn, admission, destinations, at_ms, size_bytes)
            self._reserve(conn, caller.principal.account_id, chosen, size_bytes, at_ms)
            upload = Upload(
                upload_id=new_upload_id(),
                file=details_of(admission, chosen.path, size_bytes, at_ms),
                protocol=protocol,
                state=UploadState.OPEN,
                plan=plan_parts(size_bytes),
                is_create_only=chosen.is_create_only,
                began_by=Credential.of(caller),
                created_at=at_ms,
                expires_at=at_ms + self._limits.expiry_seconds * 1000,
            )
            store.insert_upload(conn, upload)
            return upload

        upload = await destinations.settled(lambda: self._database.write(work))
        first = self._ticket(upload, 0)
        return BegunUpload(upload.file, upload.upload_id, upload.plan.count, first)

    async def get_part(self, caller: Caller, upload_id: str, index: int) -> PartTicket:
        """Where to send a part, also again.

        Raises:
            BytewardError: `upload_not_found`, 401, 403, `upload_part_not_found`.
        """
        upload, _ = await self._load_for(caller, upload_id)
        return self._ticket(upload, index)

    async def list_remaining(self, caller: Caller, upload_id: str) -> tuple[int, ...]:
        """Indexes of the parts that were not completed, ascending: what is left to do.

        Raises:
            BytewardError: `upload_not_found`, 401, 403.
        """
        upload, parts = await self._load_for(caller, upload_id)
        return remaining(upload.plan.count, [part.state for part in parts])

    async def admit_part(self, address: PartAddress, content_length: int | None) -> Upload:
        """Check a part's URL and declared length before its bytes are taken.

        Raises:
            BytewardError: `upload_not_found`, `upload_part_not_found`, 401, 403,
                `length_required`, `invalid_upload_part`.
        """
        upload = await self._database.read(lambda conn: self._judge_part(conn, address))
        size_bytes = upload.plan.range_of(address.index).size_bytes
        if content_length is None:
            raise BytewardError(
                ErrorCode.LENGTH_REQUIRED, f"send Content-Length: {size_bytes} with the part"
            )
        if content_length != size_bytes:
            raise BytewardError(
                ErrorCode.INVALID_UPLOAD_PART,
                f"part {address.index} has {size_bytes} bytes, not {content_length}",
                details={"uploadPartIndex": address.index, "size": size_bytes},
            )
        return upload

    async def put_part(
        self, address: PartAddress, upload: Upload, body: AsyncIterator[bytes]
    ) -> str:
        """Store the bytes of an admitted part; they are durable when this returns its etag.

        Raises:
            BytewardError: `invalid_upload_part` for another length; what `admit_part` raises when
                things changed meanwhile.
        """
        size_bytes = upload.plan.range_of(address.index).size_bytes
        staged = await self._objects.stage(body, exact_bytes=size_bytes)
        if upload.is_published_by_put:
            await self._publish_only_part(address, upload, staged)
        else:
            await self._keep_part(address, staged)
        return staged.md5.hex()

    async def complete_part(
        self, caller: Caller, upload_id: str, index: int, etag: str
    ) -> str | None:
        """Accept a part; the last one makes the file.

        Returns:
            the file's etag when it is there now, None while other parts are missing.

        Raises:
            BytewardError: `upload_not_found`, `upload_part_not_found`, `invalid_upload_part`, 401,
                403, `path_taken`.
        """
        accepted = await self._database.write(
            lambda conn: self._accept_part(conn, caller, upload_id, index, etag)
        )
        if accepted.step is CompletionStep.PENDING:
            return None
        if accepted.step is CompletionStep.REPEATED:
            return accepted.upload.file.etag
        return await self._assemble(caller, accepted)

    async def _assemble(self, caller: Caller, accepted: _Completion) -> str | None:
        staged = [part.staged for part in accepted.parts]
        stored = await self._objects.assemble(staged)
        writer, found = Writer.of(caller), accepted.upload

        def judge(conn: Connection) -> Upload:
            upload = self._find(conn, found.file.account_id, found.upload_id)
            if upload.state is UploadState.FINISHED:
                raise _AlreadyFinishedError(upload.file.etag)
            parts = store.list_parts(conn, upload.upload_id)
            if [part.staged.staged_id for part in parts] != [part.staged_id for part in staged]:
                raise BytewardError(
                    ErrorCode.INVALID_UPLOAD_PART,
                    "a part was sent again while the file was put together; complete it again",
                )
            return upload

        try:
            details = await self._publish(writer, judge, found, stored)
        except _AlreadyFinishedError as finished:
            await self._objects.delete(stored.object_id)
            return finished.etag
        await self._discard(staged)
        return details.etag

    async def _publish_only_part(
        self, address: PartAddress, upload: Upload, staged: StagedPart
    ) -> None:
        """Protocol 1.0: the bytes of the only part make the file at once."""
        stored = await self._objects.assemble([staged])

        def judge(conn: Connection) -> Upload:
            current = self._judge_part(conn, address)
            if current.began_by.is_expired(self._clock()):
                raise BytewardError(
                    ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED,
                    "the credential that began the upload has expired; begin it again",
                )
            store.put_part(conn, current.upload_id, address.index, staged)
            return current

        writer = upload.began_by.writer(address.account_id)
        try:
            await self._publish(writer, judge, upload, stored)
        finally:
            await self._discard([staged])

    async def _keep_part(self, address: PartAddress, staged: StagedPart) -> None:
        """Remember a part's bytes, if the upload is open still; those it replaces are removed."""

        def work(conn: Connection) -> str | None:
            self._judge_part(conn, address)
            return store.put_part(conn, address.upload_id, address.index, staged)

        try:
            replaced = await self._database.write(work)
        except BytewardError as error:
            if error.code is not ErrorCode.STORAGE_ERROR:
                await self._discard([staged])
            raise
        if replaced is not None:
            await self._objects.discard([replaced])

    async def _discard(self, staged: Sequence[StagedPart]) -> None:
        """Remove staged bytes whose file is there; what fails here is left to the sweep."""
        with contextlib.suppress(BytewardError):
            await self._objects.discard([part.staged_id for part in staged])

    async def _publish(
        self,
        writer: Writer,
        judge: Callable[[Connection], Upload],
        upload: Upload,
        stored: StoredObject,
    ) -> FileDetails:
        """Make the file and finish the upload, both in our store or first in the account's.

        Args:
            writer: is decided for.
            judge: reads the upload again and refuses what changed meanwhile.
            upload: as it was read before.
            stored: the bytes.
        """
        destinations = self._destinations(upload.file.account_id)

        def work(conn: Connection) -> tuple[FileDetails, Place]:
            return self._publish_in(conn, writer, judge(conn), destinations, stored)

        details, place = await self._publication.committed(
            lambda: destinations.settled(lambda: self._database.write(work)), stored
        )
        if not isinstance(place, ExternalPlace):
            return details
        details = await send_elsewhere(
            self._publication.external, self._objects, place, details, stored
        )
        await self._database.write(
            lambda conn: self._finish_in(conn, judge(conn), details, now_ms(self._clock))
        )
        return details

    def _publish_in(
        self,
        conn: Connection,
        writer: Writer,
        upload: Upload,
        destinations: Destinations,
        stored: StoredObject,
    ) -> tuple[FileDetails, Place]:
        """Decide the write once more; into our own store, make it and finish the upload."""
        at_ms = now_ms(self._clock)
        exists = destinations.has_file(conn, upload.path, at_ms)
        conflict = BytewardError(
            ErrorCode.PATH_TAKEN,
            f"a file came to `{upload.path}` while the upload was running",
            details={"filePath": upload.path.text},
        )
        segments = upload.path.segments
        require_write_in(self._guard, conn, writer, segments, exists=exists, conflict=conflict)
        if exists and upload.is_create_only:
            raise conflict
        etag = etag_of(stored.md5, stored.part_count)
        details = replace(upload.file, etag=etag, modified_at=at_ms)
        place = destinations.place(conn, upload.path)
        if not isinstance(place, ExternalPlace):
            # The room that was kept is free before the file takes it.
            self._finish_in(conn, upload, details, at_ms)
            kept = replace(details, path=FilePath(place.segments))
            file_store.put_file(conn, kept, stored)
        return details, place

    def _finish_in(
        self, conn: Connection, upload: Upload, details: FileDetails, at_ms: int
    ) -> None:
        usage.release(conn, details.account_id, upload.file.size_bytes)
        forget_at = at_ms + self._limits.retention_seconds * 1000
        if not store.finish_upload(conn, upload.upload_id, details.etag or "", forget_at):
            raise not_found()

    def _destinations(self, account_id: str) -> Destinations:
        return Destinations(self._publication.external, account_id)

    def _accept_part(
        self, conn: Connection, caller: Caller, upload_id: str, index: int, etag: str
    ) -> _Completion:
        upload = self._find_for(conn, caller, upload_id)
        upload.plan.range_of(index)
        parts = store.list_parts(conn, upload_id)
        states = [part.state for part in parts]
        step = completion_step(upload.state, upload.plan.count, states, index, etag)
        if step is CompletionStep.PENDING:
            store.complete_part(conn, upload_id, index)
        return _Completion(step, upload, parts)

    def _judge_part(self, conn: Connection, address: PartAddress) -> Upload:
        """The open upload that a part's URL is for, if the URL and who began it are still good."""
        upload = self._find(conn, address.account_id, address.upload_id)
        size_bytes = upload.plan.range_of(address.index).size_bytes
        claim = PartClaim(address.account_id, upload.upload_id, address.index, size_bytes)
        part_token.verify_part(self._token_key, claim, address.token, self._clock())
        check_may_put(upload.state)
        writer = upload.began_by.writer(address.account_id)
        require_some_write_in(self._guard, conn, writer, upload.path.segments)
        return upload

    async def _load_for(
        self, caller: Caller, upload_id: str
    ) -> tuple[Upload, tuple[UploadPart, ...]]:
        def work(conn: Connection) -> tuple[Upload, tuple[UploadPart, ...]]:
            upload = self._find_for(conn, caller, upload_id)
            return upload, store.list_parts(conn, upload_id)

        return await self._database.read(work)

    def _find_for(self, conn: Connection, caller: Caller, upload_id: str) -> Upload:
        """The caller's account's upload, if the caller may write its path."""
        upload = self._find(conn, caller.principal.account_id, upload_id)
        require_some_write_in(self._guard, conn, Writer.of(caller), upload.path.segments)
        return upload

    def _find(self, conn: Connection, account_id: str, upload_id: str) -> Upload:
        upload = None
        if UPLOAD_ID.fullmatch(upload_id):
            upload = store.find_upload(conn, account_id, upload_id, now_ms(self._clock))
        if upload is None:
            raise not_found()
        return upload

    def _reserve(
        self, conn: Connection, account_id: str, chosen: ChosenPath, size_bytes: int, at_ms: int
    ) -> None:
        """Keep room for the file, so that unfinished uploads together stay within the quota."""
        place = find_place(conn, account_id, chosen.path.segments)
        quotas, replaced = usage.NO_QUOTAS, None
        if not isinstance(place, ExternalPlace):
            quotas = usage.rules_in(conn, account_id).quotas
            replaced = file_store.find_file(conn, account_id, FilePath(place.segments), at_ms)
        usage.reserve(
            conn,
            account_id,
            quotas,
            size_bytes,
            replaced_bytes=0 if replaced is None else replaced.details.size_bytes,
        )

    def _require_room(self, conn: Connection, account_id: str) -> None:
        if store.count_open(conn, account_id) >= self._limits.max_open:
            raise BytewardError(
                ErrorCode.RATE_LIMIT_EXCEEDED,
                f"the account has {self._limits.max_open} unfinished uploads; finish some first",
                headers={"retry-after": "60"},
            )

    def _ticket(self, upload: Upload, index: int) -> PartTicket:
        part = upload.plan.range_of(index)
        account_id = upload.file.account_id
        claim = PartClaim(account_id, upload.upload_id, index, part.size_bytes)
        expires_at = int(self._clock()) + self._limits.url_ttl_seconds
        token = part_token.sign_part(self._token_key, claim, expires_at)
        return PartTicket(account_id, upload.upload_id, index, part, token)


class _AlreadyFinishedError(Exception):
    """Another completion of the same part was faster; its answer is the answer."""

    def __init__(self, etag: str | None) -> None:
        super().__init__(etag)
        self.etag = etag
