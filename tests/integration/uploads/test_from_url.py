"""Uploads from URLs: who may, what is kept, and that a failure leaves nothing."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest

from byteward.access.model import KeyKind
from byteward.access.rules import Scope
from byteward.accounts.model import AccountSettings
from byteward.config import OutboundSettings
from byteward.outbound.address import IpAddress
from byteward.outbound.fetch import OutboundClient
from tests.api_plane import BASE, Plane, add_key, api_plane, rule
from tests.asgi_client import Body, Response
from tests.origin import Origin, answer, redirect, running_origin

URL = f"{BASE}/uploads/url"
MAX_BYTES = 5_000_000


@pytest.fixture
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        running.handlers["/"] = answer(b"hello", "Content-Type: text/plain")
        yield running


async def resolve(_host: str) -> Sequence[IpAddress]:
    return [ip_address("127.0.0.1")]


@pytest.fixture
def plane(origin: Origin) -> Iterator[Plane]:
    settings = OutboundSettings(allow=(f"origin.test:{origin.port}",))
    account = AccountSettings(max_upload_bytes=MAX_BYTES)
    with api_plane(settings=account, outbound=OutboundClient(settings, resolve)) as made:
        yield made


def upload(plane: Plane, url: str, *, key: str = "SK", **members: object) -> Response:
    return plane.send_json("POST", URL, {"url": url, **members}, key=key)


def left(plane: Plane) -> tuple[int, int, int]:
    """Rows of files, objects, and files in the staging area."""
    return plane.files(), plane.objects(), plane.staged()


def test_everything_that_the_request_says_is_kept(plane: Plane, origin: Origin) -> None:
    response = upload(
        plane,
        origin.url(),
        mime="text/x-mine; a=b",
        originalFileName="mine.txt",
        path={"folderPath": "/f", "fileName": "{ORIGINAL_FILE_NAME}-1{ORIGINAL_FILE_EXT}"},
        metadata={"k": [1]},
        tags=["t"],
        timeout=5000,
    )
    assert response.status == 200, response.body
    details = plane.details("/f/mine-1.txt").json
    assert details["mime"] == "text/x-mine;a=b"
    assert (details["metadata"], details["tags"]) == ({"k": [1]}, ["t"])
    assert details["originalFileName"] == "mine.txt"


def test_name_and_type_of_the_answer_feed_the_path(plane: Plane, origin: Origin) -> None:
    origin.handlers["/"] = answer(
        b"x",
        "Content-Type: image/png; broken",
        "Content-Disposition: inline; filename=plain.bin; filename*=UTF-8''caf%C3%A9",
    )
    path = {"folderPath": "/f", "fileName": "{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}"}
    response = upload(plane, origin.url(), path=path)
    assert response.status == 200, response.body
    details = plane.details(response.json["filePath"]).json
    assert details["originalFileName"] == "caf\u00e9"
    assert details["mime"] == "image/png"


def test_a_source_without_a_type_is_an_octet_stream(plane: Plane, origin: Origin) -> None:
    origin.handlers["/"] = answer(b"")
    assert upload(plane, origin.url(), path="/f").status == 200
    details = plane.details("/f").json
    assert (details["mime"], details["size"]) == ("application/octet-stream", 0)


def test_a_coded_answer_is_stored_decoded(plane: Plane, origin: Origin) -> None:
    origin.handlers["/"] = answer(gzip.compress(b"plain" * 9999), "Content-Encoding: gzip")
    assert upload(plane, origin.url(), path="/f").status == 200
    assert plane.content("/f") == b"plain" * 9999


def test_a_caller_without_the_right_makes_no_request(plane: Plane, origin: Origin) -> None:
    rules = (rule("/mine", Scope.CHILDREN, createFile=True),)

    async def add() -> None:
        database = plane.services.publication.database
        await database.write(
            lambda conn: add_key(conn, plane, "PKf", KeyKind.PUBLIC, path_permissions=rules)
        )

    plane.run(add())
    refused = upload(plane, origin.url(), key="PKf", path="/others/f")
    assert (refused.status, refused.code) == (403, "authorization_failed_permission_denied")
    assert upload(plane, origin.url(), key="none").status == 401
    assert origin.connections == 0
    assert upload(plane, origin.url(), key="PKf", path="/mine/f").status == 200


def test_a_right_that_is_withdrawn_during_the_fetch_does_not_make_a_file(
    plane: Plane, origin: Origin
) -> None:
    arrived = asyncio.Event()

    async def run() -> Response:
        loop = asyncio.get_running_loop()
        proceed = socket.socketpair()

        def slow(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
            loop.call_soon_threadsafe(arrived.set)
            proceed[0].recv(1)
            connection.sendall(b"llo")

        origin.handlers["/"] = slow
        body = f'{{"url":"{origin.url()}","path":"/f"}}'.encode()
        asked = asyncio.create_task(plane.request("POST", URL, key="SK", body=body))
        await arrived.wait()
        await plane.request_sql("UPDATE api_keys SET enabled = 0")
        await plane.request_sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
        proceed[1].send(b"x")
        response = await asked
        for end in proceed:
            end.close()
        return response

    response = plane.run(run())
    assert response.status == 401, response.body
    assert left(plane) == (0, 0, 0)


def test_a_public_key_does_not_overwrite(plane: Plane, origin: Origin) -> None:
    plane.put("/f", b"first")
    assert upload(plane, origin.url(), key="PK", path="/f").status == 403
    assert plane.content("/f") == b"first"
    assert left(plane) == (1, 1, 0)


@pytest.mark.parametrize(
    "raw",
    [
        answer(b"x" * (MAX_BYTES + 1)),
        answer(gzip.compress(bytes(MAX_BYTES + 1)), "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BYTES + 1),
    ],
    ids=["announced", "bomb", "until close"],
)
def test_a_file_past_the_account_limit_is_refused(plane: Plane, origin: Origin, raw: bytes) -> None:
    origin.handlers["/"] = raw
    response = upload(plane, origin.url(), path="/f")
    assert (response.status, response.code) == (413, "file_too_large")
    assert left(plane) == (0, 0, 0)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + b"x" * 9999, "unreachable"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", "unreachable"),
        (answer(b"part", status="206 Partial Content"), "status"),
        (answer(b"", status="304 Not Modified"), "status"),
        (answer(b"secret text", status="500 Oops"), "status"),
        (redirect("/loop"), "redirects"),
        (redirect("http://127.0.0.1/"), "unreachable"),
        (b"", "unreachable"),
    ],
)
def test_a_failed_fetch_leaves_nothing_and_says_one_word(
    plane: Plane, origin: Origin, raw: bytes, reason: str
) -> None:
    origin.handlers["/"] = raw
    origin.handlers["/loop"] = redirect("/loop")
    response = upload(plane, origin.url(), path="/f")
    assert (response.status, response.code) == (400, "source_url_failed")
    assert response.json["error"]["details"]["reason"] == reason
    assert b"secret" not in response.body
    assert b"127.0.0.1" not in response.body
    assert left(plane) == (0, 0, 0)


def test_a_client_that_leaves_ends_the_fetch(plane: Plane, origin: Origin) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def hang(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbegun")
            loop.call_soon_threadsafe(arrived.set)
            origin.wait_for_hang_up(connection)

        origin.handlers["/"] = hang
        body = Body([f'{{"url":"{origin.url()}"}}'.encode()])
        asked = asyncio.create_task(plane.request("POST", URL, key="SK", body=body))
        await arrived.wait()
        body.leaves.set()
        await asked

    plane.run(run())
    assert origin.hung_up.wait(5)
    assert left(plane) == (0, 0, 0)


def test_other_methods_are_refused(plane: Plane) -> None:
    response = plane.call("GET", URL, key="SK")
    assert (response.status, response.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"mime": "nope"}, "body.mime"),
        ({"originalFileName": ""}, "body.originalFileName"),
        ({"tags": ["bad tag"]}, "body.tags.$0"),
        ({"timeout": 1.5}, "body.timeout"),
        ({"url": 1}, "body.url"),
    ],
)
def test_members_of_the_wrong_form_are_refused(
    plane: Plane, origin: Origin, members: dict[str, object], where: str
) -> None:
    response = plane.send_json("POST", URL, {"url": origin.url(), **members})
    assert response.status == 400
    assert where in response.json["error"]["details"]
    assert origin.connections == 0
