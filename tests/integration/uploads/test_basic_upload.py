"""BasicUpload end to end: paths, variables, permissions, limits, and nothing left on failure."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from byteward.accounts.model import AccountSettings, RateLimit
from tests.api_plane import BASE, CDN_URL, Plane, api_plane
from tests.asgi_client import Body, Response

BINARY = f"{BASE}/uploads/binary"
TEXT = {"content-type": "text/plain"}


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def upload(
    plane: Plane,
    query: str = "",
    *,
    key: str | None = "PK",
    body: bytes | Body = b"hi",
    headers: dict[str, str] | None = None,
) -> Response:
    return plane.call(
        "POST", f"{BINARY}?{query}", key=key, headers=TEXT | (headers or {}), body=body
    )


def test_upload_without_parameters_goes_to_the_default_location(plane: Plane) -> None:
    answer = upload(plane)
    assert answer.status == 200
    path = answer.json["filePath"]
    digits = "[1-9A-HJ-NP-Za-km-z]{2}"
    assert re.fullmatch(rf"/uploads/2024/05/25/4kbAqbHE{digits}-file\.txt", path)
    assert answer.json == {
        "accountId": "A623uY2",
        "etag": "49f68a5c8493ec2c0bf489821c21fc3b",
        "filePath": path,
        "fileUrl": f"{CDN_URL}/A623uY2/raw{path}",
    }
    assert plane.content(path) == b"hi"


def test_original_name_feeds_the_path_and_is_stored(plane: Plane) -> None:
    answer = upload(plane, "originalFileName=my%20photo.JPG")
    assert answer.json["filePath"].endswith("-my photo.JPG")
    assert answer.json["fileUrl"].endswith("-my%20photo.JPG")
    assert plane.details(answer.json["filePath"]).json["originalFileName"] == "my photo.JPG"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("filePath=%2Fx%2Fy.txt", "/x/y.txt"),
        ("folderPath=%2Fd&fileName=%7BUTC_DATE%7D.txt", "/d/2024-05-25.txt"),
        (
            "folderPath=%2Fd&fileName=%7BUTC_DATE%7D.txt&fileNameVariablesEnabled=false",
            "/d/{UTC_DATE}.txt",
        ),
        ("folderPath=%2Fd&fileName=%5C%7BUTC_DATE%7D", "/d/{UTC_DATE}"),
        ("folderPath=/d&fileName=a+b", "/d/a b"),
        ("filePath=/d/a%2Bb&unknown=1&unknown=2", "/d/a+b"),
        ("filePath=&folderPath=/d&fileName=n", "/d/n"),
        ("filePath=/" + "a" * 511, "/" + "a" * 511),
    ],
)
def test_query_decides_the_path(plane: Plane, query: str, path: str) -> None:
    answer = upload(plane, query)
    assert (answer.status, answer.json["filePath"]) == (200, path)


def test_file_url_is_encoded_like_the_clients_encode_it(plane: Plane) -> None:
    answer = plane.put("/ü !(1)'*~#?%.jpg")
    encoded = "/%C3%BC%20%21(1)'*~%23%3F%25.jpg"
    assert answer.json["fileUrl"] == f"{CDN_URL}/A623uY2/raw{encoded}"


def test_existing_path_needs_overwrite_and_a_fallback_avoids_it(plane: Plane) -> None:
    same = "folderPath=%2Fd&fileName=same.txt"
    first = upload(plane, same)
    again = upload(plane, same, body=b"other")
    assert (first.status, again.status) == (200, 403)
    assert again.json["error"]["details"]["permission"] == "write.file.overwriteFile"
    assert plane.content("/d/same.txt") == b"hi"
    aside = upload(plane, f"{same}&fileNameFallback=same-%7BUNIQUE_DIGITS_4%7D.txt")
    assert re.fullmatch(r"/d/same-.{4}\.txt", aside.json["filePath"])
    assert plane.objects() == 2


def test_overwriting_replaces_contents_and_everything_about_the_file(plane: Plane) -> None:
    described = {"x-upload-metadata": '{"a":1}'}
    first = upload(plane, "filePath=/o&tag=t&originalFileName=n", key="SK", headers=described)
    second = upload(plane, "filePath=/o", key="SK", body=b"other")
    assert second.status == 200
    assert second.json["etag"] != first.json["etag"]
    details = plane.details("/o").json
    assert (details["metadata"], details["tags"], details["originalFileName"]) == ({}, [], None)
    assert plane.content("/o") == b"other"


def test_metadata_arrives_whole(plane: Plane) -> None:
    upload(plane, "filePath=/m", headers={"x-upload-metadata": '{"a":{"b":[1,true,null,"é"]}}'})
    assert plane.details("/m").json["metadata"] == {"a": {"b": [1, True, None, "é"]}}


def test_tags_are_joined_with_those_of_the_key(plane: Plane) -> None:
    upload(plane, "filePath=/t1&tag=a&tag=b&tag=a", key="SK")
    assert plane.details("/t1").json["tags"] == ["a", "b"]
    upload(plane, "filePath=/t2&tag=a&tag=b&tag=a", key="PKt")
    assert plane.details("/t2").json["tags"] == ["a", "b", "auto"]


def test_tag_that_the_key_may_not_name_is_refused(plane: Plane) -> None:
    assert upload(plane, "tag=x").code == "tag_not_permitted"
    assert plane.files() == plane.objects() == 0


def test_empty_body_is_a_file_of_no_bytes(plane: Plane) -> None:
    assert upload(plane, "filePath=/e", body=b"").status == 200
    assert plane.details("/e").json["size"] == 0


@pytest.mark.parametrize(
    ("header", "mime"),
    [
        ("multipart/form-data; boundary=z", "multipart/form-data;boundary=z"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("text/plain; charset=utf-8", "text/plain;charset=utf-8"),
    ],
)
def test_any_content_type_is_stored_as_declared(plane: Plane, header: str, mime: str) -> None:
    assert upload(plane, "filePath=/c", headers={"content-type": header}).status == 200
    assert plane.details("/c").json["mime"] == mime


def test_missing_content_type_is_octet_stream(plane: Plane) -> None:
    plane.call("POST", f"{BINARY}?filePath=/c", key="PK", body=b"x")
    assert plane.details("/c").json["mime"] == "application/octet-stream"


def test_body_of_many_pieces_is_stored_whole(plane: Plane) -> None:
    pieces = [bytes([number]) * 70_000 for number in range(60)]
    assert upload(plane, "filePath=/big", body=Body(pieces)).status == 200
    assert plane.content("/big") == b"".join(pieces)


BAD = [
    ("filePath=x.txt", 400, "invalid_request"),
    ("filePath=%2Fx&fileName=y", 400, "conflicting_parameters"),
    ("filePath=%2Fx&folderPath=y", 400, "conflicting_parameters"),
    ("fileNameFallback=x", 400, "conflicting_parameters"),
    ("fileName=a%2Fb", 400, "invalid_request"),
    ("fileName=%7BNOPE%7D", 400, "invalid_path_variable"),
    ("fileName=%7BUNIQUE_DIGITS_21%7D", 400, "invalid_path_variable"),
    ("fileNameVariablesEnabled=maybe", 400, "invalid_request"),
    ("originalFileName=", 400, "invalid_request"),
    ("originalFileName=a%0Ab", 400, "invalid_request"),
    ("originalFileName=" + "a" * 256, 400, "invalid_request"),
    ("tag=bad%20tag", 400, "invalid_request"),
    ("tag=", 400, "invalid_request"),
    ("&".join(f"tag={n}" for n in range(26)), 400, "too_many_tags"),
    ("filePath=/" + "a" * 512, 400, "invalid_request"),
    ("filePath=/a%", 400, "invalid_request"),
    ("filePath=/a%FF", 400, "invalid_request"),
    ("filePath=/a&filePath=/b", 400, "invalid_request"),
    ("&".join(f"a{n}" for n in range(201)), 400, "invalid_request"),
    ("filePath=/" + "%C3%BC" * 511, 200, ""),
    ("filePath=/" + "%F0%9F%98%80" * 400, 400, "invalid_path"),
]


@pytest.mark.parametrize(("query", "status", "code"), BAD)
def test_bad_query_stores_nothing(plane: Plane, query: str, status: int, code: str) -> None:
    answer = upload(plane, query, key="SK")
    assert (answer.status, answer.code) == (status, code)
    assert plane.files() == plane.objects() == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    "path",
    [
        "%2F..%2Fx", "/a/../b", "/a/%2E%2E/b", "/%2e/x", "/a%2F..", "/..%00", "/a%01b", "/a%7F",
        "/a%C2%85b", "/a/", "/", "%2Fa%2F", "/a/..%2F..%2Fetc",
    ],
)  # fmt: skip
def test_traversal_in_any_spelling_is_refused(plane: Plane, path: str) -> None:
    for query in (f"filePath={path}", f"folderPath={path}%2F..&fileName=n"):
        answer = upload(plane, query, key="SK")
        assert (answer.status, answer.code) == (400, "invalid_path")
    assert plane.files() == plane.objects() == 0


@pytest.mark.parametrize("path", ["/%252E%252E/x", "/..%5Cx", "/a//b", "/%EF%BC%8E%EF%BC%8E/x"])
def test_names_that_only_look_like_traversal_are_kept(plane: Plane, path: str) -> None:
    answer = upload(plane, f"filePath={path}")
    assert answer.status == 200
    assert plane.details(answer.json["filePath"]).json["filePath"] == answer.json["filePath"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-type": "nope"}, "invalid_request"),
        ({"content-type": "a/b;c"}, "invalid_request"),
        ({"x-upload-metadata": "[1]"}, "invalid_metadata"),
        ({"x-upload-metadata": '{"a":"' + "x" * 2041 + '"}'}, "invalid_metadata"),
    ],
)
def test_bad_header_stores_nothing(plane: Plane, headers: dict[str, str], code: str) -> None:
    answer = upload(plane, "filePath=/h", headers=headers)
    assert (answer.status, answer.code) == (400, code)
    assert plane.files() == plane.objects() == 0


def test_validation_errors_name_position_message_and_value(plane: Plane) -> None:
    details = upload(plane, "filePath=x.txt&tag=a%20b").json["error"]["details"]
    assert details["query.filePath"] == {"message": "Not match in '^(/.*)?$'", "value": "x.txt"}
    assert details["query.tag.$0"]["value"] == "a b"


def test_declared_size_over_the_limit_is_refused_before_reading() -> None:
    with api_plane(settings=AccountSettings(max_upload_bytes=10)) as plane:
        body = Body([b"x"] * 11)
        answer = upload(plane, "filePath=/b", body=body, headers={"content-length": "1000000"})
        assert (answer.status, answer.code) == (413, "file_too_large")
        assert answer.json["error"]["details"] == {"maxSize": 10, "size": 1000000}
        assert answer.headers["connection"] == "close"
        assert body.read == []
        assert upload(plane, "filePath=/b", body=b"x" * 10).status == 200


def test_size_over_the_limit_is_refused_while_reading() -> None:
    with api_plane(settings=AccountSettings(max_upload_bytes=10)) as plane:
        answer = upload(plane, "filePath=/b", body=Body([b"x" * 6] * 2))
        assert (answer.status, answer.code) == (413, "file_too_large")
        assert plane.files() == plane.objects() == plane.staged() == 0


def test_body_that_is_cut_off_leaves_nothing(plane: Plane) -> None:
    body = Body([b"x" * 100_000] * 30, is_cut_off=True)
    answer = upload(plane, "filePath=/cut", body=body, headers={"content-length": "9000000"})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert plane.files() == plane.objects() == plane.staged() == 0


def test_permission_withdrawn_while_bytes_arrive_stops_the_upload(plane: Plane) -> None:
    async def disable_all_keys() -> None:
        plane.now += 0.001
        await plane.request_sql("UPDATE api_keys SET enabled = 0")
        await plane.request_sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")

    body = Body([b"x"], after_each=disable_all_keys)
    answer = upload(plane, "filePath=/w", body=body)
    assert (answer.status, answer.code) == (401, "authentication_failed_credentials_denied")
    assert plane.files() == plane.objects() == 0


def test_refusals_do_not_tell_whether_a_file_exists(plane: Plane) -> None:
    plane.put("/p/there")
    token = plane.jwt()
    headers = {"authorization": f"Bearer {token}"}
    answers = [
        upload(plane, f"filePath=/p/{name}", key=None, headers=headers).json["error"]
        for name in ("there", "gone.")
    ]
    assert {answer["details"]["permission"] for answer in answers} == {"write.file.createFile"}


def test_upload_rate_is_limited_for_each_key() -> None:
    with api_plane(rate_limit=RateLimit(2, 60)) as plane:
        statuses = [upload(plane).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        limited = upload(plane)
        assert limited.code == "rate_limit_exceeded"
        assert 60 <= int(limited.headers["retry-after"]) <= 63
        assert upload(plane, key="SK").status == 200
        plane.now += int(limited.headers["retry-after"])
        assert upload(plane).status == 200
        assert plane.objects() == plane.files() == 4


def test_jwt_adds_to_what_the_key_may(plane: Plane) -> None:
    plane.put("/users/u1/f")
    access = {
        "pathPermissions": [
            {
                "match": {"path": "/users/u1", "scope": "Children"},
                "permissions": {"write": {"file": {"overwriteFile": True}}},
            }
        ]
    }
    headers = {"authorization-token": plane.jwt(access)}
    assert upload(plane, "filePath=/users/u1/f", headers=headers).status == 200
    assert upload(plane, "filePath=/users/u2/f", headers=headers).status == 200
    assert upload(plane, "filePath=/users/u2/f", headers=headers).status == 403


def test_twenty_racing_uploads_to_one_path_make_one_file(plane: Plane) -> None:
    async def race() -> list[int]:
        target = f"{BINARY}?filePath={quote('/race', safe='')}"
        calls = [
            plane.request("POST", target, key="PK", headers=TEXT, body=b"x" * number)
            for number in range(1, 21)
        ]
        return [answer.status for answer in await asyncio.gather(*calls)]

    statuses = plane.run(race())
    assert sorted(statuses) == [200] + [403] * 19
    assert plane.files() == plane.objects() == 1
