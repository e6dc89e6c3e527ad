"""The numbered cases of the file operations: details, copies, deletions, and moves beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
from sqlalchemy import update

from byteward.access.model import KeyKind
from byteward.access.rules import Scope
from byteward.accounts.service import bump_epoch
from byteward.db import tables
from tests.api_plane import ACCOUNT, API_URL, BASE, CDN_URL, Plane, add_key, api_plane, rule
from tests.asgi_client import Response
from tests.grants import access, grants

FILES: Final = f"{BASE}/files"
PHOTO: Final = b"\xff\xd8\xff" + bytes(43179)
JOB_DOCS: Final = "https://www.bytescale.com/docs/job-api/GetJob"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        target = f"{BASE}/uploads/binary?filePath=%2Ft%2Fa.jpg&originalFileName=orig.jpg&tag=x"
        metadata = {"content-type": "image/jpeg", "x-upload-metadata": '{"k":1,"z":{"q":1}}'}
        opened.call("POST", target, key="SK", headers=metadata, body=PHOTO)
        opened.put("/t/b.txt")
        yield opened


def copy(plane: Plane, source: str, destination: str, *, key: str = "SK", **more: object) -> Any:  # noqa: ANN401 - a body or a refusal
    asked = {"source": source, "destination": destination, **more}
    return plane.send_json("POST", f"{FILES}/copy", asked, key=key)


def delete(plane: Plane, path: str, *, key: str = "SK") -> Response:
    return plane.call("DELETE", f"{FILES}?filePath={quote(path, safe='')}", key=key)


def move(plane: Plane, source: str, destination: str, *, key: str = "SK") -> Response:
    asked = {"source": source, "destination": destination}
    return plane.send_json("POST", f"{FILES}/move", asked, key=key)


def ended(plane: Plane, accepted: Response) -> Any:  # noqa: ANN401 - a body
    """The job of an answer, after it ran."""
    assert accepted.status == 200, accepted.json
    plane.work()
    return plane.call("GET", accepted.json["jobUrl"].removeprefix(API_URL), key="SK").json


def bump(plane: Plane) -> None:
    """What every change of permissions does in its transaction."""
    plane.run(plane.services.publication.database.write(lambda conn: bump_epoch(conn, ACCOUNT)))


def jwt_of(plane: Plane, **allowed: dict[str, object]) -> str:
    """A JWT with permissions on what is directly in folders, by the folder's name."""
    return plane.jwt(
        access(*(grants(f"/{name}", "Children", **each) for name, each in allowed.items()))
    )


def test_083_details_have_all_ten_fields(plane: Plane) -> None:
    answer = plane.details("/t/a.jpg").json
    assert re.fullmatch(r"[0-9a-f]{32}", answer.pop("etag"))
    assert answer == {
        "accountId": ACCOUNT,
        "filePath": "/t/a.jpg",
        "fileUrl": f"{CDN_URL}/{ACCOUNT}/raw/t/a.jpg",
        "lastModified": 1716666258683,
        "metadata": {"k": 1, "z": {"q": 1}},
        "mime": "image/jpeg",
        "originalFileName": "orig.jpg",
        "size": len(PHOTO),
        "tags": ["x"],
    }


def test_084_details_of_nothing_and_of_nobody(plane: Plane) -> None:
    assert plane.details("/t/none").code == "file_not_found"
    unnamed = plane.call("GET", f"{FILES}/details", key="SK")
    assert (unnamed.status, list(unnamed.json["error"]["details"])) == (400, ["query.filePath"])
    assert plane.details("/t/a.jpg", key="PK").status == 403


