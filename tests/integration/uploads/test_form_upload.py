"""FormDataUpload end to end: each file for itself, nothing from a broken form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from byteward.accounts.model import AccountSettings
from tests.api_plane import BASE, Plane, api_plane
from tests.asgi_client import Body, Response

FORM = f"{BASE}/uploads/form_data"
TYPE = {"content-type": "multipart/form-data; boundary=z"}


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def part(field: str, content: bytes = b"x", *, file: str | None = None, mime: str = "") -> bytes:
    name = "" if file is None else f'; filename="{file}"'
    type_line = f"Content-Type: {mime}\r\n" if mime else ""
    head = f'--z\r\nContent-Disposition: form-data; name="{field}"{name}\r\n{type_line}\r\n'
    return head.encode() + content + b"\r\n"


def send(plane: Plane, *parts: bytes, query: str = "", key: str = "SK") -> Response:
    body = b"".join(parts) + b"--z--\r\n"
    return plane.call("POST", f"{FORM}?{query}", key=key, headers=TYPE, body=body)


def test_each_part_becomes_a_file(plane: Plane) -> None:
    answer = send(
        plane,
        part("f1", b"one", file="a.txt", mime="text/plain; charset=utf-8"),
        part("f2", b"two", file="C:\\\\x\\\\pic.png"),
        part("f3", b"three"),
        query="folderPath=/fd&fileName=%7BORIGINAL_FILE_NAME%7D%7BORIGINAL_FILE_EXT%7D",
    )
    assert answer.status == 200
    files = answer.json["files"]
    assert answer.json["errors"] == []
    assert [each["formDataFieldName"] for each in files] == ["f1", "f2", "f3"]
    assert [each["filePath"] for each in files] == ["/fd/a.txt", "/fd/pic.png", "/fd/file.txt"]
    details = [plane.details(each["filePath"]).json for each in files]
    assert [each["mime"] for each in details] == [
        "text/plain;charset=utf-8",
        "application/octet-stream",
        "text/plain",
    ]
    assert [each["originalFileName"] for each in details] == ["a.txt", "pic.png", None]
    assert plane.content("/fd/file.txt") == b"three"


def test_refused_file_does_not_stop_the_others(plane: Plane) -> None:
    query = "folderPath=/fd&fileName=one.txt"
    answer = send(plane, part("f1"), part("f2"), query=query, key="PK")
    assert answer.status == 200
    assert [each["formDataFieldName"] for each in answer.json["files"]] == ["f1"]
    (error,) = answer.json["errors"]
    assert error["formDataFieldName"] == "f2"
    assert error["error"]["code"] == "authorization_failed_permission_denied"
    assert len(error["error"]["timestamp"]) == 24
    assert plane.objects() == plane.files() == 1


def test_form_of_refused_files_only_has_the_status_of_the_first(plane: Plane) -> None:
    plane.put("/fd")
    answer = send(plane, part("f1"), query="filePath=/fd", key="PK")
    assert answer.status == 403
    assert answer.json["error"]["code"] == answer.json["errors"][0]["error"]["code"]
    assert answer.json["files"] == []


def test_bad_type_of_a_part_refuses_that_part(plane: Plane) -> None:
    answer = send(plane, part("f1", mime="nope"), part("f2"))
    assert [each["formDataFieldName"] for each in answer.json["files"]] == ["f2"]
    assert answer.json["errors"][0]["error"]["code"] == "invalid_request"


def test_part_over_the_size_limit_refuses_that_part() -> None:
    with api_plane(settings=AccountSettings(max_upload_bytes=10)) as plane:
        answer = send(plane, part("f1", b"x" * 11), part("f2", b"y" * 10))
        assert [each["formDataFieldName"] for each in answer.json["files"]] == ["f2"]
        assert answer.json["errors"][0]["error"]["code"] == "file_too_large"
        assert plane.objects() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"--z--\r\n", 400, "invalid_request"),
        (b"", 400, "invalid_request"),
        (part("a") + part("b")[:-20], 400, "invalid_request"),
        (part("a"), 400, "invalid_request"),
        (part("a") + b"--z\r\nbad\r\n\r\n", 400, "invalid_request"),
        (part("a") * 101 + b"--z--", 413, "payload_too_large"),
        (part("a") + b"--z--" + b"e" * 70_000 + b"f" * 70_000, 413, "payload_too_large"),
    ],
)
def test_broken_form_leaves_nothing(plane: Plane, body: bytes, status: int, code: str) -> None:
    pieces = [body[at : at + 4096] for at in range(0, len(body), 4096)]
    answer = plane.call("POST", FORM, key="SK", headers=TYPE, body=Body(pieces))
    assert (answer.status, answer.code) == (status, code)
    assert plane.files() == plane.objects() == plane.staged() == 0


def test_form_that_is_cut_off_leaves_nothing(plane: Plane) -> None:
    body = Body([part("a"), part("b", b"x" * 100_000)], is_cut_off=True)
    answer = plane.call("POST", FORM, key="SK", headers=TYPE, body=body)
    assert answer.status == 400
    assert plane.files() == plane.objects() == plane.staged() == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({}, 415),
        ({"content-type": "multipart/form-data"}, 400),
        ({**TYPE, "content-encoding": "gzip"}, 415),
    ],
)
def test_body_that_is_no_form_is_refused(
    plane: Plane, headers: dict[str, str], status: int
) -> None:
    assert plane.call("POST", FORM, key="SK", headers=headers, body=b"x").status == status
