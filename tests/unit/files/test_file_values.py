"""Media types, tags and metadata of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.files.metadata import decode_metadata, encode_metadata, parse_metadata_header
from byteward.files.mime import EXTENSIONS, default_extension, parse_mime
from byteward.files.tags import is_tag, join_tags


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("image/jpeg", "image/jpeg"),
        ("text/plain; charset=utf-8", "text/plain;charset=utf-8"),
        ("text/plain \t;  charset=utf-8 ; a=b", "text/plain;charset=utf-8;a=b"),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
def test_media_type_is_stored_without_optional_space(text: str, stored: str) -> None:
    assert parse_mime(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "", "nope", "a/", "/b", "a/b;", "a/b;c", "a b/c", "a/b\n", "a/b;c=d\r\nx: y", "a/é",
        "a/b;c=\x00", "a/" + "b" * 254,
    ],
)  # fmt: skip
def test_other_text_is_no_media_type(text: str) -> None:
    assert parse_mime(text) is None


@given(st.text(max_size=40))
def test_stored_media_type_can_stand_in_a_header(text: str) -> None:
    mime = parse_mime(text)
    assert mime is None or (mime.isascii() and mime.isprintable())


def test_extensions_are_plain_and_belong_to_media_types() -> None:
    for mime, extension in EXTENSIONS.items():
        assert parse_mime(mime) == mime
        assert extension.isalnum()


def test_default_extension_ignores_parameters_and_case() -> None:
    assert default_extension("Image/JPEG;q=1") == ".jpeg"
    assert default_extension("application/octet-stream") == ""
    assert default_extension("x/y") == ""


def test_tags_are_joined_once_each_in_order() -> None:
    assert join_tags(["a", "b", "a"], ["auto", "b"]) == ("a", "b", "auto")


def test_twenty_six_tags_are_too_many() -> None:
    tags = [str(number) for number in range(26)]
    assert len(join_tags(tags[:25])) == 25
    with pytest.raises(BytewardError) as caught:
        join_tags(tags[:25], tags[25:])
    assert caught.value.code is ErrorCode.TOO_MANY_TAGS


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("a", True), ("a.b,c/d=e_f+g-h", True), ("", False), ("bad tag", False), ("a\n", False),
     ("é", False), ("x" * 255, True), ("x" * 256, False)],
)  # fmt: skip
def test_tag_grammar(tag: str, expected: bool) -> None:
    assert is_tag(tag) is expected


def test_metadata_of_2048_bytes_is_kept_and_of_2049_refused() -> None:
    fits = {"a": "x" * (2048 - len('{"a":""}'))}
    assert len(encode_metadata(fits)) == 2048
    with pytest.raises(BytewardError) as caught:
        encode_metadata({"a": fits["a"] + "x"})
    assert caught.value.code is ErrorCode.INVALID_METADATA


@pytest.mark.parametrize("header", [b"[1]", b"1", b"null", b"{", b"", b"\xff", b'{"a":NaN}'])
def test_metadata_header_has_to_be_an_object(header: bytes) -> None:
    with pytest.raises(BytewardError) as caught:
        parse_metadata_header(header)
    assert caught.value.code is ErrorCode.INVALID_METADATA


def test_metadata_survives_in_order() -> None:
    stored = parse_metadata_header('{"z":{"q":1},"a":[1,true,null,"é"]}'.encode())
    assert decode_metadata(stored) == {"z": {"q": 1}, "a": [1, True, None, "é"]}
    assert list(decode_metadata(stored)) == ["z", "a"]
