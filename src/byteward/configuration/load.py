"""The stored account as one value, read on one connection."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from byteward.access.model import Segments
from byteward.accounts import store
from byteward.accounts.key_store import KeyStore
from byteward.configuration.folder_rows import physical_folders, read_folders
from byteward.configuration.state import AccountState
from byteward.files.layer_store import LayerStore


def read_state(
    conn: Connection,
    keys: KeyStore,
    account_id: str,
    paths: Iterable[Segments] = (),
    *,
    with_folders: bool = True,
) -> AccountState | None:
    """Everything of the account that a document speaks of; None when there is no such account.

    Args:
        conn: any connection; one snapshot.
        keys: reads API keys.
        account_id: which account.
        paths: folders of which it must be known whether they exist physically.
        with_folders: a document that does not speak of folders does without them; there may be
            many.
    """
    account = store.read_account(conn, account_id)
    if account is None:
        return None
    layers = LayerStore(keys.sealer)
    folders = read_folders(conn, layers, account_id) if with_folders else {}
    return AccountState(
        account_id=account_id,
        name=account.name,
        settings=account.settings,
        tag_rules={rule.tag: rule for rule in account.tag_rules},
        keys={key.key_id: key for key in keys.all(conn, account_id)},
        certificates={
            found.certificate_id: found for found in store.list_certificates(conn, account_id)
        },
        folders=folders,
        presets={preset.name: preset for preset in store.list_presets(conn, account_id)},
        users={user.email: user for user in store.list_users(conn, account_id)},
        physical_folders=physical_folders(conn, account_id, {*folders, *paths}),
    )
