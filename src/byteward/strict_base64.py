"""Base64 that accepts exactly one spelling of every value (pure).

SECURITY: the standard library skips foreign characters, mixes both alphabets and ignores stray
bits, so one token has many spellings; caches, logs and revocation lists that compare text then
miss its twins.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]*")
_STANDARD: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def decode_base64url(text: str) -> bytes | None:
    """Decode unpadded base64url (RFC 4648 §5); None unless `text` is the canonical encoding."""
    if not _URL_SAFE.fullmatch(text) or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if encode_base64url(data) == text else None


def encode_base64url(data: bytes) -> str:
    """Encode as unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64(text: str) -> bytes | None:
    """Decode padded standard Base64 (RFC 4648 §4); None unless `text` is the canonical encoding."""
    if not _STANDARD.fullmatch(text):
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None


def encode_base64(data: bytes) -> str:
    """Encode as padded standard Base64."""
    return base64.b64encode(data).decode("ascii")
