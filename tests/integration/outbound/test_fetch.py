"""R12: requests to hostile servers and names: no connection to a refused address, bounded answers.

Names are answered in-process and the servers are real sockets on loopback, which the settings of
each test open by name and port; everything else on loopback stays refused.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byteward.config import OutboundSettings
from byteward.outbound import policy as outbound_policy
from byteward.outbound.address import IpAddress, Verdict, judge
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.model import Failure, Method, OutboundError, OutboundRequest
from byteward.outbound.url import parse_url
from tests.origin import Origin, answer, client_tls, redirect, running_origin, server_tls

LOOPBACK: Final = "127.0.0.1"


@dataclass
class Names:
    """A resolver: answers from a table, one list after the other; remembers what it was asked."""

    table: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str) -> Sequence[IpAddress]:
        self.asked.append(host)
        answers = self.table.get(host)
        if not answers:
            raise OSError("no such name")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ip_address(text) for text in found]


@dataclass(frozen=True)
class Got:
    """What a fetch gave."""

    status: int
    body: bytes
    header: Callable[[str], str | None]
    url: str


def fetch(
    url: str,
    names: Names | None = None,
    *,
    options: OutboundSettings,
    method: Method = Method.GET,
    headers: tuple[tuple[str, str], ...] = (),
    max_bytes: int | None = 10_000_000,
    total_seconds: float | None = 10,
    tls: ssl.SSLContext | None = None,
    rate_window_seconds: float = 10,
) -> Got:
    """Fetch a URL to its end, in an event loop of its own."""

    async def run() -> Got:
        client = OutboundClient(
            options,
            names or Names(),
            tls=tls or client_tls(),
            rate_window_seconds=rate_window_seconds,
        )
        request = OutboundRequest(parse_url(url), method, headers, total_seconds)
        async with client.open(request) as response:
            pieces = [piece async for piece in response.body(max_bytes=max_bytes)]
            first = response.headers.first
            return Got(response.status, b"".join(pieces), first, response.url.text)

    return asyncio.run(run())


def failure(url: str, names: Names | None = None, **options: object) -> OutboundError:
    """How fetching a URL fails."""
    with pytest.raises(OutboundError) as caught:
        fetch(url, names, **options)  # type: ignore[arg-type] # the options of `fetch`
    return caught.value


def here() -> Names:
    """Every name of the tests leads to loopback."""
    return Names({name: [[LOOPBACK]] for name in ("origin.test", "other.test")})


def opened(*origins: Origin, **more: object) -> OutboundSettings:
    """Settings that open the servers by name and port, and nothing else on loopback."""
    names = ("origin.test", "other.test")
    allow = tuple(f"{name}:{origin.port}" for origin in origins for name in names)
    return OutboundSettings(allow=allow, **more)  # type: ignore[arg-type] # other settings


@pytest.fixture
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every address that a socket was connected to; none of the connections succeeds."""
    seen: list[tuple[str, int]] = []

    def refuse(_self: socket.socket, address: tuple[str, int]) -> None:
        seen.append((address[0], address[1]))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return seen


# What a request is.


def test_a_request_goes_to_the_address_and_keeps_the_name(origin: Origin) -> None:
    origin.handlers["/a%2Fb?q=%20"] = answer(b"the body", "X-A: b")
    got = fetch(origin.url("/a%2Fb?q=%20"), here(), options=opened(origin))
    assert (got.status, got.body, got.header("x-a")) == (200, b"the body", "b")
    assert origin.header("host") == f"origin.test:{origin.port}"
    head = origin.requests[0].decode().lower()
    names = {line.partition(":")[0] for line in head.split("\r\n")[1:] if line}
    assert names == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert origin.header("accept-encoding") == "identity"


