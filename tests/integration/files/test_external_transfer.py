"""Copies between our store and a bucket, and objects that expire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from byteward.errors import BytewardError
from byteward.files.external_files import ExternalFiles
from byteward.files.external_transfer import copy_across, stage_external, stored_content
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace
from byteward.files.usage import Usage, read_usage
from byteward.paths import FilePath
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Body
from tests.stores import TestBucket, new_bucket, open_client


@pytest.fixture
def bucket() -> TestBucket:
    return new_bucket()


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane(outbound=open_client()) as opened:
        yield opened


def set_layer(plane: Plane, folder: str, layer: object) -> None:
    settings = {"storageLayer": {"set": True, "value": layer}}
    body = {"folderPath": folder, "folderSettings": settings}
    done = plane.send_json("PUT", f"{BASE}/folders", body)
    assert done.status == 200, done.body


def external_of(plane: Plane) -> ExternalFiles:
    return plane.services.publication.external


def place_at(plane: Plane, path: str) -> ExternalPlace:
    place = plane.run(external_of(plane).place(ACCOUNT, FilePath.parse(path).segments))
    assert isinstance(place, ExternalPlace)
    return place


def details(path: str, **fields: object) -> FileDetails:
    plain = FileDetails(ACCOUNT, FilePath.parse(path), None, 0, "text/csv", None, ("x",), "{}", 1)
    return replace(plain, **fields)  # type: ignore[arg-type] # each field has a type of its own


def test_a_file_goes_from_bucket_to_bucket_with_what_is_said_about_it(
    plane: Plane, bucket: TestBucket
) -> None:
    other = new_bucket()
    set_layer(plane, "/one", bucket.layer())
    set_layer(plane, "/two", other.layer(prefix="q/"))
    bucket.put("p/a", b"bytes")
    copied = plane.run(
        copy_across(
            external_of(plane),
            plane.store,
            place_at(plane, "/one/a"),
            place_at(plane, "/two/b"),
            details("/two/b"),
        )
    )
    assert copied is not None
    assert other.get("q/b") == b"bytes"
    found = plane.details("/two/b").json
    assert (found["mime"], found["tags"], found["etag"]) == ("text/csv", ["x"], copied.etag)
    assert plane.objects() == 0
    missing = copy_across(
        external_of(plane),
        plane.store,
        place_at(plane, "/one/none"),
        place_at(plane, "/two/b"),
        details("/two/b"),
    )
    assert plane.run(missing) is None
    assert other.get("q/b") == b"bytes"


def test_our_own_files_go_into_a_bucket(plane: Plane, bucket: TestBucket) -> None:
    set_layer(plane, "/two", bucket.layer())
    stored = plane.run(plane.store.put(b"ours" * 1000))
    content = stored_content(
        plane.store, stored.object_id, stored.size_bytes, stored.block_digests, "text/csv"
    )
    place = place_at(plane, "/two/b")
    done = plane.run(
        copy_across(external_of(plane), plane.store, content, place, details("/two/b"))
    )
    assert done is not None
    assert done.size_bytes == 4000
    assert bucket.get("p/b") == b"ours" * 1000


def test_files_of_a_bucket_are_staged_whole(plane: Plane, bucket: TestBucket) -> None:
    set_layer(plane, "/one", bucket.layer())
    data = bytes(range(256)) * 8192
    bucket.put("p/a", data)
    place = place_at(plane, "/one/a")
    staged = plane.run(stage_external(external_of(plane), plane.store, ACCOUNT, place))
    assert staged is not None
    assert staged.stored.size_bytes == len(data)
    with pytest.raises(BytewardError):
        plane.run(stage_external(external_of(plane), plane.store, ACCOUNT, place, max_bytes=100))
    assert plane.objects() == 1


def test_nothing_is_copied_into_what_can_only_be_read(plane: Plane, bucket: TestBucket) -> None:
    set_layer(plane, "/one", bucket.layer())
    set_layer(plane, "/web", {"type": "Web", "baseUrl": "http://web.example.test/"})
    source, destination = place_at(plane, "/one/a"), place_at(plane, "/web/a")
    with pytest.raises(BytewardError, match="only be read"):
        plane.run(
            copy_across(external_of(plane), plane.store, source, destination, details("/web/a"))
        )


def test_a_mount_needs_the_right_to_set_layers_at_what_it_shows(plane: Plane) -> None:
    access = {
        "pathPermissions": [
            {
                "match": {"path": "/mine", "scope": scope},
                "permissions": {
                    "write": {
                        "folder": {"createVirtualFolder": True, "setFolderStorageLayer": True}
                    }
                },
            }
            for scope in ("This", "Children", "Grandchildren+")
        ]
    }
    headers = {"authorization-token": plane.jwt(access)}

    def mount(target: str) -> int:
        value = {"type": "InternalStorageV2", "mount": target}
        settings = {"storageLayer": {"set": True, "value": value}}
        body = {"folderPath": "/mine/m", "folderSettings": settings}
        return plane.send_json("PUT", f"{BASE}/folders", body, key="PK", headers=headers).status

    assert mount("/private") == 403
    assert mount("/mine/other") == 200


def test_an_object_whose_time_is_over_is_absent_and_then_removed(
    plane: Plane, bucket: TestBucket
) -> None:
    set_layer(plane, "/one", bucket.layer())
    plane.put("/one/a", b"ours")
    plane.put("/one/b", b"ours, later theirs")
    bucket.put("p/b", b"theirs")
    plane.sql("UPDATE external_files SET expires_at = 1")
    assert plane.details("/one/a").status == 404
    assert plane.details("/one/b").status == 200
    assert plane.run(external_of(plane).remove_expired(10)) == 2
    assert bucket.keys() == ["p/b"]
    assert plane.run(external_of(plane).remove_expired(10)) == 0


def test_a_client_that_goes_away_leaves_no_object_and_no_staged_bytes(
    plane: Plane, bucket: TestBucket
) -> None:
    set_layer(plane, "/one", bucket.layer())

    target = f"{BASE}/uploads/binary?filePath=%2Fone%2Fa"
    body = Body([b"x" * 100_000] * 30, is_cut_off=True)
    answer = plane.call("POST", target, key="SK", body=body, headers={"content-length": "9000000"})
    assert answer.status == 400
    assert bucket.keys() == []
    assert (plane.objects(), plane.staged()) == (0, 0)


def test_a_store_that_is_down_leaves_nothing_here(plane: Plane, bucket: TestBucket) -> None:
    layer = bucket.layer()
    where = layer["bucket"]
    assert isinstance(where, dict)
    set_layer(plane, "/one", layer | {"bucket": where | {"bucketEndpoint": "http://127.0.0.1:1"}})
    refused = plane.put("/one/a", b"x")
    assert (refused.status, refused.code) == (502, "origin_error")
    assert (plane.objects(), plane.staged(), plane.files()) == (0, 0, 0)


def test_a_completion_that_the_store_refused_can_be_repeated(
    plane: Plane, bucket: TestBucket
) -> None:
    set_layer(plane, "/one", bucket.layer())
    begun = plane.send_json(
        "POST", f"{BASE}/uploads", {"size": 5, "path": "/one/a", "protocol": "1.1"}
    ).json
    upload_id = begun["uploadId"]
    url = begun["uploadParts"]["first"]["uploadUrl"].partition("test")[2]
    sent = plane.call("PUT", url, headers={"content-length": "5"}, body=b"hello")
    assert sent.status == 200, sent.body

    def complete() -> int:
        target = f"{BASE}/uploads/{upload_id}/parts/0"
        return plane.send_json("PUT", target, {"etag": sent.headers["etag"]}).status

    set_layer(
        plane, "/one", bucket.layer() | {"credentials": {"accessKey": "none", "secretKey": "x"}}
    )
    assert complete() == 502
    set_layer(plane, "/one", bucket.layer())
    assert complete() == 200
    assert complete() == 200
    assert bucket.get("p/a") == b"hello"
    assert (plane.objects(), plane.staged()) == (0, 0)


def test_an_upload_counts_once_and_takes_nothing_of_what_is_stored_here(
    plane: Plane, bucket: TestBucket
) -> None:
    set_layer(plane, "/one", bucket.layer())
    assert plane.put("/one/a", b"x").status == 200
    database = plane.services.publication.database
    found = plane.run(database.read(lambda conn: read_usage(conn, ACCOUNT, int(plane.now * 1000))))
    assert found == Usage(stored_files=0, stored_bytes=0, reserved_bytes=0, uploads=1)
