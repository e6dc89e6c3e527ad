"""Headers and cookies in, a caller out: the order in which credentials are looked at and judged.

One credential is chosen per request, the first that is present: `Authorization` (with
`Authorization-Token`), `Authorization-Token` alone, the cookie. A bad one is refused; it never
falls through to the next. First who (401), then whether from here (403): key, JWT, origins,
`requireJwt`. Signed and encrypted URLs come before all of these; see `secure_url.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from byteward.access.model import Principal, PrincipalKind, UserAccess
from byteward.access.origins import origin_allowed
from byteward.accounts.model import ApiKey
from byteward.clock import Clock, system_clock
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.caller import Caller, Refusal
from byteward.identity.cookies import read_session_cookie
from byteward.identity.credentials import (
    CredentialHeaders,
    Headers,
    PresentedCredentials,
    denied,
    no_credentials,
    read_credentials,
    select_headers,
)
from byteward.identity.dashboard.bearer import verify_bearer
from byteward.identity.facts import IdentityFacts
from byteward.identity.jwt import VerifiedJwt
from byteward.identity.jwt_verifier import JwtVerifier

_NO_DIGEST: Final = bytes(32)


class Authenticator:
    """Tells who sent a request.

    Args:
        facts: accounts, keys and certificates.
        clock: Unix seconds.
        jwt_max_lifetime_seconds: cap on a JWT's `exp - iat`, or None.
        bearer_key: of `dash_` bearers; None: none is accepted.
    """

    def __init__(
        self,
        facts: IdentityFacts,
        clock: Clock = system_clock,
        *,
        jwt_max_lifetime_seconds: int | None = None,
        bearer_key: bytes | None = None,
    ) -> None:
        self._facts = facts
        self._bearer_key = bearer_key
        self._clock = clock
        self._verifier = JwtVerifier(facts, clock, jwt_max_lifetime_seconds)

    async def authenticate_api(self, account_id: str, headers: Headers, client_ip: str) -> Caller:
        """Authenticate a call of the API, or of the CDN plane's `/save/` route.

        Cookies and query parameters are no credentials here, nor is `Authorization-Token` alone.

        Raises:
            BytewardError: 401 or 403.
        """
        selected = select_headers(headers)
        presented = read_credentials(selected, legacy=True)
        if presented.dashboard_bearer is not None:
            return await self._dashboard_caller(account_id, presented.dashboard_bearer, client_ip)
        if presented.key_text is None and presented.bearer_token is None:
            raise no_credentials()
        return await self._header_caller(account_id, selected, presented, client_ip)

    async def authenticate_cdn(
        self, account_id: str, headers: Headers, client_ip: str
    ) -> Caller | Refusal:
        """Authenticate a GET or HEAD of a file.

        Returns:
            the caller, which is anonymous without a credential or with a bad cookie; or the
            refusal of a bad header, to be raised unless the file is public.
        """
        selected = select_headers(headers)
        try:
            presented = read_credentials(selected)
            if presented.dashboard_bearer is not None:
                bearer = presented.dashboard_bearer
                return await self._dashboard_caller(account_id, bearer, client_ip)
            if presented.is_present:
                return await self._header_caller(account_id, selected, presented, client_ip)
        except BytewardError as error:
            return Refusal(error)
        return await self._cookie_caller(account_id, selected, client_ip)

    async def authenticate_session_token(
        self, account_id: str, token: str, headers: Headers
    ) -> VerifiedJwt:
        """Validate the JWT that a browser session is to be opened with.

        Only `Origin` counts for `allowedOrigins`: the request is made by a script, which has one.

        Raises:
            BytewardError: 401 or 403.
        """
        jwt = await self._verifier.verify(account_id, token)
        origin = select_headers(headers).origin
        key = await self._key_named_by(jwt, account_id)
        _check_origins(key, jwt, origin, None)
        return jwt

    async def _header_caller(
        self,
        account_id: str,
        headers: CredentialHeaders,
        presented: PresentedCredentials,
        client_ip: str,
    ) -> Caller:
        if presented.key_text is None:
            jwt = await self._lone_jwt(account_id, presented)
            return await self._jwt_caller(PrincipalKind.JWT, account_id, headers, jwt, client_ip)
        key = await self._known_key(account_id, presented.key_text)
        companion = await self._companion(account_id, key, presented.companion_token)
        _check_origins(key, companion, headers.origin, headers.referer)
        if key.require_jwt and companion is None:
            raise BytewardError(
                ErrorCode.JWT_REQUIRED,
                "this API key is accepted only together with a JWT in Authorization-Token",
            )
        return Caller(_key_principal(account_id, key, companion), client_ip, key, companion)

    async def _jwt_caller(
        self,
        kind: PrincipalKind,
        account_id: str,
        headers: CredentialHeaders,
        jwt: VerifiedJwt,
        client_ip: str,
    ) -> Caller:
        key = await self._key_named_by(jwt, account_id)
        _check_origins(key, jwt, headers.origin, headers.referer)
        expires_at = _earlier(jwt.expires_at, None if key is None else key.expires_at)
        principal = Principal(kind, account_id, token=jwt.access, expires_at=expires_at)
        return Caller(principal, client_ip, key, jwt)

    async def _dashboard_caller(self, account_id: str, text: str, client_ip: str) -> Caller:
        """The user behind a `dash_` bearer, while its session lives.

        Raises:
            BytewardError: 401; 403 while the account asks for a second factor that is missing.
        """
        now = self._clock()
        key = self._bearer_key
        claim = None if key is None else verify_bearer(key, text, now)
        if claim is None or claim.account_id != account_id:
            raise _session_over()
        account = await self._facts.account(account_id)
        found = await self._facts.signed_in(account_id, claim.session_id)
        # The cookie proves that the session is not idle: it made the bearer minutes ago.
        if account is None or found is None or found.user.disabled_at is not None:
            raise _session_over()
        if account.settings.enforce_totp and not found.user.has_totp:
            raise BytewardError(
                ErrorCode.TOTP_ENROLMENT_REQUIRED,
                "this account asks every user for a second factor: set one up in your profile",
            )
        principal = Principal(
            PrincipalKind.DASHBOARD_USER,
            account_id,
            user=UserAccess(found.user.email, found.user.role),
            expires_at=claim.expires_at,
        )
        return Caller(principal, client_ip, signed_in=found)

    async def _known_key(self, account_id: str, text: str) -> ApiKey:
        """The usable key with this text.

        SECURITY: unknown account, unknown key and disabled key take the same steps.
        """
        claimed_id = text.partition("_")[2][:7]
        claimed = await self._facts.account(claimed_id)
        key = await self._facts.key_by_text(account_id, text)
        digest = hashlib.sha256(text.encode()).digest()
        matches = hmac.compare_digest(digest, _NO_DIGEST if key is None else key.digest)
        if key is not None and matches and key.is_usable(self._clock()):
            return key
        if claimed is None and key is None:
            raise BytewardError(
                ErrorCode.AUTHENTICATION_FAILED_ACCOUNT_NOT_FOUND,
                f"the API key names the account `{claimed_id}`, which does not exist here",
                details={"accountId": claimed_id},
            )
        raise denied()

    async def _companion(
        self, account_id: str, key: ApiKey, token: str | None
    ) -> VerifiedJwt | None:
        """The JWT beside an API key; a bad one is refused, never dropped."""
        if token is None:
            return None
        jwt = await self._verifier.verify(account_id, token)
        if jwt.api_key_id is not None and jwt.api_key_id != key.key_id:
            raise _wrong_key_id("the JWT's `apiKeyId` is not the id of the API key it came with")
        return jwt

    async def _lone_jwt(self, account_id: str, presented: PresentedCredentials) -> VerifiedJwt:
        bearer, companion = presented.bearer_token, presented.companion_token
        if bearer is None:
            return await self._verifier.verify(account_id, companion or "")
        if companion is not None and companion != bearer:
            raise BytewardError(
                ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
                "invalid JWT: Authorization and Authorization-Token carry different JWTs",
            )
        return await self._verifier.verify(account_id, bearer, needs_account_id=True)

    async def _key_named_by(self, jwt: VerifiedJwt, account_id: str) -> ApiKey | None:
        """The key whose settings a lone JWT takes; its permissions are not inherited."""
        if jwt.api_key_id is None:
            return None
        key = await self._facts.key_by_id(account_id, jwt.api_key_id)
        if key is None or not key.is_usable(self._clock()):
            raise _wrong_key_id("the JWT's `apiKeyId` names no usable API key of this account")
        return key

    async def _cookie_caller(
        self, account_id: str, headers: CredentialHeaders, client_ip: str
    ) -> Caller | Refusal:
        token = read_session_cookie(headers.cookie, account_id) if headers.cookie else None
        if token is None:
            return _anonymous(account_id, client_ip)
        try:
            jwt = await self._verifier.verify(account_id, token)
            return await self._jwt_caller(PrincipalKind.COOKIE, account_id, headers, jwt, client_ip)
        except BytewardError as error:
            if error.code is ErrorCode.ORIGIN_NOT_ALLOWED:
                return Refusal(error)
            # Browsers send stale cookies without being asked: as if there were none.
            return _anonymous(account_id, client_ip)


def _session_over() -> BytewardError:
    return BytewardError(ErrorCode.SESSION_REQUIRED, "the dashboard session is over: sign in again")


def _anonymous(account_id: str, client_ip: str) -> Caller:
    return Caller(Principal(PrincipalKind.ANONYMOUS, account_id), client_ip)


def _key_principal(account_id: str, key: ApiKey, jwt: VerifiedJwt | None) -> Principal:
    if jwt is None:
        return Principal(PrincipalKind.API_KEY, account_id, key.access, expires_at=key.expires_at)
    return Principal(
        PrincipalKind.API_KEY_AND_JWT,
        account_id,
        key.access,
        jwt.access,
        expires_at=_earlier(jwt.expires_at, key.expires_at),
    )


def _earlier(first: float, second: float | None) -> float:
    return first if second is None else min(first, second)


def _check_origins(
    key: ApiKey | None, jwt: VerifiedJwt | None, origin: str | None, referer: str | None
) -> None:
    """Both the key's and the JWT's lists must allow the page that sent the request."""
    of_key = None if key is None else key.allowed_origins
    of_jwt = None if jwt is None else jwt.allowed_origins
    if not (origin_allowed(of_key, origin, referer) and origin_allowed(of_jwt, origin, referer)):
        raise BytewardError(
            ErrorCode.ORIGIN_NOT_ALLOWED,
            "the credential is not accepted from this origin: it needs an Origin or Referer "
            "header that its list of allowed origins contains",
        )


def _wrong_key_id(message: str) -> BytewardError:
    return BytewardError(
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
        f"invalid JWT: {message}",
        details={"check": "api_key"},
    )
