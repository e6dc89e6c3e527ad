"""Deciding many things for one caller inside one transaction, of a request or of a job's step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.decision import Decision
from byteward.access.listing import PathFilter, reachable
from byteward.access.model import Principal, PublicPermissions, Segments
from byteward.identity.caller import Caller
from byteward.permissions.folder_facts import read_public_permissions
from byteward.permissions.guard import Guard, require_tags

RAW: Final = "raw"
"""The slug of a file's own bytes, which is what a copy reads."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Whoever something is done for.

    Attributes:
        principal: as authenticated when the request came.
        bound_key_id: the key that a JWT named by `apiKeyId` when it came alone.
        is_frozen: the request is over: what it could not do then, it cannot do now either, even
            if its key has been given more rights since.
    """

    principal: Principal
    bound_key_id: str | None = None
    is_frozen: bool = False

    @classmethod
    def of(cls, caller: Caller) -> Authority:
        """A caller that waits for its answer."""
        return cls(caller.principal, caller.bound_key_id)


class Deciding:
    """Decisions for one authority on what one transaction sees.

    The credential is looked at once: nothing but another transaction could change it. SECURITY:
    create it anew for every transaction.

    Args:
        guard: decides.
        conn: the transaction.
        authority: for whom.

    Raises:
        BytewardError: one of the 401 codes when the credential is not accepted any more.
    """

    def __init__(self, guard: Guard, conn: Connection, authority: Authority) -> None:
        asking = authority.principal
        now = guard.principal_in(conn, asking, authority.bound_key_id)
        self._guard = guard
        self._conn = conn
        self._principals = (now, asking) if authority.is_frozen else (now,)
        self._public: dict[Segments, PublicPermissions | None] = {}

    def decide(self, action: Action, segments: Segments, *, slug: str | None = None) -> Decision:
        """The decision; where two principals have to be allowed, that of the first refused."""
        public = None
        if action is Action.DOWNLOAD_FILE:
            public = self._public_in(segments[:-1])
        first, *others = self._principals
        decision = decide(first, action, segments, slug=slug, public=public)
        for other in others:
            if not decision.is_allowed:
                break
            decision = decide(other, action, segments, slug=slug, public=public)
        return decision

    def allows(self, action: Action, segments: Segments) -> bool:
        """Whether it is allowed."""
        return self.decide(action, segments).is_allowed

    def require(self, action: Action, segments: Segments, *, slug: str | None = None) -> None:
        """Refuse what is not allowed.

        Raises:
            BytewardError: `authorization_failed_permission_denied`.
        """
        self._guard.enforce(self.decide(action, segments, slug=slug))

    def require_write(self, segments: Segments, *, exists: bool) -> None:
        """Decide a write: `createFile` where nothing is, `overwriteFile` where a file is.

        Whoever has neither gets one answer, whether or not a file is there.

        Raises:
            BytewardError: `authorization_failed_permission_denied`.
        """
        create = self.decide(Action.CREATE_FILE, segments)
        if not exists:
            self._guard.enforce(create)
            return
        overwrite = self.decide(Action.OVERWRITE_FILE, segments)
        if not overwrite.is_allowed:
            self._guard.enforce(overwrite if create.is_allowed else create)

    def require_some_write(self, segments: Segments) -> None:
        """Refuse whoever may neither create nor overwrite the file.

        Raises:
            BytewardError: `authorization_failed_permission_denied`.
        """
        create = self.decide(Action.CREATE_FILE, segments)
        if not create.is_allowed and not self.allows(Action.OVERWRITE_FILE, segments):
            self._guard.enforce(create)

    def require_tags(self, tags: Iterable[str]) -> None:
        """Refuse tags that may not be named.

        Raises:
            BytewardError: `tag_not_permitted`.
        """
        named = tuple(tags)
        for principal in self._principals:
            require_tags(principal, named)

    def require_below(
        self,
        action: Action,
        folder: Segments,
        *,
        slug: str | None = None,
        public: Iterable[PublicPermissions] = (),
    ) -> None:
        """Refuse what is not allowed on every path strictly below a folder, files there or not.

        Args:
            action: what would be done.
            folder: the folder.
            slug: of downloads.
            public: public permissions that may count below the folder, for downloads.

        Raises:
            BytewardError: `authorization_failed_permission_denied`; its path stands for those that
                the same rule decides, and need not exist.
        """
        known = tuple(public)
        for principal in self._principals:
            refused = self._filter(principal, action, slug, known).refused_below(folder)
            if refused is not None:
                self._guard.enforce(refused)

    def reaches_below(self, action: Action, folder: Segments) -> bool:
        """Whether some path strictly below the folder may be allowed; not for downloads."""
        return all(
            self._guard.reachable(principal, action).reaches_below(folder)
            for principal in self._principals
        )

    def everywhere(self, action: Action) -> Callable[[Segments], bool]:
        """The decisions on all paths, as of this transaction; not for downloads."""
        filters = [self._guard.reachable(principal, action) for principal in self._principals]
        return lambda segments: all(each.allows(segments) for each in filters)

    def forget_public(self) -> None:
        """The transaction itself has changed settings of folders."""
        self._public.clear()

    def _filter(
        self,
        principal: Principal,
        action: Action,
        slug: str | None,
        public: tuple[PublicPermissions, ...],
    ) -> PathFilter:
        if action is Action.DOWNLOAD_FILE:
            return reachable(principal, action, slug=slug, public=public)
        return self._guard.reachable(principal, action)

    def _public_in(self, folder: Segments) -> PublicPermissions | None:
        if folder not in self._public:
            account_id = self._principals[0].account_id
            self._public[folder] = read_public_permissions(self._conn, account_id, folder)
        return self._public[folder]


async def require_some_write(guard: Guard, principal: Principal, segments: Segments) -> None:
    """Refuse at once a caller that may neither create nor overwrite the file.

    Raises:
        BytewardError: `authorization_failed_permission_denied`.
    """
    create = await guard.allows(principal, Action.CREATE_FILE, segments)
    if create.is_allowed:
        return
    overwrite = await guard.allows(principal, Action.OVERWRITE_FILE, segments)
    if not overwrite.is_allowed:
        guard.enforce(create)
