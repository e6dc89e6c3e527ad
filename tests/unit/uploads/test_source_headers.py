"""Name and type of a fetched file: only what may be stored comes out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.files.mime import OCTET_STREAM, parse_mime
from byteward.uploads.source_headers import MAX_NAME, file_name_of, mime_of


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, None),
        ("", None),
        ("attachment", None),
        ('attachment; filename="n.jpg"', "n.jpg"),
        ("attachment; filename=n.jpg", "n.jpg"),
        ("inline;FileName = n.jpg ; x=y", "n.jpg"),
        ('attachment; filename="a b; c.jpg"', "a b; c.jpg"),
        (r'attachment; filename="a\"b.jpg"', 'a"b.jpg'),
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", "\u20ac rates.txt"),
        ("attachment; filename*=iso-8859-1'en'%A3.txt", "\u00a3.txt"),
        ("attachment; filename=\"plain.txt\"; filename*=utf-8''starred.txt", "starred.txt"),
        ("attachment; filename*=utf-8''%ff; filename=\"plain.txt\"", "plain.txt"),
        ("attachment; filename*=utf-8''%zz; filename=plain.txt", "plain.txt"),
        ("attachment; filename*=koi8-r''x; filename=plain.txt", "plain.txt"),
        ("attachment; filename=one.txt; filename=two.txt", "one.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=utf-8''..%2f..%2Fpasswd", "passwd"),
        (r'attachment; filename="C:\\x\\pic.png"', "pic.png"),
        ('attachment; filename=".."', None),
        ('attachment; filename="a/"', None),
        ('attachment; filename="a\x01\x7fb\x85.txt"', "ab.txt"),
        ("attachment; filename*=utf-8''a%0d%0aX%3a%20y", "aX: y"),
        ("attachment; filename*=utf-8''a%e2%80%a8b", "ab"),
        ('attachment; filename="\u00c3\u00a9.txt"', "\u00e9.txt"),  # UTF-8 bytes, read as Latin-1
        ('attachment; filename="\u00e9.txt"', "\u00e9.txt"),
        ('attachment; filename="unfinished', None),
        ("attachment; filename=" + "x" * 300, "x" * MAX_NAME),
    ],
)
def test_names(header: str | None, name: str | None) -> None:
    assert file_name_of(header) == name


@pytest.mark.parametrize(
    ("header", "mime"),
    [
        (None, OCTET_STREAM),
        ("", OCTET_STREAM),
        ("nonsense", OCTET_STREAM),
        ("image/jpeg", "image/jpeg"),
        ("text/html ; charset=utf-8", "text/html;charset=utf-8"),
        ("text/html; charset", "text/html"),
        ("text/html; x; charset=utf-8;", "text/html;charset=utf-8"),
        ("text/html;a=\x80", "text/html"),
        ("x" * 300 + "/y", OCTET_STREAM),
        ("text/html; a=" + "x" * 300, "text/html"),
        ("a/b\r\nx: y", OCTET_STREAM),
    ],
)
def test_types(header: str | None, mime: str) -> None:
    assert mime_of(header) == mime


_LATIN1 = st.text(st.characters(max_codepoint=255), max_size=60)


@given(_LATIN1, st.sampled_from(["", "attachment; filename=", "a; filename*=utf-8''"]))
def test_any_header_gives_a_name_and_a_type_that_may_be_stored(text: str, start: str) -> None:
    name = file_name_of(start + text)
    assert name is None or re.fullmatch(r"[^/\\\x00-\x1f\x7f-\x9f]{1,255}", name)
    assert parse_mime(mime_of(text)) == mime_of(text)
