"""`dash_` bearers: five minutes of a session's authority, for the API and the CDN (pure).

The dashboard's page holds one in memory and sends it as `Authorization: Bearer dash_…`. It names
its session and says until when; the MAC proves that this server made it. Whether the session still
lives is looked up each time, so a bearer dies with its session.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from byteward.strict_base64 import encode_base64url

LIFE_SECONDS: Final = 300
PREFIX: Final = "dash_"

_KIND: Final = b"byteward dashboard bearer v1"
_FORM: Final = re.compile(
    r"dash_(?P<account>[1-9A-HJ-NP-Za-km-z]{7})\.(?P<session>[1-9A-HJ-NP-Za-km-z]{16})"
    r"\.(?P<expires>[0-9]{1,12})\.(?P<mac>[A-Za-z0-9_-]{43})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class BearerClaim:
    """What a bearer says.

    Attributes:
        account_id: the account that it is good for.
        session_id: the session that it stands for.
        expires_at: Unix seconds, excluded.
    """

    account_id: str
    session_id: str
    expires_at: int


def derive_key(master_key: bytes) -> bytes:
    """The key of bearers, kept apart by its label from every other use of the master key."""
    return hmac.new(master_key, _KIND, hashlib.sha256).digest()


def sign_bearer(key: bytes, claim: BearerClaim) -> str:
    """The bearer's text."""
    text = f"{PREFIX}{claim.account_id}.{claim.session_id}.{claim.expires_at}"
    return f"{text}.{_mac(key, text)}"


def verify_bearer(key: bytes, text: str, now: float) -> BearerClaim | None:
    """What the bearer says, or None: it is not one of ours, or over (`now` in Unix seconds)."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    expected = _mac(key, text.rpartition(".")[0])
    if not hmac.compare_digest(expected.encode(), found["mac"].encode()):
        return None
    claim = BearerClaim(found["account"], found["session"], int(found["expires"]))
    return claim if now < claim.expires_at else None


def _mac(key: bytes, text: str) -> str:
    return encode_base64url(hmac.new(key, text.encode(), hashlib.sha256).digest())
