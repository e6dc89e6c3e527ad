"""Only RSA public keys of sound strength become certificates."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from byteward.identity.certificates import (
    CertificateError,
    fingerprint,
    parse_public_key,
    verification_key,
)


@lru_cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def x509_pem(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jwt")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def test_all_three_forms_of_one_key_are_accepted_and_have_one_fingerprint() -> None:
    key = private_key()
    pkcs1 = key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    forms = [spki(key.public_key()), pkcs1, x509_pem(key)]
    assert {parse_public_key(pem).public_numbers().n for pem in forms} == {
        key.public_key().public_numbers().n
    }
    assert len({fingerprint(pem) for pem in forms}) == 1


def test_line_ends_and_space_around_the_block_do_not_matter() -> None:
    pem = spki(private_key().public_key())
    assert fingerprint("\n  " + pem.replace("\n", "\r\n") + "\n") == fingerprint(pem)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_is_refused_with_the_reason(form: PrivateFormat) -> None:
    pem = private_key().private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    with pytest.raises(CertificateError, match="private key"):
        parse_public_key(pem)
    with pytest.raises(CertificateError, match="private key"):
        parse_public_key(spki(private_key().public_key()) + pem)


def test_keys_that_are_not_rsa_are_refused() -> None:
    for key in (
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
    ):
        with pytest.raises(CertificateError, match="not RSA"):
            parse_public_key(spki(key))


def public_key(bits: int, exponent: int = 65537) -> str:
    """A public key with an odd modulus of that length; nobody has the private half."""
    numbers = rsa.RSAPublicNumbers(exponent, (1 << (bits - 1)) + 1)
    return spki(numbers.public_key())


@pytest.mark.parametrize("bits", [2048, 2049, 4096, 8192])
def test_modulus_lengths_within_the_bounds_are_accepted(bits: int) -> None:
    assert parse_public_key(public_key(bits)).key_size == bits


@pytest.mark.parametrize("bits", [1024, 2047, 8193, 16384])
def test_modulus_lengths_outside_the_bounds_are_refused(bits: int) -> None:
    with pytest.raises(CertificateError):
        parse_public_key(public_key(bits))


@pytest.mark.parametrize("exponent", [3, 17, 65535, 2**32 + 1])
def test_weak_exponents_are_refused(exponent: int) -> None:
    with pytest.raises(CertificateError):
        parse_public_key(public_key(2048, exponent))


def test_the_largest_exponent_is_accepted() -> None:
    assert parse_public_key(public_key(2048, 2**32 - 1)).public_numbers().e == 2**32 - 1


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "hello",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN OPENSSH THING-----\nAAAA\n-----END OPENSSH THING-----\n",
        "-----BEGIN PUBLIC KEY-----\n\u00e9\n-----END PUBLIC KEY-----\n",
        "A" * 40_000,
    ],
)
def test_text_that_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(CertificateError):
        parse_public_key(pem)


def test_two_blocks_are_refused_rather_than_one_ignored() -> None:
    pem = spki(private_key().public_key())
    with pytest.raises(CertificateError, match="exactly one"):
        parse_public_key(pem + pem)


def test_a_stored_certificate_is_parsed_once_and_a_broken_one_is_no_key() -> None:
    pem = spki(private_key().public_key())
    key = verification_key(pem)
    assert key is verification_key(pem)
    assert key is not None
    assert key.modulus_bytes == 256
    assert verification_key("broken") is None
