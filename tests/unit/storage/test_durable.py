from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.storage.durable import Draft, Volume, durable_link, durable_replace
from byteward.storage.file_system import FileSystem, LocalFileSystem, Space
from tests.unit.storage.faulty_files import FaultyFiles, ShortWrites

SOURCE = Path(__file__).parents[3] / "src" / "byteward"


def _names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def _volume(folder: int, files: FileSystem | None = None) -> Volume:
    return Volume(files or LocalFileSystem(), folder, min_free_bytes=0)


def _publish(volume: Volume, folder: int, data: bytes = b"bytes") -> None:
    draft = Draft(volume, folder)
    draft.write(data)
    draft.publish("name", folder)


def test_the_order_is_write_sync_name_sync(folder: int) -> None:
    files = FaultyFiles()
    _publish(_volume(folder, files), folder)
    assert files.calls == ["create", "write", "sync", "close", "rename", "sync"]


def test_a_published_file_holds_the_bytes_and_is_private(folder: int, tmp_path: Path) -> None:
    _publish(_volume(folder), folder, b"some bytes")
    assert (tmp_path / "name").read_bytes() == b"some bytes"
    assert stat.S_IMODE((tmp_path / "name").stat().st_mode) == 0o600
    assert _names(tmp_path) == ["name"]


def test_short_writes_are_continued(folder: int, tmp_path: Path) -> None:
    _publish(_volume(folder, ShortWrites()), folder, b"0123456789" * 10)
    assert (tmp_path / "name").read_bytes() == b"0123456789" * 10


@pytest.mark.parametrize("call", ["create", "write", "sync", "close", "rename"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errno.EIO, ErrorCode.STORAGE_ERROR),
        (errno.ENOSPC, ErrorCode.INSUFFICIENT_STORAGE),
        (errno.EDQUOT, ErrorCode.INSUFFICIENT_STORAGE),
        (errno.EMFILE, ErrorCode.OVERLOADED),
    ],
)
def test_a_failed_call_is_a_typed_error_and_leaves_nothing(
    folder: int, tmp_path: Path, call: str, error: int, code: ErrorCode
) -> None:
    with pytest.raises(BytewardError) as caught:
        _publish(_volume(folder, FaultyFiles(call, error)), folder)
    assert caught.value.code == code
    assert _names(tmp_path) == []


def test_a_failed_sync_of_the_folder_takes_the_name_back(folder: int, tmp_path: Path) -> None:
    volume = _volume(folder, FaultyFiles("sync", nth=2))
    with pytest.raises(BytewardError):
        _publish(volume, folder)
    assert _names(tmp_path) == []
    assert not volume.is_healthy


def test_r5_after_a_failed_sync_no_write_succeeds_although_the_disk_would(folder: int) -> None:
    files = FaultyFiles("sync")
    volume = _volume(folder, files)
    with pytest.raises(BytewardError):
        _publish(volume, folder)
    files.heal()
    with pytest.raises(BytewardError) as caught:
        _publish(volume, folder)
    assert caught.value.code == ErrorCode.STORAGE_ERROR


def test_d8_a_full_disk_found_at_sync_leaves_the_volume_usable(folder: int, tmp_path: Path) -> None:
    files = FaultyFiles("sync", errno.ENOSPC)
    volume = _volume(folder, files)
    with pytest.raises(BytewardError):
        _publish(volume, folder)
    files.heal()
    _publish(volume, folder)
    assert _names(tmp_path) == ["name"]


def test_an_aborted_draft_is_gone_even_after_it_was_published(folder: int, tmp_path: Path) -> None:
    draft = Draft(_volume(folder), folder)
    draft.write(b"x")
    draft.publish("name", folder)
    draft.abort()
    draft.abort()
    assert _names(tmp_path) == []


class _FixedSpace(LocalFileSystem):
    def __init__(self, free: int, total: int) -> None:
        self._space = Space(free, total)

    def space(self, descriptor: int) -> Space:
        del descriptor
        return self._space


