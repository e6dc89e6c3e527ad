"""An encrypted URL opens only where it was made for, and only unchanged."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from byteward.identity.encrypted_url import (
    MAX_PLAINTEXT_BYTES,
    decrypt,
    encrypt_url,
    parse_ciphertext,
)
from byteward.identity.url_target import RawPair, UrlTarget
from byteward.strict_base64 import encode_base64url

KEY = bytes(range(32))
KEY_ID = "F91kfA1g"
NONCE = bytes(range(12))
PATH = b"/A623uY2/image/photo.jpg"


def sealed_url(plaintext: bytes, bound_to: bytes, *, key: bytes = KEY) -> bytes:
    text = AESGCM(key).encrypt(NONCE, plaintext, bound_to)
    return f"enc=1.{KEY_ID}.{encode_base64url(NONCE)}.{encode_base64url(text)}".encode()


def open_(
    raw: bytes, *, path: bytes = PATH, host: str = "h", allow_unbound: bool = False
) -> bytes | None:
    sealed = parse_ciphertext(RawPair(raw))
    if sealed is None:
        return None
    target = decrypt(sealed, path, key=KEY, hosts=("x", host), allow_unbound=allow_unbound)
    return None if target is None else target.query


def test_what_is_encrypted_is_opened() -> None:
    url = encrypt_url(
        "https://H:1/A623uY2/image/p.jpg?w=1&meta-a=b", key_id=KEY_ID, key=KEY, exp="inf", path="/q"
    )
    target = UrlTarget.parse(url.partition("//H:1")[2].encode())
    (pair,) = target.pairs()
    sealed = parse_ciphertext(pair)
    assert sealed is not None
    assert sealed.key_id == KEY_ID
    opened = decrypt(sealed, target.path, key=KEY, hosts=("h:1",))
    assert opened is not None
    assert opened.raw == b"/A623uY2/image/p.jpg?w=1&meta-a=b&exp=inf&path=/q"


def test_two_urls_of_one_query_differ() -> None:
    url = "https://h/A623uY2/image/p.jpg?w=1"
    made = {encrypt_url(url, key_id=KEY_ID, key=KEY, exp="inf") for _ in range(8)}
    assert len(made) == 8


def test_both_bound_forms_open_and_no_other_place_does() -> None:
    for bound_to in (b"h" + PATH, PATH):
        raw = sealed_url(b"exp=inf", bound_to)
        assert open_(raw) == b"?exp=inf"
        assert open_(raw, path=PATH.replace(b"image", b"raw")) is None
    assert open_(sealed_url(b"exp=inf", b"h" + PATH), host="other") is None


def test_the_unbound_form_needs_the_setting_and_a_path_inside() -> None:
    with_path, without = sealed_url(b"exp=inf&path=/a", b""), sealed_url(b"exp=inf", b"")
    assert open_(with_path) is None
    assert open_(with_path, allow_unbound=True) == b"?exp=inf&path=/a"
    assert open_(without, allow_unbound=True) is None
    assert open_(sealed_url(b"exp=inf&path=/a", b"elsewhere"), allow_unbound=True) is None


def test_question_and_exclamation_marks_inside_are_data() -> None:
    assert open_(sealed_url(b"text=a?b!c&exp=inf", PATH)) == b"?text=a?b!c&exp=inf"


def test_a_key_of_another_length_opens_nothing() -> None:
    sealed = parse_ciphertext(RawPair(sealed_url(b"exp=inf", PATH, key=bytes(16))))
    assert sealed is not None
    assert decrypt(sealed, PATH, key=bytes(16), hosts=()) is None


def test_the_longest_plaintext_opens_and_a_longer_one_does_not() -> None:
    assert open_(sealed_url(b"a" * MAX_PLAINTEXT_BYTES, PATH)) is not None
    assert open_(sealed_url(b"a" * (MAX_PLAINTEXT_BYTES + 1), PATH)) is None


@pytest.mark.parametrize(
    "raw",
    [
        f"enc=2.{KEY_ID}.{'A' * 16}.{'A' * 32}",
        f"enc=1.{KEY_ID}.{'A' * 16}.{'A' * 20}",  # shorter than a tag
        f"enc=1.{KEY_ID}.{'A' * 15}.{'A' * 32}",
        f"enc=1.{KEY_ID}.{'A' * 16}.{'A' * 32}==",
        f"enc=1.{KEY_ID}.{'A' * 16}.{'A' * 25}",
        f"enc=1.{KEY_ID}.{'A' * 16}",
        f"enc=1.F91kfA10.{'A' * 16}.{'A' * 32}",
        f"%65nc=1.{KEY_ID}.{'A' * 16}.{'A' * 32}",
        f"enc=1.{KEY_ID}.{'A' * 16}.\u00e9{'A' * 31}",
        "enc",
    ],
)
def test_other_spellings_are_no_ciphertext(raw: str) -> None:
    assert parse_ciphertext(RawPair(raw.encode())) is None


RAW = sealed_url(b"w=800&exp=inf&path=/private/p.jpg", b"h" + PATH)


@given(at=st.integers(min_value=0, max_value=len(RAW) - 1), byte=st.integers(1, 255))
def test_no_byte_can_be_flipped(at: int, byte: int) -> None:
    mutated = RAW[:at] + bytes([RAW[at] ^ byte]) + RAW[at + 1 :]
    sealed = parse_ciphertext(RawPair(mutated))
    # Another key id parses, and leads to another key.
    assert sealed is None or sealed.key_id != KEY_ID or open_(mutated) is None
