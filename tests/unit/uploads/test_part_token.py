"""The token in a part's upload URL: good for exactly what it was made for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.uploads.part_token import (
    PartClaim,
    PartToken,
    derive_key,
    sign_part,
    verify_part,
)

KEY = derive_key(bytes(32))
CLAIM = PartClaim("A623uY2", "AbCdEfGh12345678", 3, 5242880)
TOKEN = sign_part(KEY, CLAIM, 1000)


def refused(claim: PartClaim, token: PartToken, *, key: bytes = KEY, now: float = 999.0) -> bool:
    try:
        verify_part(key, claim, token, now)
    except BytewardError as error:
        return error.code is ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED
    return False


def test_token_is_good_until_its_expiry() -> None:
    assert not refused(CLAIM, TOKEN, now=999.999)
    assert refused(CLAIM, TOKEN, now=1000.0)


@pytest.mark.parametrize(
    "other",
    [
        replace(CLAIM, account_id="B7kQz9x"),
        replace(CLAIM, upload_id="AbCdEfGh12345679"),
        replace(CLAIM, index=4),
        replace(CLAIM, size_bytes=5242879),
    ],
)
def test_token_is_good_for_its_part_only(other: PartClaim) -> None:
    assert refused(other, TOKEN)


def test_token_of_another_key_or_expiry_is_refused() -> None:
    assert refused(CLAIM, TOKEN, key=derive_key(bytes([1]) * 32))
    assert refused(CLAIM, replace(TOKEN, exp="2000"))
    assert derive_key(bytes(32)) != bytes(32)


@pytest.mark.parametrize(
    "exp", ["", "-1", "1e3", "+1000", " 1000", "1_000", "\u0661\u0660", "1000\n", "9" * 13]
)
def test_expiry_is_plain_digits(exp: str) -> None:
    assert refused(CLAIM, replace(TOKEN, exp=exp))


@pytest.mark.parametrize("sig", ["", "x", TOKEN.sig + "=", TOKEN.sig[:-1], TOKEN.sig + "A", "é"])
def test_signature_has_one_spelling(sig: str) -> None:
    assert refused(CLAIM, replace(TOKEN, sig=sig))


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_else_is_a_token(exp: str, sig: str) -> None:
    assert refused(CLAIM, PartToken(exp, sig)) or PartToken(exp, sig) == TOKEN
