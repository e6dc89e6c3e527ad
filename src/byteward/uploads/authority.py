"""Who may write which file: `createFile` where nothing is, `overwriteFile` where a file is.

A write is decided twice: before its bytes are taken, and inside the transaction that makes it.

SECURITY: a caller with neither right gets one answer, whether or not a file is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.decision import Decision
from byteward.access.model import Principal, Segments
from byteward.errors import BytewardError
from byteward.identity.caller import Caller
from byteward.permissions.guard import Guard


@dataclass(frozen=True, slots=True)
class Writer:
    """Whoever a write is decided for.

    Attributes:
        principal: as authenticated.
        bound_key_id: the key that a JWT named by `apiKeyId` when it came alone; it has to be
            enabled still.
    """

    principal: Principal
    bound_key_id: str | None = None

    @classmethod
    def of(cls, caller: Caller) -> Writer:
        """The caller as a writer."""
        return cls(caller.principal, caller.bound_key_id)


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


def require_some_write_in(
    guard: Guard, conn: Connection, writer: Writer, segments: Segments
) -> None:
    """The same inside a transaction, for steps of an upload that make no file yet.

    Raises:
        BytewardError: `authorization_failed_permission_denied`, or 401 when the credential is not
            accepted any more.
    """
    create = _decide(guard, conn, writer, Action.CREATE_FILE, segments)
    if create.is_allowed:
        return
    overwrite = _decide(guard, conn, writer, Action.OVERWRITE_FILE, segments)
    if not overwrite.is_allowed:
        guard.enforce(create)


def require_write_in(
    guard: Guard,
    conn: Connection,
    writer: Writer,
    segments: Segments,
    *,
    exists: bool,
    conflict: BytewardError | None = None,
) -> None:
    """Decide a write inside the transaction that makes it.

    Args:
        guard: decides.
        conn: the transaction.
        writer: who writes.
        segments: the file's path.
        exists: whether a file is there now.
        conflict: what a writer is told that may create, but not overwrite, and finds a file;
            None: that `overwriteFile` is missing.

    Raises:
        BytewardError: as `require_some_write_in`, and `conflict`.
    """
    create = _decide(guard, conn, writer, Action.CREATE_FILE, segments)
    if not exists:
        guard.enforce(create)
        return
    overwrite = _decide(guard, conn, writer, Action.OVERWRITE_FILE, segments)
    if overwrite.is_allowed:
        return
    if create.is_allowed and conflict is not None:
        raise conflict
    guard.enforce(overwrite if create.is_allowed else create)


def _decide(
    guard: Guard, conn: Connection, writer: Writer, action: Action, segments: Segments
) -> Decision:
    return guard.decide_in(
        conn, writer.principal, action, segments, bound_key_id=writer.bound_key_id
    )