def test_085_a_copy_has_everything_of_its_source_and_shares_its_bytes(plane: Plane) -> None:
    objects = plane.objects()
    plane.now += 60
    assert copy(plane, "/t/a.jpg", "/o/a.jpg").json == {"status": "Copied"}
    source, made = plane.details("/t/a.jpg").json, plane.details("/o/a.jpg").json
    for field in ("metadata", "tags", "mime", "originalFileName", "etag", "size"):
        assert made[field] == source[field]
    assert made["lastModified"] == source["lastModified"] + 60_000
    assert plane.objects() == objects
    assert delete(plane, "/t/a.jpg").status == 204
    assert plane.content("/o/a.jpg") == PHOTO


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"merge": True, "value": {"k": 2, "n": 1}}, {"k": 2, "z": {"q": 1}, "n": 1}),
        ({"value": {"k": 2, "n": 1}}, {"k": 2, "n": 1}),
        ({}, {}),
    ],
)
def test_086_metadata_is_merged_or_replaced(plane: Plane, change: object, expected: object) -> None:
    assert copy(plane, "/t/a.jpg", "/o", metadata=change).status == 200
    assert plane.details("/o").json["metadata"] == expected


@pytest.mark.parametrize("value", [[1], "text", True, 1])
def test_metadata_that_is_no_object_is_refused(plane: Plane, value: object) -> None:
    refused = copy(plane, "/t/a.jpg", "/o", metadata={"value": value})
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert list(refused.json["error"]["details"]) == ["body.metadata.value"]


def test_087_tags_are_merged_or_replaced(plane: Plane) -> None:
    copy(plane, "/t/a.jpg", "/o", tags={"merge": True, "value": ["y"]})
    assert plane.details("/o").json["tags"] == ["x", "y"]
    copy(plane, "/t/a.jpg", "/o", tags={})
    assert plane.details("/o").json["tags"] == []


def test_088_copies_that_cannot_be_made(plane: Plane) -> None:
    missing = copy(plane, "/t/none", "/o")
    assert (missing.status, missing.code) == (404, "file_not_found")
    token = jwt_of(
        plane,
        t={"downloadFile": ["raw"], "getFileDetails": True},
        o={"createFile": True},
    )
    assert copy(plane, "/t/a.jpg", "/o/new", key=token).status == 200
    taken = copy(plane, "/t/a.jpg", "/o/new", key=token)
    assert (taken.status, taken.json["error"]["details"]["permission"]) == (
        403,
        "write.file.overwriteFile",
    )
    incomplete = plane.send_json("POST", f"{FILES}/copy", {"source": "/t/a.jpg"})
    assert (incomplete.status, list(incomplete.json["error"]["details"])) == (
        400,
        ["body.destination"],
    )
    large = copy(plane, "/t/a.jpg", "/o/x", metadata={"value": {"a": "x" * 2048}})
    assert large.code == "invalid_metadata"
    many = copy(plane, "/t/a.jpg", "/o/x", tags={"value": [f"t{n}" for n in range(26)]})
    assert many.code == "too_many_tags"
    assert plane.details("/o/x").status == 404


def test_089_a_copy_onto_itself_changes_what_is_said_of_the_file(plane: Plane) -> None:
    before = plane.details("/t/a.jpg").json
    assert copy(plane, "/t/a.jpg", "/t/a.jpg", tags={"value": ["n"]}).status == 200
    after = plane.details("/t/a.jpg").json
    assert (after["tags"], after["etag"]) == (["n"], before["etag"])
    assert plane.content("/t/a.jpg") == PHOTO


def test_090_a_batch_of_copies_is_a_job(plane: Plane) -> None:
    copies: list[dict[str, Any]] = [
        {"source": "/t/a.jpg", "destination": "/o/a.jpg"},
        {"source": "/o/a.jpg", "destination": "/o/again.jpg", "tags": {"value": ["n"]}},
        {"source": "/t/none", "destination": "/o/none"},
    ]
    accepted = plane.send_json("POST", f"{FILES}/copy/batch", {"files": copies})
    assert set(accepted.json) == {"jobDocs", "jobId", "jobType", "jobUrl"}
    assert accepted.json["jobDocs"] == JOB_DOCS
    assert re.search(r"/jobs/CopyFileBatchJob/[0-9A-Z]{26}$", accepted.json["jobUrl"])
    job = ended(plane, accepted)
    assert (job["status"], job["error"]) == ("Succeeded", None)
    assert job["summary"] == {
        "copies": [{"source": e["source"], "destination": e["destination"]} for e in copies],
        "progress": {"filesCopied": 2, "filesSkipped": 1},
    }
    assert plane.content("/o/again.jpg") == PHOTO
    assert plane.details("/o/again.jpg").json["tags"] == ["n"]
    for count in (0, 101):
        refused = plane.send_json("POST", f"{FILES}/copy/batch", {"files": copies[:1] * count})
        assert refused.status == 400


