"""Reading forms: any chunking gives the same parts, and every limit holds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.uploads.form_data import (
    EndOfPart,
    FormDataParser,
    FormLimits,
    FormPart,
    boundary_of,
)

LIMITS = FormLimits(max_parts=3, max_header_bytes=500, max_preamble_bytes=1000)
FORM = (
    b'--z\r\nContent-Disposition: form-data; name="f1"; filename="C:\\x\\pic.png"\r\n'
    b"Content-Type: image/png\r\n\r\nab\r\n-zz-\r\ncd\r\n"
    b'--z\r\nContent-Disposition: form-data; name="f2"\r\n\r\n\r\n--z--\r\nend'
)


def read(*chunks: bytes, limits: FormLimits = LIMITS) -> list[tuple[FormPart, bytes]]:
    parser = FormDataParser("z", limits)
    parts: list[tuple[FormPart, bytes]] = []
    current: FormPart | None = None
    content = b""
    for chunk in chunks:
        for event in parser.feed(chunk):
            if isinstance(event, FormPart):
                current, content = event, b""
            elif isinstance(event, EndOfPart):
                assert current is not None
                parts.append((current, content))
            else:
                content += event
    parser.close()
    return parts


def code_of(*chunks: bytes, limits: FormLimits = LIMITS) -> ErrorCode:
    with pytest.raises(BytewardError) as caught:
        read(*chunks, limits=limits)
    return caught.value.code


EXPECTED = [
    (FormPart("f1", "pic.png", "image/png"), b"ab\r\n-zz-\r\ncd"),
    (FormPart("f2", None, None), b""),
]


@given(st.lists(st.integers(0, len(FORM)), max_size=40))
def test_chunking_does_not_matter(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(FORM)]
    pieces = [FORM[a:b] for a, b in pairwise(edges)]
    assert read(*pieces) == EXPECTED


@pytest.mark.parametrize(
    "form",
    [
        b"", b"--z", b"--z\r\n", FORM[:60], FORM.replace(b"--z--", b"--z-"), b"garbage\r\n",
        b"--z\r\nContent-Type: a/b\r\n\r\nx\r\n--z--",
        b'--z\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--z--',
        b"--z\r\nno colon\r\n\r\nx\r\n--z--",
        b'--z\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--z--',
    ],
)  # fmt: skip
def test_malformed_form_is_refused(form: bytes) -> None:
    assert code_of(form) is ErrorCode.INVALID_REQUEST


def part(headers: bytes = b"", content: bytes = b"x") -> bytes:
    disposition = b'--z\r\nContent-Disposition: form-data; name="a"\r\n'
    return disposition + headers + b"\r\n" + content + b"\r\n"


def test_parts_are_limited() -> None:
    assert len(read(part() * 3 + b"--z--")) == 3
    assert code_of(part() * 4 + b"--z--") is ErrorCode.PAYLOAD_TOO_LARGE


def test_header_bytes_of_a_part_are_limited() -> None:
    lines = b"X-A: " + b"a" * 200 + b"\r\n"
    assert read(part(lines) + b"--z--")
    assert code_of(part(lines * 3) + b"--z--") is ErrorCode.PAYLOAD_TOO_LARGE
    assert code_of(part(b"X-A: " + b"a" * 501 + b"\r\n")) is ErrorCode.PAYLOAD_TOO_LARGE
    assert code_of(part(b"A: b\r\n" * 20)) is ErrorCode.PAYLOAD_TOO_LARGE


def test_bytes_around_the_parts_are_limited() -> None:
    chunk = b"p" * 100
    assert code_of(*[chunk] * 11) is ErrorCode.PAYLOAD_TOO_LARGE
    whole = part() + b"--z--"
    assert read(whole, *[chunk] * 10)
    assert code_of(whole, *[chunk] * 11) is ErrorCode.PAYLOAD_TOO_LARGE


def test_boundary_is_taken_from_the_content_type() -> None:
    assert boundary_of("multipart/form-data; boundary=a") == "a"
    assert boundary_of('Multipart/Form-Data; charset=x; boundary="a b"') == "a b"
    assert boundary_of("multipart/form-data; boundary=" + "a" * 70) == "a" * 70


@pytest.mark.parametrize("boundary", ["", "a" * 71, '"a\\"b"', '"a "', "é"])
def test_boundary_outside_the_grammar_is_refused(boundary: str) -> None:
    with pytest.raises(BytewardError) as caught:
        boundary_of(f"multipart/form-data; boundary={boundary}")
    assert caught.value.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=a"])
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(BytewardError) as caught:
        boundary_of(content_type)
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA_TYPE
