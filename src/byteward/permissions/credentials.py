"""Whether a request's credential is still good inside the transaction that commits its work."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from byteward.access.model import Principal, UserAccess
from byteward.accounts import store
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import ApiKey
from byteward.errors import BytewardError, ErrorCode
from byteward.permissions.facts import Facts


def current_principal(
    conn: Connection,
    principal: Principal,
    *,
    facts: Facts,
    keys: KeyStore,
    now: float,
    bound_key_id: str | None = None,
) -> Principal:
    """The principal with its key's permissions as they stand on this connection.

    A JWT that expired since the request began is not refused: it was good when the request was
    made, and an upload may take longer than a token lives. Withdrawing its certificate does.

    Args:
        conn: the transaction's connection.
        principal: as authenticated when the request began.
        facts: the worker's cache; its key is used if its epoch is the connection's.
        keys: reads the key otherwise.
        now: Unix seconds.
        bound_key_id: the `apiKeyId` of a JWT that came without a key.

    Raises:
        BytewardError: `authentication_failed_credentials_denied` or `…_jwt_invalid`.
    """
    account_id = principal.account_id
    epoch = store.read_epoch(conn, account_id)
    if epoch is None:
        raise _denied("the account is gone")

    def usable_key(key_id: str) -> ApiKey:
        key = facts.key_at_epoch(account_id, key_id, epoch) or keys.by_id(conn, account_id, key_id)
        if key is None or not key.is_usable(now):
            raise _denied("the API key is not accepted any more")
        return key

    if principal.token is not None:
        _require_certificate(conn, facts, account_id, principal.token.certificate_id, epoch)
    if principal.user is not None:
        principal = replace(principal, user=_current_user(conn, account_id, principal.user))
    if bound_key_id is not None:
        usable_key(bound_key_id)
    if principal.key is None:
        return principal
    return replace(principal, key=usable_key(principal.key.key_id).access)


def _current_user(conn: Connection, account_id: str, user: UserAccess) -> UserAccess:
    stored = store.user_by_email(conn, account_id, user.email)
    if stored is None or stored.disabled_at is not None:
        raise _denied("the user is gone")
    return UserAccess(stored.email, stored.role)


def _require_certificate(
    conn: Connection, facts: Facts, account_id: str, certificate_id: str, epoch: int
) -> None:
    cached = facts.certificates_at_epoch(account_id, epoch)
    if cached is None:
        is_enabled = store.is_certificate_enabled(conn, account_id, certificate_id)
    else:
        is_enabled = any(c.enabled and c.certificate_id == certificate_id for c in cached)
    if not is_enabled:
        raise BytewardError(
            ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
            "the JWT's certificate is not accepted any more",
        )


def _denied(reason: str) -> BytewardError:
    return BytewardError(
        ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED, f"credentials denied: {reason}"
    )
