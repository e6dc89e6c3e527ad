"""Enforcing decisions: load the facts, decide, and let the request go on or refuse it.

A write is decided twice: early, before bytes are received, from cached facts; and again inside the
transaction that commits it (`decide_in`), where the credential must still be the one that it was.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.decide import decide, decide_tag
from byteward.access.decision import Decision
from byteward.access.listing import PathFilter
from byteward.access.model import Principal, PublicPermissions, Segments
from byteward.accounts.key_store import KeyStore
from byteward.clock import Clock
from byteward.errors import BytewardError, ErrorCode
from byteward.permissions.credentials import current_principal
from byteward.permissions.facts import Facts
from byteward.permissions.folder_facts import read_public_permissions
from byteward.permissions.path_filters import PathFilters


class Guard:
    """Asks for decisions on behalf of one plane.

    Args:
        facts: cached facts of this worker.
        keys: reads API keys on a transaction's own connection.
        clock: Unix seconds, for the expiry of keys.
        tells_details: whether a refusal names the permission and the path. SECURITY: off on the
            CDN plane, where refusals of existing and missing files must be byte-equal.
    """

    def __init__(self, facts: Facts, keys: KeyStore, clock: Clock, *, tells_details: bool) -> None:
        self._facts = facts
        self._keys = keys
        self._clock = clock
        self._tells_details = tells_details
        self._filters = PathFilters()

    async def allows(
        self, principal: Principal, action: Action, segments: Segments, *, slug: str | None = None
    ) -> Decision:
        """Decide from cached facts; a refusal is returned like a permission."""
        public = None
        if action is Action.DOWNLOAD_FILE:
            public = await self._facts.public_permissions(principal.account_id, segments[:-1])
        return decide(principal, action, segments, slug=slug, public=public)

    def standing(self, account_id: str) -> object | None:
        """See `Facts.standing`: as long as it is the same, so is every decision of `allows`."""
        return self._facts.standing(account_id)

    def reachable(self, principal: Principal, action: Action) -> PathFilter:
        """Where the principal may do an action other than a download, decided for every path."""
        return self._filters.of(principal, action)

    async def require(
        self, principal: Principal, action: Action, segments: Segments, *, slug: str | None = None
    ) -> Decision:
        """The same for callers that cannot go on without the permission.

        Raises:
            BytewardError: `authorization_failed_permission_denied`.
        """
        return self.enforce(await self.allows(principal, action, segments, slug=slug))

    def enforce(self, decision: Decision) -> Decision:
        """Pass an allowed decision through.

        Raises:
            BytewardError: `authorization_failed_permission_denied` for a refused one.
        """
        if decision.is_allowed:
            return decision
        code = ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED
        if not self._tells_details:
            raise BytewardError(code, "permission denied")
        permission, path = decision.action.value, decision.path
        raise BytewardError(
            code,
            f"permission denied: `{permission}` is needed on `{path}`",
            details={"permission": permission, "path": path},
        )

    def principal_in(
        self, conn: Connection, principal: Principal, bound_key_id: str | None
    ) -> Principal:
        """The principal with its key's permissions as the transaction sees them; see `decide_in`.

        Raises:
            BytewardError: one of the 401 codes when the credential is not accepted any more.
        """
        return current_principal(
            conn,
            principal,
            facts=self._facts,
            keys=self._keys,
            now=self._clock(),
            bound_key_id=bound_key_id,
        )

    def decide_in(
        self,
        conn: Connection,
        principal: Principal,
        action: Action,
        segments: Segments,
        *,
        slug: str | None = None,
        bound_key_id: str | None = None,
    ) -> Decision:
        """Decide again inside a write transaction, from what its connection sees.

        The credential must still be enabled, and a key's permissions are those stored now. When
        the account's epoch stands where it stood for the cached facts, one row is read.

        Args:
            conn: the transaction's connection.
            principal: as authenticated at the start of the request.
            action: what is about to be done.
            segments: the path that it is done to.
            slug: the transformation slug of a download.
            bound_key_id: the `apiKeyId` of a JWT that came without a key; it must be enabled too.

        Raises:
            BytewardError: one of the 401 codes when the credential is not accepted any more.
        """
        now_principal = self.principal_in(conn, principal, bound_key_id)
        public: PublicPermissions | None = None
        if action is Action.DOWNLOAD_FILE:
            public = read_public_permissions(conn, principal.account_id, segments[:-1])
        return decide(now_principal, action, segments, slug=slug, public=public)

    def require_in(
        self,
        conn: Connection,
        principal: Principal,
        action: Action,
        segments: Segments,
        *,
        slug: str | None = None,
        bound_key_id: str | None = None,
    ) -> Decision:
        """`decide_in`, raising what `require` raises as well."""
        return self.enforce(
            self.decide_in(conn, principal, action, segments, slug=slug, bound_key_id=bound_key_id)
        )


def require_tags(principal: Principal, tags: Iterable[str]) -> None:
    """Refuse a request that names a tag which the caller may not name.

    Tags that an API key adds by itself are not named by the request.

    Raises:
        BytewardError: `tag_not_permitted`, for the first such tag.
    """
    for tag in tags:
        if not decide_tag(principal, tag).is_allowed:
            raise BytewardError(
                ErrorCode.TAG_NOT_PERMITTED,
                f"the tag `{tag}` is not permitted for this credential",
                details={"tag": tag},
            )


def secret_required(principal: Principal) -> None:
    """Refuse callers without a secret API key (or a dashboard login).

    Raises:
        BytewardError: `secret_key_required`.
    """
    if not principal.has_secret_authority:
        raise BytewardError(
            ErrorCode.SECRET_KEY_REQUIRED, "this operation takes a secret API key only"
        )
