"""Buckets that speak S3: reading, writing and listing objects.

Requests go through the one guarded client of `outbound/`, so an endpoint that an account gives is
judged and pinned at every connection, like any other URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from byteward.clock import Clock
from byteward.outbound.fetch import OutboundClient, OutboundResponse
from byteward.outbound.model import Method, OutboundRequest
from byteward.storage.external.answers import iso_ms
from byteward.storage.external.exchange import (
    FORBIDDEN,
    MISSING,
    OK,
    get_answer,
    head_answer,
    is_coded_part,
    opened,
    read_small,
)
from byteward.storage.external.failures import damaged, refused
from byteward.storage.external.port import (
    Content,
    ExternalAnswer,
    ExternalObject,
    ListedObject,
    ListedPrefix,
    ListPage,
)
from byteward.storage.external.s3_requests import Bucket, Pairs, bucket_request
from byteward.storage.external.s3_xml import Element, S3XmlError, parse_xml
from byteward.strict_base64 import encode_base64

PART_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of an upload that are in memory at once, and the size of its parts."""
MAX_PARTS: Final = 10_000

_MEBIBYTE: Final = 1024 * 1024
_MAX_XML: Final = 8 * 1024 * 1024
_NOT_SHOWN: Final = MISSING | {FORBIDDEN}
"""Without the right to list, stores answer 403 for an object that does not exist."""
_DELETED: Final = frozenset({OK, 202, 204}) | MISSING
_MD5: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SIZE: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_MAX_PAGES: Final = 20
_GROUP: Final = "CommonPrefixes"
_ABORT_SECONDS: Final = 10.0
_MIN_UPLOAD_RATE: Final = 64 * 1024  # bytes a second, for the patience with one part
_COMPLETE_SECONDS: Final = 300.0


