"""Locks of the data folder: one server, and one collector or backup, at a time."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType
from typing import Final, Self

from byteward.storage.data_folder import LOCK_FILE, DataFolder, DataFolderError

COLLECTOR_LOCK_FILE: Final = "collector.lock"
"""Held by whoever removes objects, and by a backup, which needs them to stay."""


class DataFolderLock:
    """Holds a lock file of the data folder until it is released or the process ends.

    Raises:
        DataFolderError: another process holds it.
    """

    def __init__(self, folder: DataFolder, name: str = LOCK_FILE) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file: int | None = os.open(name, flags, 0o600, dir_fd=folder.root)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise DataFolderError(f"{folder.path}: another server uses it, stop that one") from None

    def release(self) -> None:
        """Let another process have it; may be called twice."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
