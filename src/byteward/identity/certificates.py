"""JWT certificates: which PEM texts are accepted, and the verification key inside one.

Accepted: `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280), `RSA PUBLIC KEY` (PKCS #1, RFC 8017) and
`CERTIFICATE` (X.509; only its public key counts). RSA of 2048 to 8192 bits.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from joserfc.jwk import RSAKey

MIN_MODULUS_BITS: Final = 2048
MAX_MODULUS_BITS: Final = 8192
MIN_EXPONENT: Final = 65537
MAX_EXPONENT: Final = 2**32
MAX_PEM_CHARACTERS: Final = 32_768

_PEM: Final = re.compile(
    r"-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----\r?\n"
    r"[A-Za-z0-9+/=\r\n]+"
    r"-----END \1-----[\r\n]*",
)


class CertificateError(ValueError):
    """The PEM text cannot verify JWTs; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """An RSA public key that has passed all rules, in the form that the JWT library takes.

    Attributes:
        key: the library's key object.
        modulus_bytes: length of the modulus, and therefore of every signature.
    """

    key: RSAKey
    modulus_bytes: int


def parse_public_key(pem: str) -> RSAPublicKey:
    """Read one PEM block and apply the rules of the module docstring.

    Raises:
        CertificateError: for anything else; private keys get a message of their own.
    """
    if "PRIVATE KEY" in pem:
        # SECURITY: it must not be stored, and its owner must hear that it has left their hands.
        raise CertificateError(
            "this is a private key: register its public half, and make a new pair, "
            "because the private one has been sent over the network"
        )
    if len(pem) > MAX_PEM_CHARACTERS:
        raise CertificateError(f"the PEM text is longer than {MAX_PEM_CHARACTERS} characters")
    block = _PEM.fullmatch(pem.strip(" \t\r\n"))
    if block is None:
        raise CertificateError(
            "expected exactly one PEM block: PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE"
        )
    key = _load(block[0].encode("ascii"), is_x509=block[1] == "CERTIFICATE")
    if not isinstance(key, RSAPublicKey):
        raise CertificateError("the key is not RSA: JWTs are verified with RS256 only")
    _check_strength(key)
    return key


def fingerprint(pem: str) -> str:
    """SHA-256 of the public key's DER form, in hex: equal for every PEM form of one key.

    Raises:
        CertificateError: as `parse_public_key`.
    """
    der = parse_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


@lru_cache(maxsize=1024)
def verification_key(pem: str) -> VerificationKey | None:
    """The key in a stored certificate, parsed once; None if the text breaks a rule after all."""
    try:
        key = parse_public_key(pem)
    except CertificateError:
        return None
    return VerificationKey(RSAKey.import_key(key), (key.key_size + 7) // 8)


def _load(pem: bytes, *, is_x509: bool) -> object:
    try:
        return (
            x509.load_pem_x509_certificate(pem).public_key()
            if is_x509
            else load_pem_public_key(pem)
        )
    except Exception:  # noqa: BLE001 - the library documents no closed set; all of them mean "unreadable"
        raise CertificateError(
            "the PEM block cannot be read: it is damaged or of another kind"
        ) from None


def _check_strength(key: RSAPublicKey) -> None:
    if not MIN_MODULUS_BITS <= key.key_size <= MAX_MODULUS_BITS:
        raise CertificateError(
            f"the RSA modulus has {key.key_size} bits: "
            f"between {MIN_MODULUS_BITS} and {MAX_MODULUS_BITS} are accepted"
        )
    exponent = key.public_numbers().e
    if exponent % 2 == 0 or not MIN_EXPONENT <= exponent < MAX_EXPONENT:
        raise CertificateError(
            "the RSA exponent is not an odd number from 65537 up to 2**32: make the key with 65537"
        )
