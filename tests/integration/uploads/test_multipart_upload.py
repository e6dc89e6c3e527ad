"""Uploads in parts end to end: order, races, resumption, authority, expiry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from byteward.accounts.model import AccountSettings
from byteward.storage.port import StagedPart, StoredObject
from byteward.uploads.expiry import sweep_uploads
from tests.api_plane import API_URL, BASE, Plane, api_plane
from tests.asgi_client import Body, Response

MIB = 1024 * 1024
UPLOADS = f"{BASE}/uploads"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


@dataclass
class Client:
    """One upload as an official client goes about it."""

    plane: Plane
    begun: Response
    key: str = "SK"

    @property
    def upload_id(self) -> str:
        return str(self.begun.json["uploadId"])

    def url(self, index: int) -> str:
        part = self.plane.call("GET", self.part_target(index), key=self.key).json
        return str(part["uploadUrl"]).removeprefix(API_URL)

    def part_target(self, index: int) -> str:
        return f"{UPLOADS}/{self.upload_id}/parts/{index}"

    def put(self, index: int, content: bytes) -> Response:
        return self.plane.call(
            "PUT", self.url(index), headers={"content-length": str(len(content))}, body=content
        )

    def complete(self, index: int, etag: str, *, key: str | None = None) -> Response:
        target = self.part_target(index)
        return self.plane.send_json("PUT", target, {"etag": etag}, key=key or self.key)

    def send(self, index: int, content: bytes) -> Response:
        return self.complete(index, self.put(index, content).headers["etag"])

    def remaining(self) -> list[int]:
        target = f"{UPLOADS}/{self.upload_id}/parts"
        left = self.plane.call("GET", target, key=self.key).json["remainingUploadParts"]
        return list(left)


def begin(plane: Plane, key: str = "SK", **body: object) -> Client:
    answer = plane.send_json("POST", UPLOADS, {"protocol": "1.1", **body}, key=key)
    assert answer.status == 200, answer
    return Client(plane, answer, key)


def three_parts() -> list[bytes]:
    return [b"a" * 5 * MIB, b"b" * 5 * MIB, b"c"]


def test_begin_returns_the_file_as_it_is_going_to_be(plane: Plane) -> None:
    begun = begin(
        plane,
        size=43182,
        mime="image/jpeg",
        path="/b.jpg",
        tags=["x"],
        metadata={"k": 1},
        originalFileName="é.jpg",
    ).begun.json
    assert begun["file"] == {
        "accountId": "A623uY2",
        "etag": None,
        "filePath": "/b.jpg",
        "fileUrl": "https://cdn.example.test/A623uY2/raw/b.jpg",
        "lastModified": 1716666258683,
        "metadata": {"k": 1},
        "mime": "image/jpeg",
        "originalFileName": "é.jpg",
        "size": 43182,
        "tags": ["x"],
    }
    parts = begun["uploadParts"]
    assert parts["count"] == 1
    assert parts["first"]["range"] == {"inclusiveStart": 0, "inclusiveEnd": 43181}
    assert parts["first"]["uploadPartIndex"] == 0
    assert parts["first"]["uploadUrl"].startswith(f"{API_URL}{UPLOADS}/{begun['uploadId']}/parts/0")


def test_empty_file_is_one_part_of_no_bytes(plane: Plane) -> None:
    client = begin(plane, size=0, path="/e")
    first = client.begun.json["uploadParts"]["first"]
    assert first["range"] == {"inclusiveStart": 0, "inclusiveEnd": -1}
    put = client.put(0, b"")
    assert (put.status, put.headers["etag"]) == (200, '"d41d8cd98f00b204e9800998ecf8427e"')
    assert client.complete(0, put.headers["etag"]).json["status"] == "Completed"
    assert plane.details("/e").json["size"] == 0


def test_parts_cover_the_file(plane: Plane) -> None:
    client = begin(plane, size=10 * MIB + 1)
    ranges = [plane.call("GET", client.part_target(i), key="SK").json["range"] for i in range(3)]
    assert [r["inclusiveStart"] for r in ranges] == [0, 5 * MIB, 10 * MIB]
    assert [r["inclusiveEnd"] for r in ranges] == [5 * MIB - 1, 10 * MIB - 1, 10 * MIB]
    beyond = plane.call("GET", client.part_target(3), key="SK")
    assert (beyond.status, beyond.code) == (404, "upload_part_not_found")


def test_parts_complete_in_any_order_and_the_file_appears_with_the_last(plane: Plane) -> None:
    parts = three_parts()
    client = begin(plane, size=sum(map(len, parts)), path="/v.bin")
    assert client.remaining() == [0, 1, 2]
    assert client.send(2, parts[2]).json == {"status": "Pending"}
    assert client.send(0, parts[0]).json == {"status": "Pending"}
    assert client.remaining() == [1]
    assert plane.details("/v.bin").code == "file_not_found"
    done = client.send(1, parts[1]).json
    assert done["status"] == "Completed"
    assert done["etag"].endswith("-3")
    assert client.remaining() == []
    assert plane.details("/v.bin").json["etag"] == done["etag"]
    assert plane.content("/v.bin") == b"".join(parts)
    assert plane.staged() == 0


def test_bytes_alone_do_not_complete_a_part(plane: Plane) -> None:
    client = begin(plane, size=5, path="/x")
    client.put(0, b"12345")
    assert client.remaining() == [0]
    assert plane.details("/x").code == "file_not_found"


def test_exactly_one_of_racing_completions_finishes(plane: Plane) -> None:
    parts = three_parts()
    client = begin(plane, size=sum(map(len, parts)), path="/r")
    etags = [client.put(index, part).headers["etag"] for index, part in enumerate(parts)]

    async def race() -> list[str]:
        calls = [
            plane.request(
                "PUT",
                client.part_target(index),
                key="SK",
                headers={"content-type": "application/json"},
                body=json.dumps({"etag": etags[index]}).encode(),
            )
            for index in range(3)
        ]
        return [answer.json["status"] for answer in await asyncio.gather(*calls)]

    assert sorted(plane.run(race())) == ["Completed", "Pending", "Pending"]
    assert plane.objects() == plane.files() == 1


def test_ten_repeats_of_the_last_completion_get_one_answer(plane: Plane) -> None:
    client = begin(plane, size=5, path="/d")
    etag = client.put(0, b"12345").headers["etag"].strip('"')

    async def race() -> list[Response]:
        calls = [
            plane.request(
                "PUT",
                client.part_target(0),
                key="SK",
                headers={"content-type": "application/json"},
                body=json.dumps({"etag": etag}).encode(),
            )
            for _ in range(10)
        ]
        return list(await asyncio.gather(*calls))

    answers = plane.run(race())
    assert {answer.body for answer in answers} == {
        b'{"status":"Completed","etag":"%s"}' % etag.encode()
    }
    assert plane.objects() == plane.files() == 1
    assert client.complete(0, etag).json == {"status": "Completed", "etag": etag}
    assert client.complete(0, "other").code == "invalid_upload_part"


@pytest.mark.parametrize("decorate", ['"{}"', "{}", 'W/"{}"'])
def test_etag_is_taken_with_or_without_quotes(plane: Plane, decorate: str) -> None:
    client = begin(plane, size=5)
    etag = client.put(0, b"12345").headers["etag"].strip('"').upper()
    assert client.complete(0, decorate.format(etag)).json["status"] == "Completed"


def test_wrong_completions_are_refused(plane: Plane) -> None:
    client = begin(plane, size=5, path="/w")
    assert client.complete(0, '"aa"').code == "invalid_upload_part"
    client.put(0, b"12345")
    assert client.complete(0, '"aa"').code == "invalid_upload_part"
    assert client.complete(1, '"aa"').code == "upload_part_not_found"
    assert client.complete(0, "a b").code == "invalid_request"
    bad_index = plane.send_json("PUT", f"{UPLOADS}/{client.upload_id}/parts/x", {"etag": "a"})
    assert bad_index.json["error"]["details"]["path.uploadPartIndex"]["value"] == "x"
    unknown = plane.send_json("PUT", f"{UPLOADS}/{'1' * 16}/parts/0", {"etag": "a"})
    assert (unknown.status, unknown.code) == (404, "upload_not_found")
    assert plane.files() == 0


def test_upload_of_another_account_is_not_there(plane: Plane) -> None:
    client = begin(plane, size=5)
    target = f"/v2/accounts/B7kQz9x/uploads/{client.upload_id}/parts/0"
    assert plane.call("GET", target, key="SK2").code == "upload_not_found"
    refused = plane.call("GET", client.part_target(0), key="SK2")
    assert (refused.status, refused.code) == (401, "authentication_failed_credentials_denied")


@pytest.mark.parametrize("content", [b"1234", b"123456", b""])
def test_part_of_another_length_is_refused(plane: Plane, content: bytes) -> None:
    client = begin(plane, size=5)
    assert client.put(0, content).code == "invalid_upload_part"
    lying = plane.call("PUT", client.url(0), headers={"content-length": "5"}, body=Body([content]))
    assert (lying.status, lying.code) == (400, "invalid_upload_part")
    assert plane.staged() == 0


def test_part_without_a_length_is_refused(plane: Plane) -> None:
    client = begin(plane, size=5)
    answer = plane.call("PUT", client.url(0), body=Body([b"12345"]))
    assert (answer.status, answer.code) == (411, "length_required")


def test_part_that_is_cut_off_leaves_nothing(plane: Plane) -> None:
    client = begin(plane, size=5)
    body = Body([b"123"], is_cut_off=True)
    answer = plane.call("PUT", client.url(0), headers={"content-length": "5"}, body=body)
    assert answer.status == 400
    assert plane.staged() == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [("sig=", "sig=A"), ("exp=", "exp=9"), ("&sig=", "&gis="), ("parts/0/", "parts/1/")],
)
def test_altered_upload_url_is_refused(plane: Plane, old: str, new: str) -> None:
    client = begin(plane, size=10 * MIB)
    target = client.url(0).replace(old, new)
    length = {"content-length": str(5 * MIB)}
    answer = plane.call("PUT", target, headers=length, body=Body([b"x"]))
    assert (answer.status, answer.code) == (403, "authorization_failed_permission_denied")


def test_upload_url_ends_after_a_day_and_can_be_had_again(plane: Plane) -> None:
    client = begin(plane, size=5)
    target = client.url(0)
    plane.now += 86401
    length = {"content-length": "5"}
    assert plane.call("PUT", target, headers=length, body=b"12345").status == 403
    assert client.put(0, b"12345").status == 200


def test_upload_url_ends_with_the_credential_that_began_it(plane: Plane) -> None:
    client = begin(plane, key="PK", size=5)
    target = client.url(0)
    plane.sql("UPDATE api_keys SET enabled = 0 WHERE name = 'PK'")
    plane.sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
    answer = plane.call("PUT", target, headers={"content-length": "5"}, body=b"12345")
    assert answer.status == 401
    assert plane.staged() == 0


def test_upload_url_ends_with_the_certificate_of_the_jwt_that_began_it(plane: Plane) -> None:
    grant = {
        "match": {"path": "/j", "scope": "Children"},
        "permissions": {"write": {"file": {"createFile": True}}},
    }
    token = plane.jwt({"pathPermissions": [grant]})
    plane.keys["J"] = token
    client = begin(plane, key="J", size=5, path="/j/f")
    assert client.put(0, b"12345").status == 200
    target = client.url(0)
    plane.sql("UPDATE jwt_certificates SET enabled = 0")
    plane.sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
    assert plane.call("PUT", target, headers={"content-length": "5"}, body=b"12345").status == 401


def test_part_can_be_sent_again_until_the_upload_is_complete(plane: Plane) -> None:
    client = begin(plane, size=6 * MIB, path="/p")
    first, other, last = b"a" * 5 * MIB, b"b" * 5 * MIB, b"c" * MIB
    assert client.send(0, first).json == {"status": "Pending"}
    again = client.put(0, other).headers["etag"]
    assert client.remaining() == [0, 1]
    assert client.send(1, last).json == {"status": "Pending"}
    target = client.url(1)
    assert client.complete(0, again).json["status"] == "Completed"
    assert plane.content("/p") == other + last
    late = plane.call("PUT", target, headers={"content-length": str(MIB)}, body=last)
    assert (late.status, late.code) == (404, "upload_not_found")
    assert plane.staged() == 0


def test_client_that_died_resumes_with_what_remains(plane: Plane) -> None:
    parts = three_parts()
    client = begin(plane, size=sum(map(len, parts)), path="/resume")
    client.send(1, parts[1])
    client.put(0, parts[0])
    resumed = Client(plane, client.begun)
    for index in resumed.remaining():
        answer = resumed.send(index, parts[index])
    assert answer.json["status"] == "Completed"
    assert plane.content("/resume") == b"".join(parts)


def test_path_that_was_taken_meanwhile_is_a_conflict(plane: Plane) -> None:
    first = begin(plane, key="PK", size=1, path="/same")
    second = begin(plane, key="PK", size=1, path="/same")
    assert first.send(0, b"1").status == 200
    answer = second.send(0, b"2")
    assert (answer.status, answer.code) == (409, "path_taken")
    assert plane.content("/same") == b"1"
    assert plane.objects() == 1


def test_secret_key_overwrites_what_came_meanwhile_but_not_a_path_of_unique_digits(
    plane: Plane,
) -> None:
    client = begin(plane, size=1, path="/over")
    unique = begin(plane, size=1, path={"folderPath": "/u", "fileName": "{UNIQUE_DIGITS_6}"})
    plane.put("/over", b"first")
    plane.put(unique.begun.json["file"]["filePath"], b"first")
    assert client.send(0, b"2").status == 200
    assert plane.content("/over") == b"2"
    assert unique.send(0, b"2").code == "path_taken"


def test_permission_is_decided_again_at_completion(plane: Plane) -> None:
    client = begin(plane, key="PK", size=5, path="/again")
    etag = client.put(0, b"12345").headers["etag"]
    plane.sql("UPDATE api_keys SET path_permissions = '[]' WHERE name = 'PK'")
    plane.sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
    answer = client.complete(0, etag)
    assert (answer.status, answer.code) == (403, "authorization_failed_permission_denied")
    assert plane.files() == 0
    assert client.complete(0, etag, key="SK").json["status"] == "Completed"


def test_reserved_path_sends_the_next_upload_to_its_fallback(plane: Plane) -> None:
    path = {"folderPath": "/d", "fileName": "a", "fileNameFallback": "b"}
    assert begin(plane, size=1, path=path).begun.json["file"]["filePath"] == "/d/a"
    assert begin(plane, size=1, path=path).begun.json["file"]["filePath"] == "/d/b"
    plane.now += 86401
    assert begin(plane, size=1, path=path).begun.json["file"]["filePath"] == "/d/a"


def test_protocol_1_0_publishes_a_single_part_with_its_bytes(plane: Plane) -> None:
    client = begin(plane, size=5, path="/one", protocol="1.0")
    headers = {
        "content-length": "5",
        "content-type": "text/plain",
        "content-disposition": "inline; filename=\"a\"; filename*=UTF-8''a",
    }
    put = plane.call("PUT", client.url(0), headers=headers, body=b"12345")
    assert put.status == 200
    assert plane.content("/one") == b"12345"
    assert plane.details("/one").json["mime"] == "application/octet-stream"
    done = client.complete(0, put.headers["etag"]).json
    assert done == {"status": "Completed", "etag": put.headers["etag"].strip('"')}
    assert plane.staged() == 0


def test_protocol_1_0_decides_the_write_when_the_bytes_come(plane: Plane) -> None:
    client = begin(plane, key="PK", size=5, path="/one", protocol="1.0")
    plane.put("/one", b"first")
    assert client.put(0, b"12345").code == "path_taken"
    assert plane.content("/one") == b"first"
    assert plane.staged() == 0


def test_protocol_1_0_does_not_publish_for_a_jwt_that_has_expired(plane: Plane) -> None:
    grant = {
        "match": {"path": "/j", "scope": "Children"},
        "permissions": {"write": {"file": {"createFile": True}}},
    }
    plane.keys["J"] = plane.jwt({"pathPermissions": [grant]})
    client = begin(plane, key="J", size=5, path="/j/f", protocol="1.0")
    target = client.url(0)
    plane.now += 3600
    answer = plane.call("PUT", target, headers={"content-length": "5"}, body=b"12345")
    assert (answer.status, answer.code) == (401, "authentication_failed_jwt_expired")
    assert plane.files() == plane.objects() == plane.staged() == 0


def test_jwt_that_expires_does_not_end_an_upload_that_another_finishes(plane: Plane) -> None:
    grant = {
        "match": {"path": "/j", "scope": "Children"},
        "permissions": {"write": {"file": {"createFile": True}}},
    }
    plane.keys["J"] = plane.jwt({"pathPermissions": [grant]})
    client = begin(plane, key="J", size=5, path="/j/f")
    target = client.url(0)
    plane.now += 3600
    put = plane.call("PUT", target, headers={"content-length": "5"}, body=b"12345")
    assert put.status == 200
    assert client.complete(0, put.headers["etag"]).code == "authentication_failed_jwt_expired"
    plane.keys["J"] = plane.jwt({"pathPermissions": [grant]})
    assert client.complete(0, put.headers["etag"]).json["status"] == "Completed"


def test_part_sent_again_while_the_file_is_put_together_stops_the_completion(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = begin(plane, size=5, path="/late")
    etag = client.put(0, b"12345").headers["etag"]
    target = client.url(0)
    original = plane.store.assemble

    async def assemble(parts: Sequence[StagedPart]) -> StoredObject:
        stored = await original(parts)
        again = await plane.request("PUT", target, headers={"content-length": "5"}, body=b"67890")
        assert again.status == 200
        return stored

    with monkeypatch.context() as patch:
        patch.setattr(plane.store, "assemble", assemble)
        assert client.complete(0, etag).code == "invalid_upload_part"
    assert plane.files() == plane.objects() == 0
    assert client.send(0, b"67890").json["status"] == "Completed"
    assert plane.content("/late") == b"67890"


def test_upload_that_finishes_while_a_part_is_on_its_way_does_not_take_it(plane: Plane) -> None:
    client = begin(plane, size=5, path="/fin")
    etag = client.put(0, b"12345").headers["etag"]
    body = json.dumps({"etag": etag}).encode()

    async def finish() -> None:
        done = await plane.request("PUT", client.part_target(0), key="SK", body=body)
        assert done.json["status"] == "Completed"

    late = plane.call(
        "PUT",
        client.url(0),
        headers={"content-length": "5"},
        body=Body([b"67890"], after_each=finish),
    )
    assert (late.status, late.code) == (404, "upload_not_found")
    assert plane.content("/fin") == b"12345"
    assert plane.staged() == 0


def test_file_that_does_not_fit_on_the_volume_is_refused_at_begin(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plane.store, "free_bytes", lambda: 10)
    answer = plane.send_json("POST", UPLOADS, {"size": 11})
    assert (answer.status, answer.code) == (507, "insufficient_storage")


def test_protocol_is_1_0_when_it_is_not_said(plane: Plane) -> None:
    answer = plane.send_json("POST", UPLOADS, {"size": 1, "path": "/default"})
    client = Client(plane, answer)
    client.put(0, b"1")
    assert plane.details("/default").status == 200


def test_abandoned_uploads_are_forgotten_with_their_bytes(plane: Plane) -> None:
    client = begin(plane, size=5)
    client.put(0, b"12345")
    finished = begin(plane, size=1, path="/kept")
    finished.send(0, b"1")
    publication = plane.services.publication

    def sweep() -> tuple[int, int]:
        swept = plane.run(sweep_uploads(publication.database, plane.store, lambda: plane.now))
        return swept.uploads, swept.staged_parts

    assert sweep() == (0, 0)
    plane.now += 86400
    assert finished.complete(0, "x").code == "upload_not_found"
    assert sweep() == (1, 1)
    assert plane.staged() == 1
    plane.now += 6 * 86400
    assert plane.call("GET", client.part_target(0), key="SK").code == "upload_not_found"
    assert sweep() == (1, 1)
    assert plane.staged() == 0
    assert plane.content("/kept") == b"1"


def test_open_uploads_of_an_account_are_limited() -> None:
    with api_plane(max_open=2) as plane:
        statuses = [plane.send_json("POST", UPLOADS, {"size": 1}).status for _ in range(3)]
        assert statuses == [200, 200, 429]


def test_size_above_the_limit_is_refused_at_begin() -> None:
    with api_plane(settings=AccountSettings(max_upload_bytes=10)) as plane:
        answer = plane.send_json("POST", UPLOADS, {"size": 11})
        assert (answer.status, answer.code) == (413, "file_too_large")


BAD = [
    ({"size": -1}, "body.size", "min 0"),
    ({}, "body.size", "'size' is required"),
    ({"size": 1.5}, "body.size", "invalid integer number"),
    ({"size": True}, "body.size", "invalid integer number"),
    ({"size": "1"}, "body.size", "invalid integer number"),
    ({"size": 1, "mime": ""}, "body.mime", "minLength 3"),
    ({"size": 1, "mime": "nope"}, "body.mime", "Not match in '"),
    ({"size": 1, "mime": 5}, "body.mime", "invalid string value"),
    ({"size": 1, "path": {"foo": 1}}, "body.path.foo", '"foo" is an excess property'),
    ({"size": 1, "path": {"fileName": "a/b"}}, "body.path.fileName", "Not match in '^[^/]*$'"),
    ({"size": 1, "path": {"folderPath": "a" * 513}}, "body.path.folderPath", "maxLength 512"),
    ({"size": 1, "path": []}, "body.path", "invalid string value"),
    (
        {"size": 1, "path": {"fileNameVariablesEnabled": "x"}},
        "body.path.fileNameVariablesEnabled",
        "invalid boolean value",
    ),
    ({"size": 1, "protocol": "2"}, "body.protocol", "should be one of the following; [1.0,1.1]"),
    ({"size": 1, "tags": ["a", "b c"]}, "body.tags.$1", "Not match in '"),
    ({"size": 1, "tags": "a"}, "body.tags", "invalid array"),
    ({"size": 1, "originalFileName": "a\nb"}, "body.originalFileName", "Not match in '^.+$'"),
    ({"size": 1, "extra": 1}, "body.extra", '"extra" is an excess property'),
    ([], "body", "invalid object"),
    (5, "body", "invalid object"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "where", "message"), BAD)
def test_bad_begin_names_the_fault(plane: Plane, body: object, where: str, message: str) -> None:
    answer = plane.send_json("POST", UPLOADS, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["error"]["details"][where]["message"].startswith(message)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"size": 1, "metadata": [1]}, 400, "invalid_metadata"),
        ({"size": 1, "metadata": {"a": "x" * 2041}}, 400, "invalid_metadata"),
        ({"size": 1, "tags": [str(n) for n in range(26)]}, 400, "too_many_tags"),
        ({"size": 1, "path": "/a/../b"}, 400, "invalid_path"),
        ({"size": 1, "path": {"fileName": "{NOPE}"}}, 400, "invalid_path_variable"),
        ({"size": 10**30}, 413, "file_too_large"),
        ({"size": 1, "mime": None, "path": None, "tags": None, "metadata": None}, 200, ""),
        ({"size": 1, "tags": [], "metadata": {}, "mime": "image/jpeg;q=1"}, 200, ""),
    ],
)
def test_begin_answers_with_the_right_code(
    plane: Plane, body: object, status: int, code: str
) -> None:
    answer = plane.send_json("POST", UPLOADS, body)
    assert (answer.status, answer.code) == (status, code)


def test_all_faults_are_reported_at_once_with_their_values(plane: Plane) -> None:
    details = plane.send_json("POST", UPLOADS, {"size": -1, "x": 1}).json["error"]["details"]
    assert details["body.size"] == {"message": "min 0", "value": -1}
    assert set(details) == {"body.size", "body.x"}
