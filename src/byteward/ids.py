"""New identifiers: what each looks like and how much chance is in it.

Everything random comes from the operating system. Identifiers are names, never authority.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""The Bitcoin alphabet: digits and letters without 0, O, I and l."""

ACCOUNT_ID: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{7}")
API_KEY_ID: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{8}")
UPLOAD_ID: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{16}")
SESSION_ID: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{16}")
OBJECT_ID: Final = re.compile(r"[0-9a-f]{32}")
JOB_ID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base58_text(length: int) -> str:
    """`length` random base58 characters (5.86 bits each)."""
    return "".join(secrets.choice(BASE58) for _ in range(length))


def new_account_id() -> str:
    """7 base58 characters: the form that the official client checks."""
    return base58_text(7)


def new_api_key_id() -> str:
    """8 base58 characters, the public name of an API key."""
    return base58_text(8)


def new_api_key_text(kind: str, account_id: str) -> str:
    """`<kind>_<account id><24 random base58 characters>`: 140 bits of chance.

    Clients take the seven characters after the first underscore for the account id.
    """
    return f"{kind}_{account_id}{base58_text(24)}"


def new_upload_id() -> str:
    """16 base58 characters."""
    return base58_text(16)


def new_object_id() -> str:
    """32 lower-case hex digits: the name of stored bytes, never shown to users."""
    return secrets.token_hex(16)


def new_session_id() -> str:
    """16 base58 characters: the name of a dashboard session, of no use to who knows it."""
    return base58_text(16)


def new_ulid(now_ms: int) -> str:
    """A ULID: 48 bits of Unix milliseconds, then 80 bits of chance, in 26 Crockford characters."""
    number = now_ms << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def new_job_id(now_ms: int) -> str:
    """A ULID, so that younger jobs have greater ids."""
    return new_ulid(now_ms)


def new_request_id() -> str:
    """16 hex digits that tie a response to its log lines."""
    return secrets.token_hex(8)


def new_secure_url_key() -> bytes:
    """32 random bytes for signing and encrypting URLs."""
    return secrets.token_bytes(32)
