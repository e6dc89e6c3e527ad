"""What the cases of `jwt_rules.yaml` do not say of JWT verification, and properties over tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from byteward.accounts.model import JwtCertificate
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.jwt import VerifiedJwt, explain_jwt, verify_jwt
from byteward.identity.jwt_structure import (
    JwtCheck,
    JwtRefusedError,
    UnverifiedJwt,
    has_jwt_shape,
    read_jwt,
)
from tests.unit.identity.memory_facts import ACCOUNT, NOW, certificate, claims, token

TOKEN = token()


def verify(
    text: str,
    certificates: Sequence[JwtCertificate] | None = None,
    *,
    now: float = NOW,
    max_lifetime_seconds: int | None = None,
    needs_account_id: bool = False,
) -> VerifiedJwt:
    return verify_jwt(
        text,
        [certificate()] if certificates is None else certificates,
        account_id=ACCOUNT,
        now=now,
        max_lifetime_seconds=max_lifetime_seconds,
        needs_account_id=needs_account_id,
    )


def code_of(text: str, certificates: Sequence[JwtCertificate] | None = None) -> ErrorCode:
    with pytest.raises(BytewardError) as refused:
        verify(text, certificates)
    return refused.value.code


def test_a_verified_token_says_who_where_and_until_when() -> None:
    text = token(claims(apiKeyId="F91kfA1g", allowedOrigins=["https://app.example.com"]))
    jwt = verify(text)
    assert (jwt.subject, jwt.account_id, jwt.api_key_id) == ("u1", ACCOUNT, "F91kfA1g")
    assert jwt.allowed_origins == ("https://app.example.com",)
    assert (jwt.expires_at, jwt.certificate_id) == (NOW + 3600, "cert0001")
    assert (jwt.access.subject, jwt.access.certificate_id) == ("u1", "cert0001")


def test_expiry_is_the_last_check() -> None:
    assert code_of(token(claims(exp=NOW))) is ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED
    assert verify(token(claims(exp=NOW + 1)), now=NOW + 0.999).expires_at == NOW + 1
    expired_and_foreign = claims(exp=NOW, accountId="B7xk3Qz")
    assert code_of(token(expired_and_foreign)) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    nameless = token(claims(exp=NOW, accountId=None))
    with pytest.raises(BytewardError) as refused:
        verify(nameless, needs_account_id=True)
    assert refused.value.code is ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD


def test_the_refusal_names_the_check_and_not_the_token() -> None:
    with pytest.raises(BytewardError) as refused:
        verify(token(pair="rogue"))
    assert refused.value.details == {"check": "signature"}
    assert TOKEN.split(".")[1] not in refused.value.message


def test_a_disabled_certificate_verifies_nothing() -> None:
    assert code_of(TOKEN, [certificate(enabled=False)]) is (
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    )
    assert code_of(TOKEN, []) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID


def test_kid_limits_the_search_to_the_certificate_that_it_names() -> None:
    both = [certificate("cert0001"), certificate("cert0002", pair="other")]
    assert verify(token(kid="cert0001"), both).certificate_id == "cert0001"
    assert verify(token(kid="unknown"), both).certificate_id == "cert0001"
    assert code_of(token(kid="cert0002"), both) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    disabled = [certificate("cert0001"), certificate("cert0002", enabled=False)]
    assert code_of(token(kid="cert0002"), disabled) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID


def test_at_most_ten_enabled_certificates_are_tried() -> None:
    others = [certificate(f"other{n:03}", pair="other") for n in range(9)]
    disabled = [certificate(f"off{n:05}", enabled=False) for n in range(5)]
    assert verify(TOKEN, [*disabled, *others, certificate()]).certificate_id == "cert0001"
    others.append(certificate("other009", pair="other"))
    assert code_of(TOKEN, [*others, certificate()]) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID


def test_a_stored_text_that_is_no_key_is_passed_over() -> None:
    broken = JwtCertificate("broken00", ACCOUNT, "broken", True, "not a key")
    assert verify(TOKEN, [broken, certificate()]).certificate_id == "cert0001"


def test_a_key_of_8192_bits_verifies() -> None:
    """The library's own size limits would refuse so long a signature."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    big = JwtCertificate("big00001", ACCOUNT, "big", True, pem)
    header = {"alg": "RS256", "note": "n" * 2000}
    body = f"{_segment(header)}.{_segment(claims())}"
    signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    text = f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert verify(text, [big]).certificate_id == "big00001"


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_lifetime_is_capped_when_the_operator_says_so() -> None:
    assert verify(TOKEN, max_lifetime_seconds=3605).subject == "u1"
    with pytest.raises(BytewardError) as refused:
        verify(TOKEN, max_lifetime_seconds=3604)
    assert refused.value.details == {"check": "lifetime"}


