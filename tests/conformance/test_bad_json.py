"""R10: bodies that are not the JSON an operation takes, against a real server process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.conformance.access_cases import load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.http_world import World
from tests.conformance.untouched import Snapshot, changes, refusal_problems
from tests.e2e.server import Answer, serving
from tests.e2e.wire import Wire

JSON: Final = (b"Content-Type", b"application/json")
BASE: Final = b"/v2/accounts/A623uY2"
DEEP: Final = 100_000

SYNTAX: Final = {
    "empty": b"",
    "blank": b" \n\t ",
    "cut-object": b'{"size":1',
    "cut-text": b'{"size":"',
    "cut-word": b"nul",
    "trailing-comma": b'{"size":1,}',
    "trailing-text": b'{"size":1}x',
    "two-values": b'{"size":1}{"size":1}',
    "single-quotes": b"{'size':1}",
    "bare-name": b"{size:1}",
    "comment": b'{"size":1}//',
    "nan": b'{"size":NaN}',
    "infinity": b'{"size":Infinity}',
    "minus-infinity": b'{"size":-Infinity}',
    "leading-zero": b'{"size":01}',
    "plus": b'{"size":+1}',
    "hex": b'{"size":0x10}',
    "dot-first": b'{"size":.5}',
    "dot-last": b'{"size":1.}',
    "nul-before": b'\x00{"size":1}',
    "nul-after": b'{"size":1}\x00',
    "raw-control": b'{"size":1,"mime":"a\nb"}',
    "bad-escape": b'{"size":1,"mime":"\\x41"}',
    "cut-escape": b'{"size":1,"mime":"\\u00"}',
    "lone-surrogate": b'{"size":1,"originalFileName":"\\ud800"}',
    "lone-low-surrogate": b'{"size":1,"originalFileName":"\\udc00x"}',
    "not-utf-8": b'{"size":1,"mime":"\xff"}',
    "overlong": b'{"size":1,"mime":"\xc0\xaf"}',
    "raw-surrogate": b'{"size":1,"mime":"\xed\xa0\x80"}',
    "latin-1": '{"size":1,"originalFileName":"é"}'.encode("latin-1"),
    "utf-16": '{"size":1}'.encode("utf-16"),
    "utf-32": '{"size":1}'.encode("utf-32-le"),
    "two-marks": b'\xef\xbb\xbf\xef\xbb\xbf{"size":1}',
    "mark-inside": b'{\xef\xbb\xbf"size":1}',
    "deep-lists": b"[" * DEEP + b"]" * DEEP,
    "deep-open-lists": b"[" * DEEP,
    "deep-objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep-in-a-member": b'{"size":1,"metadata":' + b"[" * 40 + b"]" * 40 + b"}",
    "many-members": b"{" + b",".join(b'"m%d":0' % n for n in range(2001)) + b"}",
}
WRONG_VALUES: Final[dict[str, Any]] = {
    "null": None,
    "true": True,
    "number": 1,
    "text": "size",
    "list": [],
    "list-of-objects": [{"size": 1}],
}
TAKES_JSON: Final = {
    "begin": (b"POST", BASE + b"/uploads"),
    "complete": (b"PUT", BASE + b"/uploads/{upload}/parts/0"),
    "put-folder": (b"PUT", BASE + b"/folders"),
    "session": (b"PUT", b"/api/v1/access_tokens/A623uY2"),
}
HUGE: Final = 10**400
LONG: Final = "x" * 300

# What is laid over a good body, and the location that the answer has to name.
BEGIN_FIELDS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"size": None}, "body.size"),
    ({"size": -1}, "body.size"),
    ({"size": True}, "body.size"),
    ({"size": "1"}, "body.size"),
    ({"size": 1.5}, "body.size"),
    ({"size": []}, "body.size"),
    ({"mime": ""}, "body.mime"),
    ({"mime": "a/" + LONG}, "body.mime"),
    ({"mime": "text"}, "body.mime"),
    ({"mime": "text/plain\r\nX: y"}, "body.mime"),
    ({"mime": 7}, "body.mime"),
    ({"originalFileName": ""}, "body.originalFileName"),
    ({"originalFileName": LONG}, "body.originalFileName"),
    ({"originalFileName": "a\nb"}, "body.originalFileName"),
    ({"originalFileName": {}}, "body.originalFileName"),
    ({"path": 7}, "body.path"),
    ({"path": []}, "body.path"),
    ({"path": True}, "body.path"),
    ({"path": "/" + "x" * 512}, "body.path"),
    ({"path": {"fileName": "a/b"}}, "body.path.fileName"),
    ({"path": {"fileName": 7}}, "body.path.fileName"),
    ({"path": {"fileName": "x" * 513}}, "body.path.fileName"),
    ({"path": {"folderPath": 7}}, "body.path.folderPath"),
    ({"path": {"folderPath": "/" + "x" * 513}}, "body.path.folderPath"),
    ({"path": {"fileNameVariablesEnabled": "yes"}}, "body.path.fileNameVariablesEnabled"),
    ({"path": {"unknown": 1}}, "body.path.unknown"),
    ({"protocol": "2.0"}, "body.protocol"),
    ({"protocol": 1.1}, "body.protocol"),
    ({"tags": "x"}, "body.tags"),
    ({"tags": {}}, "body.tags"),
    ({"tags": [1]}, "body.tags.$0"),
    ({"tags": ["fine", "not fine"]}, "body.tags.$1"),
    ({"tags": [""]}, "body.tags.$0"),
    ({"tags": [LONG]}, "body.tags.$0"),
    ({"unknown": 1}, "body.unknown"),
    ({"Size": 1}, "body.Size"),
]
BEGIN_CODES: Final[list[tuple[dict[str, Any], str]]] = [
    ({"metadata": []}, "invalid_metadata"),
    ({"metadata": "text"}, "invalid_metadata"),
    ({"metadata": {"k": "v" * 2048}}, "invalid_metadata"),
    ({"tags": [f"t{n}" for n in range(26)]}, "too_many_tags"),
    ({"path": "/a/../b"}, "invalid_path"),
    ({"path": "/a/./b"}, "invalid_path"),
    ({"path": ".."}, "invalid_path"),
    ({"path": "/a\x00b"}, "invalid_path"),
    ({"path": "/a\x85b"}, "invalid_path"),
    ({"path": "/a/"}, "invalid_path"),
    ({"path": {"folderPath": "/a/.."}}, "invalid_path"),
    ({"path": {"fileName": ".."}}, "invalid_path"),
    ({"path": {"fileName": "a\x1fb"}}, "invalid_path"),
    ({"path": {"fileName": "{NO_SUCH}"}}, "invalid_path_variable"),
    ({"path": {"fileName": "{UNIQUE_DIGITS_0}"}}, "invalid_path_variable"),
    ({"path": {"fileName": "{UNIQUE_DIGITS_99999999999999999999}"}}, "invalid_path_variable"),
    ({"size": 2**53}, "file_too_large"),
]
FOLDER_FIELDS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"folderPath": None}, "body.folderPath"),
    ({"folderPath": ""}, "body.folderPath"),
    ({"folderPath": "relative"}, "body.folderPath"),
    ({"folderPath": "/" + "x" * 512}, "body.folderPath"),
    ({"folderPath": 7}, "body.folderPath"),
    ({"folderPath": ["/a"]}, "body.folderPath"),
    ({"allowUnnamedFolder": "true"}, "body.allowUnnamedFolder"),
    ({"unknown": 1}, "body.unknown"),
    ({"folderSettings": []}, "body.folderSettings"),
    ({"folderSettings": {"ttl": {"set": True}}}, "body.folderSettings.ttl"),
    ({"folderSettings": {"description": {}}}, "body.folderSettings.description.set"),
    ({"folderSettings": {"description": {"set": 1}}}, "body.folderSettings.description.set"),
    (
        {"folderSettings": {"description": {"set": True, "value": ""}}},
        "body.folderSettings.description.value",
    ),
    (
        {"folderSettings": {"description": {"set": True, "value": " x"}}},
        "body.folderSettings.description.value",
    ),
    (
        {"folderSettings": {"description": {"set": True, "value": "x" * 101}}},
        "body.folderSettings.description.value",
    ),
    (
        {"folderSettings": {"description": {"set": False, "value": "x"}}},
        "body.folderSettings.description.value",
    ),
    (
        {"folderSettings": {"publicPermissions": {"set": True, "value": {}}}},
        "body.folderSettings.publicPermissions.value",
    ),
    (
        {"folderSettings": {"publicPermissions": {"set": True, "value": [{"scope": "All"}]}}},
        "body.folderSettings.publicPermissions.value.$0",
    ),
    (
        {"folderSettings": {"storageLayer": {"set": True, "value": {"type": "Floppy"}}}},
        "body.folderSettings.storageLayer.value",
    ),
]
ETAGS: Final[list[Any]] = [None, 7, "", "x" * 256, "a b", [], {}, True]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("bad_json") / "data") as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        before = Snapshot.of(server)
        yield made
        assert changes(made, before) == []


@pytest.fixture(scope="module")
def upload_id(world: World) -> str:
    return str(ask(world, "begin", b'{"size":10,"path":"/bad/upload.bin"}').json["uploadId"])


def ask(
    world: World,
    operation: str,
    body: bytes,
    *,
    upload_id: str = "none",
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,),
) -> Answer:
    method, target = TAKES_JSON[operation]
    base = world.server.cdn if operation == "session" else world.server.api
    key = (b"Authorization", world.admin("A623uY2")["Authorization"].encode())
    with Wire(base) as wire:
        target = target.replace(b"{upload}", upload_id.encode())
        return wire.ask(method, target, [key, *headers], body)


@pytest.mark.parametrize("operation", TAKES_JSON)
@pytest.mark.parametrize("syntax", SYNTAX)
def test_text_that_is_not_json_is_refused(
    world: World, upload_id: str, operation: str, syntax: str
) -> None:
    answer = ask(world, operation, SYNTAX[syntax], upload_id=upload_id)
    assert refusal_problems(answer) == []
    too_large = operation == "session" and len(SYNTAX[syntax]) > 16 * 1024
    assert (answer.status, answer.code) == (
        (413, "payload_too_large") if too_large else (400, "invalid_json")
    )


@pytest.mark.parametrize("operation", TAKES_JSON)
@pytest.mark.parametrize("name", WRONG_VALUES)
def test_json_that_is_no_object_is_refused(
    world: World, upload_id: str, operation: str, name: str
) -> None:
    answer = ask(world, operation, json.dumps(WRONG_VALUES[name]).encode(), upload_id=upload_id)
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("operation", TAKES_JSON)
@pytest.mark.parametrize("by", [1, 1000])
def test_a_body_over_the_limit_is_refused(world: World, operation: str, by: int) -> None:
    limit = 16 * 1024 if operation == "session" else 2**20
    body = b'{"size":1,"mime":"' + b"x" * limit
    answer = ask(world, operation, body[: limit + by])
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (413, "payload_too_large")


@pytest.mark.parametrize("operation", TAKES_JSON)
@pytest.mark.parametrize(
    "media_type",
    [b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b"json", b"*/*"],
)
def test_another_media_type_is_refused(world: World, operation: str, media_type: bytes) -> None:
    answer = ask(world, operation, b"{}", headers=((b"Content-Type", media_type),))
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("operation", [name for name in TAKES_JSON if name != "session"])
@pytest.mark.parametrize("coding", [b"gzip", b"br", b"identity, gzip", b"x"])
def test_a_compressed_body_is_refused(world: World, operation: str, coding: bytes) -> None:
    answer = ask(world, operation, b"{}", headers=(JSON, (b"Content-Encoding", coding)))
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("number", [HUGE, -HUGE, 2**64, 2**63, -(2**63) - 1])
def test_huge_numbers_are_refused(world: World, number: int) -> None:
    answer = ask(world, "begin", b'{"size":%d}' % number)
    assert refusal_problems(answer) == []
    assert answer.status in (400, 413)
    assert answer.code in {"invalid_json", "invalid_request", "file_too_large"}


@pytest.mark.parametrize(("over", "where"), BEGIN_FIELDS, ids=lambda value: str(value)[:60])
def test_a_mistyped_field_of_an_upload_is_named(
    world: World, over: dict[str, Any], where: str
) -> None:
    body = {"size": 1, "path": "/bad/x.bin", **over}
    answer = ask(world, "begin", json.dumps(body).encode())
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_request"), answer.body
    assert where in answer.json["error"]["details"], answer.body


@pytest.mark.parametrize(("over", "code"), BEGIN_CODES, ids=lambda value: str(value)[:60])
def test_an_unacceptable_field_of_an_upload_has_its_code(
    world: World, over: dict[str, Any], code: str
) -> None:
    body = {"size": 1, "path": "/bad/x.bin", **over}
    answer = ask(world, "begin", json.dumps(body).encode())
    assert refusal_problems(answer) == []
    assert answer.code == code, answer.body


@pytest.mark.parametrize(("over", "where"), FOLDER_FIELDS, ids=lambda value: str(value)[:80])
def test_a_mistyped_field_of_a_folder_is_named(
    world: World, over: dict[str, Any], where: str
) -> None:
    answer = ask(world, "put-folder", json.dumps({"folderPath": "/bad", **over}).encode())
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_request"), answer.body
    assert any(name.startswith(where) for name in answer.json["error"]["details"]), answer.body


@pytest.mark.parametrize(
    "path", ["/a/../b", "/..", "/.", "/a/./b", "/a\x00", "/a\x7f", "/a\x9f", "/a/"]
)
def test_a_folder_path_that_breaks_the_rules_is_refused(world: World, path: str) -> None:
    answer = ask(world, "put-folder", json.dumps({"folderPath": path}).encode())
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_path")


def test_a_name_that_stands_twice_where_rights_are_set_is_refused(world: World) -> None:
    body = b'{"folderPath":"/bad","folderPath":"/private"}'
    answer = ask(world, "put-folder", body)
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_json")


@pytest.mark.parametrize("etag", ETAGS, ids=repr)
def test_a_mistyped_etag_of_a_part_is_refused(world: World, upload_id: str, etag: object) -> None:
    answer = ask(world, "complete", json.dumps({"etag": etag}).encode(), upload_id=upload_id)
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "body.etag" in answer.json["error"]["details"]


def test_a_byte_order_mark_before_good_json_is_taken(world: World) -> None:
    answer = ask(world, "begin", b'\xef\xbb\xbf{"size":1,"path":"/bad/mark.bin"}')
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("token", [None, 7, "", "x", "a.b.c", ["x"], {}, "x" * 9000])
def test_a_session_takes_nothing_but_a_token(world: World, token: object) -> None:
    answer = ask(world, "session", json.dumps({"accessToken": token}).encode())
    assert refusal_problems(answer) == []
    is_text = isinstance(token, str) and token != ""
    assert answer.status == (401 if is_text else 400), answer.body
    assert "set-cookie" not in answer.headers
