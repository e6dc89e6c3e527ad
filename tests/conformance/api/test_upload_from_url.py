"""UploadFromUrl, cases 50 to 55: from a web server on loopback, which the operator has opened."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest

from byteward.config import OutboundSettings
from byteward.outbound.address import IpAddress
from byteward.outbound.fetch import OutboundClient
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Response
from tests.origin import Origin, answer, running_origin

URL = f"{BASE}/uploads/url"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


async def resolve(host: str) -> Sequence[IpAddress]:
    return [ip_address("127.0.0.1")] if host == "origin.test" else []


@pytest.fixture
def plane(origin: Origin) -> Iterator[Plane]:
    settings = OutboundSettings(allow=(f"origin.test:{origin.port}",))
    with api_plane(outbound=OutboundClient(settings, resolve)) as made:
        yield made


def error_of(response: Response, status: int) -> tuple[str, dict[str, object]]:
    assert response.status == status, response.body
    error = response.json["error"]
    return error["code"], error.get("details", {})


def test_050_the_file_behind_a_url_is_stored_with_its_type(plane: Plane, origin: Origin) -> None:
    origin.handlers["/pic.jpg"] = answer(b"a picture", "Content-Type: image/jpeg")
    response = plane.send_json("POST", URL, {"url": origin.url("/pic.jpg"), "path": "/a/pic.jpg"})
    assert response.status == 200, response.body
    assert set(response.json) == {"accountId", "etag", "filePath", "fileUrl"}
    assert (response.json["accountId"], response.json["filePath"]) == (ACCOUNT, "/a/pic.jpg")
    details = plane.details("/a/pic.jpg").json
    assert (details["mime"], details["size"]) == ("image/jpeg", 9)
    assert details["etag"] == response.json["etag"]
    # Not from the URL: its last segment is nobody's statement about a name.
    assert details["originalFileName"] is None
    assert plane.content("/a/pic.jpg") == b"a picture"


def test_051_the_name_comes_from_content_disposition_unless_it_is_told(
    plane: Plane, origin: Origin
) -> None:
    origin.handlers["/"] = answer(b"x", 'Content-Disposition: attachment; filename="n.jpg"')
    for told, name in ((None, "n.jpg"), ("mine.jpg", "mine.jpg")):
        body = {"url": origin.url(), "path": "/n", "originalFileName": told}
        assert plane.send_json("POST", URL, body).status == 200
        assert plane.details("/n").json["originalFileName"] == name


def test_052_a_source_that_is_missing_is_refused_with_its_status(
    plane: Plane, origin: Origin
) -> None:
    response = plane.send_json("POST", URL, {"url": origin.url("/none"), "path": "/a"})
    code, details = error_of(response, 400)
    assert (code, details) == ("source_url_failed", {"reason": "status", "status": 404})
    assert (plane.files(), plane.objects(), plane.staged()) == (0, 0, 0)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun"])
def test_053_a_source_that_hangs_is_given_up_in_time(
    plane: Plane, origin: Origin, head: bytes
) -> None:
    def hang(connection: socket.socket) -> None:
        connection.sendall(head)
        origin.wait_for_hang_up(connection)

    origin.handlers["/"] = hang
    started = time.monotonic()
    response = plane.send_json("POST", URL, {"url": origin.url(), "timeout": 500})
    assert error_of(response, 504)[0] == "source_url_timeout"
    assert time.monotonic() - started < 2
    assert origin.hung_up.wait(5)
    assert (plane.files(), plane.objects(), plane.staged()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"url": "http://origin.test/", "timeout": 30001}, "invalid_request", "body.timeout"),
        ({"url": "http://origin.test/", "timeout": 0}, "invalid_request", "body.timeout"),
        ({"url": "ftp://x/y"}, "invalid_request", "body.url"),
        ({"url": "data:text/plain,x"}, "invalid_request", "body.url"),
        ({"url": ""}, "invalid_request", "body.url"),
        ({}, "invalid_request", "body.url"),
        ({"url": "http://0x7f000001/"}, "invalid_request", "body.url"),
        ({"url": "http://u:p@origin.test/"}, "invalid_request", "body.url"),
        ({"url": "http://169.254.169.254/"}, "source_url_failed", "reason"),
        ({"url": "http://127.0.0.1/"}, "source_url_failed", "reason"),
        ({"url": "http://[::1]/"}, "source_url_failed", "reason"),
        ({"url": "http://nowhere.test/"}, "source_url_failed", "reason"),
        ({"url": "http://origin.test:22/"}, "source_url_failed", "reason"),
    ],
)
def test_054_what_must_not_be_fetched_is_refused(
    plane: Plane, origin: Origin, body: dict[str, object], code: str, where: str
) -> None:
    found, details = error_of(plane.send_json("POST", URL, body), 400)
    assert found == code
    assert where in details
    if where == "reason":
        # One word for names, addresses and refusals.
        assert details == {"reason": "unreachable"}
    assert origin.connections == 0


def test_055_an_unknown_member_is_refused(plane: Plane, origin: Origin) -> None:
    response = plane.send_json("POST", URL, {"url": origin.url(), "extra": 1})
    code, details = error_of(response, 400)
    assert (code, list(details)) == ("invalid_request", ["body.extra"])
    assert origin.connections == 0
