from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from byteward.storage.data_folder import DataFolderError, open_data_folder
from byteward.storage.lock import DataFolderLock


def _names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_an_empty_place_becomes_a_private_data_folder(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "new" / "data")
    folder.close()
    assert (_names(folder.path)) == ["objects", "secrets", "tmp"]
    assert len(_names(folder.path / "objects")) == 256
    for path in [folder.path, *folder.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_opening_again_changes_nothing_and_fills_gaps(tmp_path: Path) -> None:
    open_data_folder(tmp_path / "data").close()
    (tmp_path / "data" / "objects" / "7f").rmdir()
    (tmp_path / "data" / "objects" / "aa" / "kept").write_bytes(b"x")
    open_data_folder(tmp_path / "data").close()
    assert (tmp_path / "data" / "objects" / "7f").is_dir()
    assert (tmp_path / "data" / "objects" / "aa" / "kept").exists()


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    with pytest.raises(DataFolderError, match="chmod"):
        open_data_folder(tmp_path / "data")


@pytest.mark.parametrize("name", ["objects", "tmp", "secrets"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataFolderError):
        open_data_folder(tmp_path / "data")
    assert _names(tmp_path / "elsewhere") == []


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(DataFolderError):
        open_data_folder(tmp_path / "data")


def test_refusals_leave_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "secrets").symlink_to(tmp_path)
    before = _names(Path("/proc/self/fd"))
    with pytest.raises(DataFolderError):
        open_data_folder(tmp_path / "data")
    assert len(_names(Path("/proc/self/fd"))) == len(before)


def test_tmp_and_objects_on_two_file_systems_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = open_data_folder(tmp_path / "data")
    folder.close()
    real = os.fstat
    staging = real(os.open(folder.path / "tmp", os.O_RDONLY)).st_ino

    class _Elsewhere:
        st_dev = -1

    def fstat(descriptor: int) -> os.stat_result | _Elsewhere:
        found = real(descriptor)
        return _Elsewhere() if found.st_ino == staging else found

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(DataFolderError, match="one file system"):
        open_data_folder(tmp_path / "data")


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    with DataFolderLock(folder), pytest.raises(DataFolderError, match="another server"):
        DataFolderLock(folder)
    again = DataFolderLock(folder)
    again.release()
    again.release()
    DataFolderLock(folder).release()
    folder.close()
