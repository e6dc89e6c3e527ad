"""Cache-Control of delivered answers (pure; RFC 9111). No other module decides about caching.

SECURITY: some shared caches re-use answers to requests that carried Authorization, and none looks
at cookies. Safety comes from these headers alone: whatever a credential authorised is `private`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from byteward.config import DeliverySettings
from byteward.delivery.request import DeliveryRequest

NO_STORE: Final = "no-store"

CREDENTIAL_VARY: Final = "Authorization, Authorization-Token, Cookie"
"""Request headers that decide a privately authorised answer; `Origin` is added by CORS."""


class Authority(StrEnum):
    """What allowed the download."""

    PUBLIC = "public"
    CREDENTIAL = "credential"
    SECURE_URL = "secure_url"


class Lifetimes(Struct, frozen=True):  # made on every request
    """Seconds that bound how long a copy may live; None where nothing bounds it.

    Attributes:
        account_ttl: the account's setting for files.
        account_ttl_404: the account's setting for "not found".
        url: until the URL's `exp`.
        credential: until the credential ends.
        file: until the file expires.
    """

    account_ttl: int
    account_ttl_404: int
    url: float | None = None
    credential: float | None = None
    file: float | None = None


def file_cache_control(
    request: DeliveryRequest, authority: Authority, lifetimes: Lifetimes, settings: DeliverySettings
) -> str:
    """Cache-Control of a 200, 206 or 304."""
    ttl = lifetimes.account_ttl if request.cache_ttl is None else request.cache_ttl
    if not request.is_cacheable or ttl <= 0:
        return NO_STORE
    age = ttl
    if lifetimes.url is not None:
        age = _shortest(age, lifetimes.url)
    if lifetimes.file is not None:
        age = _shortest(age, lifetimes.file)
    if authority is Authority.PUBLIC:
        return _public(age, is_immutable=request.is_versioned)
    if authority is Authority.SECURE_URL and settings.secure_url_shared_cache:
        return _public(age, is_immutable=False)
    if settings.private_cache == "no-store":
        return NO_STORE
    if settings.private_cache == "revalidate":
        return "private, no-cache"
    age = _shortest(min(age, settings.private_max_age_seconds), lifetimes.credential)
    return _private(age)


def missing_cache_control(
    request: DeliveryRequest, authority: Authority, lifetimes: Lifetimes
) -> str:
    """Cache-Control of a 404 for a file: for shared caches only, and only where anybody may ask."""
    ttl = lifetimes.account_ttl_404 if request.cache_ttl_404 is None else request.cache_ttl_404
    age = _shortest(ttl, lifetimes.url)
    if authority is not Authority.PUBLIC or not request.is_cacheable or age <= 0:
        return NO_STORE
    return f"public, max-age=0, s-maxage={age}"


def vary(authority: Authority) -> str | None:
    """Request headers besides Origin that the answer depends on."""
    return CREDENTIAL_VARY if authority is Authority.CREDENTIAL else None


@lru_cache(maxsize=256)  # the few seconds before credentials end aside, it is one value
def _private(age: int) -> str:
    return f"private, max-age={age}" if age > 0 else NO_STORE


def _public(age: int, *, is_immutable: bool) -> str:
    if age <= 0:
        return NO_STORE
    return f"public, max-age={age}, immutable" if is_immutable else f"public, max-age={age}"


def _shortest(ttl: int, remaining: float | None) -> int:
    return ttl if remaining is None else min(ttl, int(max(remaining, 0)))


def vary_on_accept(authority: Authority) -> str:
    """The same for an answer whose format was chosen by what the client accepts."""
    others = vary(authority)
    return "Accept" if others is None else f"Accept, {others}"
