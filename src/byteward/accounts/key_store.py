"""SQL for API keys; seals and unseals their secure URL keys."""

from __future__ import annotations

import hmac
from typing import Final

from sqlalchemy import Connection, LargeBinary, Text, bindparam, delete, insert, select, update

from byteward.accounts.model import ApiKey
from byteward.accounts.rows import key_from_row, key_values, unreadable
from byteward.db import tables
from byteward.storage.sealing import Sealer, UnsealError

_ACCOUNT: Final = bindparam("account", type_=Text())
_WANTED: Final = bindparam("wanted", type_=Text())
_BY_DIGEST: Final = select(tables.api_keys).where(
    tables.api_keys.c.digest == bindparam("wanted", type_=LargeBinary())
)
_THIS_KEY: Final = (tables.api_keys.c.account_id == _ACCOUNT) & (
    tables.api_keys.c.key_id == _WANTED
)
_BY_ID: Final = select(tables.api_keys).where(_THIS_KEY)
_ALL: Final = (
    select(tables.api_keys)
    .where(tables.api_keys.c.account_id == _ACCOUNT)
    .order_by(tables.api_keys.c.created_at, tables.api_keys.c.key_id)
)
_OWNER: Final = select(tables.api_keys.c.account_id, tables.api_keys.c.key_id)


class KeyStore:
    """API keys as rows. Works on whatever connection it is given."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    @property
    def sealer(self) -> Sealer:
        """What seals the keys; other secrets of the installation are sealed by the same."""
        return self._sealer

    def by_digest(self, conn: Connection, account_id: str, digest: bytes) -> ApiKey | None:
        """The account's key whose text has this SHA-256; None for another account's key."""
        row = conn.execute(_BY_DIGEST, {"wanted": digest}).mappings().first()
        if row is None or row["account_id"] != account_id:
            return None
        return key_from_row(row, self._open) if hmac.compare_digest(row["digest"], digest) else None

    def by_id(self, conn: Connection, account_id: str, key_id: str) -> ApiKey | None:
        """The account's key with this id."""
        row = conn.execute(_BY_ID, {"account": account_id, "wanted": key_id}).mappings().first()
        return None if row is None else key_from_row(row, self._open)

    def all(self, conn: Connection, account_id: str) -> tuple[ApiKey, ...]:
        """All keys of the account, oldest first."""
        rows = conn.execute(_ALL, {"account": account_id}).mappings()
        return tuple(key_from_row(row, self._open) for row in rows)

    def owner_of(
        self, conn: Connection, *, key_id: str | None = None, digest: bytes | None = None
    ) -> tuple[str, str] | None:
        """(account id, key id) of the key with this id or digest, in whichever account."""
        column = tables.api_keys.c.key_id if digest is None else tables.api_keys.c.digest
        wanted = key_id if digest is None else digest
        row = conn.execute(_OWNER.where(column == wanted)).first()
        return None if row is None else (row.account_id, row.key_id)

    def insert(self, conn: Connection, key: ApiKey) -> None:
        """Add a key."""
        conn.execute(insert(tables.api_keys), dict(key_values(key, self._seal(key))))

    def update(self, conn: Connection, key: ApiKey) -> None:
        """Replace the key with the same id."""
        values = dict(key_values(key, self._seal(key)))
        where = {"account": key.account_id, "wanted": key.key_id}
        conn.execute(update(tables.api_keys).where(_THIS_KEY).values(values), where)

    def delete(self, conn: Connection, account_id: str, key_id: str) -> None:
        """Remove a key."""
        conn.execute(
            delete(tables.api_keys).where(_THIS_KEY), {"account": account_id, "wanted": key_id}
        )

    def _seal(self, key: ApiKey) -> bytes:
        return self._sealer.seal(
            key.secure_url_key, table="api_keys", row=key.key_id, column="sealed_secure_url_key"
        )

    def _open(self, key_id: str, sealed: bytes) -> bytes:
        try:
            return self._sealer.unseal(
                sealed, table="api_keys", row=key_id, column="sealed_secure_url_key"
            )
        except UnsealError:
            raise unreadable(f"the secure URL key of API key {key_id}") from None
