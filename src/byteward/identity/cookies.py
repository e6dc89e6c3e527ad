"""The browser cookie `access-token-<account id>`: our own reader and writer (pure; RFC 6265).

SECURITY: the standard library's reader drops every cookie after a bad one and unquotes octal
escapes, so that other people's cookies decide which of ours is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

NAME_PREFIX: Final = "access-token-"
MAX_TOKEN_BYTES: Final = 3800
"""Browsers keep about 4,096 bytes of a cookie, its name and attributes included."""

_TOKEN: Final = re.compile(rb"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class CookieStyle:
    """The attributes that depend on where the server is reached.

    Attributes:
        is_secure: `Secure; SameSite=None`, so that pages of other sites can show private images;
            without it `SameSite=Lax`, for plain http on a loopback address only.
        is_partitioned: `Partitioned`, where `is_secure` allows it.
    """

    is_secure: bool = True
    is_partitioned: bool = True

    @property
    def attributes(self) -> str:
        """The text after `Max-Age`."""
        if not self.is_secure:
            return "HttpOnly; SameSite=Lax"
        partitioned = "; Partitioned" if self.is_partitioned else ""
        return f"HttpOnly; Secure; SameSite=None{partitioned}"


def read_session_cookie(headers: Iterable[bytes], account_id: str) -> str | None:
    """The account's JWT in the values of the `Cookie` headers.

    None if it is missing, is not made of a JWT's characters, or is there twice with different
    values: a cookie planted from a neighbouring host must not win, and neither must we guess.
    """
    return read_cookie(headers, f"{NAME_PREFIX}{account_id}")


def read_cookie(headers: Iterable[bytes], name: str) -> str | None:
    """The value of a cookie that is made of a token's characters; see `read_session_cookie`."""
    wanted = name.encode()
    values = {
        value.strip(b" \t")
        for header in headers
        for pair in header.split(b";")
        for key, _, value in (pair.partition(b"="),)
        if key.strip(b" \t") == wanted
    }
    if len(values) != 1:
        return None
    value = values.pop()
    return value.decode("ascii") if _TOKEN.fullmatch(value) else None


def session_cookie(account_id: str, token: str, max_age_seconds: int, style: CookieStyle) -> str:
    """The `Set-Cookie` value that keeps a JWT for the account's file URLs."""
    return (
        f"{NAME_PREFIX}{account_id}={token}; Path=/{account_id}/; "
        f"Max-Age={max_age_seconds}; {style.attributes}"
    )


def expired_session_cookie(account_id: str, style: CookieStyle) -> str:
    """The `Set-Cookie` value that removes the cookie: same name, path and flags."""
    return session_cookie(account_id, "", 0, style)
