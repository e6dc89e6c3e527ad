from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.strict_base64 import (
    decode_base64,
    decode_base64url,
    encode_base64,
    encode_base64url,
)

CODEC_TEXT = st.text("AZaz019+/-_= \n\u0660é", max_size=12)


@given(st.binary())
def test_decoding_undoes_encoding(data: bytes) -> None:
    assert decode_base64url(encode_base64url(data)) == data
    assert decode_base64(encode_base64(data)) == data


@given(CODEC_TEXT)
def test_every_value_has_one_spelling(text: str) -> None:
    url_safe, standard = decode_base64url(text), decode_base64(text)
    assert url_safe is None or encode_base64url(url_safe) == text
    assert standard is None or encode_base64(standard) == text


# RFC 4648 §10 and the last two characters of each alphabet.
@pytest.mark.parametrize(
    ("data", "url_safe", "standard"),
    [
        (b"", "", ""),
        (b"f", "Zg", "Zg=="),
        (b"fo", "Zm8", "Zm8="),
        (b"foobar", "Zm9vYmFy", "Zm9vYmFy"),
        (b"\xfb\xff", "-_8", "+/8="),
    ],
)
def test_the_vectors_of_the_rfc_hold(data: bytes, url_safe: str, standard: str) -> None:
    assert encode_base64url(data) == url_safe
    assert encode_base64(data) == standard
    assert decode_base64url(url_safe) == data
    assert decode_base64(standard) == data


@pytest.mark.parametrize("text", ["Zg==", "Zh", "Z", "Zm9v\n", " Zg", "+/8", "Zm-9v!", "Zg\u0660"])
def test_a_twin_of_a_base64url_value_is_refused(text: str) -> None:
    assert decode_base64url(text) is None


@pytest.mark.parametrize("text", ["Zg", "Zg=", "Zh==", "=", "====", "Zm9v\n", "-_8=", "Zg==Zg=="])
def test_a_twin_of_a_base64_value_is_refused(text: str) -> None:
    assert decode_base64(text) is None
