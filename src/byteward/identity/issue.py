"""Signing JWTs with a local key, for trying things out; the server itself only verifies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc import jws
from joserfc.jwk import RSAKey

from byteward.errors import BytewardError, ErrorCode
from byteward.identity.certificates import MIN_EXPONENT, MIN_MODULUS_BITS
from byteward.identity.jwt_structure import ALGORITHM
from byteward.strict_json import dumps


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves of an RSA key as PEM text: PKCS #8, and SubjectPublicKeyInfo to register."""

    private_pem: str
    public_pem: str


def new_key_pair(bits: int = MIN_MODULUS_BITS) -> KeyPair:
    """Make an RSA key pair for signing JWTs; takes up to seconds for large `bits`."""
    private = generate_private_key(MIN_EXPONENT, bits)
    return KeyPair(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


def sign_jwt(
    claims: Mapping[str, object], private_pem: bytes, *, certificate_id: str | None = None
) -> str:
    """Sign claims as they are; nothing is added or checked.

    Args:
        claims: the payload.
        private_pem: an unencrypted RSA private key.
        certificate_id: written into `kid`, so that only that certificate is tried.

    Raises:
        BytewardError: 400 `invalid_parameter` if the key cannot be used.
    """
    header = {"alg": ALGORITHM, "typ": "JWT"}
    if certificate_id is not None:
        header["kid"] = certificate_id
    key = RSAKey.import_key(_private_key(private_pem))
    return jws.serialize_compact(dict(header), dumps(dict(claims)), key, algorithms=[ALGORITHM])


def _private_key(pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except Exception:  # noqa: BLE001 - the library documents no closed set; all mean "unreadable"
        raise _unusable_key("it is not an unencrypted PEM private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable_key("it is not an RSA key")
    return key


def _unusable_key(reason: str) -> BytewardError:
    return BytewardError(ErrorCode.INVALID_PARAMETER, f"the signing key cannot be used: {reason}")
