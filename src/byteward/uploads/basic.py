"""One request, one file: the body is the file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from byteward.files.file_details import FileDetails
from byteward.uploads.publication import Admission, Publication
from byteward.uploads.state import etag_of


async def upload_body(
    publication: Publication, admission: Admission, body: AsyncIterator[bytes]
) -> FileDetails:
    """Store the body of an admitted upload and publish it.

    Returns only after bytes and row are on stable storage. A body that is cut off raises out of
    `body`, and nothing is left.

    Raises:
        BytewardError: as soon as a limit is passed, see `Publication.receive`; and whatever
            `Publication.publish` refuses.
    """
    stored = await publication.receive(admission, body)
    return await publication.publish(admission, stored, etag_of(stored.md5, stored.part_count))
