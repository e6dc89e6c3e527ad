"""The system calls that the store needs, as one small port.

Files are reached through directory descriptors and generated names of one component, never
through paths: with `O_NOFOLLOW` at each step no symbolic link inside the data folder is followed.
Tests put faults and a volatile disk behind the same port.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

Buffer = bytes | bytearray | memoryview

_COMMON: Final = os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a folder: its name, length, and Unix milliseconds of its last write or new name.

    That is the inode's change time: a part that becomes an object counts as young again.
    """

    name: str
    size_bytes: int
    modified_at_ms: int


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of a volume: what unprivileged programs may still write, and its size."""

    free_bytes: int
    total_bytes: int


class FileSystem(Protocol):
    """Every method raises `OSError`; descriptors are integers; a folder is its descriptor."""

    def open_folder(self, name: str, parent: int) -> int:
        """Open a folder; a symbolic link is refused."""
        ...

    def make_folder(self, name: str, parent: int) -> None:
        """Make a folder that only its owner may enter (0700)."""
        ...

    def create(self, name: str, folder: int) -> int:
        """Make a file that must not exist yet (0600) and open it for writing."""
        ...

    def open_file(self, name: str, folder: int) -> int:
        """Open a file for reading; a symbolic link is refused."""
        ...

    def write(self, file: int, data: Buffer) -> int:
        """Append some of `data`; the number of bytes taken."""
        ...

    def read_at(self, file: int, count: int, offset: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer at the end or when interrupted."""
        ...

    def copy(self, source: int, target: int, count: int) -> int:
        """Append up to `count` bytes from the source's position; 0 at its end."""
        ...

    def sync(self, descriptor: int) -> None:
        """Wait until a file's bytes, or a folder's names, are on stable storage."""
        ...

    def close(self, descriptor: int) -> None:
        """Release a descriptor."""
        ...

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """Move a file, replacing one of the new name."""
        ...

    def link(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """Give a file a second name, which must not exist yet."""
        ...

    def unlink(self, name: str, folder: int) -> None:
        """Remove a name."""
        ...

    def entries(self, folder: int) -> Iterator[Entry]:
        """The regular files of a folder."""
        ...

    def space(self, descriptor: int) -> Space:
        """How full the volume is."""
        ...


class LocalFileSystem:
    """The operating system's."""

    def open_folder(self, name: str, parent: int) -> int:
        """`openat` with `O_DIRECTORY`."""
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | _COMMON, dir_fd=parent)

    def make_folder(self, name: str, parent: int) -> None:
        """`mkdirat`."""
        os.mkdir(name, 0o700, dir_fd=parent)

    def create(self, name: str, folder: int) -> int:
        """`openat` with `O_CREAT|O_EXCL`."""
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _COMMON, 0o600, dir_fd=folder)

    def open_file(self, name: str, folder: int) -> int:
        """`openat`, read only."""
        return os.open(name, os.O_RDONLY | _COMMON, dir_fd=folder)

    def write(self, file: int, data: Buffer) -> int:
        """`write`."""
        return os.write(file, data)

    def read_at(self, file: int, count: int, offset: int) -> bytes:
        """`pread`."""
        return os.pread(file, count, offset)

    def copy(self, source: int, target: int, count: int) -> int:
        """`copy_file_range`: in the kernel, and without copying where the volume shares blocks."""
        return os.copy_file_range(source, target, count)

    def sync(self, descriptor: int) -> None:
        """`fsync`."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """`close`."""
        os.close(descriptor)

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """`renameat`."""
        os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)

    def link(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """`linkat`."""
        os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)

    def unlink(self, name: str, folder: int) -> None:
        """`unlinkat`."""
        os.unlink(name, dir_fd=folder)

    def entries(self, folder: int) -> Iterator[Entry]:
        """`getdents` and `fstatat`; files that vanish meanwhile are left out."""
        with os.scandir(folder) as found:
            for entry in found:
                if not entry.is_file(follow_symlinks=False):
                    continue
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield Entry(entry.name, stat.st_size, stat.st_ctime_ns // 1_000_000)

    def space(self, descriptor: int) -> Space:
        """`fstatvfs`."""
        stat = os.fstatvfs(descriptor)
        return Space(stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize)