def test_091_a_deleted_file_is_gone_and_may_be_deleted_again(plane: Plane) -> None:
    first = delete(plane, "/t/b.txt")
    assert (first.status, first.body, "content-type" in first.headers) == (204, b"", False)
    assert plane.details("/t/b.txt").status == 404
    assert delete(plane, "/t/b.txt").status == 204
    assert delete(plane, "/t/a.jpg", key="PK").status == 403


def test_092_a_batch_of_deletions_is_a_job(plane: Plane) -> None:
    paths = ["/t/a.jpg", "/no", "/t/a.jpg"]
    accepted = plane.send_json("DELETE", f"{FILES}/batch", {"files": paths})
    job = ended(plane, accepted)
    assert (job["status"], job["summary"]) == ("Succeeded", {"deletions": paths})
    assert plane.details("/t/a.jpg").status == 404
    assert plane.details("/t/b.txt").status == 200
    for count in (0, 1001):
        refused = plane.send_json("DELETE", f"{FILES}/batch", {"files": ["/x"] * count})
        assert refused.status == 400


def test_one_path_that_is_not_permitted_refuses_the_whole_batch(plane: Plane) -> None:
    token = jwt_of(
        plane,
        t={"deleteFile": True, "downloadFile": ["raw"], "getFileDetails": True},
        o={"createFile": True},
    )
    refused = plane.send_json(
        "DELETE", f"{FILES}/batch", {"files": ["/t/a.jpg", "/u/x"]}, key=token
    )
    assert (refused.status, refused.json["error"]["details"]["path"]) == (403, "/u/x")
    copies = [
        {"source": "/t/a.jpg", "destination": "/o/a.jpg"},
        {"source": "/t/b.txt", "destination": "/u/b.txt"},
    ]
    refused = plane.send_json("POST", f"{FILES}/copy/batch", {"files": copies}, key=token)
    assert (refused.status, refused.json["error"]["details"]["path"]) == (403, "/u/b.txt")
    plane.work()
    assert plane.details("/t/a.jpg").status == 200
    assert plane.details("/o/a.jpg").status == 404


def test_a_right_that_is_withdrawn_stops_the_items_that_are_left(plane: Plane) -> None:
    permissions = (rule("/t", Scope.CHILDREN, deleteFile=True),)
    plane.run(
        plane.services.publication.database.write(
            lambda conn: add_key(
                conn, plane, "limited", KeyKind.SECRET, path_permissions=permissions
            )
        )
    )
    asked = {"files": ["/t/a.jpg", "/t/b.txt"]}
    accepted = plane.send_json("DELETE", f"{FILES}/batch", asked, key="limited")
    refusing = json.dumps([grants("/t", "Children", deleteFile=False)])
    limited = update(tables.api_keys).where(tables.api_keys.c.name == "limited")
    withdrawn = limited.values(path_permissions=refusing)
    plane.run(plane.services.publication.database.write(lambda conn: conn.execute(withdrawn)))
    bump(plane)
    job = ended(plane, accepted)
    assert (job["status"], job["error"]["code"]) == (
        "Failed",
        "authorization_failed_permission_denied",
    )
    failures = job["error"]["details"]["failures"]
    assert [each["path"] for each in failures] == asked["files"]
    assert job["error"]["details"]["failureCount"] == 2
    assert plane.details("/t/a.jpg").status == 200


