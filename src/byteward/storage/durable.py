"""Durable writes: the only place that syncs, renames or links files.

The order of steps is the promise. Write under a temporary name, sync the file, give it its name,
sync the folder; only then may anybody hear of success. Most crash defects of storage systems are
one of these steps missing.

A sync that fails is never repeated: the kernel may have dropped the unwritten pages and report
success the second time. The file is removed and the volume refuses writes until a restart.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.storage.file_system import Buffer, FileSystem, LocalFileSystem

DRAFT_PREFIX: Final = "new-"
"""Names of files that a writer has not finished; the sweep removes them by age."""

_COPY_BYTES: Final = 1024 * 1024
_DEFAULT_RESERVE_BYTES: Final = 1024**3
_DEFAULT_RESERVE_DIVISOR: Final = 50  # 2 % of the volume
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
_CANNOT_COPY: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_CANNOT_LINK: Final = frozenset({errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP})


class Volume:
    """A file system that is written durably, its health, and the space that writes leave free.

    Args:
        files: the system calls.
        anchor: a descriptor on the volume.
        min_free_bytes: the reserve, so that deletions and logs still commit on a full disk;
            None: 1 GiB or 2 % of the volume, whichever is less.
    """

    def __init__(self, files: FileSystem, anchor: int, min_free_bytes: int | None = None) -> None:
        self.files = files
        self._anchor = anchor
        self._min_free_bytes = min_free_bytes
        self._has_failed = False

    @property
    def is_healthy(self) -> bool:
        """False once a sync failed."""
        return not self._has_failed

    def free_bytes(self) -> int:
        """What may be written before the reserve is touched; never negative."""
        space = self.files.space(self._anchor)
        reserve = self._min_free_bytes
        if reserve is None:
            reserve = min(_DEFAULT_RESERVE_BYTES, space.total_bytes // _DEFAULT_RESERVE_DIVISOR)
        return max(0, space.free_bytes - reserve)

    def require_room(self, count: int) -> None:
        """Refuse a write of `count` bytes that would touch the reserve.

        Raises:
            BytewardError: `insufficient_storage`; `storage_error` on a failed volume.
        """
        if self._has_failed:
            raise _failed()
        if self.free_bytes() < count:
            raise _full()

    def sync(self, descriptor: int) -> None:
        """Sync a file or folder; a failure other than "full" marks the volume as failed."""
        try:
            self.files.sync(descriptor)
        except OSError as error:
            if error.errno not in _FULL:
                self._has_failed = True
            raise


class Draft:
    """A file that is being written under a temporary name and vanishes unless published.

    Not for use by two threads at once. Nothing is opened before the first write.
    """

    def __init__(self, volume: Volume, folder: int) -> None:
        self._volume = volume
        self._files = volume.files
        self._folder = folder
        self._name = DRAFT_PREFIX + secrets.token_hex(16)
        self._file: int | None = None
        self._is_there = False
        self._can_copy = True
        self._published: tuple[str, int] | None = None

    def write(self, data: Buffer) -> None:
        """Append `data`.

        Raises:
            BytewardError: see `write_error`; the draft is gone then.
        """
        try:
            file = self._open(len(data))
            view = memoryview(data)
            while view:
                view = view[self._files.write(file, view) :]
        except BaseException as error:
            self.abort()
            raise write_error(error) from error

    def copy_from(self, source: int, count: int) -> None:
        """Append exactly `count` bytes from the start of the file `source`, just opened.

        Raises:
            BytewardError: see `write_error`, also when the source is shorter.
        """
        try:
            file = self._open(count)
            done = 0
            while done < count:
                done += self._copy_some(source, file, done, count - done)
        except BaseException as error:
            self.abort()
            raise write_error(error) from error

    def publish(self, name: str, folder: int) -> None:
        """Sync the bytes, give them a name that is new, sync the folder: durable on return.

        Raises:
            BytewardError: see `write_error`; nothing is left under either name.
        """
        try:
            self._move_to(name, folder)
            self._published = (name, folder)
            self._volume.sync(folder)
        except BaseException as error:
            self.abort()
            raise write_error(error) from error

    def replace(self, name: str, folder: int) -> None:
        """The same over a name that may exist: it means the old bytes or the new, never less.

        Raises:
            BytewardError: see `write_error`.
        """
        try:
            self._move_to(name, folder)
            self._volume.sync(folder)
        except BaseException as error:
            self.abort()
            raise write_error(error) from error

    def abort(self) -> None:
        """Remove what was written, also after `publish`; may be called at any time, and twice."""
        with contextlib.suppress(OSError):
            self._close()
        if self._is_there:
            self._is_there = False
            with contextlib.suppress(OSError):
                self._files.unlink(self._name, self._folder)
        if self._published is not None:
            published, self._published = self._published, None
            with contextlib.suppress(OSError):
                self._files.unlink(*published)

    def _open(self, count: int) -> int:
        self._volume.require_room(count)
        if self._file is None:
            self._file = self._files.create(self._name, self._folder)
            self._is_there = True
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            self._files.close(file)

    def _move_to(self, name: str, folder: int) -> None:
        self._volume.sync(self._open(0))
        self._close()
        self._files.rename(self._name, self._folder, name, folder)
        self._is_there = False

    def _copy_some(self, source: int, target: int, offset: int, count: int) -> int:
        """In the kernel where the volume can; else through memory, in bounded pieces."""
        if self._can_copy:
            try:
                copied = self._files.copy(source, target, count)
            except OSError as error:
                if error.errno not in _CANNOT_COPY:
                    raise
                self._can_copy = False
            else:
                return _require_some(copied)
        piece = self._files.read_at(source, min(count, _COPY_BYTES), offset)
        return self._files.write(target, piece[: _require_some(len(piece))])


def _require_some(count: int) -> int:
    if not count:
        raise OSError(errno.EIO, "the source is shorter than recorded")
    return count


def durable_replace(volume: Volume, folder: int, name: str, data: bytes) -> None:
    """Write a small file in place of the one of that name: the old bytes or the new, never less.

    Raises:
        BytewardError: see `write_error`.
    """
    draft = Draft(volume, folder)
    draft.write(data)
    draft.replace(name, folder)


def durable_link(volume: Volume, source: tuple[str, int], target: tuple[str, int]) -> bool:
    """Give a synced file a second, durable name; each argument is a name and its folder.

    Returns:
        False when the volume has no hard links, or no more for this file.

    Raises:
        FileNotFoundError: there is no such source.
        BytewardError: see `write_error`; the second name is gone then.
    """
    volume.require_room(0)
    try:
        volume.files.link(*source, *target)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return False
        raise write_error(error) from error
    try:
        volume.sync(target[1])
    except OSError as error:
        with contextlib.suppress(OSError):
            volume.files.unlink(*target)
        raise write_error(error) from error
    return True


def write_error(error: BaseException) -> BaseException:
    """What a failed write means to the caller.

    `insufficient_storage` when the volume or a quota is full, `overloaded` when descriptors have
    run out, `storage_error` for every other failure of the system; anything else as it is.
    """
    if not isinstance(error, OSError):
        return error
    if error.errno in _FULL:
        return _full()
    if error.errno in _NO_DESCRIPTORS:
        return BytewardError(
            ErrorCode.OVERLOADED, "too many files are open, try again", headers={"retry-after": "1"}
        )
    return _failed()


def _full() -> BytewardError:
    return BytewardError(ErrorCode.INSUFFICIENT_STORAGE, "the volume is full, free some space")


def _failed() -> BytewardError:
    return BytewardError(ErrorCode.STORAGE_ERROR, "the bytes could not be stored")


def sync_folder(folder: int) -> None:
    """Make the names in a folder durable, before there is a volume to speak of.

    Raises:
        OSError: the system's.
    """
    LocalFileSystem().sync(folder)
