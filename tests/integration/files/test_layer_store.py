"""Storage layers as rows: credentials are sealed to their folder and their layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text

from byteward.errors import BytewardError
from byteward.files import tree
from byteward.files.layer_resolution import levels_of
from byteward.files.layer_store import LayerStore, layers_above
from byteward.files.storage_layers import (
    INTERNAL,
    NewS3Layer,
    S3Bucket,
    S3Credentials,
    WebLayer,
    without_credentials,
)
from byteward.permissions.layer_facts import read_layers
from byteward.storage.sealing import Sealer
from tests.api_plane import ACCOUNT, Plane, api_plane

T = TypeVar("T")

LAYER = NewS3Layer(
    bucket=S3Bucket(bucket_name="photos", bucket_region="eu-west-1"),
    credentials=S3Credentials(aws_access_key="K" * 20, aws_secret_key="S" * 40),
)


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def write(plane: Plane, work: Callable[[Connection], T]) -> T:
    return plane.run(plane.services.publication.database.write(work))


def store() -> LayerStore:
    return LayerStore(Sealer(bytes(32)))


def made(plane: Plane, path: str) -> int:
    segments = tuple(path[1:].split("/")) if path != "/" else ()
    return write(
        plane, lambda conn: tree.ensure_folder(conn, ACCOUNT, segments, is_virtual=True).folder_id
    )


def columns(plane: Plane, folder_id: int) -> tuple[str | None, bytes | None]:
    statement = text(
        "SELECT storage_layer, sealed_storage_layer FROM folders WHERE folder_id = :id"
    )
    row = write(plane, lambda conn: conn.execute(statement, {"id": folder_id}).one())
    return row[0], row[1]


def test_a_layer_comes_back_with_its_credentials_and_none_is_in_the_open(plane: Plane) -> None:
    folder_id = made(plane, "/a")
    write(plane, lambda conn: store().write(conn, folder_id, LAYER))
    assert write(plane, lambda conn: store().read(conn, folder_id)) == LAYER
    shown, sealed = columns(plane, folder_id)
    assert shown is not None
    assert sealed is not None
    assert "S" * 40 not in shown
    assert b"S" * 40 not in sealed
    write(plane, lambda conn: store().write(conn, folder_id, None))
    assert columns(plane, folder_id) == (None, None)
    assert write(plane, lambda conn: store().read(conn, folder_id)) is None


def test_sealed_credentials_open_for_their_own_folder_and_layer_only(plane: Plane) -> None:
    first, second = made(plane, "/a"), made(plane, "/b")
    for folder_id in (first, second):
        write(plane, lambda conn, at=folder_id: store().write(conn, at, LAYER))  # type: ignore[misc] # bound in the loop
    swap = "UPDATE folders SET sealed_storage_layer = (SELECT sealed_storage_layer FROM folders"
    plane.sql(f"{swap} WHERE folder_id = {first}) WHERE folder_id = {second}")
    with pytest.raises(BytewardError, match="set it again"):
        write(plane, lambda conn: store().read(conn, second))
    # Whoever changes where a layer leads does not get the credentials sent there.
    changed = "UPDATE folders SET storage_layer = replace(storage_layer, 'photos', 'others')"
    plane.sql(f"{changed} WHERE folder_id = {first}")
    with pytest.raises(BytewardError, match="set it again"):
        write(plane, lambda conn: store().read(conn, first))


def test_a_copy_has_credentials_of_its_own(plane: Plane) -> None:
    first, second = made(plane, "/a"), made(plane, "/b")
    write(plane, lambda conn: store().write(conn, first, LAYER))
    write(plane, lambda conn: store().copy(conn, first, second))
    assert write(plane, lambda conn: store().read(conn, second)) == LAYER
    assert columns(plane, first)[1] != columns(plane, second)[1]


def test_layers_are_found_from_a_path_and_all_together(plane: Plane) -> None:
    root, deep, other = made(plane, "/"), made(plane, "/a/b"), made(plane, "/c")
    write(plane, lambda conn: store().write(conn, root, INTERNAL))
    write(plane, lambda conn: store().write(conn, deep, LAYER))
    write(plane, lambda conn: store().write(conn, other, WebLayer()))
    above = write(plane, lambda conn: layers_above(conn, ACCOUNT, ("a", "b", "none")))
    assert [(each.folder, each.layer) for each in above] == [
        ((), INTERNAL),
        (("a", "b"), without_credentials(LAYER)),
    ]
    every = levels_of(write(plane, lambda conn: read_layers(conn, ACCOUNT)))
    assert {each.folder: each.folder_id for each in every} == {
        (): root,
        ("a", "b"): deep,
        ("c",): other,
    }


def test_a_layer_that_cannot_be_read_is_not_taken_for_internal(plane: Plane) -> None:
    made(plane, "/a")
    plane.put("/a/f")
    plane.sql("UPDATE folders SET storage_layer = '{\"type\":\"Tape\"}' WHERE name = 'a'")
    answer = plane.details("/a/f")
    assert (answer.status, answer.code) == (503, "storage_error")
