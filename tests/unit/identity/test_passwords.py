"""Passwords are hashed slowly, compared safely, and refused when they are too easy."""

from __future__ import annotations

import pytest

from byteward.identity.passwords import (
    WeakPasswordError,
    check_password,
    hash_password,
    needs_rehash,
    password_matches,
)

PASSWORD = "an own sentence \u00fc\ud800"
HASH = hash_password(PASSWORD)


def test_the_hash_is_argon2id_with_our_parameters_and_salted() -> None:
    assert HASH.startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    assert hash_password(PASSWORD) != HASH
    assert not needs_rehash(HASH)
    assert needs_rehash("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43)


def test_only_the_password_matches() -> None:
    assert password_matches(HASH, PASSWORD)
    assert not password_matches(HASH, PASSWORD + " ")
    assert not password_matches(HASH, "")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$broken"])
def test_nobody_matches_without_a_hash(stored: str | None) -> None:
    assert not password_matches(stored, PASSWORD)


@pytest.mark.parametrize("password", ["x1y2z3 w4v5u", "p" * 100 + "qr" * 78])
def test_lengths_up_to_the_limits_may_be_set(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    "password", ["", "x1y2z3 w4v5", "pqr" * 86, "Password1234", "a" * 20, "ab" * 10]
)
def test_short_long_and_common_passwords_may_not_be_set(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        check_password(password)
