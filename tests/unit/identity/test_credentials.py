"""Exactly one credential is read from the headers, and none is guessed at."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError
from byteward.identity.credentials import (
    PresentedCredentials,
    read_credentials,
    select_headers,
)
from tests.unit.identity.memory_facts import key_text

KEY = key_text()
JWT = "aa.bb.cc"


def read(*headers: tuple[bytes, bytes], legacy: bool = False) -> PresentedCredentials:
    return read_credentials(select_headers(headers), legacy=legacy)


def authorization(value: str) -> tuple[bytes, bytes]:
    return b"authorization", value.encode("latin-1")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {KEY}",
        f"bearer {KEY}",
        f"BEARER   {KEY}",
        basic(f"apikey:{KEY}"),
        basic(f"apikey:{KEY}").lower()[:5] + basic(f"apikey:{KEY}")[5:],
    ],
)
def test_an_api_key_is_read_from_bearer_and_basic(value: str) -> None:
    assert read(authorization(value)) == PresentedCredentials(key_text=KEY)


def test_a_token_is_read_from_bearer() -> None:
    assert read(authorization(f"Bearer {JWT}")) == PresentedCredentials(bearer_token=JWT)


def test_a_key_with_dots_is_a_key() -> None:
    assert read(authorization("Bearer public_A623uY2.b.c")).key_text == "public_A623uY2.b.c"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "authentication_failed_no_credentials"),
        ("Bearer", "authentication_failed_no_credentials"),
        ("Bearer ", "authentication_failed_no_credentials"),
        (KEY, "authentication_failed_no_credentials"),
        (f"Digest {KEY}", "authentication_failed_no_credentials"),
        (f"Bearer {KEY} x", "authentication_failed_no_credentials"),
        (f"Bearer {KEY} ", "authentication_failed_no_credentials"),
        (f" Bearer {KEY}", "authentication_failed_no_credentials"),
        (f"Bearer\t{KEY}", "authentication_failed_no_credentials"),
        (f"Bearer {KEY}\u00e9", "authentication_failed_no_credentials"),
        (f"Bearer {KEY}, Bearer {JWT}", "authentication_failed_no_credentials"),
        (f"Bearer {KEY},{JWT}", "authentication_failed_no_credentials"),
        ("Basic !!!!", "authentication_failed_no_credentials"),
        (basic(f"user:{KEY}"), "authentication_failed_no_credentials"),
        (basic(f"APIKEY:{KEY}"), "authentication_failed_no_credentials"),
        (basic("apikey"), "authentication_failed_no_credentials"),
        (basic(f"apikey:{KEY}x").rstrip("="), "authentication_failed_no_credentials"),
        (basic("apikey:"), "authentication_failed_credentials_denied"),
        (basic("apikey:short"), "authentication_failed_credentials_denied"),
        (basic(f"apikey:{JWT}"), "authentication_failed_credentials_denied"),
        (basic(f"apikey: {KEY}"), "authentication_failed_credentials_denied"),
        (basic(f"apikey:{KEY}\u00e9"), "authentication_failed_credentials_denied"),
        ("Bearer free", "authentication_failed_credentials_denied"),
        ("Bearer demo", "authentication_failed_credentials_denied"),
        ("Bearer notarealkey", "jwt_missing_account_id_field"),
        ("Bearer public_A623uY", "jwt_missing_account_id_field"),
        ("Bearer PUBLIC_A623uY2abc", "jwt_missing_account_id_field"),
        ("Bearer a.b.c.d", "jwt_missing_account_id_field"),
    ],
)
def test_other_authorization_headers_are_401(value: str, code: str) -> None:
    with pytest.raises(BytewardError) as refused:
        read(authorization(value))
    assert (refused.value.status, refused.value.code) == (401, code)


def test_basic_with_padding_is_read() -> None:
    padded = basic(f"apikey:{KEY}x")
    assert padded.endswith("=")
    assert read(authorization(padded)).key_text == f"{KEY}x"


def test_two_authorization_headers_are_401_even_if_equal() -> None:
    with pytest.raises(BytewardError) as refused:
        read(authorization(f"Bearer {KEY}"), authorization(f"Bearer {KEY}"))
    assert refused.value.code == "authentication_failed_no_credentials"


@pytest.mark.parametrize("value", [JWT, f"Bearer {JWT}", f"bearer  {JWT}"])
def test_the_companion_may_have_a_scheme(value: str) -> None:
    headers = [authorization(basic(f"apikey:{KEY}")), (b"authorization-token", value.encode())]
    assert read(*headers) == PresentedCredentials(key_text=KEY, companion_token=JWT)
    assert read(headers[1]) == PresentedCredentials(companion_token=JWT)


def test_an_empty_companion_is_none() -> None:
    assert not read((b"authorization-token", b"")).is_present
    assert not read((b"authorization-token", b"Bearer ")).is_present


def test_two_companions_are_401() -> None:
    with pytest.raises(BytewardError) as refused:
        read((b"authorization-token", b"a.b.c"), (b"authorization-token", b""))
    assert refused.value.code == "authentication_failed_jwt_invalid"


def test_the_first_clients_name_of_the_companion_counts_where_asked_for() -> None:
    old = (b"authorization-user", JWT.encode())
    assert read(old, legacy=True).companion_token == JWT
    assert not read(old).is_present
    with pytest.raises(BytewardError):
        read(old, (b"authorization-token", JWT.encode()), legacy=True)


def test_nothing_is_presented_by_other_headers() -> None:
    assert not read((b"cookie", b"a=b"), (b"x-api-key", KEY.encode())).is_present


def test_a_repeated_origin_matches_nothing() -> None:
    origin = (b"origin", b"https://app.example.com")
    assert select_headers([origin]).origin == "https://app.example.com"
    assert select_headers([origin, origin]).origin == "null"
    assert select_headers([]).origin is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"authorization", b"authorization-token", b"authorization-user"]),
            st.binary(max_size=40)
            | st.sampled_from([b"Bearer " + KEY.encode(), b"Basic YXBpa2V5Og=="]),
        ),
        max_size=3,
    )
)
def test_any_headers_are_read_or_401(headers: list[tuple[bytes, bytes]]) -> None:
    status = 401
    try:
        presented = read(*headers, legacy=True)
    except BytewardError as error:
        status = error.status
    else:
        assert presented.key_text in (None, KEY)
    assert status == 401
