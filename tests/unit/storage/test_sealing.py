from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from byteward.db.migrate import upgrade
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.db.tables import accounts, folders
from byteward.storage.data_folder import DataFolder, DataFolderError, open_data_folder
from byteward.storage.sealing import Sealer, UnsealError, open_sealer, read_master_key

KEY = bytes(range(32))


@given(st.binary(max_size=100), st.text(max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_what_was_sealed_opens_in_its_place(
    secret: bytes, table: str, row: str, column: str
) -> None:
    sealed = Sealer(KEY).seal(secret, table=table, row=row, column=column)
    assert Sealer(KEY).unseal(sealed, table=table, row=row, column=column) == secret


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [("u", "r", "c"), ("t", "s", "c"), ("t", "r", "d"), ("tr", "", "c"), ("t", "rc", "")],
)
def test_it_opens_in_no_other_place(table: str, row: str, column: str) -> None:
    sealed = Sealer(KEY).seal(b"secret", table="t", row="r", column="c")
    with pytest.raises(UnsealError):
        Sealer(KEY).unseal(sealed, table=table, row=row, column=column)


@given(st.data())
def test_a_flipped_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(Sealer(KEY).seal(b"secret", table="t", row="r", column="c"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(UnsealError):
        Sealer(KEY).unseal(bytes(sealed), table="t", row="r", column="c")


@given(st.binary(max_size=64))
def test_foreign_bytes_do_not_open(sealed: bytes) -> None:
    with pytest.raises(UnsealError):
        Sealer(KEY).unseal(sealed, table="t", row="r", column="c")


def test_another_master_key_is_named_as_the_cause() -> None:
    sealed = Sealer(KEY).seal(b"secret", table="t", row="r", column="c")
    with pytest.raises(UnsealError, match="another master key"):
        Sealer(KEY[::-1]).unseal(sealed, table="t", row="r", column="c")


def test_two_seals_of_one_value_differ() -> None:
    seals = {Sealer(KEY).seal(b"secret", table="t", row="r", column="c") for _ in range(50)}
    assert len(seals) == 50


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"x" * length)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    opened = open_data_folder(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def db(folder: DataFolder) -> Iterator[SqliteDatabase]:
    upgrade(folder.database_path)
    opened = open_sqlite(folder.database_path)
    yield opened
    opened.close_now()


def _key_path(folder: DataFolder) -> Path:
    return folder.path / "secrets" / "master.key"


def test_the_key_is_made_once_and_private(folder: DataFolder, db: SqliteDatabase) -> None:
    first = asyncio.run(open_sealer(folder, db))
    second = asyncio.run(open_sealer(folder, db))
    assert first.key_id == second.key_id
    assert _key_path(folder).stat().st_mode & 0o777 == 0o600
    assert Sealer(read_master_key(folder) or b"").key_id == first.key_id


def test_a_missing_key_is_not_replaced_while_sealed_values_exist(
    folder: DataFolder, db: SqliteDatabase
) -> None:
    account = {"account_id": "A", "name": "", "settings": "{}", "created_at": 1}
    db.write_now(lambda c: c.execute(insert(accounts), account | {"authority_epoch": 1}).close())
    layer = {"account_id": "A", "name": "", "is_virtual": False, "sealed_storage_layer": b"x"}
    db.write_now(lambda c: c.execute(insert(folders), layer).close())
    with pytest.raises(DataFolderError, match="restore"):
        asyncio.run(open_sealer(folder, db))
    assert not _key_path(folder).exists()


@pytest.mark.parametrize(("data", "mode"), [(b"short", 0o600), (KEY + b"x", 0o600), (KEY, 0o640)])
def test_an_unfit_key_file_stops_the_start(
    folder: DataFolder, db: SqliteDatabase, data: bytes, mode: int
) -> None:
    _key_path(folder).write_bytes(data)
    _key_path(folder).chmod(mode)
    with pytest.raises(DataFolderError):
        asyncio.run(open_sealer(folder, db))


def test_a_link_in_place_of_the_key_is_not_followed(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    _key_path(folder).symlink_to(tmp_path / "key")
    with pytest.raises(DataFolderError):
        read_master_key(folder)