def test_a_key_that_is_disabled_ends_its_jobs(plane: Plane) -> None:
    accepted = plane.send_json("DELETE", f"{FILES}/batch", {"files": ["/t/a.jpg"]})
    plane.sql("UPDATE api_keys SET enabled = 0 WHERE name = 'SK'")
    bump(plane)
    plane.work()
    plane.sql("UPDATE api_keys SET enabled = 1 WHERE name = 'SK'")
    bump(plane)
    job = plane.call("GET", accepted.json["jobUrl"].removeprefix(API_URL), key="SK").json
    assert (job["status"], job["error"]["code"]) == (
        "Failed",
        "authentication_failed_credentials_denied",
    )
    assert plane.details("/t/a.jpg").status == 200


def test_items_that_fail_do_not_keep_others_from_it(plane: Plane) -> None:
    full = [f"t{n}" for n in range(25)]
    copy(plane, "/t/a.jpg", "/t/full", tags={"value": full})
    copies = [
        {"source": "/t/full", "destination": "/o/1", "tags": {"merge": True, "value": ["one"]}},
        {"source": "/t/a.jpg", "destination": "/o/2"},
    ]
    job = ended(plane, plane.send_json("POST", f"{FILES}/copy/batch", {"files": copies}))
    assert (job["status"], job["error"]["code"]) == ("Failed", "too_many_tags")
    assert job["error"]["details"]["failureCount"] == 1
    assert job["summary"]["progress"] == {"filesCopied": 1, "filesSkipped": 0}
    assert plane.details("/o/2").status == 200


def test_a_moved_file_is_the_same_file_elsewhere(plane: Plane) -> None:
    before = plane.details("/t/a.jpg").json
    assert move(plane, "/t/a.jpg", "/n/deep/b.jpg").json == {"status": "Moved"}
    after = plane.details("/n/deep/b.jpg").json
    assert {**after, "filePath": "", "fileUrl": ""} == {**before, "filePath": "", "fileUrl": ""}
    assert plane.details("/t/a.jpg").status == 404
    assert plane.content("/n/deep/b.jpg") == PHOTO


def test_a_moved_file_takes_the_place_of_another_one(plane: Plane) -> None:
    assert move(plane, "/t/a.jpg", "/t/b.txt").status == 200
    assert plane.details("/t/b.txt").json["mime"] == "image/jpeg"
    assert plane.files() == 1
    assert move(plane, "/t/b.txt", "/t/b.txt").status == 200
    assert plane.details("/t/b.txt").json["mime"] == "image/jpeg"


def test_the_last_file_that_is_moved_takes_its_folders_along(plane: Plane) -> None:
    plane.put("/only/deep/x")
    move(plane, "/only/deep/x", "/x")
    listed = plane.call("GET", f"{BASE}/folders/list?folderPath=%2F", key="SK").json["items"]
    assert "/only" not in [each.get("folderPath") for each in listed]


@pytest.mark.parametrize("missing", ["downloadFile", "getFileDetails", "deleteFile", "createFile"])
def test_a_move_needs_what_copying_and_deleting_need(plane: Plane, missing: str) -> None:
    source: dict[str, object] = {
        "downloadFile": ["raw"],
        "getFileDetails": True,
        "deleteFile": True,
    }
    target: dict[str, object] = {"createFile": True}
    assert move(plane, "/t/b.txt", "/o/b", key=jwt_of(plane, t=source, o=target)).status == 200
    source.pop(missing, None)
    target.pop(missing, None)
    plane.sql("UPDATE folders SET public_permissions = '[]' WHERE parent_id IS NULL")
    bump(plane)
    token = jwt_of(plane, t=source, o=target)
    refused = move(plane, "/t/a.jpg", "/o/a", key=token)
    assert refused.status == 403
    assert refused.json["error"]["details"]["permission"].endswith(f".{missing}")
    # Whether there is a file is nobody's business without the right.
    assert move(plane, "/t/none", "/o/a", key=token).status == 403
    assert plane.details("/t/a.jpg").status == 200


def test_a_move_of_nothing_and_to_no_name(plane: Plane) -> None:
    assert move(plane, "/t/none", "/o").code == "file_not_found"
    assert move(plane, "/t/a.jpg", "/o/").code == "invalid_path"
    assert move(plane, "/t/a.jpg", "/o/../b").code == "invalid_path"
