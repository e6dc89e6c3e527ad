"""The token in a part's upload URL: who made it, for which bytes, until when (pure).

Clients send no other credential with a part's bytes, so the token stands for the credential that
began the upload: it names one part of one upload, its exact length and an expiry, under a key that
no other kind of token uses. Whether the upload is open and that credential still lives is looked
up each time; the token alone proves neither.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.strict_base64 import decode_base64url, encode_base64url

_KIND: Final = b"byteward part token v1"
_EXPIRY: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_MAC_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class PartClaim:
    """What a token is for.

    Attributes:
        account_id: the account in the URL.
        upload_id: the upload in the URL.
        index: the part in the URL.
        size_bytes: exact length of the part.
    """

    account_id: str
    upload_id: str
    index: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PartToken:
    """The two query parameters of an upload URL."""

    exp: str
    sig: str


def derive_key(master_key: bytes) -> bytes:
    """The key of part tokens, derived from the installation's master key.

    The label keeps it apart from every other use of the master key.
    """
    return hmac.new(master_key, _KIND, hashlib.sha256).digest()


def sign_part(key: bytes, claim: PartClaim, expires_at: int) -> PartToken:
    """A token that is good until `expires_at` (Unix seconds, excluded)."""
    return PartToken(str(expires_at), encode_base64url(_mac(key, claim, expires_at)))


def verify_part(key: bytes, claim: PartClaim, token: PartToken, now: float) -> None:
    """Check a token against what the URL is used for.

    Raises:
        BytewardError: `authorization_failed_permission_denied`, the same for every defect.
    """
    if not _EXPIRY.fullmatch(token.exp):
        raise _denied()
    expires_at = int(token.exp)
    mac = decode_base64url(token.sig)
    if mac is None or len(mac) != _MAC_BYTES:
        raise _denied()
    # SECURITY: the signature is checked before the expiry, in constant time.
    if not hmac.compare_digest(mac, _mac(key, claim, expires_at)) or now >= expires_at:
        raise _denied()


def _mac(key: bytes, claim: PartClaim, expires_at: int) -> bytes:
    # Fields of no fixed length are preceded by it, so that two claims never give one text.
    fields = (
        _KIND,
        claim.account_id.encode("utf-8"),
        claim.upload_id.encode("utf-8"),
        str(claim.index).encode("ascii"),
        str(claim.size_bytes).encode("ascii"),
        str(expires_at).encode("ascii"),
    )
    message = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return hmac.new(key, message, hashlib.sha256).digest()


def _denied() -> BytewardError:
    return BytewardError(
        ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
        "the upload URL is not valid or has expired; ask for the upload part again",
    )
