"""Results on disk: found by key, taken away when space is short or a client asks for it.

The folder may be deleted at any time. A file appears under its key by a rename, whole, so a reader
sees all of a result or none. Nothing here decides who may read: that is done before the look-up.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

_MAGIC: Final = b"BWD1"
_HEAD: Final = struct.Struct("<4sI")
_MAX_HEADER: Final = 16_384
_WORK: Final = "work"
_TOUCH_SECONDS: Final = 60.0
_KEEP_SHARE: Final = 0.9
"""How full an eviction leaves the cache."""

PERMANENT_FROM_MS: Final = 500
"""Results that took longer are kept permanently, unless the URL says otherwise."""


class ResultHeader(msgspec.Struct, frozen=True):
    """What is kept beside a result's bytes.

    Attributes:
        account_id: whose it is.
        slug: `image` or a preset.
        path: of the source in the URL.
        mime: media type.
        size: of the body.
        width: pixels; 0 for texts.
        height: pixels; 0 for texts.
        cost_ms: time that it took.
        made_at: Unix milliseconds.
        is_reduced: an animation shows its first frame only.
        is_permanent: it stays until permanent results are reset.
    """

    account_id: str
    slug: str
    path: str
    mime: str
    size: int
    width: int
    height: int
    cost_ms: int
    made_at: int
    is_reduced: bool = False
    is_permanent: bool = False


@dataclass(frozen=True, slots=True)
class CachedResult:
    """A result that is there.

    Attributes:
        header: see `ResultHeader`.
        path: of the file.
        body_at: where the body begins in it.
    """

    header: ResultHeader
    path: Path
    body_at: int


def result_key(parts: object) -> str:
    """The name of a result: a hash over all that it depends on."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


class ResultCache:
    """The results of one data folder; every process has one.

    Args:
        folder: made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def work_folder(self) -> Path:
        """Where results are written before they are moved to their place."""
        work = self.folder / _WORK
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        return work

    def find(self, key: str) -> CachedResult | None:
        """The result of that key, if it is there."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                found = _read_head(file.read(_HEAD.size + _MAX_HEADER))
                status = os.fstat(file.fileno())
        except OSError:
            return None
        if found is None:
            return None
        header, body_at = found
        if status.st_size != body_at + header.size:
            return None
        self._touch(path, status.st_mtime)
        return CachedResult(header, path, body_at)

    def read(self, result: CachedResult) -> bytes | None:
        """The whole body; None when it went away in between."""
        try:
            with result.path.open("rb") as file:
                file.seek(result.body_at)
                body = file.read(result.header.size)
        except OSError:
            return None
        return body if len(body) == result.header.size else None

    def put(self, key: str, header: ResultHeader, body: Path) -> CachedResult:
        """Keep a result.

        Args:
            key: see `result_key`.
            header: of the result.
            body: a file of the work folder that holds the bytes; it is moved away.
        """
        head = msgspec.json.encode(header)
        whole = body.with_suffix(".whole")
        with whole.open("wb") as target, body.open("rb") as source:
            target.write(_HEAD.pack(_MAGIC, len(head)) + head)
            target.flush()
            _copy(source.fileno(), target.fileno(), header.size)
        body.unlink()
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole.replace(path)
        return CachedResult(header, path, _HEAD.size + len(head))

    def remove(self, should_go: Callable[[ResultHeader], bool]) -> int:
        """Take away every result that a predicate names; their number."""
        removed = 0
        for path in self._files():
            try:
                with path.open("rb") as file:
                    found = _read_head(file.read(_HEAD.size + _MAX_HEADER))
            except OSError:
                continue
            if found is None or should_go(found[0]):
                with contextlib.suppress(OSError):
                    path.unlink()
                    removed += 1
        return removed

    def evict(self, max_bytes: int) -> int:
        """Make room when there is more than `max_bytes`; the bytes taken away.

        What was not used for long, is large and was cheap to make goes first.
        """
        entries, total, now = [], 0, time.time()
        for path in self._files():
            try:
                status = path.stat()
            except OSError:
                continue
            total += status.st_size
            entries.append((path, status))
        if total <= max_bytes:
            return 0
        entries.sort(key=lambda each: _worth(each[0], each[1], now))
        removed = 0
        for path, status in entries:
            if total - removed <= max_bytes * _KEEP_SHARE:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                removed += status.st_size
        return removed

    def sweep_work(self, older_than_seconds: float) -> None:
        """Remove what a process that died left in the work folder."""
        before = time.time() - older_than_seconds
        for path in self.work_folder().iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime >= before:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for folder in self.folder.iterdir():
                if folder.name != _WORK and folder.is_dir():
                    yield from folder.iterdir()

    def _touch(self, path: Path, used_at: float) -> None:
        """Note the use, not more often than eviction can tell apart."""
        if time.time() - used_at > _TOUCH_SECONDS:
            with contextlib.suppress(OSError):
                os.utime(path)


def _read_head(data: bytes) -> tuple[ResultHeader, int] | None:
    if len(data) < _HEAD.size:
        return None
    magic, length = _HEAD.unpack_from(data)
    end = _HEAD.size + length
    if magic != _MAGIC or end > len(data):
        return None
    try:
        return msgspec.json.decode(data[_HEAD.size : end], type=ResultHeader), end
    except msgspec.DecodeError:
        return None


def _worth(path: Path, status: os.stat_result, now: float) -> float:
    """What keeping a result saves: time to make it, for each byte and second since its last use."""
    cost = 1.0
    with contextlib.suppress(OSError), path.open("rb") as file:
        found = _read_head(file.read(_HEAD.size + _MAX_HEADER))
        if found is not None:
            cost += found[0].cost_ms
    age = max(1.0, now - status.st_mtime)
    return cost / (age * max(1, status.st_size))


def _copy(source: int, target: int, size: int) -> None:
    copied = 0
    while copied < size:
        sent = os.sendfile(target, source, copied, size - copied)
        if sent == 0:
            raise OSError("the result is shorter than announced")
        copied += sent
