"""Passwords of dashboard users: Argon2id (RFC 9106), 64 MiB, 2 passes, 1 lane.

Hashing takes about 0.1 s of a core on purpose: call these off the event loop, few at once.
"""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from byteward.errors import OperatorError

MIN_CHARACTERS: Final = 12
MAX_CHARACTERS: Final = 256

_HASHER: Final = PasswordHasher(
    time_cost=2, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)

# A valid hash that no password has: the salt and the digest are all zeros.
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

# Long enough for the length rule and still the first guesses of any attacker.
_COMMON: Final = frozenset(
    {
        "administrator",
        "changemechangeme",
        "correcthorsebatterystaple",
        "iloveyouiloveyou",
        "letmeinletmein",
        "passwordpassword",
        "password1234",
        "password12345",
        "password123456",
        "password123!",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiop[]",
        "qwertyuiopasdfghjkl",
        "q1w2e3r4t5y6",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "zaq12wsxcde3",
        "welcome12345",
        "welcomewelcome",
        "adminadminadmin",
        "adminadmin12",
        "123456789012",
        "1234567890123",
        "123456123456",
        "123123123123",
        "123321123321",
        "987654321098",
        "abcdefghijkl",
        "abcdefghijklmnop",
        "abcd12345678",
        "asdfghjkl123",
        "asdfasdfasdf",
        "zxcvbnmzxcvbnm",
    }
)


class WeakPasswordError(OperatorError):
    """The password cannot be set; the message says why, for people."""


def check_password(password: str) -> None:
    """Refuse a password that must not be set: 12 to 256 characters, and no well-known one.

    Raises:
        WeakPasswordError: with the broken rule.
    """
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise WeakPasswordError(
            f"a password has between {MIN_CHARACTERS} and {MAX_CHARACTERS} characters"
        )
    if password.lower() in _COMMON or len(set(password)) <= 2:  # noqa: PLR2004 - `aaaa…`, `abab…`
        raise WeakPasswordError("this password is among the first that anybody would try")


def hash_password(password: str) -> str:
    """Hash a password with a new salt; the text names its own parameters."""
    return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed.

    SECURITY: None (no such user, no password set) costs the same time and never matches.
    """
    try:
        _HASHER.verify(password_hash or _NOBODY, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters and should be made anew at the next login."""
    return _HASHER.check_needs_rehash(password_hash)
