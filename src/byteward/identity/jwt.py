"""Customers' JWTs: from text to a verified value (RFC 7515, RFC 7519, RS256 only).

The order of the checks is that of `JwtCheck`: structure, signature, claims, and expiry last.

SECURITY: keys come from the account of the URL. Nothing that a token names is fetched, opened or
put into a query; symmetric verification does not exist here, so a public key cannot be turned into
a shared secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError

from byteward.access.model import TokenAccess
from byteward.accounts.model import JwtCertificate
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.certificates import VerificationKey, verification_key
from byteward.identity.jwt_claims import JwtClaims, check_account, check_times, read_claims
from byteward.identity.jwt_structure import (
    ALGORITHM,
    MAX_TOKEN_BYTES,
    JwtCheck,
    JwtRefusedError,
    UnverifiedJwt,
    read_jwt,
)

MAX_CERTIFICATES: Final = 10


class _Registry(jws.JWSRegistry):
    """The library's own limits and header rules off: ours, run before it, are stricter."""

    default_header_registry = {}  # noqa: RUF012 - the base class declares it this way
    max_header_length = MAX_TOKEN_BYTES
    max_payload_length = MAX_TOKEN_BYTES
    max_signature_length = MAX_TOKEN_BYTES


_REGISTRY: Final = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


@dataclass(frozen=True, slots=True)
class VerifiedJwt:
    """A token whose signature, claims and times are in order.

    Attributes:
        subject: `sub`, the customer's name for the user.
        account_id: `accountId`; None if the token does not say.
        api_key_id: `apiKeyId`: the key whose settings and checks apply.
        allowed_origins: `allowedOrigins`; None: any origin.
        access: permissions, the input of a decision.
        expires_at: `exp`, Unix seconds.
        certificate_id: the certificate that verified the signature.
    """

    subject: str
    account_id: str | None
    api_key_id: str | None
    allowed_origins: tuple[str, ...] | None
    access: TokenAccess
    expires_at: int
    certificate_id: str


@dataclass(frozen=True, slots=True)
class JwtCheckResult:
    """The outcome of one check; `message` is empty for one that passed."""

    check: JwtCheck
    passed: bool
    message: str = ""


def verify_jwt(
    token: str,
    certificates: Sequence[JwtCertificate],
    *,
    account_id: str,
    now: float,
    needs_account_id: bool = False,
    max_lifetime_seconds: int | None = None,
) -> VerifiedJwt:
    """Verify a token for the account of the URL.

    Args:
        token: the compact serialisation.
        certificates: the account's; disabled ones are passed over, ten are tried at most.
        account_id: the account in the URL.
        now: Unix seconds.
        needs_account_id: the token came as `Authorization: Bearer`, where `accountId` is required.
        max_lifetime_seconds: cap on `exp - iat`; None: no cap.

    Raises:
        BytewardError: 401 `authentication_failed_jwt_expired` if time is all that is wrong,
            `jwt_missing_account_id_field`, else `authentication_failed_jwt_invalid`; the last has
            the failed check in its details.
    """
    try:
        return _verify(token, certificates, account_id, now, needs_account_id, max_lifetime_seconds)
    except JwtRefusedError as refused:
        raise _public_error(refused) from None


def missing_account_id() -> BytewardError:
    """401: a bearer value that is neither an API key nor a JWT that names its account."""
    return BytewardError(
        ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD,
        "the bearer value must be an API key, or a JWT with the claim `accountId` beside `exp`",
    )


def explain_jwt(
    token: str,
    certificates: Sequence[JwtCertificate],
    *,
    account_id: str,
    now: float,
    max_lifetime_seconds: int | None = None,
) -> tuple[JwtCheckResult, ...]:
    """The checks that ran, in order: all passed, or the last one failed and says why."""
    failed: JwtRefusedError | None = None
    try:
        _verify(token, certificates, account_id, now, False, max_lifetime_seconds)
    except JwtRefusedError as refused:
        failed = refused
    results: list[JwtCheckResult] = []
    for check in JwtCheck:
        if failed is not None and check is failed.check:
            results.append(JwtCheckResult(check, passed=False, message=failed.message))
            break
        results.append(JwtCheckResult(check, passed=True))
    return tuple(results)


def _verify(
    token: str,
    certificates: Sequence[JwtCertificate],
    account_id: str,
    now: float,
    needs_account_id: bool,  # noqa: FBT001 - private, called twice, next to its public name
    max_lifetime_seconds: int | None,
) -> VerifiedJwt:
    unverified = read_jwt(token)
    certificate_id = _signer(unverified, certificates)
    claims = read_claims(unverified.claims)
    check_account(claims, account_id)
    if needs_account_id and claims.account_id is None:
        raise missing_account_id()
    check_times(claims, now, max_lifetime_seconds)
    return _verified(claims, certificate_id)


def _verified(claims: JwtClaims, certificate_id: str) -> VerifiedJwt:
    return VerifiedJwt(
        subject=claims.subject,
        account_id=claims.account_id,
        api_key_id=claims.api_key_id,
        allowed_origins=claims.allowed_origins,
        access=TokenAccess(claims.subject, certificate_id, claims.rules, claims.tag_patterns),
        expires_at=claims.expires_at,
        certificate_id=certificate_id,
    )


def _signer(jwt: UnverifiedJwt, certificates: Sequence[JwtCertificate]) -> str:
    """The id of the certificate that verifies the signature."""
    for certificate in _candidates(jwt.key_id, certificates):
        key = verification_key(certificate.pem)
        if key is not None and _signature_holds(jwt, key):
            return certificate.certificate_id
    raise JwtRefusedError(
        JwtCheck.SIGNATURE, "no enabled certificate of this account verifies the signature"
    )


def _candidates(
    key_id: str | None, certificates: Sequence[JwtCertificate]
) -> Iterator[JwtCertificate]:
    """The certificate that `kid` names, or else all; enabled ones only, up to the limit.

    `kid` is compared with ids and used for nothing else.
    """
    named = [certificate for certificate in certificates if certificate.certificate_id == key_id]
    enabled = [certificate for certificate in named or certificates if certificate.enabled]
    yield from enabled[:MAX_CERTIFICATES]


def _signature_holds(jwt: UnverifiedJwt, key: VerificationKey) -> bool:
    if len(jwt.signature) != key.modulus_bytes:  # RFC 8017 §8.2.2, step 1
        return False
    try:
        jws.deserialize_compact(jwt.text, key.key, registry=_REGISTRY)
    except JoseError:
        return False
    return True


def _public_error(refused: JwtRefusedError) -> BytewardError:
    if refused.check is JwtCheck.EXPIRY:
        return BytewardError(ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED, refused.message)
    return BytewardError(
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
        f"invalid JWT: {refused.message}",
        details={"check": refused.check.value},
    )
