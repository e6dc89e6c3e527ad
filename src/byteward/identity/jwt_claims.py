"""The claims of a customer's JWT: types, limits and times (pure).

A known claim of the wrong type makes the whole token invalid; unknown claims are ignored. Nothing
wider than what is written is ever inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from byteward.access.model import TagPatterns
from byteward.access.policy import PolicyError, parse_token_access
from byteward.access.rules import PathRules
from byteward.identity.jwt_structure import MAX_INTEGER, JwtCheck, JwtRefusedError

MAX_SUBJECT_CHARACTERS: Final = 255
MAX_ORIGINS: Final = 50
ACCOUNT_ID_CHARACTERS: Final = 7
API_KEY_ID_CHARACTERS: Final = 8
LEEWAY_SECONDS: Final = 60
"""How far the signer's clock may run ahead: for `iat` and `nbf`, never for `exp`."""

SMALLEST_MILLISECONDS: Final = 100_000_000_000
"""Seconds beyond this lie in the year 5138: the number was meant to be milliseconds."""


@dataclass(frozen=True, slots=True)
class JwtClaims:
    """The known claims, well-typed. Times are Unix seconds."""

    subject: str
    issued_at: int
    expires_at: int
    not_before: int | None
    account_id: str | None
    api_key_id: str | None
    allowed_origins: tuple[str, ...] | None
    rules: PathRules
    tag_patterns: TagPatterns | None


def read_claims(claims: Mapping[str, object]) -> JwtClaims:
    """Check the types and limits of all known claims.

    Raises:
        JwtRefusedError: `claim_types`, or `access` for the claim of that name.
    """
    times = {name: _time(claims, name) for name in ("exp", "iat", "nbf") if name in claims}
    for name in ("exp", "iat"):
        if name not in times:
            raise _wrong(f"the claim `{name}` is required")
    if times["exp"] > SMALLEST_MILLISECONDS:
        raise _wrong("the claim `exp` must be in seconds: it looks like milliseconds")
    subject = _text(claims, "sub", 1, MAX_SUBJECT_CHARACTERS)
    if subject is None:
        raise _wrong("the claim `sub` is required")
    rules, tag_patterns = _access(claims)
    return JwtClaims(
        subject=subject,
        issued_at=times["iat"],
        expires_at=times["exp"],
        not_before=times.get("nbf"),
        account_id=_text(claims, "accountId", ACCOUNT_ID_CHARACTERS, ACCOUNT_ID_CHARACTERS),
        api_key_id=_text(claims, "apiKeyId", API_KEY_ID_CHARACTERS, API_KEY_ID_CHARACTERS),
        allowed_origins=_origins(claims),
        rules=rules,
        tag_patterns=tag_patterns,
    )


def check_account(claims: JwtClaims, account_id: str) -> None:
    """Refuse a token that says it is for another account.

    Raises:
        JwtRefusedError: `account`.
    """
    if claims.account_id is not None and claims.account_id != account_id:
        raise JwtRefusedError(
            JwtCheck.ACCOUNT, "the claim `accountId` is not the account of the URL"
        )


def check_times(claims: JwtClaims, now: float, max_lifetime_seconds: int | None) -> None:
    """Judge the times; expiry comes last, so that "expired" means "and nothing else is wrong".

    Raises:
        JwtRefusedError: `issued_at`, `not_before`, `lifetime` or `expiry`.
    """
    if claims.issued_at > now + LEEWAY_SECONDS:
        raise JwtRefusedError(
            JwtCheck.ISSUED_AT, "the claim `iat` lies in the future: check the signer's clock"
        )
    if claims.not_before is not None and claims.not_before > now + LEEWAY_SECONDS:
        raise JwtRefusedError(JwtCheck.NOT_BEFORE, "the token is not valid yet (`nbf`)")
    lifetime = claims.expires_at - claims.issued_at
    if max_lifetime_seconds is not None and lifetime > max_lifetime_seconds:
        raise JwtRefusedError(
            JwtCheck.LIFETIME,
            f"the token lives {lifetime} seconds (`exp` - `iat`): "
            f"this server accepts at most {max_lifetime_seconds}",
        )
    if now >= claims.expires_at:
        raise JwtRefusedError(JwtCheck.EXPIRY, "the token has expired (`exp`)")


def _wrong(message: str) -> JwtRefusedError:
    return JwtRefusedError(JwtCheck.CLAIM_TYPES, message)


def _time(claims: Mapping[str, object], name: str) -> int:
    """Unix seconds; `1.7e9` is an integer too, `true` and `"1"` are not."""
    value = claims[name]
    if type(value) is float and value.is_integer() and abs(value) <= MAX_INTEGER:
        value = int(value)
    if type(value) is not int or value < 0:
        raise _wrong(f"the claim `{name}` must be a whole number of seconds, not negative")
    return value


def _text(claims: Mapping[str, object], name: str, at_least: int, at_most: int) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is not str or not at_least <= len(value) <= at_most:
        length = str(at_least) if at_least == at_most else f"{at_least} to {at_most}"
        raise _wrong(f"the claim `{name}` must be a string of {length} characters")
    return value


def _origins(claims: Mapping[str, object]) -> tuple[str, ...] | None:
    if "allowedOrigins" not in claims:
        return None
    value = claims["allowedOrigins"]
    if (
        not isinstance(value, list)
        or len(value) > MAX_ORIGINS
        or not all(type(item) is str for item in value)
    ):
        raise _wrong(f"the claim `allowedOrigins` must be a list of at most {MAX_ORIGINS} strings")
    return tuple(value)


def _access(claims: Mapping[str, object]) -> tuple[PathRules, TagPatterns | None]:
    try:
        return parse_token_access(claims.get("access", {}))
    except PolicyError as error:
        raise JwtRefusedError(
            JwtCheck.ACCESS, f"the claim `access` is not acceptable: {error}"
        ) from None
