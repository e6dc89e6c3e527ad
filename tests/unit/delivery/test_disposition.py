"""Types, names, sandboxing: what strangers stored becomes no header and no page of ours."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.delivery.disposition import (
    SANDBOX_POLICY,
    DangerousTypes,
    attachment,
    content_headers,
    content_type,
    is_inert,
)
from byteward.header_lines import header_line


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("image/jpeg", "image/jpeg"),
        ("IMAGE/Png", "image/png"),
        ("text/plain;charset=utf-8", "text/plain; charset=utf-8"),
        ('video/mp4; codecs="avc1, mp4a"', 'video/mp4; codecs="avc1, mp4a"'),
        ("text/plain; x=y; charset=utf-8", "text/plain; charset=utf-8"),
        ("text/plain; charset=utf-8\r\nset-cookie: a=b", "text/plain"),
        ("multipart/form-data; boundary=x", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text/html\r\nx: y", "application/octet-stream"),
        ("text/ht ml", "application/octet-stream"),
        ("text/plain,text/html", "application/octet-stream"),
    ],
)
def test_a_type_is_written_anew(stored: str, sent: str) -> None:
    assert content_type(stored) == sent


@pytest.mark.parametrize("essence", ["image/png", "video/mp4", "font/woff2", "text/plain"])
def test_inert_types_are_left_alone(essence: str) -> None:
    assert is_inert(f"{essence}; charset=utf-8")
    assert content_headers(essence, "x", is_download=False, dangerous_types="sandbox") == [
        (b"content-type", essence.encode())
    ]


@pytest.mark.parametrize(
    "essence",
    [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/xml",
        "application/rss+xml",
        "text/javascript",
        "application/x-shockwave-flash",
        "multipart/related",
        "x-unknown/type",
    ],
)
@pytest.mark.parametrize(
    ("setting", "is_sandboxed", "is_attachment"),
    [("sandbox", True, False), ("download", True, True), ("allow", False, False)],
)
def test_everything_else_is_active(
    essence: str, setting: DangerousTypes, is_sandboxed: bool, is_attachment: bool
) -> None:
    if content_type(essence) == "application/octet-stream":
        return
    lines = dict(content_headers(essence, "x", is_download=False, dangerous_types=setting))
    assert (lines.get(b"content-security-policy") == SANDBOX_POLICY.encode()) is is_sandboxed
    assert (b"content-disposition" in lines) is is_attachment


def test_on_a_shared_origin_every_file_is_sandboxed_and_active_ones_are_downloads() -> None:
    for essence, is_attachment in (("image/png", False), ("text/html", True)):
        lines = dict(
            content_headers(
                essence, "x", is_download=False, dangerous_types="allow", is_single_origin=True
            )
        )
        assert lines[b"content-security-policy"] == SANDBOX_POLICY.encode()
        assert (b"content-disposition" in lines) is is_attachment


def test_a_plain_name_stays_readable() -> None:
    expected = "attachment; filename=\"example.jpg\"; filename*=UTF-8''example.jpg"
    assert attachment("example.jpg") == expected


@given(st.text(max_size=200))
def test_a_name_becomes_one_line_that_decodes_back_to_it(name: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in name):
        return
    written = attachment(name)
    assert header_line("content-disposition", written)[1].isascii()
    exact = written.partition("; filename*=UTF-8''")[2]
    assert unquote(exact, "utf-8", "strict") == name
    fallback = written.removeprefix('attachment; filename="').partition('"; filename*')[0]
    assert len(fallback) <= 100
    assert not set('"\\/%;\r\n\x00') & set(fallback)


@given(st.text(max_size=100), st.text(max_size=100))
def test_no_stored_type_or_name_makes_a_second_header_line(stored: str, name: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in name):
        return
    for _, value in content_headers(stored, name, is_download=True, dangerous_types="sandbox"):
        assert not {10, 13, 0} & set(value)