def test_a_subject_may_be_any_text_of_255_characters() -> None:
    assert verify(token(claims(sub="\u00fc" * 255))).subject == "\u00fc" * 255
    assert code_of(token(claims(sub="u" * 256))) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID


def test_explanation_lists_the_checks_up_to_the_one_that_failed() -> None:
    results = explain_jwt(token(claims(iat=NOW + 61)), [certificate()], account_id=ACCOUNT, now=NOW)
    assert [result.check for result in results] == list(JwtCheck)[: len(results)]
    assert [result.passed for result in results] == [True] * (len(results) - 1) + [False]
    assert results[-1].check is JwtCheck.ISSUED_AT
    assert "clock" in results[-1].message
    good = explain_jwt(TOKEN, [certificate()], account_id=ACCOUNT, now=NOW)
    assert [result.check for result in good] == list(JwtCheck)
    assert all(result.passed for result in good)


@pytest.mark.parametrize("kid", ["1", "null", "true", "[]", "{}"])
def test_a_kid_that_is_no_string_is_refused(kid: str) -> None:
    header = base64.urlsafe_b64encode(f'{{"alg":"RS256","kid":{kid}}}'.encode()).rstrip(b"=")
    with pytest.raises(JwtRefusedError) as refused:
        read_jwt(f"{header.decode()}.e30.AA")
    assert refused.value.check is JwtCheck.HEADER


def test_api_keys_do_not_have_the_shape_of_a_token() -> None:
    assert has_jwt_shape("a.b.c")
    assert not has_jwt_shape("a.b")
    assert not has_jwt_shape("a.b.c.d")


@given(
    at=st.integers(min_value=0, max_value=len(TOKEN) - 1),
    replacement=st.characters(),
)
def test_a_token_with_another_character_never_verifies(at: int, replacement: str) -> None:
    mutated = TOKEN[:at] + replacement + TOKEN[at + 1 :]
    if mutated == TOKEN:
        return
    with pytest.raises(BytewardError) as refused:
        verify(mutated)
    assert refused.value.status == 401


@given(
    start=st.integers(min_value=0, max_value=len(TOKEN)),
    length=st.integers(min_value=0, max_value=8),
    inserted=st.text(alphabet="ABCxyz019-_.=+/ \n\u00e9", max_size=8),
)
def test_a_token_with_another_piece_never_verifies(start: int, length: int, inserted: str) -> None:
    mutated = TOKEN[:start] + inserted + TOKEN[start + length :]
    if mutated == TOKEN:
        return
    with pytest.raises(BytewardError) as refused:
        verify(mutated)
    assert refused.value.status == 401


@given(st.text(max_size=60) | st.text(alphabet="ABab01.-_=", max_size=60))
def test_any_text_is_taken_apart_or_refused_in_one_way(text: str) -> None:
    outcome: object
    try:
        outcome = read_jwt(text)
    except JwtRefusedError as refused:
        outcome = refused.check
    assert isinstance(outcome, UnverifiedJwt | JwtCheck)


@given(
    st.dictionaries(
        st.sampled_from(["exp", "iat", "nbf", "sub", "accountId", "allowedOrigins", "apiKeyId"]),
        st.none()
        | st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.text(max_size=9)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.lists(st.text(max_size=3), max_size=2),
    )
)
def test_claims_of_any_type_verify_or_are_refused_with_401(changes: dict[str, object]) -> None:
    status = 401
    try:
        jwt = verify(token({**claims(), **changes}))
    except BytewardError as refused:
        status = refused.status
    else:
        assert jwt.expires_at > NOW
        assert jwt.account_id in (None, ACCOUNT)
    assert status == 401
