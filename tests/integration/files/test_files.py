"""GetFileDetails and DeleteFile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from byteward.db.tables import removals
from tests.api_plane import BASE, Plane, api_plane
from tests.asgi_client import Response


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def delete(plane: Plane, query: str, *, key: str = "SK") -> Response:
    return plane.call("DELETE", f"{BASE}/files?{query}", key=key)


def test_details_are_all_there(plane: Plane) -> None:
    plane.put("/t/b.txt", query="&tag=x&originalFileName=orig.txt")
    assert plane.details("/t/b.txt").json == {
        "accountId": "A623uY2",
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "filePath": "/t/b.txt",
        "fileUrl": "https://cdn.example.test/A623uY2/raw/t/b.txt",
        "lastModified": 1716666258683,
        "metadata": {},
        "mime": "text/plain",
        "originalFileName": "orig.txt",
        "size": 5,
        "tags": ["x"],
    }


def test_missing_file_is_not_found_and_needs_the_permission_first(plane: Plane) -> None:
    missing = plane.details("/no")
    assert (missing.status, missing.code) == (404, "file_not_found")
    assert missing.json["error"]["details"] == {"filePath": "/no"}
    plane.put("/yes")
    refused = [plane.details(path, key="PK") for path in ("/yes", "/no")]
    assert [answer.status for answer in refused] == [403, 403]


@pytest.mark.parametrize(
    ("query", "where"),
    [("", "query.filePath"), ("filePath=x", "query.filePath"), ("filePath=", "query.filePath")],
)
def test_path_is_required_and_absolute(plane: Plane, query: str, where: str) -> None:
    answer = plane.call("GET", f"{BASE}/files/details?{query}", key="SK")
    assert answer.status == 400
    assert where in answer.json["error"]["details"]
    assert delete(plane, query).status == 400


def test_delete_answers_204_without_a_body_also_again(plane: Plane) -> None:
    plane.put("/t/b.txt")
    for _ in range(2):
        answer = delete(plane, "filePath=%2Ft%2Fb.txt")
        assert (answer.status, answer.body) == (204, b"")
        assert "content-type" not in answer.headers
    assert plane.details("/t/b.txt").status == 404


def test_public_key_cannot_delete_and_learns_nothing(plane: Plane) -> None:
    plane.put("/t/b.txt")
    answers = [delete(plane, f"filePath=/t/{name}", key="PK") for name in ("b.txt", "c.txt")]
    assert [answer.status for answer in answers] == [403, 403]
    assert plane.details("/t/b.txt").status == 200


def test_keyless_jwt_deletes_where_it_may(plane: Plane) -> None:
    grant = {
        "match": {"path": "/t", "scope": "Children"},
        "permissions": {"write": {"file": {"deleteFile": True}}},
    }
    plane.keys["J"] = plane.jwt({"pathPermissions": [grant]})
    plane.put("/t/b.txt")
    plane.put("/t/sub/c.txt")
    assert delete(plane, "filePath=/t/b.txt", key="J").status == 204
    assert delete(plane, "filePath=/t/sub/c.txt", key="J").status == 403


def test_deleted_object_is_queued_for_removal_and_its_folder_goes(plane: Plane) -> None:
    plane.put("/a/b/c")
    plane.put("/a/d")
    delete(plane, "filePath=/a/b/c")
    database = plane.services.publication.database

    def names(statement: str) -> list[object]:
        return plane.run(database.read(lambda conn: list(conn.execute(text(statement)).scalars())))

    assert names("SELECT name FROM folders WHERE account_id = 'A623uY2' ORDER BY name") == ["", "a"]
    assert len(names("SELECT object_id FROM removals")) == 1


def test_overwritten_object_is_queued_for_removal(plane: Plane) -> None:
    plane.put("/a", b"1")
    plane.put("/a", b"2")
    database = plane.services.publication.database

    def queued() -> int:
        statement = select(func.count()).select_from(removals)
        return plane.run(database.read(lambda conn: int(conn.execute(statement).scalar_one())))

    assert queued() == 1


def test_file_and_folder_of_one_name_live_side_by_side(plane: Plane) -> None:
    plane.put("/a", b"file")
    plane.put("/a/b", b"child")
    plane.put("/a//b", b"unnamed")
    assert plane.content("/a") == b"file"
    assert plane.content("/a/b") == b"child"
    assert plane.content("/a//b") == b"unnamed"


@pytest.mark.parametrize("path", ["/A/b", "/a/B", "/a/b/", "/a//b", "/a/b%20"])
def test_other_spelling_is_another_file(plane: Plane, path: str) -> None:
    plane.put("/a/b")
    answer = plane.call("GET", f"{BASE}/files/details?filePath={path}", key="SK")
    assert answer.code == "file_not_found"


def test_jwt_falls_with_the_key_that_it_names(plane: Plane) -> None:
    grant = {
        "match": {"path": "/t", "scope": "Children"},
        "permissions": {"write": {"file": {"deleteFile": True}}},
    }
    database = plane.services.publication.database
    statement = text("SELECT key_id FROM api_keys WHERE name = 'PK'")
    key_id = plane.run(database.read(lambda conn: str(conn.execute(statement).scalar_one())))
    plane.keys["J"] = plane.jwt({"pathPermissions": [grant]}, apiKeyId=key_id)
    assert delete(plane, "filePath=/t/b.txt", key="J").status == 204
    plane.sql("UPDATE api_keys SET enabled = 0 WHERE name = 'PK'")
    plane.sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
    assert delete(plane, "filePath=/t/b.txt", key="J").status == 401
