"""Encrypted URLs: `enc=1.<API key id>.<nonce>.<ciphertext>` hides the whole query (pure).

AES-256-GCM with a 12-byte nonce, the 16-byte tag after the ciphertext, everything in unpadded
base64url. The plaintext is a query without its `?`, in UTF-8; it must contain `exp` and may contain
`path`.

SECURITY: slug and file path stay readable. Unless they are bound as associated data, a holder
moves `enc` to another file or to `/raw/`. So the associated data is host and path, or the path;
ciphertext without any is refused unless the operator accepts it, and then only if it brings its
own `path`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from byteward.identity.signed_url import VERSION, split_scheme
from byteward.identity.url_target import RawPair, UrlTarget
from byteward.ids import API_KEY_ID
from byteward.strict_base64 import decode_base64url, encode_base64url

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
MAX_PLAINTEXT_BYTES: Final = 8192

_PREFIX: Final = b"enc="


@dataclass(frozen=True, slots=True)
class UrlCiphertext:
    """The parts of an `enc` value."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


def parse_ciphertext(pair: RawPair) -> UrlCiphertext | None:
    """Read the one pair that is `enc`; None unless it is spelled exactly as it should be."""
    if not pair.raw.startswith(_PREFIX) or not pair.raw.isascii():
        return None
    parts = pair.raw[len(_PREFIX) :].decode("ascii").split(".")
    if len(parts) != 4 or parts[0] != VERSION or not API_KEY_ID.fullmatch(parts[1]):  # noqa: PLR2004
        return None
    nonce, ciphertext = decode_base64url(parts[2]), decode_base64url(parts[3])
    if nonce is None or len(nonce) != NONCE_BYTES or ciphertext is None:
        return None
    if not TAG_BYTES <= len(ciphertext) <= MAX_PLAINTEXT_BYTES + TAG_BYTES:
        return None
    return UrlCiphertext(parts[1], nonce, ciphertext)


def decrypt(
    sealed: UrlCiphertext,
    path: bytes,
    *,
    key: bytes,
    hosts: Iterable[str],
    allow_unbound: bool = False,
) -> UrlTarget | None:
    """The hidden pairs as a target with the path of the URL; None if the ciphertext is not ours.

    Args:
        sealed: what `parse_ciphertext` found.
        path: the URL's path as sent, still percent-encoded.
        key: the secure URL key.
        hosts: names by which the client may know this server, as for signed URLs.
        allow_unbound: accept ciphertext without associated data if it contains `path`.
    """
    if len(key) != KEY_BYTES:
        return None
    cipher = AESGCM(key)
    for bound_to in (*(host.encode() + path for host in hosts), path):
        plaintext = _open(cipher, sealed, bound_to)
        if plaintext is not None:
            return _hidden_target(path, plaintext)
    if allow_unbound:
        plaintext = _open(cipher, sealed, b"")
        target = None if plaintext is None else _hidden_target(path, plaintext)
        if target is not None and target.named("path"):
            return target
    return None


def encrypt_url(url: str, *, key_id: str, key: bytes, exp: str, path: str | None = None) -> str:
    """Hide a URL's query, bound to its host and path.

    Args:
        url: absolute, percent-encoded, with all its parameters, without a fragment.
        key_id: id of the API key whose permissions the URL carries.
        key: that key's secure URL key.
        exp: Unix seconds, Unix milliseconds or `inf`.
        path: percent-encoded file path to serve instead of the readable one.
    """
    scheme, rest = split_scheme(url)
    host, slash, raw_target = rest.partition("/")
    target = UrlTarget.parse((slash + raw_target).encode())
    pairs = [pair.raw for pair in target.pairs()] + [f"exp={exp}".encode()]
    if path is not None:
        pairs.append(f"path={path}".encode())
    # SECURITY: a repeated nonce would reveal the key stream; random ones need no shared counter.
    nonce = secrets.token_bytes(NONCE_BYTES)
    bound_to = host.lower().encode() + target.path
    ciphertext = AESGCM(key).encrypt(nonce, b"&".join(pairs), bound_to)
    value = f"{VERSION}.{key_id}.{encode_base64url(nonce)}.{encode_base64url(ciphertext)}"
    return f"{scheme}{host}{target.path.decode()}?enc={value}"


def _open(cipher: AESGCM, sealed: UrlCiphertext, bound_to: bytes) -> bytes | None:
    try:
        return cipher.decrypt(sealed.nonce, sealed.ciphertext, bound_to)
    except InvalidTag:
        return None


def _hidden_target(path: bytes, plaintext: bytes) -> UrlTarget:
    # Only `&` separates here: `?` and `!` in the plaintext are data.
    return UrlTarget(path, ((b"?", tuple(RawPair(raw) for raw in plaintext.split(b"&"))),))
