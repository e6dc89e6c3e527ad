"""The account that the tests of this package use, and a database that counts its reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import yaml
from sqlalchemy import Connection, update
from sqlalchemy.exc import OperationalError

from byteward.accounts.service import bump_epoch
from byteward.db import tables
from byteward.identity.issue import sign_jwt
from byteward.permissions.facts import Facts
from tests.integration.configuration.stored import ACCOUNT, NOW, Stored, stored
from tests.unit.identity.memory_facts import key_pair

T = TypeVar("T")

SECRET_ID: Final = "F91kfA1g"
SECRET_TEXT: Final = "secret_A623uY2aaaaaaaaaaaaaaaaaaaaaaaa"
PUBLIC_ID: Final = "W2Sxdk7S"
PUBLIC_TEXT: Final = "public_A623uY2bbbbbbbbbbbbbbbbbbbbbbbb"
ALL: Final = [
    {"scope": scope, "permissions": {"file": {"downloadFile": ["*"]}}}
    for scope in ("Children", "Grandchildren+")
]


def world_text() -> str:
    """The document of the world."""
    return yaml.safe_dump(
        {
            "accounts": [
                {
                    "accountId": ACCOUNT,
                    "apiKeys": [
                        {"id": SECRET_ID, "kind": "secret", "name": "backend", "key": SECRET_TEXT},
                        {
                            "id": PUBLIC_ID,
                            "kind": "public",
                            "name": "web",
                            "key": PUBLIC_TEXT,
                            "allowedOrigins": ["https://app.example.com"],
                        },
                    ],
                    "jwtCertificates": [{"id": "cert0001", "pem": key_pair().public_pem}],
                    "folders": [
                        {"folderPath": "/private", "publicPermissions": []},
                        {"folderPath": "/private/open", "publicPermissions": ALL},
                    ],
                }
            ]
        }
    )


@contextmanager
def world() -> Iterator[Stored]:
    """A database with the world in it."""
    with stored(world_text()) as opened:
        yield opened


def change(opened: Stored, statement: str, **values: object) -> None:
    """Change the account's rows of a table, and raise the epoch as every change must."""
    table = getattr(tables, statement)

    def work(conn: Connection) -> None:
        conn.execute(update(table).where(table.c.account_id == ACCOUNT).values(values))
        bump_epoch(conn, ACCOUNT)

    opened.database.write_now(work)


def unrelated_commit(opened: Stored) -> None:
    """A commit that changes nobody's authority."""
    touch = update(tables.accounts).values(created_at=tables.accounts.c.created_at + 1)
    opened.database.write_now(lambda conn: conn.execute(touch))


def user_jwt(**claims: object) -> str:
    """A JWT that is in order at `NOW`."""
    base = {"exp": NOW + 3600, "iat": NOW - 5, "sub": "u1", "accountId": ACCOUNT}
    return sign_jwt({**base, **claims}, key_pair().private_pem.encode())


class CountingDatabase:
    """Passes everything on, counts reads, and fails when told to."""

    def __init__(self, opened: Stored) -> None:
        self._database = opened.database
        self.reads = 0
        self.reads_fail = False
        self.version_fails = False

    async def read(self, work: Callable[[Connection], T]) -> T:
        self.reads += 1
        if self.reads_fail:
            raise OperationalError("SELECT", {}, Exception("no such table"))
        return await self._database.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await self._database.write(work)

    def version(self) -> int:
        if self.version_fails:
            raise OSError("gone")
        return self._database.version()

    @property
    def is_healthy(self) -> bool:
        return True

    async def close(self) -> None:
        await self._database.close()


def counting_facts(opened: Stored) -> tuple[Facts, CountingDatabase]:
    """Facts over a counting database, refreshed."""
    database = CountingDatabase(opened)
    facts = Facts(database, opened.keys)
    facts.refresh()
    return facts, database
