"""Which credential a request presents, and in what form (pure; nothing is verified here).

RFC 9110 §11.6.2 with the protocol's narrowing: one `Authorization` header, Bearer or Basic; the
Basic user is literally `apikey` and its password an API key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.identity.jwt import missing_account_id
from byteward.identity.jwt_structure import has_jwt_shape
from byteward.strict_base64 import decode_base64

Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case, values as bytes."""

API_KEY_TEXT: Final = re.compile(r"(?:public|secret)_[!-~]{7,}")
"""A prefix and at least the account id; everything else is taken for a JWT."""

ALIASES: Final = frozenset({"free", "demo"})
"""Names that the official client knows for a vendor's account; no key here is called so."""

BASIC_USER: Final = b"apikey"

_DASHBOARD: Final = b"dash_"
_CREDENTIAL: Final = re.compile(rb"([A-Za-z][A-Za-z0-9-]*) +([!-~]+)")
_BEARER_PREFIX: Final = re.compile(rb"bearer +", re.IGNORECASE)
_NAMES: Final = frozenset(
    {
        b"authorization",
        b"authorization-token",
        b"authorization-user",
        b"cookie",
        b"origin",
        b"referer",
    }
)


@dataclass(frozen=True, slots=True)
class CredentialHeaders:
    """The headers that authentication looks at, each with all its occurrences."""

    authorization: list[bytes]
    authorization_token: list[bytes]
    authorization_user: list[bytes]
    cookie: list[bytes]
    origin: str | None
    referer: str | None


@dataclass(frozen=True, slots=True)
class PresentedCredentials:
    """What the headers carry; at most one of `key_text` and `bearer_token` is there.

    Attributes:
        key_text: an API key from `Authorization`.
        bearer_token: a JWT from `Authorization`, which must name its account.
        companion_token: a JWT from `Authorization-Token`.
        dashboard_bearer: a `dash_` bearer from `Authorization`; then nothing else is there.
    """

    key_text: str | None = None
    bearer_token: str | None = None
    companion_token: str | None = None
    dashboard_bearer: str | None = None

    @property
    def is_present(self) -> bool:
        """Whether any header carries a credential."""
        return (
            self.key_text is not None
            or self.bearer_token is not None
            or self.companion_token is not None
            or self.dashboard_bearer is not None
        )


def select_headers(headers: Headers) -> CredentialHeaders:
    """Pick out what matters, in one pass."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in _NAMES:
            found.setdefault(name, []).append(value)
    return CredentialHeaders(
        authorization=found.get(b"authorization", []),
        authorization_token=found.get(b"authorization-token", []),
        authorization_user=found.get(b"authorization-user", []),
        cookie=found.get(b"cookie", []),
        origin=_single(found.get(b"origin")),
        referer=_single(found.get(b"referer")),
    )


def read_credentials(headers: CredentialHeaders, *, legacy: bool = False) -> PresentedCredentials:
    """Read `Authorization` and `Authorization-Token`.

    Args:
        headers: from `select_headers`.
        legacy: read `authorization-user` as another name of `Authorization-Token`; the first
            generation of clients sends it to the API.

    Raises:
        BytewardError: 401 if a header is repeated, joined by a comma, or of no form that is
            accepted. A credential is never guessed at, and never passed over.
    """
    companion = _companion(headers, legacy=legacy)
    if not headers.authorization:
        return PresentedCredentials(companion_token=companion)
    if len(headers.authorization) > 1 or b"," in headers.authorization[0]:
        raise _no_credentials("send exactly one Authorization header")
    match = _CREDENTIAL.fullmatch(headers.authorization[0])
    scheme = match[1].lower() if match else b""
    if match and scheme == b"bearer" and match[2].startswith(_DASHBOARD):
        # It stands for a person: nothing that stands beside it could give it more or less.
        return PresentedCredentials(dashboard_bearer=match[2].decode("ascii"))
    if match and scheme == b"bearer":
        key_text, token = _bearer(match[2].decode("ascii"))
        return PresentedCredentials(key_text, token, companion)
    if match and scheme == b"basic":
        return PresentedCredentials(key_text=_basic(match[2]), companion_token=companion)
    raise _no_credentials(
        "the Authorization header must be `Bearer` with an API key or a JWT, or `Basic`"
    )


def no_credentials() -> BytewardError:
    """401: nothing was presented where something is needed."""
    return _no_credentials("send an API key or a JWT in the Authorization header")


def denied() -> BytewardError:
    """401: one answer for unknown, disabled and expired keys and for keys of other accounts."""
    return BytewardError(
        ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED,
        "the API key is not valid for this account",
    )


def _bearer(text: str) -> tuple[str | None, str | None]:
    if API_KEY_TEXT.fullmatch(text):
        return text, None
    if text in ALIASES:
        raise denied()
    if has_jwt_shape(text):
        return None, text
    raise missing_account_id()


def _basic(encoded: bytes) -> str:
    decoded = decode_base64(encoded.decode("ascii"))
    if decoded is None:
        raise _no_credentials("the Basic credentials are not padded Base64")
    user, colon, password = decoded.partition(b":")
    if not colon or user != BASIC_USER:
        raise _no_credentials("Basic credentials take `apikey` as user and the API key as password")
    text = password.decode("latin-1")
    if not API_KEY_TEXT.fullmatch(text):
        raise denied()
    return text


def _companion(headers: CredentialHeaders, *, legacy: bool) -> str | None:
    values = headers.authorization_token
    if legacy and headers.authorization_user:
        values = values + headers.authorization_user
    if len(values) > 1:
        raise BytewardError(
            ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
            "invalid JWT: send at most one Authorization-Token header",
        )
    value = _without_scheme(values[0]) if values else b""
    # Latin-1 keeps each byte; what is not a JWT fails its checks, the comma of a joined pair too.
    return value.decode("latin-1") or None


def _without_scheme(value: bytes) -> bytes:
    prefix = _BEARER_PREFIX.match(value)
    return value[prefix.end() :] if prefix else value


def _single(values: list[bytes] | None) -> str | None:
    """The header's value; one that is repeated becomes a text that matches no origin."""
    if not values:
        return None
    return values[0].decode("latin-1") if len(values) == 1 else "null"


def _no_credentials(message: str) -> BytewardError:
    return BytewardError(ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS, message)
