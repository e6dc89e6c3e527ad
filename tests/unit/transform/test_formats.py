"""Which decoder a file gets, and which format a client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.transform.image.formats import (
    FACTS,
    InputFormat,
    OutputFormat,
    accepted_formats,
    automatic,
    default_output,
    negotiate,
    sniff,
)

AVIF, GIF, JPEG = OutputFormat.AVIF, OutputFormat.GIF, OutputFormat.JPEG
PNG, WEBP = OutputFormat.PNG, OutputFormat.WEBP


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0", InputFormat.JPEG), (b"\x89PNG\r\n\x1a\n....", InputFormat.PNG),
        (b"GIF89a", InputFormat.GIF), (b"RIFF\0\0\0\0WEBPVP8 ", InputFormat.WEBP),
        (b"II*\0", InputFormat.TIFF), (b"MM\0*", InputFormat.TIFF), (b"%PDF-1.7", InputFormat.PDF),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", InputFormat.AVIF),
        (b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", InputFormat.AVIF),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", InputFormat.HEIF),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavif", None), (b"<svg xmlns=", InputFormat.SVG),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- a --><!-- b -->\n<svg>", InputFormat.SVG),
        (b"<!DOCTYPE svg PUBLIC", InputFormat.SVG), (b"<html><svg>", None), (b"", None),
        (b"plain text", None), (b"%!PS-Adobe", None), (b"push graphic-context", None),
        (b"#EXTM3U", None), (b"\x1f\x8b\x08", None),
    ],
)  # fmt: skip
def test_the_first_bytes_name_the_format(head: bytes, expected: InputFormat | None) -> None:
    assert sniff(head) is expected


@given(st.binary(max_size=1024))
def test_any_bytes_have_a_format_or_none(head: bytes) -> None:
    assert sniff(head) is None or sniff(head) in set(InputFormat)


def test_many_comments_cost_one_pass() -> None:
    assert sniff(b"<!---->" * 140 + b"<x") is None


def test_what_cannot_be_written_becomes_jpeg() -> None:
    for source in InputFormat:
        expected = source.value if source.value in set(OutputFormat) else "jpeg"
        assert default_output(source) == expected


@pytest.mark.parametrize(
    ("wanted", "accept", "expected"),
    [
        ((WEBP, JPEG), "image/webp,*/*", WEBP), ((WEBP, JPEG), "image/png,*/*;q=0.8", JPEG),
        ((WEBP, JPEG), None, JPEG), ((WEBP,), "image/jpeg", WEBP), ((WEBP, AVIF), None, AVIF),
        ((WEBP, PNG), "image/webp;q=0, image/png", PNG), ((AVIF, WEBP), "IMAGE/WEBP", WEBP),
        ((WEBP, PNG), "image/webp;q=0.001", WEBP),
    ],
)  # fmt: skip
def test_a_client_gets_the_first_format_that_it_names(
    wanted: tuple[OutputFormat, ...], accept: str | None, expected: OutputFormat
) -> None:
    assert negotiate(wanted, accepted_formats(accept)) is expected


@given(st.text(max_size=60))
def test_any_accept_header_accepts_what_every_client_shows(accept: str) -> None:
    assert accepted_formats(accept) >= {GIF, JPEG, PNG}


@pytest.mark.parametrize(
    ("animated", "opaque", "graphic", "pixels", "accept", "expected"),
    [
        (False, False, False, 10, "image/avif,image/webp", AVIF),
        (False, False, False, 10, "image/webp", WEBP), (False, False, False, 10, None, PNG),
        (False, True, False, 9_000_000, "image/avif,image/webp", WEBP),
        (False, True, True, 10, "image/avif,image/webp", WEBP),
        (False, True, False, 10, None, JPEG), (True, True, False, 10, None, GIF),
        (True, False, False, 10, "image/webp", WEBP),
    ],
)  # fmt: skip
def test_automatic_takes_the_best_that_both_sides_can(
    animated: bool,
    opaque: bool,
    graphic: bool,
    pixels: int,
    accept: str | None,
    expected: OutputFormat,
) -> None:
    candidates = automatic(
        is_animated=animated, is_opaque=opaque, is_graphic=graphic, pixels=pixels
    )
    assert negotiate(candidates, accepted_formats(accept)) is expected


def test_every_format_has_its_facts() -> None:
    assert set(FACTS) == set(OutputFormat)
