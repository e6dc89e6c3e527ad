"""R8: a stranger replays what the owner may do and learns nothing of it (I1, I2, I3).

The owner asks for a private file in every way there is. Strangers of every kind ask the same, for
that file and for one that does not exist: they are refused, in answers that are equal byte for
byte and that hold nothing of the file: no byte, validator, length, type, date or name.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.conformance.access_cases import Request, load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.http_world import World
from tests.e2e.server import Answer, serving
from tests.e2e.wire import Wire

Header = tuple[bytes, bytes]
EXISTING = "/private/deep/canary.bin"
MISSING = "/private/deep/absent.bin"
FOLDER, NO_FOLDER = "/private/canary", "/private/absent"
SIZE = 4321
# The canary is no image: its owner is told so.
SLUGS = {
    "image": 415,
    "thumbnail": 415,
    "thumbnail-sm": 415,
    "video": 404,
    "archive": 404,
    "nothing": 404,
}
VARYING = {"date", "x-request-id"}


@dataclass(frozen=True)
class Canary:
    """What nobody but the owner may learn."""

    text: str
    etag: str
    last_modified: str
    upload_id: str

    @property
    def words(self) -> tuple[str, ...]:
        return (self.text, self.etag, self.last_modified, self.upload_id, "x-canary", str(SIZE))


@dataclass(frozen=True)
class Step:
    """A request with `{path}` or `{folder}` in its target or body, and what the owner gets."""

    name: str
    plane: str
    method: bytes
    target: str
    owner: int
    headers: tuple[Header, ...] = ()
    body: str | None = None


def owner_headers(world: World) -> list[Header]:
    return [(b"Authorization", world.admin("A623uY2")["Authorization"].encode())]


def json_type() -> Header:
    return b"Content-Type", b"application/json"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("replay") / "data", workers=2) as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        yield made


@pytest.fixture(scope="module")
def canary(world: World) -> Canary:
    text = secrets.token_hex(32)
    target = f"/v2/accounts/A623uY2/uploads/binary?filePath={EXISTING}&tag=t-{text}"
    target += f"&originalFileName={text}"
    headers = owner_headers(world)
    headers.append((b"Content-Type", b"application/x-canary"))
    headers.append((b"X-Upload-Metadata", json.dumps({"canary": text}).encode()))
    folder = {
        "folderPath": FOLDER,
        "folderSettings": {"description": {"set": True, "value": text}},
    }
    begin = {"path": "/private/deep/begun.bin", "size": SIZE}
    with Wire(world.server.api) as wire:
        body = (text * (SIZE // 64 + 1))[:SIZE].encode()
        stored = wire.ask(b"POST", target.encode(), headers, body)
        assert stored.status == 200, stored.body
        as_json = [*owner_headers(world), json_type()]
        account = b"/v2/accounts/A623uY2"
        made = wire.ask(b"PUT", account + b"/folders", as_json, json.dumps(folder).encode())
        assert made.status == 200, made.body
        begun = wire.ask(b"POST", account + b"/uploads", as_json, json.dumps(begin).encode())
    with Wire(world.server.cdn) as wire:
        read = wire.ask(b"GET", f"/A623uY2/raw{EXISTING}".encode(), owner_headers(world))
    headers_read = read.headers
    return Canary(text, stored.json["etag"], headers_read["last-modified"], begun.json["uploadId"])


def delivery_steps(canary: Canary) -> Iterator[Step]:
    conditions: dict[str, tuple[Header, int]] = {
        "range": ((b"Range", b"bytes=0-9"), 206),
        "suffix": ((b"Range", b"bytes=-1"), 206),
        "out-of-reach": ((b"Range", b"bytes=999999-"), 416),
        "none-match": ((b"If-None-Match", f'"{canary.etag}"'.encode()), 304),
        "none-match-any": ((b"If-None-Match", b"*"), 304),
        "match": ((b"If-Match", b'"other"'), 412),
        "modified-since": ((b"If-Modified-Since", canary.last_modified.encode()), 304),
        "unmodified-since": ((b"If-Unmodified-Since", b"Thu, 01 Jan 1970 00:00:01 GMT"), 412),
        "origin": ((b"Origin", b"https://app.example.com"), 200),
        "accept": ((b"Accept", b"image/webp"), 200),
    }
    for method in (b"GET", b"HEAD"):
        for name, (header, status) in conditions.items():
            # A range is defined for GET only (RFC 9110 section 14.2).
            owner = 200 if method == b"HEAD" and status in (206, 416) else status
            yield Step(name, "cdn", method, "/A623uY2/raw{path}", owner, (header,))
        for query in ("", "?download=true", "?cache=false", "?cache-ttl-404=9", "?auth=true&v=1"):
            yield Step(f"query{query}", "cdn", method, "/A623uY2/raw{path}" + query, 200)
        yield Step("parameter", "cdn", method, "/A623uY2/raw/pub.jpg?path={path}", 200)
        yield Step("bang", "cdn", method, "/A623uY2/raw{path}!version=1", 200)
        for slug, owner in SLUGS.items():
            yield Step(f"slug-{slug}", "cdn", method, f"/A623uY2/{slug}{{path}}", owner)
    yield Step("save", "cdn", b"POST", "/A623uY2/save/image{path}", 415, (json_type(),), "{}")


def api_steps() -> Iterator[Step]:
    account = "/v2/accounts/A623uY2"
    for method in (b"GET", b"HEAD"):
        yield Step("details", "api", method, account + "/files/details?filePath={path}", 200)
        yield Step("folder", "api", method, account + "/folders?folderPath={folder}", 200)
    yield Step("delete", "api", b"DELETE", account + "/files?filePath={path}-x", 204)
    copy = '{"source":"{path}","destination":"{path}.copy"}'
    to_itself = '{"source":"{path}","destination":"{path}"}'
    for name, method, target, body in (
        ("copy", b"POST", "/files/copy", copy),
        ("copy-batch", b"POST", "/files/copy/batch", f'{{"files":[{copy}]}}'),
        ("move", b"POST", "/files/move", to_itself),
        ("delete-batch", b"DELETE", "/files/batch", '{"files":["{path}-x"]}'),
        ("copy-folder", b"POST", "/folders/copy", '{"source":"{folder}","destination":"/copied"}'),
        (
            "delete-folder",
            b"DELETE",
            "/folders",
            '{"folderPath":"{folder}","deleteVirtualFolders":false}',
        ),
    ):
        yield Step(name, "api", method, account + target, 200, (json_type(),), body)
    yield Step(
        "put-folder",
        "api",
        b"PUT",
        account + "/folders",
        200,
        (json_type(),),
        '{"folderPath":"{folder}"}',
    )


def filled(text: str, *, exists: bool) -> str:
    path, folder = (EXISTING, FOLDER) if exists else (MISSING, NO_FOLDER)
    return text.replace("{path}", path).replace("{folder}", folder)


def ask(world: World, step: Step, credential: list[Header], *, exists: bool) -> Answer:
    base = world.server.cdn if step.plane == "cdn" else world.server.api
    body = None if step.body is None else filled(step.body, exists=exists).encode()
    target = filled(step.target, exists=exists).encode()
    with Wire(base) as wire:
        return wire.ask(step.method, target, [*credential, *step.headers], body)


STRANGERS = {
    "nobody": [],
    "public-key": [("Authorization", "Bearer {key:PK}")],
    "public-key-of-another-folder": [("Authorization", "Bearer {key:PKX}")],
    "secret-key-of-another-folder": [("Authorization", "Bearer {key:SKR}")],
    "secret-key-of-another-account": [("Authorization", "Bearer {key:SKB}")],
    "disabled-key": [("Authorization", "Bearer {key:PKE}")],
    "key-that-needs-a-jwt": [("Authorization", "Bearer {key:SKJ}")],
    "basic": [("Authorization", "Basic {basic:apikey:PK}")],
    "jwt": [("Authorization", "Bearer {jwt:J1A}")],
    "jwt-without-rights": [("Authorization", "Bearer {jwt:J0A}")],
    "jwt-of-another-account": [("Authorization", "Bearer {jwt:JB}")],
    "jwt-of-nobody": [("Authorization", "Bearer {jwt:J1AROGUE}")],
    "jwt-unsigned": [("Authorization", "Bearer {jwt:J1ANONE}")],
    "jwt-expired": [("Authorization", "Bearer {key:PK}"), ("Authorization-Token", "{jwt:J1EXP}")],
    "key-and-jwt": [("Authorization", "Bearer {key:PK}"), ("Authorization-Token", "{jwt:J1}")],
    "token-alone": [("Authorization-Token", "{jwt:J1}")],
    "cookie": [("Cookie", "access-token-A623uY2={jwt:J1}")],
    "cookie-expired": [("Cookie", "access-token-A623uY2={jwt:J1EXP}")],
    "cookie-of-another-account": [("Cookie", "access-token-B7xk3Qz={jwt:JGB}")],
    "two-keys": [("Authorization", "Bearer {key:SK}"), ("Authorization", "Bearer {key:SK}")],
    "garbage": [("Authorization", "Bearer x"), ("Cookie", "access-token-A623uY2=x")],
}


def credential(world: World, stranger: str) -> list[Header]:
    return [(name.encode(), world.filled(value).encode()) for name, value in STRANGERS[stranger]]


def shape(answer: Answer, *, exists: bool) -> tuple[int, dict[str, str], str]:
    """What must not depend on whether the file exists; what the request itself said is a blank."""
    headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
    text = answer.body.decode()
    path, folder = (EXISTING, FOLDER) if exists else (MISSING, NO_FOLDER)
    text = text.replace(path, "{path}").replace(folder, "{folder}")
    return answer.status, headers, re.sub(r'"timestamp":"[^"]*"', "", text)


def leaks(canary: Canary, answer: Answer) -> list[str]:
    # A request id is random digits: now and then they are those of the size.
    values = (value for name, value in answer.headers.items() if name not in VARYING)
    everything = "\n".join([*values, answer.body.decode("latin-1")])
    found = [word for word in canary.words if word in everything]
    names = {"etag", "last-modified", "content-range", "accept-ranges", "content-disposition"}
    return found + sorted(names & set(answer.headers))


def test_the_owner_is_served(world: World, canary: Canary) -> None:
    """What strangers are refused below is really there, in every one of these ways."""
    seen = set()
    for step in [*delivery_steps(canary), *api_steps()]:
        answer = ask(world, step, owner_headers(world), exists=True)
        assert answer.status == step.owner, (step, answer)
        seen |= {word for word in canary.words if word.encode() in answer.body}
        seen |= {word for word in canary.words if word in str(answer.headers)}
    assert seen >= {canary.text, canary.etag, canary.last_modified, "x-canary", str(SIZE)}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_learns_nothing(world: World, canary: Canary, stranger: str) -> None:
    steps = [*delivery_steps(canary), *api_steps()]
    for step in steps:
        shown = credential(world, stranger)
        real = ask(world, step, shown, exists=True)
        none = ask(world, step, shown, exists=False)
        assert real.status in (401, 403), (step, real)
        assert leaks(canary, real) == [], (step, real)
        assert shape(real, exists=True) == shape(none, exists=False), step
        assert real.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_meets_no_upload_of_others(world: World, canary: Canary, stranger: str) -> None:
    shown = credential(world, stranger)
    with Wire(world.server.api) as wire:
        for suffix in ("/parts", "/parts/0", "/parts/1"):
            for method, body in ((b"GET", None), (b"PUT", b'{"etag":"x"}')):
                if method == b"PUT" and suffix == "/parts":
                    continue
                target = f"/v2/accounts/A623uY2/uploads/{canary.upload_id}{suffix}"
                answer = wire.ask(method, target.encode(), [*shown, json_type()], body)
                assert answer.status in (401, 403), (target, answer)
                assert canary.text not in answer.body.decode()
                assert "uploadUrl" not in answer.body.decode()
                elsewhere = target.replace("A623uY2", "B7xk3Qz")
                other = wire.ask(method, elsewhere.encode(), [*shown, json_type()], body)
                assert other.status in (401, 403, 404), (elsewhere, other)
                unknown = elsewhere.replace(canary.upload_id, "Z" * 16)
                never = wire.ask(method, unknown.encode(), [*shown, json_type()], body)
                assert (other.status, other.code) == (never.status, never.code)


SIGNED: dict[str, dict[str, Any]] = {
    "of-a-key-without-the-right": {"key": "SKR"},
    "of-a-key-of-another-account": {"key": "SKB"},
    "tampered": {"key": "SK", "tamper": {"flip": "mac"}},
    "expired": {"key": "SK", "exp": "-1"},
    "for-another-host": {"key": "SK", "host": "other.example"},
}


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_bad_signed_url_tells_nothing(
    world: World, canary: Canary, name: str, method: bytes
) -> None:
    shapes = []
    for path in (EXISTING, MISSING):
        sign = {"target": f"/A623uY2/raw{path}", "exp": "+3600", **SIGNED[name]}
        asked = msgspec.convert({"plane": "cdn", "method": method.decode(), "sign": sign}, Request)
        answer = world.send(asked)
        assert answer.status == 403
        assert leaks(canary, answer) == []
        shapes.append(shape(answer, exists=path == EXISTING))
    assert shapes[0] == shapes[1]


def test_nothing_was_changed_by_strangers(world: World, canary: Canary) -> None:
    for stranger in STRANGERS:
        shown = credential(world, stranger)
        with Wire(world.server.api) as wire:
            account = b"/v2/accounts/A623uY2"
            removed = wire.ask(b"DELETE", account + b"/files?filePath=" + EXISTING.encode(), shown)
            over = account + b"/uploads/binary?filePath=" + EXISTING.encode()
            written = wire.ask(b"POST", over, shown, b"mine")
        assert removed.status in (401, 403), stranger
        assert written.status in (401, 403), stranger
        assert leaks(canary, removed) == []
        assert leaks(canary, written) == []
    assert (world.stored("A623uY2", EXISTING) or b"").startswith(canary.text.encode())
