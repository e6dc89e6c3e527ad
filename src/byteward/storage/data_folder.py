"""The data folder: its layout, its modes, and the descriptors through which it is reached.

byteward.db   the metadata
objects/xx/   file bytes under generated ids; xx are the id's first two digits
cache/        results of transformations; may be deleted at any time
tmp/          uploads in progress
secrets/      the key that seals stored credentials
lock          held by the one server that uses the folder
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from byteward.errors import OperatorError
from byteward.storage.durable import sync_folder

DATABASE_FILE: Final = "byteward.db"
LOCK_FILE: Final = "lock"
OBJECTS_FOLDER: Final = "objects"
STAGING_FOLDER: Final = "tmp"
SECRETS_FOLDER: Final = "secrets"
CACHE_FOLDER: Final = "cache"

_FANOUT: Final = tuple(f"{number:02x}" for number in range(256))
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class DataFolderError(OperatorError):
    """The data folder cannot be used as it is; the message says what to do about it."""


class DataFolder:
    """An open data folder. Make one with `open_data_folder`; close it when nothing uses it."""

    def __init__(self, path: Path, root: int, objects: int, staging: int, secrets: int) -> None:
        self.path = path
        self.root = root
        self.objects = objects
        self.staging = staging
        self.secrets = secrets

    @property
    def database_path(self) -> Path:
        """Where the SQLite file lies."""
        return self.path / DATABASE_FILE

    @property
    def cache_path(self) -> Path:
        """Where results of transformations lie; it may be missing."""
        return self.path / CACHE_FOLDER

    def close(self) -> None:
        """Release the descriptors."""
        for descriptor in (self.secrets, self.staging, self.objects, self.root):
            os.close(descriptor)


def open_data_folder(path: Path) -> DataFolder:
    """Open the data folder, making what is missing of it (mode 0700).

    Raises:
        DataFolderError: it cannot be made or entered, other users may write to it, one of its
            folders is a link, or `tmp` and `objects` lie on two file systems (then a rename
            between them would not be atomic).
    """
    path = path.absolute()
    opened: list[int] = []
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = os.open(path, _OPEN)
        opened.append(root)
        _require_private(root, path)
        opened.append(objects := _open_child(OBJECTS_FOLDER, root))
        opened.append(staging := _open_child(STAGING_FOLDER, root))
        opened.append(secrets := _open_child(SECRETS_FOLDER, root))
        _require_one_volume(objects, staging, path)
        _make_fanout(objects)
    except BaseException as error:
        for descriptor in opened:
            os.close(descriptor)
        if isinstance(error, OSError):
            raise DataFolderError(f"{path}: cannot be used: {error.strerror}") from error
        raise
    return DataFolder(path, root, objects, staging, secrets)


def _open_child(name: str, root: int) -> int:
    if name not in os.listdir(root):
        os.mkdir(name, 0o700, dir_fd=root)
        sync_folder(root)
    return os.open(name, _OPEN | os.O_NOFOLLOW, dir_fd=root)


def _make_fanout(objects: int) -> None:
    """Make the 256 folders at once, so that no upload pays for syncing a new one."""
    missing = set(_FANOUT) - set(os.listdir(objects))
    for name in sorted(missing):
        os.mkdir(name, 0o700, dir_fd=objects)
    if missing:
        sync_folder(objects)


def _require_private(root: int, path: Path) -> None:
    # SECURITY: whoever may write here can swap stored bytes and the database.
    mode = os.fstat(root).st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DataFolderError(f"{path}: other users may write to it; run `chmod go-w {path}`")


def _require_one_volume(objects: int, staging: int, path: Path) -> None:
    if os.fstat(objects).st_dev != os.fstat(staging).st_dev:
        raise DataFolderError(f"{path}: tmp and objects must be on one file system")