class S3Store:
    """One bucket.

    Args:
        client: makes the requests.
        bucket: where, and who we are there.
        clock: Unix seconds; signatures carry the time.
        part_bytes: size of the parts of large uploads; at least 5 MiB, as stores demand.
    """

    def __init__(
        self,
        client: OutboundClient,
        bucket: Bucket,
        clock: Clock,
        *,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._part_bytes = part_bytes

    async def head(self, key: str) -> ExternalObject | None:
        """See `ReadableStore.head`."""
        async with self._opened(Method.HEAD, key) as response:
            return head_answer(response, _NOT_SHOWN)

    @asynccontextmanager
    async def get(
        self, key: str, range_line: str | None = None
    ) -> AsyncIterator[ExternalAnswer | None]:
        """See `ReadableStore.get`."""
        headers = () if range_line is None else (("range", range_line),)
        async with self._opened(Method.GET, key, headers=headers) as response:
            if not is_coded_part(response):
                yield get_answer(response, _NOT_SHOWN)
                return
        async with self.get(key) as answer:
            yield answer

    async def put(self, key: str, content: Content) -> ExternalObject:
        """See `WritableStore.put`; large objects go in parts."""
        if content.size_bytes <= self._part_bytes:
            etag = await self._put_whole(key, content)
        else:
            etag = await self._put_parts(key, content)
        found = await self.head(key)
        if found is None:
            raise damaged("an object that is not there after it was stored")
        if found.etag == etag and found.size_bytes != content.size_bytes:
            raise damaged("an object of another length than was sent")
        return found

    async def delete(self, key: str) -> None:
        """See `WritableStore.delete`."""
        async with self._opened(Method.DELETE, key) as response:
            if response.status not in _DELETED:
                raise await _refused(response)

    async def list_after(
        self, prefix: str, after: str, limit: int, *, delimiter: str = ""
    ) -> ListPage:
        """See `WritableStore.list_after`."""
        query = [("list-type", "2"), ("max-keys", str(limit)), ("prefix", prefix)]
        query += [("start-after", after)] if after else []
        query += [("delimiter", delimiter)] if delimiter else []
        token: str | None = None
        for _ in range(_MAX_PAGES):
            more = [] if token is None else [("continuation-token", token)]
            async with self._opened(Method.GET, "", query=[*query, *more]) as response:
                document = await _document(response, "ListBucketResult")
            entries = [each for each in _entries(document) if each.key > after]
            token = document.value("NextContinuationToken") or None
            is_complete = document.value("IsTruncated") != "true" or token is None
            # Some stores begin with names that `start-after` has left behind.
            if entries or is_complete:
                return ListPage(tuple(entries), is_complete)
        raise damaged("a listing that does not go on")

    async def _put_whole(self, key: str, content: Content) -> str | None:
        body = await content.read(0, content.size_bytes)
        return await self._send(key, (), body, (("content-type", content.mime),))

    async def _put_parts(self, key: str, content: Content) -> str | None:
        headers = (("content-type", content.mime),)
        query = [("uploads", "")]
        async with self._opened(
            Method.POST, key, query=query, headers=headers, body=b""
        ) as response:
            begun = await _document(response, "InitiateMultipartUploadResult")
        upload_id = begun.value("UploadId")
        if not upload_id:
            raise damaged("an upload without an id")
        try:
            etags = await self._send_parts(key, upload_id, content)
            return await self._complete(key, upload_id, etags)
        except BaseException:
            # What is left open would be paid for; a bucket's lifecycle rule is the second line.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_ABORT_SECONDS):
                    await asyncio.shield(asyncio.ensure_future(self._abort(key, upload_id)))
            raise

    async def _send_parts(self, key: str, upload_id: str, content: Content) -> list[str]:
        size = part_size(content.size_bytes, self._part_bytes)
        etags: list[str] = []
        for start in range(0, content.size_bytes, size):
            body = await content.read(start, min(start + size, content.size_bytes))
            query = (("partNumber", str(len(etags) + 1)), ("uploadId", upload_id))
            etags.append(await self._send(key, query, body) or "")
        return etags

    async def _complete(self, key: str, upload_id: str, etags: list[str]) -> str | None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        async with self._opened(
            Method.POST,
            key,
            query=(("uploadId", upload_id),),
            body=body,
            first_byte_seconds=_COMPLETE_SECONDS,
        ) as response:
            # A failure may come under a 200, after bytes that only kept the connection open.
            done = await _document(response, "CompleteMultipartUploadResult")
        return (done.value("ETag") or "").strip('"') or None

    async def _abort(self, key: str, upload_id: str) -> None:
        async with self._opened(Method.DELETE, key, query=(("uploadId", upload_id),)):
            pass

    async def _send(self, key: str, query: Pairs, body: bytes, headers: Pairs = ()) -> str | None:
        """PUT bytes and compare what the store says it got; its etag."""
        md5 = hashlib.md5(body, usedforsecurity=False)
        lines = (*headers, ("content-md5", encode_base64(md5.digest())))
        patience = _ABORT_SECONDS + len(body) / _MIN_UPLOAD_RATE
        async with self._opened(
            Method.PUT, key, query=query, headers=lines, body=body, first_byte_seconds=patience
        ) as response:
            if response.status != OK:
                raise await _refused(response)
            etag = (response.headers.first("etag") or "").strip('"')
            encryption = response.headers.first("x-amz-server-side-encryption") or "AES256"
        is_digest = _MD5.fullmatch(etag) is not None and encryption == "AES256"
        if is_digest and etag != md5.hexdigest():
            raise damaged("an object with another digest than was sent")
        return etag or None

    def _opened(
        self,
        method: Method,
        key: str,
        *,
        query: Pairs = (),
        headers: Pairs = (),
        body: bytes | None = None,
        first_byte_seconds: float | None = None,
    ) -> contextlib.AbstractAsyncContextManager[OutboundResponse]:
        request: OutboundRequest = bucket_request(
            self._bucket,
            method,
            key,
            self._clock(),
            query=query,
            headers=headers,
            body=body,
            first_byte_seconds=first_byte_seconds,
        )
        return opened(self._client, request)


def part_size(size_bytes: int, part_bytes: int) -> int:
    """Length of the parts of an upload, so that there are at most `MAX_PARTS` of them."""
    needed = -(-size_bytes // MAX_PARTS)
    return max(part_bytes, -(-needed // _MEBIBYTE) * _MEBIBYTE)


def _entries(document: Element) -> list[ListedObject | ListedPrefix]:
    entries: list[ListedObject | ListedPrefix] = [*map(_listed, document.all("Contents"))]
    entries += [ListedPrefix(each.value("Prefix") or "") for each in document.all(_GROUP)]
    return sorted(entries, key=lambda each: each.key)


def _listed(element: Element) -> ListedObject:
    key, size = element.value("Key"), element.value("Size") or ""
    if not key or not _SIZE.fullmatch(size):
        raise damaged("a listing with a nameless object")
    return ListedObject(key, int(size), iso_ms(element.value("LastModified")) or 0)


async def _document(response: OutboundResponse, name: str) -> Element:
    """The XML of an answer.

    Raises:
        BytewardError: `origin_error` when it is no success or of another name.
    """
    if response.status != OK:
        raise await _refused(response)
    try:
        document = parse_xml(await read_small(response, _MAX_XML))
    except S3XmlError:
        raise damaged("an answer that is not XML") from None
    if document.name != name:
        raise refused(response.status, document.value("Code"))
    return document


async def _refused(response: OutboundResponse) -> Exception:
    """The error for an answer that is no success, its code being logged."""
    try:
        code = parse_xml(await read_small(response, _MAX_XML)).value("Code")
    except S3XmlError:
        code = None
    return refused(response.status, None if code is None else code[:64])
