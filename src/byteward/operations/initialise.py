"""First run: one account, one secret key, one public key, one owner; a second run changes nothing.

Everything is created in one transaction, so two first runs at once make one owner: the second one
finds what the first one made.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from byteward.access.model import KeyKind
from byteward.access.roles import Role
from byteward.accounts import store
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import AccountSettings, ApiKey
from byteward.accounts.service import create_account, create_api_key, create_user, new_api_key
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.ids import new_account_id

OWNER_EMAIL: Final = "owner@localhost"
_ACCOUNT_NAME: Final = "Default"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the first run made.

    Attributes:
        account_id: the account.
        public_key: text of a public API key of the account; None when it has none.
        owner_email: e-mail of an owner of the account; None when it has none.
        secret_key: text of the new secret key; None when it is stored only as a hash.
        owner_password: the new owner's password; None when it is stored only as a hash.
    """

    account_id: str
    public_key: str | None
    owner_email: str | None
    secret_key: str | None = field(default=None, repr=False)
    owner_password: str | None = field(default=None, repr=False)

    @property
    def is_new(self) -> bool:
        """Whether this run made them."""
        return self.secret_key is not None


async def initialise(
    database: Database, keys: KeyStore, hash_password: Callable[[str], str], clock: Clock
) -> Credentials:
    """Make the first account and its credentials, or find the ones that are there.

    Args:
        database: at the current schema.
        keys: stores API keys.
        hash_password: argon2id, about a tenth of a second.
        clock: Unix seconds.
    """
    found = await database.read(lambda conn: _find(conn, keys))
    if found is not None:
        return found
    password = secrets.token_urlsafe(18)
    password_hash = hash_password(password)

    def work(conn: Connection) -> Credentials:
        return _find(conn, keys) or _create(conn, keys, password, password_hash, now_ms(clock))

    return await database.write(work)


def _find(conn: Connection, keys: KeyStore) -> Credentials | None:
    account_ids = store.list_account_ids(conn)
    if not account_ids:
        return None
    account_id = account_ids[0]
    owners = [user for user in store.list_users(conn, account_id) if user.role is Role.OWNER]
    return Credentials(
        account_id=account_id,
        public_key=_usable_public_key(keys.all(conn, account_id)),
        owner_email=owners[0].email if owners else None,
    )


def _usable_public_key(keys: tuple[ApiKey, ...]) -> str | None:
    return next((key.public_text for key in keys if key.public_text and key.enabled), None)


def _create(
    conn: Connection, keys: KeyStore, password: str, password_hash: str, created_at: int
) -> Credentials:
    account_id = new_account_id()
    create_account(conn, account_id, _ACCOUNT_NAME, AccountSettings(), created_at=created_at)
    secret = new_api_key(account_id, KeyKind.SECRET, "secret", created_at=created_at)
    public = new_api_key(account_id, KeyKind.PUBLIC, "public", created_at=created_at)
    create_api_key(conn, keys, secret)
    create_api_key(conn, keys, public)
    create_user(
        conn,
        account_id,
        OWNER_EMAIL,
        Role.OWNER,
        password_hash=password_hash,
        created_at=created_at,
    )
    return Credentials(account_id, public.text, OWNER_EMAIL, secret.text, password)
