"""A form of several files in one request.

The whole form is read before any of its files appears: a form that is cut off or malformed leaves
nothing. After that each file stands for itself, and one that is refused does not stop the others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from byteward.errors import BytewardError, ErrorCode
from byteward.files.file_details import FileDetails
from byteward.files.mime import OCTET_STREAM, parse_mime
from byteward.identity.caller import Caller
from byteward.storage.port import StoredObject
from byteward.uploads.form_data import FormDataParser, FormPart
from byteward.uploads.form_reader import FormReader
from byteward.uploads.model import NewFile
from byteward.uploads.publication import Admission, Publication
from byteward.uploads.state import etag_of

MAX_ORIGINAL_NAME = 255


@dataclass(frozen=True, slots=True)
class StoredFormFile:
    """One file of a form that was stored."""

    field_name: str
    file: FileDetails


@dataclass(frozen=True, slots=True)
class RefusedFormFile:
    """One file of a form that was refused."""

    field_name: str
    error: BytewardError


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """What became of each file, in the order of the form."""

    stored: tuple[StoredFormFile, ...]
    refused: tuple[RefusedFormFile, ...]


@dataclass(slots=True)
class _Received:
    """Files of the form whose bytes are stored and that no row names yet, and the refusals."""

    stored: list[tuple[int, str, Admission, StoredObject]] = field(default_factory=list)
    refused: list[tuple[int, RefusedFormFile]] = field(default_factory=list)


async def upload_form(
    publication: Publication,
    caller: Caller,
    file: NewFile,
    chunks: AsyncIterator[bytes],
    parser: FormDataParser,
) -> FormOutcome:
    """Store each file of a form.

    Args:
        publication: admits and publishes.
        caller: who uploads.
        file: what the request says about all of its files.
        chunks: the request's body.
        parser: for the boundary of the request.

    Raises:
        BytewardError: the form is malformed, past a limit, or has no parts; nothing is stored.
    """
    received = _Received()
    try:
        await _receive(publication, caller, file, FormReader(chunks, parser), received)
    except BaseException:
        for _, _, _, stored in received.stored:
            await publication.store.delete(stored.object_id)
        raise
    if not received.stored and not received.refused:
        raise BytewardError(ErrorCode.INVALID_REQUEST, "the form has no parts")
    return await _publish(publication, received)


async def _receive(
    publication: Publication,
    caller: Caller,
    file: NewFile,
    form: FormReader,
    received: _Received,
) -> None:
    number = 0
    async for part in form:
        number += 1
        try:
            admission = await publication.admit(caller, _file_of(file, part), None)
            stored = await publication.receive(admission, form.content())
        except BytewardError as error:
            if form.is_broken:
                raise
            refused = RefusedFormFile(part.field_name, error)
            received.refused.append((number, refused))
        else:
            received.stored.append((number, part.field_name, admission, stored))


async def _publish(publication: Publication, received: _Received) -> FormOutcome:
    stored_files: list[StoredFormFile] = []
    refused = received.refused
    for number, field_name, admission, stored in received.stored:
        try:
            details = await publication.publish(
                admission, stored, etag_of(stored.md5, stored.part_count)
            )
        except BytewardError as error:
            refused.append((number, RefusedFormFile(field_name, error)))
        else:
            stored_files.append(StoredFormFile(field_name, details))
    in_order = sorted(refused, key=lambda each: each[0])
    return FormOutcome(tuple(stored_files), tuple(each for _, each in in_order))


def _file_of(file: NewFile, part: FormPart) -> NewFile:
    """What the request and the part together say about one file."""
    name = file.original_file_name
    if name is None and part.file_name is not None:
        name = part.file_name[:MAX_ORIGINAL_NAME]
    default = "text/plain" if part.file_name is None else OCTET_STREAM  # RFC 7578 §4.4
    mime = default if part.content_type is None else parse_mime(part.content_type)
    if mime is None:
        raise BytewardError(
            ErrorCode.INVALID_REQUEST,
            "the part's Content-Type is not a media type",
            details={"header.content-type": {"message": "not a media type"}},
        )
    return replace(file, original_file_name=name, mime=mime)
