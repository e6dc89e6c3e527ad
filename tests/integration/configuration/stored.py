"""A real database on disk for tests: made once, copied for each."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

from byteward.accounts.key_store import KeyStore
from byteward.configuration.apply import Applied, apply_document, read_document
from byteward.configuration.export import Wire, document_to_yaml
from byteward.configuration.service import export_document
from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.permissions.facts import Facts
from byteward.storage.sealing import Sealer

ACCOUNT: Final = "A623uY2"
NOW: Final = 1_700_000_000


class Stored:
    """A database with the calls that tests make on it, synchronously."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database: SqliteDatabase = open_sqlite(path)
        self.keys = KeyStore(Sealer(bytes(32)))

    def facts(self) -> Facts:
        """Facts of one worker, refreshed."""
        facts = Facts(self.database, self.keys)
        facts.refresh()
        return facts

    def apply(self, text: str, *, prune: bool = False, dry_run: bool = False) -> Applied:
        """Apply a document's text at `NOW`."""
        return asyncio.run(
            apply_document(
                self.database,
                self.keys,
                read_document(text),
                clock=lambda: NOW,
                prune=prune,
                dry_run=dry_run,
            )
        )

    def export(self, *, with_secrets: bool = False) -> Wire:
        """The document of all accounts."""
        return asyncio.run(export_document(self.database, self.keys, with_secrets=with_secrets))

    def export_text(self, *, with_secrets: bool = False) -> str:
        """The same as YAML."""
        return document_to_yaml(self.export(with_secrets=with_secrets))


@lru_cache(maxsize=1)
def _template() -> Path:
    path = Path(mkdtemp(prefix="byteward-template-")) / "byteward.db"
    upgrade(path)
    return path


@contextmanager
def stored(*documents: str) -> Iterator[Stored]:
    """A database of its own to which the documents were applied."""
    with TemporaryDirectory(prefix="byteward-") as folder:
        path = Path(folder) / "byteward.db"
        shutil.copy(_template(), path)
        opened = Stored(path)
        try:
            for text in documents:
                opened.apply(text)
            yield opened
        finally:
            opened.database.close_now()


def account_text(body: str = "", *, account_id: str = ACCOUNT) -> str:
    """A document of one account; `body` holds further members, not indented."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"accounts:\n  - accountId: {account_id}\n{lines}"
