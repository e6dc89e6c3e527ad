"""Tokens signed with a local key verify with its public half."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from byteward.errors import BytewardError
from byteward.identity.issue import sign_jwt
from byteward.identity.jwt import verify_jwt
from byteward.identity.jwt_structure import read_jwt
from tests.unit.identity.memory_facts import ACCOUNT, NOW, certificate, claims, key_pair


def test_a_signed_token_verifies_and_names_its_certificate() -> None:
    text = sign_jwt(claims(), key_pair().private_pem.encode(), certificate_id="cert0001")
    assert read_jwt(text).key_id == "cert0001"
    assert verify_jwt(text, [certificate()], account_id=ACCOUNT, now=NOW).subject == "u1"


def test_other_keys_cannot_sign() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in (pem, b"", b"junk", key_pair().public_pem.encode()):
        with pytest.raises(BytewardError) as refused:
            sign_jwt(claims(), text)
        assert refused.value.status == 400
