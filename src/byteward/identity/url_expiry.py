"""The parameter `exp` of delivery URLs (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.identity.url_target import RawPair

FIRST_MILLISECONDS: Final = 100_000_000_000
"""Numbers from here on are milliseconds; as seconds they would lie in the year 5138."""

_DIGITS: Final = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class UrlExpiry:
    """When a URL ends: Unix seconds, or None for `inf`."""

    expires_at: float | None


def parse_expiry(text: str) -> UrlExpiry:
    """Read Unix seconds, Unix milliseconds or `inf`.

    Raises:
        BytewardError: 400 `invalid_parameter` for anything else.
    """
    if text == "inf":
        return UrlExpiry(None)
    if not _DIGITS.fullmatch(text):
        raise _invalid("it must be Unix seconds, Unix milliseconds or `inf`")
    number = int(text)
    return UrlExpiry(number / 1000 if number >= FIRST_MILLISECONDS else float(number))


def read_expiry(pairs: Sequence[RawPair]) -> UrlExpiry:
    """The expiry in the pairs named `exp`, of which there must be one.

    Raises:
        BytewardError: 400 `invalid_parameter` for a malformed or repeated one.
    """
    if len(pairs) != 1:
        raise _invalid("it may be given once")
    try:
        text = pairs[0].value
    except BytewardError:
        raise _invalid("it is not percent-encoded UTF-8") from None
    return parse_expiry(text)


def check_expiry(expiry: UrlExpiry, now: float) -> None:
    """Refuse a URL whose time is up, without leeway.

    Raises:
        BytewardError: 403 `url_expired`.
    """
    if expiry.expires_at is not None and now >= expiry.expires_at:
        raise BytewardError(ErrorCode.URL_EXPIRED, "the URL has expired (`exp`): ask for a new one")


def check_lifetime(expiry: UrlExpiry, now: float, max_ttl_seconds: int | None) -> None:
    """Refuse a secure URL that is meant to live longer than the server allows.

    Raises:
        BytewardError: 403 `exp_too_far`.
    """
    if max_ttl_seconds is None:
        return
    if expiry.expires_at is None or expiry.expires_at - now > max_ttl_seconds:
        raise BytewardError(
            ErrorCode.EXP_TOO_FAR,
            f"`exp` lies too far ahead: this server accepts at most {max_ttl_seconds} seconds",
        )


def _invalid(reason: str) -> BytewardError:
    return BytewardError(
        ErrorCode.INVALID_PARAMETER,
        f"invalid `exp`: {reason}",
        details={"parameter": "exp", "reason": reason},
    )