@pytest.mark.parametrize(
    ("free", "total", "reserve", "expected"),
    [
        (5_000, 100_000, None, 3_000),  # 2 % of the volume
        (2 * 1024**3, 10**15, None, 1024**3),  # at most 1 GiB
        (1_000, 100_000, None, 0),
        (1_000, 100_000, 400, 600),
        (1_000, 100_000, 0, 1_000),
    ],
)
def test_the_reserve_is_a_gib_or_two_percent_or_what_is_set(
    folder: int, free: int, total: int, reserve: int | None, expected: int
) -> None:
    volume = Volume(_FixedSpace(free, total), folder, reserve)
    assert volume.free_bytes() == expected
    volume.require_room(expected)
    with pytest.raises(BytewardError) as caught:
        volume.require_room(expected + 1)
    assert caught.value.code == ErrorCode.INSUFFICIENT_STORAGE


def test_replace_swaps_a_file_whole(folder: int, tmp_path: Path) -> None:
    durable_replace(_volume(folder), folder, "key", b"old")
    durable_replace(_volume(folder), folder, "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"new"
    assert _names(tmp_path) == ["key"]


@pytest.mark.parametrize("call", ["create", "write", "rename"])
def test_a_failed_replace_keeps_the_old_file(folder: int, tmp_path: Path, call: str) -> None:
    durable_replace(_volume(folder), folder, "key", b"old")
    with pytest.raises(BytewardError):
        durable_replace(_volume(folder, FaultyFiles(call)), folder, "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"old"
    assert _names(tmp_path) == ["key"]


def test_replace_never_leaves_less_than_one_of_both(folder: int, tmp_path: Path) -> None:
    durable_replace(_volume(folder), folder, "key", b"old")
    with pytest.raises(BytewardError):
        durable_replace(_volume(folder, FaultyFiles("sync", nth=2)), folder, "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"new"


def test_link_syncs_the_new_name(folder: int, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x")
    files = FaultyFiles()
    assert durable_link(_volume(folder, files), ("part", folder), ("object", folder))
    assert files.calls == ["link", "sync"]
    assert (tmp_path / "object").read_bytes() == b"x"


def test_a_volume_without_links_says_so(folder: int, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x")
    volume = _volume(folder, FaultyFiles("link", errno.EPERM))
    assert not durable_link(volume, ("part", folder), ("object", folder))


def test_a_link_whose_sync_fails_is_taken_back(folder: int, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x")
    with pytest.raises(BytewardError):
        durable_link(_volume(folder, FaultyFiles("sync")), ("part", folder), ("object", folder))
    assert _names(tmp_path) == ["part"]


@pytest.mark.parametrize("call", ["copy", "nothing"])
def test_copies_are_whole_with_and_without_the_kernels_help(
    folder: int, tmp_path: Path, call: str
) -> None:
    data = os.urandom(3 * 1024 * 1024 + 5)
    (tmp_path / "part").write_bytes(data)
    files = FaultyFiles(call, errno.EOPNOTSUPP)
    source = files.open_file("part", folder)
    draft = Draft(_volume(folder, files), folder)
    draft.copy_from(source, len(data))
    draft.publish("object", folder)
    files.close(source)
    assert (tmp_path / "object").read_bytes() == data


@pytest.mark.parametrize("call", ["copy", "nothing"])
def test_a_source_shorter_than_recorded_is_refused(folder: int, tmp_path: Path, call: str) -> None:
    (tmp_path / "part").write_bytes(b"short")
    files = FaultyFiles(call, errno.EXDEV)
    source = files.open_file("part", folder)
    draft = Draft(_volume(folder, files), folder)
    with pytest.raises(BytewardError) as caught:
        draft.copy_from(source, 6)
    files.close(source)
    assert caught.value.code == ErrorCode.STORAGE_ERROR
    assert _names(tmp_path) == ["part"]


def _uses_of(pattern: str) -> set[str]:
    return {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if re.search(pattern, path.read_text("utf-8"))
    }


def test_only_the_port_calls_the_system_and_only_durable_calls_the_port() -> None:
    calls = r"os\.(fsync|fdatasync|rename|renames|replace|link)\(|shutil\.move|\.rename\(target"
    assert _uses_of(calls) == {"storage/file_system.py"}
    assert _uses_of(r"[Ff]iles\.(sync|rename|link)\(|FileSystem\(\)\.sync\(") == {
        "storage/durable.py"
    }
