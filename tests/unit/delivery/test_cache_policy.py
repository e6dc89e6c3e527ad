"""Cache-Control: who may keep what, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from byteward.config import DeliverySettings
from byteward.delivery.cache_policy import (
    NO_STORE,
    Authority,
    Lifetimes,
    file_cache_control,
    missing_cache_control,
    vary,
)
from byteward.delivery.request import DeliveryRequest
from byteward.paths import FilePath

PATH = FilePath.parse("/a.jpg")
REQUEST = DeliveryRequest("W142hJk", "raw", PATH, PATH, ())
TTLS = Lifetimes(account_ttl=7200, account_ttl_404=60)
PUBLIC, CREDENTIAL, SECURE_URL = Authority.PUBLIC, Authority.CREDENTIAL, Authority.SECURE_URL


def control(
    request: DeliveryRequest = REQUEST,
    authority: Authority = PUBLIC,
    lifetimes: Lifetimes = TTLS,
    settings: DeliverySettings | None = None,
) -> str:
    return file_cache_control(request, authority, lifetimes, settings or DeliverySettings())


@pytest.mark.parametrize(
    ("request_", "lifetimes", "expected"),
    [
        (REQUEST, TTLS, "public, max-age=7200"),
        (replace(REQUEST, cache_ttl=100), TTLS, "public, max-age=100"),
        (replace(REQUEST, is_versioned=True), TTLS, "public, max-age=7200, immutable"),
        (replace(REQUEST, is_cacheable=False), TTLS, NO_STORE),
        (replace(REQUEST, cache_ttl=0), TTLS, NO_STORE),
        (REQUEST, structs.replace(TTLS, url=59.9), "public, max-age=59"),
        (REQUEST, structs.replace(TTLS, url=0.5), NO_STORE),
    ],
)
def test_public_files(request_: DeliveryRequest, lifetimes: Lifetimes, expected: str) -> None:
    assert control(request_, PUBLIC, lifetimes) == expected


@pytest.mark.parametrize("authority", [CREDENTIAL, SECURE_URL])
def test_what_a_credential_authorised_is_private_and_ends_with_it(authority: Authority) -> None:
    assert control(REQUEST, authority) == "private, max-age=3600"
    assert (
        control(REQUEST, authority, structs.replace(TTLS, credential=90.0)) == "private, max-age=90"
    )
    assert control(REQUEST, authority, structs.replace(TTLS, url=30.0)) == "private, max-age=30"
    assert control(replace(REQUEST, is_versioned=True), authority) == "private, max-age=3600"


def test_the_operator_may_tighten_private_copies() -> None:
    revalidate = DeliverySettings(private_cache="revalidate")
    assert control(REQUEST, CREDENTIAL, TTLS, revalidate) == "private, no-cache"
    no_store = DeliverySettings(private_cache="no-store")
    assert control(REQUEST, CREDENTIAL, TTLS, no_store) == NO_STORE


def test_only_the_operator_makes_secure_urls_shareable() -> None:
    shared = DeliverySettings(secure_url_shared_cache=True)
    lifetimes = structs.replace(TTLS, url=100.0)
    assert control(REQUEST, SECURE_URL, lifetimes, shared) == "public, max-age=100"
    assert control(REQUEST, CREDENTIAL, lifetimes, shared) == "private, max-age=100"


@pytest.mark.parametrize(
    ("request_", "authority", "lifetimes", "expected"),
    [
        (REQUEST, PUBLIC, TTLS, "public, max-age=0, s-maxage=60"),
        (replace(REQUEST, cache_ttl_404=5), PUBLIC, TTLS, "public, max-age=0, s-maxage=5"),
        (replace(REQUEST, cache_ttl_404=0), PUBLIC, TTLS, NO_STORE),
        (replace(REQUEST, is_cacheable=False), PUBLIC, TTLS, NO_STORE),
        (REQUEST, PUBLIC, structs.replace(TTLS, url=3.0), "public, max-age=0, s-maxage=3"),
        (REQUEST, CREDENTIAL, TTLS, NO_STORE),
        (REQUEST, SECURE_URL, TTLS, NO_STORE),
    ],
)
def test_missing_files(
    request_: DeliveryRequest, authority: Authority, lifetimes: Lifetimes, expected: str
) -> None:
    assert missing_cache_control(request_, authority, lifetimes) == expected


def test_only_header_and_cookie_answers_vary_by_them() -> None:
    assert vary(CREDENTIAL) == "Authorization, Authorization-Token, Cookie"
    assert vary(PUBLIC) is None
    assert vary(SECURE_URL) is None


@given(
    st.builds(
        DeliveryRequest,
        account_id=st.just("W142hJk"),
        slug=st.just("raw"),
        path=st.just(PATH),
        url_path=st.just(PATH),
        pairs=st.just(()),
        is_cacheable=st.booleans(),
        cache_ttl=st.none() | st.integers(0, 10**8),
        is_versioned=st.booleans(),
    ),
    st.sampled_from([CREDENTIAL, SECURE_URL]),
    st.builds(
        Lifetimes,
        account_ttl=st.integers(0, 10**8),
        account_ttl_404=st.integers(0, 10**8),
        url=st.none() | st.floats(-10, 10**6),
        credential=st.none() | st.floats(-10, 10**6),
    ),
)
def test_nothing_a_url_says_makes_a_private_answer_public(
    request_: DeliveryRequest, authority: Authority, lifetimes: Lifetimes
) -> None:
    written = control(request_, authority, lifetimes)
    assert written == NO_STORE or written.startswith("private, max-age=")
    if written != NO_STORE:
        age = int(written.rpartition("=")[2])
        for bound in (3600, lifetimes.url, lifetimes.credential):
            assert bound is None or age <= bound
