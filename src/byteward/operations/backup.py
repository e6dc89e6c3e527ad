"""A copy of an installation that restores to one consistent state, taken while it serves.

The database is copied as it stands at one moment, then every object and part that the copy names.
Objects are immutable, and nothing is removed meanwhile because the backup holds the collector's
lock, so all of them are there and are the right ones.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select

from byteward.config import Config
from byteward.db.snapshot import snapshot
from byteward.db.sqlite import open_sqlite
from byteward.db.tables import objects, upload_parts, uploads
from byteward.errors import OperatorError
from byteward.storage.data_folder import (
    DATABASE_FILE,
    OBJECTS_FOLDER,
    SECRETS_FOLDER,
    STAGING_FOLDER,
    DataFolder,
    open_data_folder,
)
from byteward.storage.durable import sync_folder
from byteward.storage.local import STAGED_PREFIX
from byteward.storage.lock import COLLECTOR_LOCK_FILE, DataFolderLock
from byteward.storage.sealing import MASTER_KEY_FILE

_OBJECTS: Final = select(objects.c.object_id)
_PARTS: Final = (
    select(upload_parts.c.staged_id)
    .join(uploads, uploads.c.upload_id == upload_parts.c.upload_id)
    .where(uploads.c.etag.is_(None))  # parts of a finished upload are part of its object
)

Progress = Callable[[int, int], None]
"""Told how many files are copied, and of how many."""


def back_up(config: Config, destination: Path, progress: Progress) -> int:
    """Copy the installation into a new folder; the number of files copied.

    The folder appears under its name only when the copy is whole and on stable storage. To
    restore, start the server with it as its data folder.

    Args:
        config: names the data folder.
        destination: must not exist.
        progress: called after each file.

    Raises:
        OperatorError: the destination exists, or cannot be written.
    """
    if destination.exists():
        raise OperatorError(f"{destination}: exists already; name a new folder")
    partial = destination.with_name(destination.name + ".partial")
    if partial.exists():
        raise OperatorError(f"{partial}: is left from a backup that was cut off; remove it")
    folder = open_data_folder(config.data)
    try:
        with DataFolderLock(folder, COLLECTOR_LOCK_FILE):
            return _copy(folder, partial, destination, progress)
    except OSError as error:
        raise OperatorError(f"{destination}: cannot be written: {error.strerror}") from error
    finally:
        folder.close()


def _copy(folder: DataFolder, partial: Path, destination: Path, progress: Progress) -> int:
    copy = open_data_folder(partial)
    try:
        snapshot(folder.database_path, partial / DATABASE_FILE)
        names = list(_referenced(partial / DATABASE_FILE))
        for done, name in enumerate(names, 1):
            _copy_file(folder.path / name, partial / name)
            progress(done, len(names))
        for descriptor in (copy.objects, copy.staging, copy.secrets, copy.root):
            sync_folder(descriptor)
    finally:
        copy.close()
    os.sync()  # the 256 object folders; cheaper than one sync for each
    partial.replace(destination)
    return len(names)


def _referenced(database_path: Path) -> Iterator[Path]:
    """Every file that the database copy needs, relative to the data folder."""
    yield Path(SECRETS_FOLDER, MASTER_KEY_FILE)
    database = open_sqlite(database_path)
    try:
        object_ids = database.read_now(lambda conn: list(conn.execute(_OBJECTS).scalars()))
        staged_ids = database.read_now(lambda conn: list(conn.execute(_PARTS).scalars()))
    finally:
        database.close_now()
    for object_id in object_ids:
        yield Path(OBJECTS_FOLDER, object_id[:2], object_id)
    for staged_id in staged_ids:
        yield Path(STAGING_FOLDER, STAGED_PREFIX + staged_id)


def _copy_file(source: Path, target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with source.open("rb") as reader, os.fdopen(os.open(target, flags, 0o600), "wb") as writer:
        shutil.copyfileobj(reader, writer, 1024 * 1024)
