"""The checks on a JWT's text that come before any library sees it (pure).

SECURITY: libraries accept padding, other alphabets, repeated names and algorithms of the token's
own choosing. A token that passes here has exactly one spelling and one meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from byteward.strict_base64 import decode_base64url
from byteward.strict_json import StrictJsonError, parse

MAX_TOKEN_BYTES: Final = 8192
MAX_DEPTH: Final = 16
MAX_MEMBERS: Final = 200
MAX_INTEGER: Final = 2**53
ALGORITHM: Final = "RS256"

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+")
# They change how a token must be read: a reader that does not support them has to refuse.
_REFUSED_HEADERS: Final = ("crit", "b64", "zip", "enc")


class JwtCheck(StrEnum):
    """The checks in the order in which they run; a refused token fails exactly one."""

    STRUCTURE = "structure"
    HEADER = "header"
    ALGORITHM = "algorithm"
    PAYLOAD = "payload"
    SIGNATURE = "signature"
    CLAIM_TYPES = "claim_types"
    ACCESS = "access"
    ACCOUNT = "account"
    ISSUED_AT = "issued_at"
    NOT_BEFORE = "not_before"
    LIFETIME = "lifetime"
    EXPIRY = "expiry"


class JwtRefusedError(Exception):
    """A token failed `check`; `message` says why, for people, without repeating the token."""

    def __init__(self, check: JwtCheck, message: str) -> None:
        super().__init__(message)
        self.check = check
        self.message = message


@dataclass(frozen=True, slots=True)
class UnverifiedJwt:
    """A well-formed token whose signature has not been looked at: nothing in it is true yet.

    Attributes:
        text: the token.
        key_id: the `kid` header parameter.
        claims: the payload's members.
        signature: the decoded third segment.
    """

    text: str
    key_id: str | None
    claims: Mapping[str, object]
    signature: bytes


def has_jwt_shape(text: str) -> bool:
    """Whether the text has exactly two dots, which no API key has."""
    return text.count(".") == 2  # noqa: PLR2004 - header.payload.signature


def read_jwt(text: str) -> UnverifiedJwt:
    """Take a token apart (RFC 7515 §5.2, steps 1 to 5, without leniency).

    Raises:
        JwtRefusedError: naming the first of the checks `structure`, `header`, `algorithm` and
            `payload` that fails.
    """
    header_bytes, payload_bytes, signature = _segments(text)
    header = _json_object(header_bytes, JwtCheck.HEADER)
    for name in _REFUSED_HEADERS:
        if name in header:
            raise JwtRefusedError(
                JwtCheck.HEADER, f"the header parameter `{name}` is not supported"
            )
    key_id = header.get("kid")
    if "kid" in header and type(key_id) is not str:
        raise JwtRefusedError(JwtCheck.HEADER, "`kid` must be a string")
    if header.get("alg") != ALGORITHM:
        raise JwtRefusedError(JwtCheck.ALGORITHM, f"`alg` must be `{ALGORITHM}`")
    claims = _json_object(payload_bytes, JwtCheck.PAYLOAD)
    return UnverifiedJwt(text, key_id if isinstance(key_id, str) else None, claims, signature)


def _segments(text: str) -> tuple[bytes, bytes, bytes]:
    # Code points first: if there are few enough and all are ASCII, they are the bytes.
    if len(text) > MAX_TOKEN_BYTES:
        raise JwtRefusedError(
            JwtCheck.STRUCTURE, f"the token is longer than {MAX_TOKEN_BYTES} bytes"
        )
    decoded: list[bytes] = []
    for segment in text.split(".", 3):
        data = decode_base64url(segment) if _SEGMENT.fullmatch(segment) else None
        if data is None:
            raise JwtRefusedError(
                JwtCheck.STRUCTURE, "a segment is empty or not canonical unpadded base64url"
            )
        decoded.append(data)
    if len(decoded) != 3:  # noqa: PLR2004 - header, payload, signature
        raise JwtRefusedError(JwtCheck.STRUCTURE, "a JWT has three segments, separated by dots")
    return decoded[0], decoded[1], decoded[2]


def _json_object(data: bytes, check: JwtCheck) -> Mapping[str, object]:
    try:
        value = parse(
            data,
            max_depth=MAX_DEPTH,
            max_members=MAX_MEMBERS,
            unique_names=True,
            max_integer=MAX_INTEGER,
        )
    except StrictJsonError as error:
        raise JwtRefusedError(check, f"the {check.value} is not acceptable JSON: {error}") from None
    if not isinstance(value, dict):
        raise JwtRefusedError(check, f"the {check.value} must be a JSON object")
    return value
