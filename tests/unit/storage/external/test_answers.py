"""What headers of answers say about objects."""

from __future__ import annotations

import pytest

from byteward.outbound.model import ResponseHeaders
from byteward.storage.external.answers import (
    date_ms,
    iso_ms,
    length_of,
    object_of,
    span_of,
    unsatisfied_length,
)
from byteward.storage.external.s3 import MAX_PARTS, PART_BYTES, part_size


def headers(**lines: str) -> ResponseHeaders:
    return ResponseHeaders(
        [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in lines.items()
        ]
    )


def test_an_object_is_read_from_its_headers() -> None:
    found = object_of(
        headers(
            etag='"abc"',
            last_modified="Sat, 25 May 2024 19:44:18 GMT",
            content_type="text/plain; charset=utf-8",
        ),
        5,
    )
    assert (found.size_bytes, found.etag, found.is_weak) == (5, "abc", False)
    assert (found.modified_at_ms, found.mime) == (1716666258000, "text/plain; charset=utf-8")


@pytest.mark.parametrize("etag", ["abc", '"a b"', '""', 'w/"a"', '"' + "a" * 256 + '"', '"ä"'])
def test_what_is_no_entity_tag_counts_as_none(etag: str) -> None:
    assert object_of(headers(etag=etag), None).etag is None


def test_weak_tags_are_marked() -> None:
    found = object_of(headers(etag='W/"a"'), None)
    assert (found.etag, found.is_weak) == ("a", True)


@pytest.mark.parametrize("mime", ["text", "text/html\x7f", "a/b; x=\u00e4", "a/" + "b" * 255])
def test_what_is_no_media_type_counts_as_none(mime: str) -> None:
    assert object_of(headers(content_type=mime), None).mime is None


def test_dates_that_are_none_count_as_none() -> None:
    for text in (
        None,
        "",
        "yesterday",
        "Sat, 99 May 2024 19:44:18 GMT",
        "Mon, 01 Jan 1900 00:00:00 GMT",
    ):
        assert date_ms(text) is None
    for text in (None, "", "2024-05-25", "2024-05-25T19:44:18"):
        assert iso_ms(text) is None
    assert iso_ms("2024-05-25T19:44:18.683Z") == 1716666258683


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes 0-4/10", ((0, 5), 10)),
        ("bytes 0-4/*", ((0, 5), None)),
        ("bytes 5-4/10", None),
        ("bytes 0-10/10", None),
        ("bytes */10", None),
        ("items 0-4/10", None),
        ("bytes 0-4/1_0", None),
    ],
)
def test_parts_name_their_span(text: str, expected: object) -> None:
    assert span_of(headers(content_range=text)) == expected


def test_lengths() -> None:
    assert length_of(headers(content_length="12")) == 12
    assert length_of(headers(content_length="+12")) is None
    assert unsatisfied_length(headers(content_range="bytes */12")) == 12
    assert unsatisfied_length(headers()) is None


@pytest.mark.parametrize("size", [1, PART_BYTES, 10**9, 5 * 10**12, PART_BYTES * MAX_PARTS + 1])
def test_an_upload_has_no_more_parts_than_a_store_takes(size: int) -> None:
    part = part_size(size, PART_BYTES)
    assert part >= PART_BYTES
    assert -(-size // part) <= MAX_PARTS
