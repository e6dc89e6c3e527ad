"""Random secrets that a person or a browser carries, and how they are stored: hashed (pure)."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""What `new_token` makes: 256 bits as base64url without padding."""


def new_token() -> str:
    """256 bits of chance."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """How a token is stored and found."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
