"""Exporting stored accounts as one document."""

from __future__ import annotations

from sqlalchemy import Connection

from byteward.accounts import store
from byteward.accounts.key_store import KeyStore
from byteward.configuration.export import Wire, account_to_wire
from byteward.configuration.load import read_state
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode


async def export_document(
    database: Database,
    keys: KeyStore,
    *,
    account_id: str | None = None,
    with_secrets: bool = False,
) -> Wire:
    """The canonical document of one account, or of all; `apply` of it changes nothing.

    Args:
        database: where from.
        keys: reads API keys.
        account_id: only this account.
        with_secrets: also write secure URL keys. Secret API keys are not stored, so they cannot be
            exported; applied elsewhere, the document gets new ones.

    Raises:
        BytewardError: `account_not_found`.
    """

    def work(conn: Connection) -> Wire:
        wanted = store.list_account_ids(conn) if account_id is None else (account_id,)
        accounts = []
        for each in wanted:
            state = read_state(conn, keys, each)
            if state is None:
                raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, f"there is no account `{each}`")
            accounts.append(account_to_wire(state, with_secrets=with_secrets))
        return {"accounts": accounts}

    return await database.read(work)
