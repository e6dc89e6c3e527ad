"""What every adapter of a store of accounts keeps, run against real servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.outbound.url import parse_url
from byteward.storage.external.azure import AzureStore, Container
from byteward.storage.external.port import (
    ExternalObject,
    ListedObject,
    ListedPrefix,
    ReadableStore,
)
from byteward.storage.external.s3 import S3Store
from byteward.storage.external.web import WebStore
from tests.stores import TestBucket, WebOrigin, content_of, new_bucket, open_client, run, web_origin

DATA = bytes(range(256)) * 64
SAS = "sv=2024-11-04&sig=abc%3D"


@dataclass
class Filled:
    """A store that holds `DATA` as `dir/a b.bin`, and how its keys are written."""

    store: ReadableStore
    prefix: str = ""
    origin: WebOrigin | None = None
    names: dict[str, str] = field(default_factory=dict)

    def key(self, name: str) -> str:
        return self.prefix + self.names.get(name, name)


@pytest.fixture(params=["s3", "azure", "web"])
def filled(request: pytest.FixtureRequest) -> Iterator[Filled]:
    if request.param == "s3":
        bucket = new_bucket()
        bucket.put("dir/a b.bin", DATA, "application/x-test")
        yield Filled(bucket.store)
        return
    with web_origin() as origin:
        target = "/files/dir/a%20b.bin" if request.param == "web" else f"/c/dir/a%20b.bin?{SAS}"
        origin.serve(
            target,
            DATA,
            ETag='"v1"',
            Content_Type="application/x-test",
            Last_Modified="Sat, 25 May 2024 19:44:18 GMT",
        )
        store: ReadableStore = WebStore(open_client())
        if request.param == "azure":
            store = AzureStore(open_client(), Container(parse_url(origin.url), "/c", SAS))
            yield Filled(store, origin=origin)
            return
        names = {"dir/a b.bin": "dir/a%20b.bin"}
        yield Filled(store, origin.url + "files/", origin, names)


def read(
    filled: Filled, name: str, range_line: str | None = None
) -> tuple[ExternalObject, tuple[int, int] | None, bytes] | None:
    async def reading() -> tuple[ExternalObject, tuple[int, int] | None, bytes] | None:
        async with filled.store.get(filled.key(name), range_line) as answer:
            if answer is None:
                return None
            return answer.object, answer.span, b"".join([piece async for piece in answer.body])

    return run(reading())


def test_what_is_there_is_told_by_head_and_get_alike(filled: Filled) -> None:
    told = run(filled.store.head(filled.key("dir/a b.bin")))
    got = read(filled, "dir/a b.bin")
    assert told is not None
    assert got == (told, None, DATA)
    assert (told.size_bytes, told.mime, told.is_weak) == (len(DATA), "application/x-test", False)
    assert told.etag
    assert told.modified_at_ms


def test_what_is_not_there_is_none(filled: Filled) -> None:
    assert run(filled.store.head(filled.key("dir/none"))) is None
    assert read(filled, "dir/none") is None
    assert read(filled, "dir") is None


@pytest.mark.parametrize(
    ("line", "span"),
    [("bytes=0-0", (0, 1)), ("bytes=100-", (100, len(DATA))), ("bytes=7-16383", (7, 16384))],
)
def test_parts_are_told_with_the_whole_length(
    filled: Filled, line: str, span: tuple[int, int]
) -> None:
    got = read(filled, "dir/a b.bin", line)
    assert got is not None
    assert (got[0].size_bytes, got[1], got[2]) == (len(DATA), span, DATA[slice(*span)])


def test_an_answer_that_was_not_read_to_its_end_holds_nothing_up(filled: Filled) -> None:
    async def peek() -> None:
        async with filled.store.get(filled.key("dir/a b.bin")) as answer:
            assert answer is not None
            async for _ in answer.body:
                break

    for _ in range(3):
        run(peek())


def test_azure_signs_by_its_query_and_says_its_version() -> None:
    with web_origin() as origin:
        store = AzureStore(open_client(), Container(parse_url(origin.url), "/c", SAS))
        assert run(store.head("ä/b?c#d")) is None
        method, target, headers = origin.requests[0]
        assert (method, target) == ("HEAD", f"/c/%C3%A4/b%3Fc%23d?{SAS}")
        assert headers["x-ms-version"]


@pytest.fixture
def bucket() -> TestBucket:
    return new_bucket()


def small_parts(bucket: TestBucket) -> S3Store:
    return S3Store(
        bucket.store._client, bucket.store._bucket, bucket.store._clock, part_bytes=5 * 1024 * 1024
    )


def test_large_objects_go_in_parts_and_come_back_whole(bucket: TestBucket) -> None:
    data = bytes(range(256)) * 4096 * 11
    stored = run(small_parts(bucket).put("big", content_of(data, "a/b")))
    assert (stored.size_bytes, stored.mime) == (len(data), "a/b")
    assert stored.etag is not None
    assert stored.etag.endswith("-3")
    assert bucket.get("big") == data


def test_an_upload_that_fails_leaves_what_was_there(bucket: TestBucket) -> None:
    bucket.put("big", b"before")
    whole = content_of(b"x" * (11 * 1024 * 1024))

    async def broken(start: int, end: int) -> bytes:
        if start:
            raise BytewardError(ErrorCode.STORAGE_ERROR, "the disk is gone")
        return await whole.read(start, end)

    content = type(whole)(whole.size_bytes, whole.mime, broken)
    with pytest.raises(BytewardError, match="the disk is gone"):
        run(small_parts(bucket).put("big", content))
    assert bucket.get("big") == b"before"
    assert bucket.keys() == ["big"]


def test_overwriting_and_deleting(bucket: TestBucket) -> None:
    bucket.put("a", b"one")
    bucket.put("a", b"two")
    assert bucket.get("a") == b"two"
    bucket.delete("a")
    bucket.delete("a")
    assert bucket.get("a") is None


def test_empty_objects(bucket: TestBucket) -> None:
    stored = run(bucket.store.put("empty", content_of(b"")))
    assert stored.size_bytes == 0
    assert bucket.get("empty") == b""


def test_names_of_every_kind(bucket: TestBucket) -> None:
    names = ["a b", "a+b", "a%2Fb", "ü/€", "?q=1&x", "#", "'\"<>&", "~!$()*,;=:@"]
    for name in names:
        bucket.put(name, name.encode())
    assert bucket.keys() == sorted(names)
    for name in names:
        assert bucket.get(name) == name.encode()


def test_listings_go_on_behind_a_name_and_put_prefixes_together(bucket: TestBucket) -> None:
    for name in ("p/a", "p/b/1", "p/b/2", "p/c", "q"):
        bucket.put(name, b"xy")
    page = run(bucket.store.list_after("p/", "", 1000, delimiter="/"))
    assert [each.key for each in page.entries] == ["p/a", "p/b/", "p/c"]
    assert page.is_complete
    first, second, _ = page.entries
    assert isinstance(first, ListedObject)
    assert isinstance(second, ListedPrefix)
    assert first.size_bytes == 2
    assert first.modified_at_ms > 0
    page = run(bucket.store.list_after("p/", "p/a", 2))
    assert [each.key for each in page.entries] == ["p/b/1", "p/b/2"]
    assert not page.is_complete
    page = run(bucket.store.list_after("p/", "p/b/2", 2))
    assert [each.key for each in page.entries] == ["p/c"]
    page = run(bucket.store.list_after("none/", "", 2))
    assert (page.entries, page.is_complete) == ((), True)


def test_a_bucket_that_does_not_exist_takes_nothing(bucket: TestBucket) -> None:
    elsewhere = type(bucket.store._bucket)(
        bucket.store._bucket.endpoint, "/no-such-bucket-here", bucket.store._bucket.key
    )
    store = S3Store(bucket.store._client, elsewhere, bucket.store._clock)
    with pytest.raises(BytewardError) as refused:
        run(store.list_after("", "", 10))
    assert refused.value.code is ErrorCode.ORIGIN_ERROR


def failure_of(status: int, *, writes: bool = False, **headers: str) -> str:
    """The code of the error when a server answers so."""
    base = new_bucket().store
    with web_origin() as origin:
        origin.serve("/b/k", b"", status=status, **headers)
        bucket = type(base._bucket)(parse_url(origin.url), "/b", base._bucket.key)
        store = S3Store(base._client, bucket, base._clock)
        with pytest.raises(BytewardError) as failed:
            run(store.put("k", content_of(b"data")) if writes else store.head("k"))
        return failed.value.code.value


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "origin_error"), (301, "origin_error"), (503, "origin_error"), (504, "origin_timeout")],
)
def test_answers_that_are_no_success(status: int, code: str) -> None:
    assert failure_of(status, Location="http://127.0.0.1:1/") == code


def test_a_store_that_confirms_another_digest_has_not_stored_the_file() -> None:
    assert failure_of(200, writes=True, ETag='"' + "0" * 32 + '"') == "origin_error"


def test_a_store_that_has_another_length_has_not_stored_the_file() -> None:
    # Encrypted objects have etags that are no digests; their length is what is left to compare.
    encrypted = {"ETag": '"x"', "x_amz_server_side_encryption": "aws:kms"}
    assert failure_of(200, writes=True, **encrypted) == "origin_error"
