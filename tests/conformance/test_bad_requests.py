"""R10: malformed HTTP, bad credentials, unknown routes and floods, against a real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

import pytest

from tests.conformance.access_cases import load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.http_world import World, bytes_of
from tests.conformance.untouched import Snapshot, changes, refusal_problems
from tests.e2e.server import Answer, serving
from tests.e2e.wire import BrokenAnswerError, Wire

ACCOUNT: Final = b"/v2/accounts/A623uY2"
DETAILS: Final = ACCOUNT + b"/files/details?filePath=/private/p.jpg"
UPLOAD: Final = ACCOUNT + b"/uploads/binary?filePath=/bad/smuggled.bin"
PUBLIC: Final = b"/A623uY2/raw/pub.jpg"
PRIVATE: Final = b"/A623uY2/raw/private/p.jpg"
SECRET: Final = bytes_of("/private/p.jpg")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("bad_requests") / "data") as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        before = Snapshot.of(server)
        yield made
        assert changes(made, before) == []


def key(world: World) -> tuple[bytes, bytes]:
    return b"Authorization", world.admin("A623uY2")["Authorization"].encode()


def base(world: World, plane: str) -> str:
    return world.server.api if plane == "api" else world.server.cdn


def get(plane: str) -> bytes:
    """A head without Host that would be answered with 200 if it were well formed."""
    return b"GET " + (b"/healthz" if plane == "api" else PUBLIC) + b" HTTP/1.1\r\n"


HOST: Final = b"Host: 127.0.0.1\r\n"
SMUGGLED: Final = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST: Final = b"POST " + UPLOAD + b" HTTP/1.1\r\n" + HOST

# Requests that two parsers could read differently: 400, then nothing more is read.
FRAMING: Final = {
    "length-before-coding": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "length-after-coding": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "equal-lengths": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde" + SMUGGLED,
    "line-feeds": POST.replace(b"\r\n", b"\n") + b"Content-Length: 5\n\nabcde" + SMUGGLED,
    "line-feed": POST + b"X-A: b\nContent-Length: 5\r\n\r\nabcde" + SMUGGLED,
    "two-lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef" + SMUGGLED,
    "list-of-lengths": POST + b"Content-Length: 5, 5\r\n\r\nabcde" + SMUGGLED,
    "signed-length": POST + b"Content-Length: +5\r\n\r\nabcde" + SMUGGLED,
    "negative-length": POST + b"Content-Length: -5\r\n\r\nabcde" + SMUGGLED,
    "hex-length": POST + b"Content-Length: 0x5\r\n\r\nabcde" + SMUGGLED,
    "text-length": POST + b"Content-Length: five\r\n\r\nabcde" + SMUGGLED,
    "empty-length": POST + b"Content-Length: \r\n\r\nabcde" + SMUGGLED,
    "huge-length": POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nabcde" + SMUGGLED,
    "unknown-coding": POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding-list": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding-identity": POST + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding-twice": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "coding-with-a-mark": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding-name-with-space": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "length-name-with-space": POST + b"Content-Length : 5\r\n\r\nabcde" + SMUGGLED,
    "folded-coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
}
# Malformed heads without a body.
HEADS: Final = {
    "no-host": b"\r\n",
    "empty-host": b"Host: \r\n\r\n",
    "two-hosts": HOST + HOST + b"\r\n",
    "host-with-path": b"Host: 127.0.0.1/x\r\n\r\n",
    "host-with-user": b"Host: user@127.0.0.1\r\n\r\n",
    "host-list": b"Host: 127.0.0.1, evil.example\r\n\r\n",
    "host-with-space": b"Host: 127.0.0.1 evil.example\r\n\r\n",
    "host-with-quote": b'Host: "127.0.0.1"\r\n\r\n',
    "host-with-bad-port": b"Host: 127.0.0.1:port\r\n\r\n",
    "host-with-long-port": b"Host: 127.0.0.1:999999\r\n\r\n",
    "host-not-ascii": b"Host: 127.0.0.1\xe9\r\n\r\n",
    "host-with-query": b"Host: 127.0.0.1?x\r\n\r\n",
    "folded": HOST + b"X-A: b\r\n c\r\n\r\n",
    "space-before-colon": HOST + b"X-A : b\r\n\r\n",
    "no-colon": HOST + b"X-A\r\n\r\n",
    "nul-in-value": HOST + b"X-A: b\x00c\r\n\r\n",
    "nul-in-name": HOST + b"X\x00A: b\r\n\r\n",
    "bare-cr": HOST + b"X-A: b\rX-B: c\r\n\r\n",
    "control-in-value": HOST + b"X-A: b\x01c\r\n\r\n",
    "no-name": HOST + b": b\r\n\r\n",
    "name-not-a-token": HOST + b"X(A): b\r\n\r\n",
    "name-not-ascii": HOST + b"X\xe9: b\r\n\r\n",
}
START_LINES: Final = {
    "not-http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no-version": b"GET /healthz\r\n" + HOST + b"\r\n",
    "version-0.9": b"GET /healthz HTTP/0.9\r\n" + HOST + b"\r\n",
    "version-2": b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n",
    "version-text": b"GET /healthz HTTP/x\r\n" + HOST + b"\r\n",
    "target-with-space": b"GET /heal thz HTTP/1.1\r\n" + HOST + b"\r\n",
    "target-with-nul": b"GET /healthz\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "target-relative": b"GET healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "method-not-a-token": b"G(E)T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "http-2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


def answers_to(address: str, data: bytes) -> tuple[Answer, bool]:
    """The one answer to the bytes, and whether the connection ends after it."""
    with Wire(address) as wire:
        answer = wire.exchange(data)
        return answer, wire.is_closed_by_peer()


def assert_bad_request(answer: Answer, *, is_closed: bool) -> None:
    """400 and the end."""
    assert answer.status == 400, answer.body
    assert refusal_problems(answer) == []
    assert is_closed


@pytest.mark.parametrize("name", FRAMING)
def test_framing_that_can_be_read_in_two_ways_is_refused_and_ends(world: World, name: str) -> None:
    answer, is_closed = answers_to(world.server.api, FRAMING[name])
    assert_bad_request(answer, is_closed=is_closed)


@pytest.mark.parametrize("plane", ["api", "cdn"])
@pytest.mark.parametrize("name", HEADS)
def test_a_malformed_head_is_refused_and_ends(world: World, plane: str, name: str) -> None:
    answer, is_closed = answers_to(base(world, plane), get(plane) + HEADS[name])
    assert_bad_request(answer, is_closed=is_closed)


@pytest.mark.parametrize("plane", ["api", "cdn"])
@pytest.mark.parametrize("name", START_LINES)
def test_what_is_no_request_is_refused_or_dropped(world: World, plane: str, name: str) -> None:
    with Wire(base(world, plane)) as wire:
        try:
            answer = wire.exchange(START_LINES[name])
        except BrokenAnswerError:
            assert wire.is_closed_by_peer()
            return
        assert 400 <= answer.status < 500 or answer.status == 505
        assert refusal_problems(answer) == [] or wire.is_closed_by_peer()


@pytest.mark.parametrize("plane", ["api", "cdn"])
@pytest.mark.parametrize("count", [101, 300, 5000])
def test_too_many_headers_are_refused(world: World, plane: str, count: int) -> None:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(count))
    answer, _ = answers_to(base(world, plane), get(plane) + HOST + lines + b"\r\n")
    assert answer.status == 431
    assert answer.body == b"" or refusal_problems(answer) == []


@pytest.mark.parametrize("plane", ["api", "cdn"])
@pytest.mark.parametrize("size", [16 * 1024 + 1, 40_000, 1_000_000])
def test_large_headers_are_refused(world: World, plane: str, size: int) -> None:
    line = b"X-A: " + b"y" * size + b"\r\n"
    answer, _ = answers_to(base(world, plane), get(plane) + HOST + line + b"\r\n")
    assert answer.status == 431
    assert answer.body == b"" or refusal_problems(answer) == []


@pytest.mark.parametrize(
    ("plane", "limit"), [("api", 16 * 1024), ("cdn", 1000)], ids=["api", "cdn"]
)
def test_a_long_target_is_refused_at_its_limit(world: World, plane: str, limit: int) -> None:
    path = b"/healthz?" if plane == "api" else PUBLIC + b"?meta-x="
    with Wire(base(world, plane)) as wire:
        fits = wire.ask(b"GET", path + b"x" * (limit - len(path)))
        past = wire.ask(b"GET", path + b"x" * (limit - len(path) + 1))
        far = wire.ask(b"GET", path + b"x" * 30_000)
    assert fits.status == 200
    for answer in (past, far):
        assert refusal_problems(answer) == []
        assert (answer.status, answer.code) == (414, "url_too_long")


# Credentials. None of them is one.
AUTHORIZATION: Final = {
    "empty": [b""],
    "scheme-only": [b"Bearer"],
    "blank-value": [b"Bearer  "],
    "no-scheme": [b"{key}"],
    "unknown-scheme": [b"Token {key}"],
    "digest": [b"Digest username=apikey"],
    "twice-the-same": [b"Bearer {key}", b"Bearer {key}"],
    "twice": [b"Bearer {key}", b"Bearer x"],
    "twice-reversed": [b"Bearer x", b"Bearer {key}"],
    "joined": [b"Bearer {key}, Bearer {key}"],
    "joined-others": [b"Bearer x, Bearer {key}"],
    "two-values": [b"Bearer {key} {key}"],
    "quoted": [b'Bearer "{key}"'],
    "tab": [b"Bearer\t{key}"],
    "shorter": [b"Bearer {cut}"],
    "longer": [b"Bearer {key}x"],
    "upper": [b"Bearer {upper}"],
    "not-ascii": [b"Bearer {key}\xe9"],
    "basic-not-base64": [b"Basic !!!!"],
    "basic-plain": [b"Basic apikey:{key}"],
    "basic-empty": [b"Basic "],
    "basic-no-colon": [b"Basic YXBpa2V5"],
    "basic-not-utf-8": [b"Basic /////w=="],
    "jwt-shape": [b"Bearer a.b.c"],
    "jwt-none": [b"Bearer eyJhbGciOiJub25lIn0.eyJhY2NvdW50SWQiOiJBNjIzdVkyIn0."],
    "jwt-long": [b"Bearer a." + b"b" * 9000 + b".c"],
    "unknown-account": [b"Bearer secret_ZZZZZZZabcdefgh"],
    "unknown-key": [b"Bearer secret_A623uY2aaaaaaaaaaaaaaaaaaaaa"],
    "other-kind": [b"Bearer {public}"],
    "dashboard": [b"Bearer dash_abcdef"],
    "alias": [b"Bearer free"],
}


def credentials(world: World, name: str) -> list[tuple[bytes, bytes]]:
    text = world.fixture.keys["SK"].text
    forms = {
        b"{key}": text,
        b"{cut}": text[:-1],
        b"{upper}": text.upper(),
        b"{public}": text.replace("secret_", "public_"),
    }
    made = []
    for value in AUTHORIZATION[name]:
        filled = value
        for mark, form in forms.items():
            filled = filled.replace(mark, form.encode())
        made.append((b"Authorization", filled))
    return made


@pytest.mark.parametrize("name", AUTHORIZATION)
def test_the_api_refuses_what_is_no_credential(world: World, name: str) -> None:
    with Wire(world.server.api) as wire:
        answer = wire.ask(b"GET", DETAILS, credentials(world, name))
    assert refusal_problems(answer) == []
    assert answer.status == 401, answer.body
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("name", AUTHORIZATION)
def test_delivery_refuses_what_is_no_credential_and_keeps_public_files_open(
    world: World, name: str
) -> None:
    with Wire(world.server.cdn) as wire:
        private = wire.ask(b"GET", PRIVATE, credentials(world, name))
        public = wire.ask(b"GET", PUBLIC, credentials(world, name))
    assert refusal_problems(private) == []
    assert private.status == 401, private.body
    assert (public.status, public.body) == (200, bytes_of("/pub.jpg"))


@pytest.mark.parametrize("token", [b"x", b"a.b.c", b"Bearer x", b"{jwt}, {jwt}", b"{jwt}x"])
def test_a_bad_token_beside_a_good_key_is_refused(world: World, token: bytes) -> None:
    jwt = world.filled("{jwt:J1}").encode()
    headers = [key(world), (b"Authorization-Token", token.replace(b"{jwt}", jwt))]
    with Wire(world.server.api) as wire:
        answer = wire.ask(b"GET", DETAILS, headers)
    assert refusal_problems(answer) == []
    assert answer.status == 401, answer.body


COOKIES: Final = [
    b"access-token-A623uY2=x",
    b"access-token-A623uY2=",
    b"access-token-A623uY2=a.b.c",
    b'access-token-A623uY2="{jwt}"',
    b"access-token-A623uY2={jwt}; access-token-A623uY2=x",
    b"access-token-A623uY2=x; access-token-A623uY2={jwt}",
    b"Access-Token-A623uY2={jwt}",
    b"access-token-B7xk3Qz={jwt}",
    b"x=access-token-A623uY2={jwt}",
    b"access-token-A623uY2={jwt}x",
    b"access-token-A623uY2=" + b"a" * 8000,
    b"=;=;;;===",
    b"\xff\xfe=\xff",
]


@pytest.mark.parametrize("cookie", COOKIES, ids=lambda value: repr(value)[:40])
def test_a_bad_cookie_is_as_none(world: World, cookie: bytes) -> None:
    jwt = world.filled("{jwt:J1}").encode()
    headers = [(b"Cookie", cookie.replace(b"{jwt}", jwt))]
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(b"GET", b"/A623uY2/raw/users/u1/f.jpg", headers)
        public = wire.ask(b"GET", PUBLIC, headers)
    assert refusal_problems(answer) == []
    assert answer.status == 403
    assert public.status == 200


UNROUTED: Final = [
    ("api", b"/"),
    ("api", b"/v2"),
    ("api", b"/v2/"),
    ("api", b"/v2/accounts"),
    ("api", b"/v2/accounts/A623uY2"),
    ("api", b"/v2/accounts/A623uY2/nothing"),
    ("api", b"/v2/accounts/A623uY2/files/details/x"),
    ("api", b"/v2/accounts//files/details"),
    ("api", b"//v2/accounts/A623uY2/files/details"),
    ("api", b"/v2/accounts/A623uY2/files/../files/details"),
    ("api", b"/v2/accounts/A623uY2/files%2fdetails"),
    ("api", b"/v2/accounts/A623uY2/files/det%61ils"),
    ("api", b"/V2/accounts/A623uY2/files/details"),
    ("api", b"/v2/accounts/A623uY2/files/details;x"),
    ("api", b"/A623uY2/raw/pub.jpg"),
    ("api", b"/.git/config"),
    ("api", b"/byteward.db"),
    ("cdn", b"/"),
    ("cdn", b"/A623uY2"),
    ("cdn", b"/robots.txt"),
    ("cdn", b"/v2/accounts/A623uY2/files/details?filePath=/pub.jpg"),
    ("cdn", b"/ZZZZZZZ/raw/pub.jpg"),
    ("cdn", b"/a623uy2/raw/pub.jpg"),
    ("cdn", b"/A623uY22/raw/pub.jpg"),
    ("cdn", b"/A623uY/raw/pub.jpg"),
    ("cdn", b"/A623uY2/nothing/pub.jpg"),
    ("cdn", b"/api/v1/access_tokens"),
    ("cdn", b"/api/v1/access_tokens/ZZZZZZZ"),
    ("cdn", b"/api/v1/nothing"),
]


@pytest.mark.parametrize(("plane", "target"), UNROUTED)
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST", b"DELETE"])
def test_an_unknown_route_is_refused(
    world: World, plane: str, target: bytes, method: bytes
) -> None:
    with Wire(base(world, plane)) as wire:
        answer = wire.ask(method, target, [key(world)] if plane == "api" else [])
    assert refusal_problems(answer, is_head=method == b"HEAD") == []
    allowed = {404} if method in (b"GET", b"HEAD") else {401, 404, 405}
    if b"access_tokens/" in target:
        allowed = {404, 405}
    assert answer.status in allowed, answer.body


ROUTES: Final = {
    b"/uploads": b"POST",
    b"/uploads/binary": b"POST",
    b"/uploads/form_data": b"POST",
    b"/uploads/ZZZZZZZZZZZZZZZZ/parts": b"GET HEAD",
    b"/uploads/ZZZZZZZZZZZZZZZZ/parts/0": b"GET HEAD PUT",
    b"/uploads/ZZZZZZZZZZZZZZZZ/parts/0/content": b"PUT",
    b"/files/details": b"GET HEAD",
    b"/folders": b"DELETE GET HEAD PUT",
}
METHODS: Final = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"TRACE", b"PURGE", b"get", b"X")


@pytest.mark.parametrize("route", ROUTES)
def test_a_method_that_a_route_does_not_take_is_refused(world: World, route: bytes) -> None:
    with Wire(world.server.api) as wire:
        for method in METHODS:
            if method in ROUTES[route].split():
                continue
            answer = wire.ask(method, ACCOUNT + route, [key(world)])
            assert refusal_problems(answer, is_head=method == b"HEAD") == []
            assert answer.status == 405, (method, answer.status)
            allowed = {*ROUTES[route].decode().split(), "OPTIONS"}
            assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize("method", [b"PUT", b"POST", b"PATCH", b"DELETE", b"TRACE", b"get", b"X"])
@pytest.mark.parametrize("target", [PUBLIC, PRIVATE])
def test_delivery_is_for_reading_only(world: World, method: bytes, target: bytes) -> None:
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(method, target, [key(world)])
    assert refusal_problems(answer) == []
    assert answer.status == 405


@pytest.mark.parametrize(
    "header",
    [
        (b"X-HTTP-Method-Override", b"DELETE"),
        (b"X-HTTP-Method", b"DELETE"),
        (b"X-Method-Override", b"DELETE"),
        (b"X-Original-URL", PRIVATE),
        (b"X-Rewrite-URL", PRIVATE),
        (b"X-Forwarded-Path", PRIVATE),
        (b"X-Forwarded-Host", b"evil.example"),
        (b"X-Forwarded-For", b"127.0.0.1"),
        (b"X-Forwarded-Proto", b"https"),
        (b"Forwarded", b"for=127.0.0.1;host=evil.example"),
        (b"Service-Worker-Allowed", b"/"),
        (b"Upgrade", b"h2c"),
        (b"Expect", b"200-ok"),
        (b"Connection", b"Authorization"),
    ],
)
def test_no_header_changes_method_route_or_host(world: World, header: tuple[bytes, bytes]) -> None:
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(b"GET", PUBLIC, [header])
        other = wire.ask(b"GET", PRIVATE, [header])
    assert answer.status in (200, 400, 417)
    if answer.status == 200:
        assert answer.body == bytes_of("/pub.jpg")
    assert other.status in (403, 400, 417)
    assert SECRET not in other.body
    assert b"evil" not in b"".join(v.encode() for v in answer.headers.values())


HEAD_TARGETS: Final = [
    ("cdn", PUBLIC),
    ("cdn", PRIVATE),
    ("cdn", b"/A623uY2/raw/missing.jpg"),
    ("cdn", b"/A623uY2/raw/docs/../x"),
    ("cdn", b"/ZZZZZZZ/raw/x"),
    ("cdn", b"/healthz"),
    ("api", DETAILS),
    ("api", ACCOUNT + b"/files/details?filePath=/missing.jpg"),
    ("api", ACCOUNT + b"/files/details"),
    ("api", ACCOUNT + b"/folders?folderPath=/private"),
    ("api", b"/readyz"),
]


@pytest.mark.parametrize(("plane", "target"), HEAD_TARGETS)
def test_head_answers_as_get_without_a_body(world: World, plane: str, target: bytes) -> None:
    headers = [key(world)] if plane == "api" else []
    varying = {"date", "x-request-id", "age"}
    with Wire(base(world, plane)) as wire:
        whole = wire.ask(b"GET", target, headers)
        bare = wire.ask(b"HEAD", target, headers)
        after = wire.ask(b"GET", target, headers)
    assert bare.status == whole.status == after.status
    assert {n: v for n, v in bare.headers.items() if n not in varying} == {
        n: v for n, v in whole.headers.items() if n not in varying
    }


SIZE: Final = len(bytes_of("/pub.jpg"))
WHOLE_RANGES: Final = [
    b"",
    b"bytes",
    b"bytes=",
    b"bytes=-",
    b"bytes=a-b",
    b"bytes=1-0",
    b"bytes=0-0,2-3",
    b"bytes=,",
    b"bytes= 0-1",
    b"bytes=0 -1",
    b"bytes=+0-1",
    b"bytes=0x0-0x1",
    b"bytes=0_0-1",
    b"bytes=-0x1",
    b"bytes=--1",
    b"bytes=0-1-2",
    b"bytes=\xb2-3",
    b"items=0-1",
    b"bytes:0-1",
    b"bytes=" + b"0-1," * 2000,
    b"bytes=" + b"9" * 30 + b"-",
    b"bytes=0-" + b"9" * 30,
    b"x" * 5000,
]


@pytest.mark.parametrize("value", WHOLE_RANGES, ids=lambda value: repr(value)[:40])
def test_a_bad_range_gives_the_whole_file(world: World, value: bytes) -> None:
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(b"GET", PUBLIC, [(b"Range", value)])
    assert (answer.status, answer.body) == (200, bytes_of("/pub.jpg"))


@pytest.mark.parametrize(
    "value", [b"bytes=%d-" % SIZE, b"bytes=999999-", b"bytes=-0", b"bytes=" + b"9" * 19 + b"-"]
)
def test_a_range_out_of_reach_is_refused_after_authority(world: World, value: bytes) -> None:
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(b"GET", PUBLIC, [(b"Range", value)])
        private = wire.ask(b"GET", PRIVATE, [(b"Range", value)])
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert private.status == 403
    assert "content-range" not in private.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"If-None-Match", b'"' + b"x" * 4000),
        (b"If-None-Match", b",,,"),
        (b"If-Match", b"no quotes"),
        (b"If-Modified-Since", b"yesterday"),
        (b"If-Modified-Since", b"Sun, 99 Foo 9999 99:99:99 GMT"),
        (b"If-Unmodified-Since", b"\xff"),
        (b"If-Range", b"x" * 4000),
        (b"Accept", b"\xff/\xfe;q=9"),
        (b"Accept-Encoding", b"gzip;q=-1"),
        (b"Origin", b"https://a\x80b"),
        (b"Origin", b"null"),
        (b"Referer", b"\xff"),
    ],
)
def test_a_malformed_condition_or_preference_breaks_nothing(
    world: World, name: bytes, value: bytes
) -> None:
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(b"GET", PUBLIC, [(name, value)])
        private = wire.ask(b"GET", PRIVATE, [(name, value)])
    assert answer.status in (200, 412), answer.status
    assert refusal_problems(private) == []
    assert private.status == 403


@pytest.mark.parametrize("count", [201, 400])
def test_a_query_of_too_many_pairs_is_refused(world: World, count: int) -> None:
    pairs = b"&".join(b"a" for _ in range(count))
    with Wire(world.server.cdn) as wire:
        delivery = wire.ask(b"GET", PUBLIC + b"?" + pairs)
    with Wire(world.server.api) as wire:
        api = wire.ask(b"GET", DETAILS + b"&" + pairs, [key(world)])
    for answer in (delivery, api):
        assert refusal_problems(answer) == []
        assert answer.status == 400


@pytest.mark.parametrize(
    "query",
    [
        b"exp=",
        b"exp=-1",
        b"exp=x",
        b"exp=1e9",
        b"exp=%2B4102444800",
        b"exp=" + b"9" * 100,
        b"exp=4102444800&exp=4102444800",
        b"cache-ttl=-1",
        b"cache-ttl=x",
        b"cache=maybe",
        b"download=maybe",
        b"enc=",
        b"enc=1.F91kfA1g.x.y&w=1",
        b"sig=&exp=",
        b"path=",
        b"path=relative",
    ],
)
def test_a_bad_parameter_of_delivery_is_refused(world: World, query: bytes) -> None:
    with Wire(world.server.cdn) as wire:
        answer = wire.ask(b"GET", PUBLIC + b"?" + query)
    assert refusal_problems(answer) == []
    assert answer.status in (400, 403)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"1",
        b"1.F91kfA1g",
        b"1.F91kfA1g.",
        b"2.F91kfA1g.AAAA",
        b"1.ZZZZZZZZ.AAAA",
        b"1..AAAA",
        b"1.F91kfA1g.AAAA.AAAA",
        b"1.F91kfA1g." + b"A" * 43,
        b"1.F91kfA1g." + b"A" * 500,
        b"1.F91kfA1g.%ff",
        b"1.F91kfA1g.AAAA%3D",
        b"01.F91kfA1g.AAAA",
    ],
)
@pytest.mark.parametrize("name", [b"sig", b"enc"])
def test_a_forged_secure_url_is_refused_also_for_a_public_file(
    world: World, name: bytes, value: bytes
) -> None:
    query = name + b"=" + value + (b"&exp=4102444800" if name == b"sig" else b"")
    with Wire(world.server.cdn) as wire:
        for target in (PUBLIC, PRIVATE):
            answer = wire.ask(b"GET", target + b"?" + query, [key(world)])
            assert refusal_problems(answer) == []
            assert answer.status in (400, 403), answer.body


@pytest.mark.parametrize("plane", ["api", "cdn"])
def test_a_client_that_says_nothing_or_little_hurts_nobody(world: World, plane: str) -> None:
    address = base(world, plane).removeprefix("http://").split(":")
    silent = [socket.create_connection((address[0], int(address[1]))) for _ in range(50)]
    for number, each in enumerate(silent):
        each.sendall(get(plane)[: number % 20])
    with Wire(base(world, plane)) as wire:
        assert wire.ask(b"GET", b"/healthz").status == 200
    for each in silent:
        each.close()
