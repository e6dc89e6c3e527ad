"""Opens the parts that every process needs: data folder, database, sealed secrets, object store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from byteward.accounts.key_store import KeyStore
from byteward.clock import Clock, system_clock
from byteward.config import Config
from byteward.db.migrate import schema_state as schema_state_of
from byteward.db.migrate import upgrade
from byteward.db.revisions import SchemaState
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.files.layer_store import LayerStore
from byteward.storage.data_folder import DataFolder, DataFolderError, open_data_folder
from byteward.storage.local import LocalObjectStore
from byteward.storage.sealing import open_sealer, read_master_key
from byteward.telemetry.log import get_logger

Progress = Callable[[str], None]

_HINTS: Final = {
    SchemaState.NEW: "there is no installation yet: run `byteward init`",
    SchemaState.OLDER: "the schema is older than this program: run `byteward migrate`",
    SchemaState.NEWER: "the schema is newer than this program: install a newer one",
}


def _report_corrupt(object_id: str) -> None:
    get_logger().error("object.corrupt", object_id=object_id)


@dataclass(frozen=True, slots=True)
class Backend:
    """The open parts of one installation; every service is built on these."""

    config: Config
    clock: Clock
    folder: DataFolder
    database: SqliteDatabase
    master_key: bytes
    keys: KeyStore
    store: LocalObjectStore
    layers: LayerStore


@asynccontextmanager
async def opened_backend(
    config: Config, *, migrates: bool = False, progress: Progress | None = None
) -> AsyncIterator[Backend]:
    """Open the installation in the data folder and close it at the end.

    Args:
        config: where the data folder is, and how bytes are kept.
        migrates: bring a new or older database to the current schema first.
        progress: told each step of a migration.

    Raises:
        DataFolderError: the folder cannot be used, or the schema is not the current one.
        DatabaseUnusableError: the database cannot be used.
    """
    if not migrates and not config.data.exists():
        raise DataFolderError(f"{config.data}: {_HINTS[SchemaState.NEW]}")
    folder = open_data_folder(config.data)
    try:
        _require_schema(folder, migrates=migrates, progress=progress)
        database = open_sqlite(folder.database_path)
        try:
            sealer = await open_sealer(folder, database)
            master_key = read_master_key(folder)
            if master_key is None:
                raise DataFolderError(f"{folder.path}: the master key went away")
            store = LocalObjectStore(
                folder,
                min_free_bytes=config.storage.min_free_bytes,
                verifies_reads=config.storage.verify_reads,
                on_corrupt=_report_corrupt,
            )
            try:
                keys = KeyStore(sealer)
                yield Backend(
                    config,
                    system_clock,
                    folder,
                    database,
                    master_key,
                    keys,
                    store,
                    LayerStore(sealer),
                )
            finally:
                await store.close()
        finally:
            await database.close()
    finally:
        folder.close()


def _require_schema(folder: DataFolder, *, migrates: bool, progress: Progress | None) -> None:
    state = schema_state_of(folder.database_path)
    if state is SchemaState.CURRENT:
        return
    if migrates and state is not SchemaState.NEWER:
        upgrade(folder.database_path, progress)
        return
    raise DataFolderError(f"{folder.path}: {_HINTS[state]}")