def test_the_environment_has_no_say(
    origin: Origin, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    netrc = tmp_path / "netrc"  # type: ignore[operator] # a Path
    netrc.write_text("machine origin.test login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    origin.handlers["/"] = answer(b"direct")
    assert fetch(origin.url(), here(), options=opened(origin)).body == b"direct"
    assert origin.header("authorization") is None


def test_head_and_extra_headers_are_sent(origin: Origin) -> None:
    origin.handlers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    got = fetch(
        origin.url(),
        here(),
        options=opened(origin),
        method=Method.HEAD,
        headers=(("Range", "bytes=0-1"), ("Accept", "image/*")),
    )
    assert (got.status, got.body, got.header("content-length")) == (200, b"", "999")
    assert origin.requests[0].startswith(b"HEAD / ")
    assert (origin.header("range"), origin.header("accept")) == ("bytes=0-1", "image/*")


def test_a_status_of_failure_is_an_answer(origin: Origin) -> None:
    got = fetch(origin.url("/none"), here(), options=opened(origin))
    assert (got.status, got.body) == (404, b"no such page")


def test_ipv6_is_spoken() -> None:
    with running_origin("::1") as origin:
        origin.handlers["/"] = answer(b"six")
        options = OutboundSettings(allow=(f"[::1]:{origin.port}",))
        assert fetch(f"http://[::1]:{origin.port}/", options=options).body == b"six"
        assert origin.header("host") == f"[::1]:{origin.port}"


# Where requests go.

SPELLINGS: Final = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "localhost",
    "intranet",
    "loop.test",
    "mixed.test",
    "mixed6.test",
    "mapped.test",
    "metadata.test",
]
INSIDE: Final = {
    "localhost": [["127.0.0.1", "::1"]],
    "intranet": [["93.184.216.34"]],
    "loop.test": [["127.0.0.1"]],
    "mixed.test": [["93.184.216.34", "127.0.0.1"]],
    "mixed6.test": [["93.184.216.34", "::1"]],
    "mapped.test": [["::ffff:10.0.0.1"]],
    "metadata.test": [["169.254.169.254"]],
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_connection_to_what_is_inside(
    host: str, scheme: str, connects: list[tuple[str, int]]
) -> None:
    names = Names({name: [list(each) for each in answers] for name, answers in INSIDE.items()})
    error = failure(f"{scheme}://{host}/", names, options=OutboundSettings())
    assert error.failure is Failure.UNREACHABLE
    assert connects == []


_PORTS = st.sampled_from([80, 443, 8080, 22])
_ANY = st.one_of(
    st.ip_addresses(),
    st.sampled_from(["127.0.0.1", "10.0.0.1", "::1", "64:ff9b::7f00:1", "2606:4700::1"]).map(
        ip_address
    ),
    st.integers(0x01000000, 0xDF000000).map(ip_address),
)


@settings(max_examples=400)
@given(st.lists(_ANY, max_size=4), _PORTS, st.booleans())
def test_connections_go_to_judged_addresses_only(
    addresses: list[IpAddress], port: int, is_literal: bool
) -> None:
    """R12, generated: whatever a name resolves to, and for addresses in the URL itself."""
    seen: list[tuple[str, int]] = []

    def refuse(_self: socket.socket, address: tuple[str, int]) -> None:
        seen.append((address[0], address[1]))
        raise ConnectionRefusedError

    host = "name.test"
    if is_literal and addresses:
        addresses = addresses[:1]
        host = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
    names = Names({"name.test": [[str(each) for each in addresses]]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        error = failure(f"http://{host}:{port}/", names, options=OutboundSettings())
    assert error.failure is Failure.UNREACHABLE
    is_open = bool(addresses) and all(judge(each).is_public for each in addresses)
    wanted = {str(each) for each in addresses} if is_open and port in (80, 443) else set()
    assert {ip for ip, _ in seen} == wanted
    assert {number for _, number in seen} <= {port}


def test_a_name_is_resolved_once_and_the_connection_is_pinned(
    connects: list[tuple[str, int]],
) -> None:
    """DNS rebinding: public when it is judged, loopback when somebody asks again."""
    names = Names({"rebind.test": [["93.184.216.34"], ["127.0.0.1"]]})
    failure("http://rebind.test/", names, options=OutboundSettings())
    assert names.asked == ["rebind.test"]
    assert connects == [("93.184.216.34", 80)]


def test_a_name_that_moves_inside_between_two_hops_is_refused(origin: Origin) -> None:
    names = Names({"origin.test": [[LOOPBACK], ["169.254.169.254"]]})
    origin.handlers["/"] = redirect("/again")
    options = OutboundSettings(allow=(f"127.0.0.1:{origin.port}", "origin.test"))
    # The name itself may be anywhere on port 80, loopback on the server's port.
    error = failure(origin.url(), names, options=options)
    assert error.failure is Failure.UNREACHABLE
    assert "169.254.0.0/16" in error.detail
    assert names.asked == ["origin.test", "origin.test"]


def test_every_address_of_a_name_is_tried(origin: Origin) -> None:
    names = Names({"origin.test": [["127.0.0.2", LOOPBACK]]})
    origin.handlers["/"] = answer(b"found")
    assert fetch(origin.url(), names, options=opened(origin)).body == b"found"


def test_a_public_address_that_is_this_host_is_refused(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine's own public address reaches services that listen for it alone."""

    def everything_is_public(address: IpAddress) -> Verdict:
        return Verdict(address, None)

    monkeypatch.setattr(outbound_policy, "judge", everything_is_public)
    origin.handlers["/"] = answer(b"secret")
    options = OutboundSettings(allowed_ports=(origin.port,))
    error = failure(origin.url(), here(), options=options)
    assert (error.failure, error.detail) == (Failure.UNREACHABLE, "127.0.0.1 is this host")
    assert origin.requests == []


@pytest.mark.parametrize(
    ("names", "detail"),
    [
        (Names(), "no such name"),
        (Names({"origin.test": [[]]}), "the name has no address"),
    ],
)
def test_a_name_that_leads_nowhere_is_unreachable(names: Names, detail: str) -> None:
    error = failure("http://origin.test/", names, options=OutboundSettings())
    assert error.failure is Failure.UNREACHABLE
    assert detail in error.detail or error.detail == "OSError"


def test_a_port_that_nobody_listens_on_is_unreachable() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    options = OutboundSettings(allow=(f"origin.test:{port}",))
    error = failure(f"http://origin.test:{port}/", here(), options=options)
    assert error.failure is Failure.UNREACHABLE


# TLS.


def test_https_verifies_the_name_and_sends_it() -> None:
    with running_origin(tls=server_tls("origin.test")) as origin:
        origin.handlers["/"] = answer(b"sealed")
        assert fetch(origin.url(), here(), options=opened(origin)).body == b"sealed"


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(name: str) -> None:
    with running_origin(tls=server_tls(name)) as origin:
        error = failure(origin.url(), here(), options=opened(origin))
        assert error.failure is Failure.UNREACHABLE
        assert "Certificate" in error.detail
        assert origin.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    with running_origin(tls=server_tls("origin.test")) as origin:
        tls = ssl.create_default_context()
        error = failure(origin.url(), here(), options=opened(origin), tls=tls)
        assert error.failure is Failure.UNREACHABLE
        assert origin.requests == []


def test_a_server_without_tls_is_unreachable_over_https(origin: Origin) -> None:
    origin.greeting = b"220 no TLS here\r\n"
    url = origin.url().replace("http:", "https:")
    assert failure(url, here(), options=opened(origin)).failure is Failure.UNREACHABLE


# Redirects.


@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
def test_redirects_are_followed(origin: Origin, status: str) -> None:
    origin.handlers["/a/b"] = redirect("../c?d#e", status)
    origin.handlers["/c?d"] = answer(b"there")
    got = fetch(origin.url("/a/b"), here(), options=opened(origin))
    assert (got.body, got.url) == (b"there", origin.url("/c?d"))


@pytest.mark.parametrize(("hops", "is_reached"), [(5, True), (6, False)])
def test_five_redirects_are_followed_and_no_more(
    origin: Origin, hops: int, is_reached: bool
) -> None:
    for hop in range(hops):
        origin.handlers[f"/{hop}"] = redirect(f"/{hop + 1}")
    origin.handlers[f"/{hops}"] = answer(b"there")
    if is_reached:
        assert fetch(origin.url("/0"), here(), options=opened(origin)).body == b"there"
    else:
        error = failure(origin.url("/0"), here(), options=opened(origin))
        assert error.failure is Failure.REDIRECTS
        assert len(origin.requests) == 6


def test_a_redirect_to_itself_ends(origin: Origin) -> None:
    origin.handlers["/"] = redirect("/")
    assert failure(origin.url(), here(), options=opened(origin)).failure is Failure.REDIRECTS


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://loop.test:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://origin.test:22/",
    ],
)
def test_a_redirect_inside_is_refused_as_if_it_were_the_url(origin: Origin, location: str) -> None:
    names = here()
    names.table["loop.test"] = [[LOOPBACK]]
    origin.handlers["/"] = redirect(location.format(port=origin.port))
    origin.handlers["/secret"] = answer(b"secret")
    error = failure(origin.url(), names, options=opened(origin))
    assert error.failure is Failure.UNREACHABLE
    assert (len(origin.requests), origin.connections) == (1, 1)


@pytest.mark.parametrize(
    "location",
    [
        "ftp://origin.test/",
        "file:///etc/passwd",
        "http://u:p@origin.test/",
        "http://0x7f.1/",
        "/a b",
        "http://",
        "http://origin.test\\@other.test/",
        "/é",
    ],
)
def test_a_location_that_is_no_plain_url_is_refused(origin: Origin, location: str) -> None:
    origin.handlers["/"] = redirect(location)
    error = failure(origin.url(), here(), options=opened(origin))
    assert error.failure is Failure.REDIRECTS
    assert len(origin.requests) == 1


def test_a_redirect_from_https_to_http_is_refused(origin: Origin) -> None:
    with running_origin(tls=server_tls("origin.test")) as secure:
        secure.handlers["/"] = redirect(origin.url())
        error = failure(secure.url(), here(), options=opened(origin, secure))
        assert (error.failure, error.detail) == (Failure.REDIRECTS, "from https to http")
        assert origin.requests == []


def test_a_redirect_without_a_location_is_the_answer(origin: Origin) -> None:
    origin.handlers["/"] = answer(b"not modified?", status="302 Found")
    assert fetch(origin.url(), here(), options=opened(origin)).status == 302


def test_credentials_do_not_cross_origins_and_cookies_are_forgotten(origin: Origin) -> None:
    headers = (
        ("Authorization", "Bearer x"),
        ("Cookie", "a=b"),
        ("X-Api-Key", "k"),
        ("Range", "bytes=1-"),
    )
    origin.handlers["/"] = answer(
        b"", "Set-Cookie: c=d; Path=/", "Location: /same", status="302 Found"
    )
    origin.handlers["/same"] = redirect(origin.url("/other", "other.test"))
    origin.handlers["/other"] = answer(b"end")
    fetch(origin.url(), here(), options=opened(origin), headers=headers)
    kept = [[origin.header(name.lower(), hop) for name, _ in headers] for hop in range(3)]
    assert kept == [
        ["Bearer x", "a=b", "k", "bytes=1-"],
        ["Bearer x", "a=b", "k", "bytes=1-"],
        [None, None, None, "bytes=1-"],
    ]


def test_another_port_is_another_origin(origin: Origin) -> None:
    with running_origin() as second:
        origin.handlers["/"] = redirect(second.url())
        second.handlers["/"] = answer(b"end")
        headers = (("Authorization", "Bearer x"),)
        fetch(origin.url(), here(), options=opened(origin, second), headers=headers)
        assert second.header("authorization") is None


# Answers that misbehave.


def broken(origin: Origin, raw: bytes, **options: object) -> OutboundError:
    origin.handlers["/"] = raw
    settings_of = {"options": opened(origin), **options}
    return failure(origin.url(), here(), **settings_of)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA:" + b"x" * 9000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\n" + (b"A: " + b"x" * 4000 + b"\r\n") * 9 + b"\r\n",
        b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
        answer(b"x", "Content-Encoding: br"),
        answer(b"x", "Content-Encoding: gzip, gzip"),
        answer(b"not gzip", "Content-Encoding: gzip"),
        answer(gzip.compress(b"x" * 999, mtime=0)[:-9], "Content-Encoding: gzip"),
    ],
    ids=range(19),
)
def test_a_broken_answer_is_unreachable(origin: Origin, raw: bytes) -> None:
    assert broken(origin, raw).failure is Failure.UNREACHABLE


def test_headers_of_just_the_limit_are_taken(origin: Origin) -> None:
    lines = [f"A{number}: {'x' * 3990}" for number in range(8)]
    origin.handlers["/"] = answer(b"fits", *lines)
    assert fetch(origin.url(), here(), options=opened(origin)).body == b"fits"


@pytest.mark.parametrize(
    ("coding", "raw"),
    [("gzip", gzip.compress(b"text" * 9999, mtime=0)), ("deflate", zlib.compress(b"text" * 9999))],
)
def test_codings_that_were_not_asked_for_are_undone(
    origin: Origin, coding: str, raw: bytes
) -> None:
    origin.handlers["/"] = answer(raw, f"Content-Encoding: {coding}")
    assert fetch(origin.url(), here(), options=opened(origin)).body == b"text" * 9999


@pytest.mark.parametrize(
    "raw",
    [
        answer(gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip"),
        answer(b"x" * 1001),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
    ],
    ids=["bomb", "length", "until close", "chunked", "announced"],
)
def test_a_body_past_the_limit_is_too_large(origin: Origin, raw: bytes) -> None:
    assert broken(origin, raw, max_bytes=1000).failure is Failure.TOO_LARGE


def test_a_body_of_just_the_limit_is_taken(origin: Origin) -> None:
    origin.handlers["/"] = answer(gzip.compress(bytes(1000)), "Content-Encoding: gzip")
    got = fetch(origin.url(), here(), options=opened(origin), max_bytes=1000)
    assert got.body == bytes(1000)


def test_bytes_after_the_announced_length_are_not_the_body(origin: Origin) -> None:
    origin.handlers["/"] = answer(b"body") + b"HTTP/1.1 200 OK\r\n\r\nmore"
    assert fetch(origin.url(), here(), options=opened(origin)).body == b"body"


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_an_endless_body_is_cut_at_the_limit(origin: Origin) -> None:
    origin.handlers["/"] = endless
    error = failure(origin.url(), here(), options=opened(origin), max_bytes=5_000_000)
    assert error.failure is Failure.TOO_LARGE


def stalls_after(raw: bytes, origin: Origin) -> Callable[[socket.socket], None]:
    def stall(connection: socket.socket) -> None:
        connection.sendall(raw)
        origin.wait_for_hang_up(connection)

    return stall


_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nA: b", _HEAD, _HEAD + b"some"])
def test_a_server_that_goes_silent_is_left_at_the_deadline(origin: Origin, raw: bytes) -> None:
    origin.handlers["/"] = stalls_after(raw, origin)
    started = time.monotonic()
    error = failure(origin.url(), here(), options=opened(origin), total_seconds=0.3)
    assert error.failure is Failure.TIMEOUT
    assert time.monotonic() - started < 2
    assert origin.hung_up.wait(5)


def test_headers_that_do_not_come_are_waited_for_only_so_long(origin: Origin) -> None:
    origin.handlers["/"] = stalls_after(b"", origin)
    options = opened(origin, first_byte_seconds=1)
    assert failure(origin.url(), here(), options=options).failure is Failure.TIMEOUT


def test_a_body_that_stops_is_left_without_a_deadline_too(origin: Origin) -> None:
    origin.handlers["/"] = stalls_after(_HEAD + b"some", origin)
    error = failure(
        origin.url(),
        here(),
        options=opened(origin),
        total_seconds=None,
        rate_window_seconds=0.2,
    )
    assert error.failure is Failure.TIMEOUT


def test_a_body_that_drips_is_too_slow(origin: Origin) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(_HEAD)
        while not origin.hung_up.wait(0.02):
            connection.sendall(b"x")

    origin.handlers["/"] = drip
    error = failure(
        origin.url(),
        here(),
        options=opened(origin),
        total_seconds=None,
        rate_window_seconds=0.3,
    )
    assert (error.failure, error.detail) == (Failure.TIMEOUT, "the body comes too slowly")


def test_a_body_that_keeps_the_least_rate_may_take_its_time(origin: Origin) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            origin.hung_up.wait(0.02)
            connection.sendall(b"x")

    origin.handlers["/"] = drip
    got = fetch(
        origin.url(),
        here(),
        options=opened(origin, min_bytes_per_second=5),
        total_seconds=None,
        rate_window_seconds=0.1,
    )
    assert got.body == b"x" * 20


def test_a_resolver_that_never_answers_is_a_timeout() -> None:
    async def silence(_host: str) -> Sequence[IpAddress]:
        await asyncio.Event().wait()
        raise AssertionError

    async def run() -> None:
        client = OutboundClient(OutboundSettings(), silence, tls=client_tls())
        request = OutboundRequest(parse_url("http://origin.test/"), total_seconds=0.1)
        async with client.open(request):
            raise AssertionError

    with pytest.raises(OutboundError) as caught:
        asyncio.run(run())
    assert caught.value.failure is Failure.TIMEOUT


def test_a_connection_that_is_not_accepted_is_a_timeout() -> None:
    """TLS with a server that accepts and says nothing: the handshake is part of connecting."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        options = OutboundSettings(allow=(f"origin.test:{port}",), connect_seconds=1)
        error = failure(f"https://origin.test:{port}/", here(), options=options)
    assert error.failure is Failure.TIMEOUT


def test_a_fetch_that_is_cancelled_hangs_up(origin: Origin) -> None:
    origin.handlers["/"] = stalls_after(_HEAD + b"some", origin)

    async def run() -> None:
        client = OutboundClient(opened(origin), here(), tls=client_tls())
        reading = asyncio.Event()

        async def read() -> None:
            async with client.open(OutboundRequest(parse_url(origin.url()))) as response:
                async for _ in response.body(max_bytes=None):
                    reading.set()

        task = asyncio.create_task(read())
        await reading.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert origin.hung_up.wait(5)
