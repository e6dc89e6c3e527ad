"""Files that the server fetches itself.

The right to write is decided before anything is fetched, so nobody without it can make the server
send a request; again with the name and type that the answer brings; and once more when the file is
made. Fetching and making are two steps, because the first may be given up at any time and the
second must not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.files.file_details import FileDetails
from byteward.identity.caller import Caller
from byteward.outbound.fetch import OutboundClient, OutboundResponse
from byteward.outbound.model import Failure, OutboundError, OutboundRequest
from byteward.outbound.url import OutboundUrl
from byteward.storage.port import StoredObject
from byteward.uploads.model import NewFile
from byteward.uploads.publication import Admission, Publication
from byteward.uploads.source_headers import file_name_of, mime_of
from byteward.uploads.state import etag_of

_WHOLE: Final = range(200, 300)
_PARTIAL: Final = 206


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file comes from.

    Attributes:
        url: of the file.
        timeout_seconds: until its last byte.
        is_mime_told: the request says the type of the file; else the answer does.
    """

    url: OutboundUrl
    timeout_seconds: float
    is_mime_told: bool


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file whose bytes are stored and that no row names yet."""

    admission: Admission
    stored: StoredObject


class UrlUploads:
    """Uploads from URLs.

    Args:
        publication: admits and publishes.
        client: fetches.
        max_seconds: longest fetch, whatever a request asks for.
    """

    def __init__(
        self, publication: Publication, client: OutboundClient, *, max_seconds: float
    ) -> None:
        self._publication = publication
        self._client = client
        self._max_seconds = max_seconds

    async def fetch(self, caller: Caller, file: NewFile, source: Source) -> FetchedFile:
        """Store the bytes behind a URL; nothing is kept when this fails or is cancelled.

        Args:
            caller: who uploads.
            file: what the request says about the file.
            source: where it comes from.

        Raises:
            BytewardError: `source_url_failed`, `source_url_timeout`, and whatever
                `Publication.admit` and `Publication.receive` refuse.
        """
        await self._publication.admit(caller, file, None)
        seconds = min(source.timeout_seconds, self._max_seconds)
        request = OutboundRequest(source.url, total_seconds=seconds)
        try:
            async with self._client.open(request) as response:
                _require_whole(response)
                described = _described(file, source, response)
                size_bytes = response.declared_bytes
                admission = await self._publication.admit(caller, described, size_bytes)
                body = response.body(max_bytes=None)  # counted where every upload is
                stored = await self._publication.receive(admission, body)
        except OutboundError as error:
            raise _refusal(error) from None
        return FetchedFile(admission, stored)

    async def publish(self, fetched: FetchedFile) -> FileDetails:
        """Make the file.

        Raises:
            BytewardError: whatever `Publication.publish` refuses; the bytes are gone then.
        """
        stored = fetched.stored
        etag = etag_of(stored.md5, stored.part_count)
        return await self._publication.publish(fetched.admission, stored, etag)


def _require_whole(response: OutboundResponse) -> None:
    """Only a success is the file; a part that nobody asked for is not."""
    status = response.status
    if status not in _WHOLE or status == _PARTIAL:
        raise OutboundError(Failure.STATUS, f"status {status}", status=status)


def _described(file: NewFile, source: Source, response: OutboundResponse) -> NewFile:
    """What the request says, completed by what the answer says."""
    if not source.is_mime_told:
        file = replace(file, mime=mime_of(response.headers.first("content-type")))
    if file.original_file_name is None:
        name = file_name_of(response.headers.first("content-disposition"))
        file = replace(file, original_file_name=name)
    return file


def _refusal(error: OutboundError) -> BytewardError:
    if error.failure is Failure.TIMEOUT:
        return BytewardError(
            ErrorCode.SOURCE_URL_TIMEOUT, "the URL did not deliver the file in time"
        )
    details: dict[str, object] = {"reason": error.failure.value}
    if error.status is not None:
        details["status"] = error.status
    return BytewardError(ErrorCode.SOURCE_URL_FAILED, _MESSAGES[error.failure], details=details)


_MESSAGES: Final = {
    Failure.STATUS: "the URL answered with a status that is no success",
    Failure.TOO_LARGE: "the URL delivers too much",
    Failure.REDIRECTS: "the URL redirects too often, or to where it must not",
    Failure.UNREACHABLE: "the URL cannot be reached, or its answer cannot be used",
}
