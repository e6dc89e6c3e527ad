"""The system calls with a fault put in: the real disk, and one call that fails on purpose."""

from __future__ import annotations

import errno
import os

from byteward.storage.file_system import Buffer, LocalFileSystem


class FaultyFiles(LocalFileSystem):
    """Fails the call `name` from the `nth` time on, with `error`, until `heal` is called."""

    def __init__(self, name: str = "", error: int = errno.EIO, nth: int = 1) -> None:
        self.name = name
        self.error = error
        self.left = nth
        self.calls: list[str] = []

    def heal(self) -> None:
        self.name = ""

    def _meet(self, name: str) -> None:
        self.calls.append(name)
        if name == self.name:
            self.left -= 1
            if self.left <= 0:
                raise OSError(self.error, os.strerror(self.error))

    def create(self, name: str, folder: int) -> int:
        self._meet("create")
        return super().create(name, folder)

    def write(self, file: int, data: Buffer) -> int:
        self._meet("write")
        return super().write(file, data)

    def sync(self, descriptor: int) -> None:
        self._meet("sync")
        super().sync(descriptor)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        self._meet("close")

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        self._meet("rename")
        super().rename(name, folder, new_name, new_folder)

    def link(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        self._meet("link")
        super().link(name, folder, new_name, new_folder)

    def copy(self, source: int, target: int, count: int) -> int:
        self._meet("copy")
        return super().copy(source, target, count)

    def read_at(self, file: int, count: int, offset: int) -> bytes:
        self._meet("read_at")
        return super().read_at(file, count, offset)

    def open_folder(self, name: str, parent: int) -> int:
        self._meet("open_folder")
        return super().open_folder(name, parent)


class ShortWrites(LocalFileSystem):
    """Takes at most seven bytes at a time, as a disk may."""

    def write(self, file: int, data: Buffer) -> int:
        return super().write(file, memoryview(data)[:7])

    def read_at(self, file: int, count: int, offset: int) -> bytes:
        return super().read_at(file, min(count, 7), offset)
