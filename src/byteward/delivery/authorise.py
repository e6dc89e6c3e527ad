"""Who may download: from a parsed request to the right to look the file up.

The order is the specification's: the URL's own claims (`exp`, `sig`, `enc`), which fail hard; the
public permissions, which are a floor under everybody; then the one credential that is present.
Nothing here asks whether the file exists, so a refusal costs and says the same either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from byteward.access.actions import Action
from byteward.access.model import Principal, PrincipalKind
from byteward.clock import Clock
from byteward.delivery.cache_policy import Authority
from byteward.delivery.caller_cache import MAX_AGE_SECONDS, CallerCache, CallerKey
from byteward.delivery.grant_cache import GrantCache
from byteward.delivery.request import DeliveryRequest
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller, Refusal
from byteward.identity.secure_url import SecureUrls
from byteward.identity.url_target import UrlTarget
from byteward.permissions.guard import Guard
from byteward.telemetry.request_context import RequestContext


class Authorised(Struct, frozen=True):  # made on every request: a third of a dataclass's cost
    """The right to read `request.path` through `request.slug`.

    Attributes:
        request: what to serve; of an encrypted URL the decrypted request.
        authority: what gave the right.
        principal: who was decided about; anonymous where everybody may read.
        url_expires_at: Unix seconds when the URL ends, None when it does not.
        credential_expires_at: the same for the credential, if one was needed.
        is_cookie_only: only a cookie gave it, and its JWT names no origins.
    """

    request: DeliveryRequest
    authority: Authority
    principal: Principal
    url_expires_at: float | None = None
    credential_expires_at: float | None = None
    is_cookie_only: bool = False


class Authoriser:
    """Decides each GET and HEAD of the CDN plane.

    Args:
        guard: asks for decisions; it must be one that tells no details.
        authenticator: judges header and cookie credentials.
        secure_urls: judges `exp`, `sig` and `enc`.
        clock: Unix seconds.
        max_query_pairs: also for the plaintext of `enc`.
    """

    def __init__(
        self,
        guard: Guard,
        authenticator: Authenticator,
        secure_urls: SecureUrls,
        clock: Clock,
        *,
        max_query_pairs: int,
    ) -> None:
        self._guard = guard
        self._authenticator = authenticator
        self._secure_urls = secure_urls
        self._clock = clock
        self._max_query_pairs = max_query_pairs
        self._callers = CallerCache()
        self._grants: GrantCache[Authorised] = GrantCache()

    async def authorise(
        self, request: DeliveryRequest, raw_target: bytes, context: RequestContext
    ) -> Authorised:
        """Let the request go on.

        Args:
            request: parsed from `raw_target`.
            raw_target: exactly as received; signatures cover it.
            context: of the request, with all of its headers.

        Raises:
            BytewardError: 401 for a bad header credential, 403 for everything that is not
                permitted, 400 for a malformed `exp` or plaintext.
        """
        if request.exp is not None or request.has_secure_parameters:
            return await self._authorise_secure_url(request, raw_target, context)
        standing, now = self._guard.standing(request.account_id), self._clock()
        asker = context.headers.identity
        granted = self._grants.get(request, asker, standing, now)
        if granted is None and asker is not None:
            granted = self._grants.get(request, None, standing, now)
        if granted is not None:
            return granted
        granted = await self._decide(request, None, None, context)
        if granted.authority is Authority.PUBLIC:
            asker = None
        elif asker is None:
            return granted
        ends_at = granted.credential_expires_at
        until = now + MAX_AGE_SECONDS if ends_at is None else min(ends_at, now + MAX_AGE_SECONDS)
        if standing is not None:
            self._grants.put(request, asker, standing, granted, until, len(raw_target))
        return granted

    async def _authorise_secure_url(
        self, request: DeliveryRequest, raw_target: bytes, context: RequestContext
    ) -> Authorised:
        """Judge `exp`, `sig` and `enc`, which are different each time, and then the rest."""
        opened = await self._secure_urls.open(
            request.account_id, UrlTarget.parse(raw_target), context.host, context.client_ip
        )
        if request.enc is not None:
            query = opened.target.query[1:]
            request = request.with_decrypted_query(query, max_pairs=self._max_query_pairs)
        expires_at = None if opened.expiry is None else opened.expiry.expires_at
        return await self._decide(request, opened.caller, expires_at, context)

    async def _decide(
        self,
        request: DeliveryRequest,
        caller: Caller | None,
        url_expires_at: float | None,
        context: RequestContext,
    ) -> Authorised:
        """Ask the public permissions, then whoever asks; `caller` if that is known already."""
        account_id, segments, slug = request.account_id, request.path.segments, request.slug
        if caller is None:
            caller = self._known_caller(account_id, context)
        principal = _anonymous(account_id) if caller is None else caller.principal
        decision = await self._guard.allows(principal, Action.DOWNLOAD_FILE, segments, slug=slug)
        if decision.is_public:
            everybody = _anonymous(account_id)
            return Authorised(request, Authority.PUBLIC, everybody, url_expires_at)
        if caller is None and context.headers.has_credential:
            caller = await self._present_caller(account_id, context)
            decision = await self._guard.allows(
                caller.principal, Action.DOWNLOAD_FILE, segments, slug=slug
            )
        self._guard.enforce(decision)
        return _privately(request, caller, url_expires_at)

    async def require_saving(
        self,
        request: DeliveryRequest,
        headers: Iterable[tuple[bytes, bytes]],
        context: RequestContext,
    ) -> Caller:
        """Let a `/save/` request read its source; it takes a header credential, as the API does.

        Returns:
            whoever may.

        Raises:
            BytewardError: 401 or 403.
        """
        caller = await self._authenticator.authenticate_api(
            request.account_id, headers, context.client_ip
        )
        await self._guard.require(
            caller.principal, Action.DOWNLOAD_FILE, request.path.segments, slug=request.slug
        )
        return caller

    def _known_caller(self, account_id: str, context: RequestContext) -> Caller | None:
        key, standing = _caller_key(account_id, context), self._guard.standing(account_id)
        return None if key is None else self._callers.get(key, standing, self._clock())

    async def _present_caller(self, account_id: str, context: RequestContext) -> Caller:
        """Whoever the headers say, and worth remembering.

        INVARIANT: the standing is taken before anything is read, so what is remembered under it is
        never older.
        """
        key, standing = _caller_key(account_id, context), self._guard.standing(account_id)
        caller = await self._authenticator.authenticate_cdn(
            account_id, context.headers.lines, context.client_ip
        )
        if isinstance(caller, Refusal):
            raise caller.error
        if key is not None and standing is not None:
            self._callers.put(key, standing, self._clock(), caller)
        return caller


def _caller_key(account_id: str, context: RequestContext) -> CallerKey | None:
    identity = context.headers.identity
    return None if identity is None else (account_id, context.client_ip, identity)


@lru_cache(maxsize=1024)
def _anonymous(account_id: str) -> Principal:
    return Principal(PrincipalKind.ANONYMOUS, account_id)


def _privately(
    request: DeliveryRequest, caller: Caller | None, url_expires_at: float | None
) -> Authorised:
    """What an allowed caller gets; nobody without a credential comes here."""
    if caller is None:
        raise BytewardError(ErrorCode.INTERNAL_ERROR, "an anonymous caller was allowed privately")
    kind, jwt = caller.principal.kind, caller.jwt
    return Authorised(
        request,
        Authority.SECURE_URL if kind is PrincipalKind.SECURE_URL else Authority.CREDENTIAL,
        caller.principal,
        url_expires_at,
        caller.principal.expires_at,
        is_cookie_only=kind is PrincipalKind.COOKIE
        and (jwt is None or jwt.allowed_origins is None),
    )
