"""The head of a request: what is accepted is read as every other parser reads it."""

from __future__ import annotations

from collections.abc import Sequence

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.server.http1.head import BadHeadError, parse_head

GET = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n"


def head_of(text: bytes) -> bytes:
    return text.removesuffix(b"\r\n")


def test_a_request_is_taken_apart() -> None:
    head = parse_head(head_of(GET + b"X-A:  b c \t\r\nCookie: \r\n"))
    assert (head.method, head.raw_path, head.query) == ("GET", b"/a", b"b=c")
    assert head.headers.lines == ((b"host", b"h"), (b"x-a", b"b c"), (b"cookie", b""))
    assert (head.http_version, head.length, head.is_kept_alive) == ("1.1", 0, True)
    assert not head.expects_continue


@pytest.mark.parametrize(
    ("line", "target", "host"),
    [
        (b"GET http://other.example/x?y HTTP/1.1", (b"/x", b"y"), b"other.example"),
        (b"GET HTTPS://other.example:8443 HTTP/1.1", (b"/", b""), b"other.example:8443"),
        (b"GET http://[::1]?y=http://z/ HTTP/1.1", (b"/", b"y=http://z/"), b"[::1]"),
        (b"OPTIONS * HTTP/1.1", (b"*", b""), b"h"),
        (b"GET //x/y HTTP/1.1", (b"//x/y", b""), b"h"),
    ],
)
def test_forms_of_the_target(line: bytes, target: tuple[bytes, bytes], host: bytes) -> None:
    head = parse_head(line + b"\r\nX-A: b\r\nHost: h")
    assert (head.raw_path, head.query) == target
    assert head.headers[b"host"] == host
    assert [name for name, _ in head.headers.lines].count(b"host") == 1


@pytest.mark.parametrize(
    ("version", "connection", "is_kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: Close\r\n", False),
        (b"1.1", b"Connection: x\r\nConnection: y, close\r\n", False),
        (b"1.1", b"Connection: upgrade\r\n", True),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
        (b"1.0", b"Connection: keep-alive, close\r\n", False),
    ],
)
def test_what_becomes_of_the_connection(version: bytes, connection: bytes, is_kept: bool) -> None:
    text = b"GET / HTTP/" + version + b"\r\nHost: h\r\n" + connection
    assert parse_head(head_of(text)).is_kept_alive is is_kept


@pytest.mark.parametrize(
    ("lines", "length"),
    [(b"Content-Length: 007\r\n", 7), (b"Transfer-Encoding: Chunked\r\n", None), (b"", 0)],
)
def test_how_long_the_body_is(lines: bytes, length: int | None) -> None:
    assert parse_head(head_of(GET + lines)).length == length


def test_an_old_client_needs_no_host_and_is_told_to_continue_by_nobody() -> None:
    head = parse_head(b"POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue")
    assert (head.length, head.expects_continue) == (3, False)
    assert parse_head(head_of(GET + b"Expect: 100-Continue\r\n")).expects_continue


REFUSED = {
    "no request line": b"",
    "no version": b"GET /\r\nHost: h\r\n",
    "version 2": b"GET / HTTP/2.0\r\nHost: h\r\n",
    "version in lower case": b"GET / http/1.1\r\nHost: h\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: h\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: h\r\n",
    "space at the end": b"GET / HTTP/1.1 \r\nHost: h\r\n",
    "tab for a space": b"GET\t/\tHTTP/1.1\r\nHost: h\r\n",
    "method no token": b"G(T / HTTP/1.1\r\nHost: h\r\n",
    "endless method": b"G" * 33 + b" / HTTP/1.1\r\nHost: h\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\nHost: h\r\n",
    "target not ASCII": b"GET /\xc3\xbc HTTP/1.1\r\nHost: h\r\n",
    "relative target": b"GET a HTTP/1.1\r\nHost: h\r\n",
    "connect": b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n",
    "asterisk": b"GET * HTTP/1.1\r\nHost: h\r\n",
    "another scheme": b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n",
    "absolute with user": b"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n",
    "absolute without Host": b"GET http://h/ HTTP/1.1\r\n",
    "folded line": GET + b"X-A: b\r\n c\r\n",
    "folded first line": GET.replace(b"Host", b" Host"),
    "space before the colon": GET + b"X-A : b\r\n",
    "no colon": GET + b"X-A\r\n",
    "no colon after a usual name": GET + b"Cookie\r\n",
    "no name": GET + b": b\r\n",
    "name no token": GET + b"X(A: b\r\n",
    "name not ASCII": GET + b"X\xe9: b\r\n",
    "NUL": GET + b"X-A: b\x00c\r\n",
    "bare CR": GET + b"X-A: b\rc\r\n",
    "bare LF": GET + b"X-A: b\nX-B: c\r\n",
    "CR before CRLF": GET + b"X-A: b\r\r\n",
    "DEL": GET + b"X-A: b\x7f\r\n",
    "no Host": b"GET / HTTP/1.1\r\nX-A: b\r\n",
    "no header at all": b"GET / HTTP/1.1\r\n",
    "empty Host": b"GET / HTTP/1.1\r\nHost:\r\n",
    "two Hosts": GET + b"Host: h\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: h/x\r\n",
    "Host in 1.0": b"GET / HTTP/1.0\r\nHost: h h\r\n",
    "two lengths": GET + b"Content-Length: 1\r\nContent-Length: 1\r\n",
    "list of lengths": GET + b"Content-Length: 1, 1\r\n",
    "signed length": GET + b"Content-Length: +1\r\n",
    "hex length": GET + b"Content-Length: 0x1\r\n",
    "length not ASCII": GET + "Content-Length: \u0661\r\n".encode(),
    "empty length": GET + b"Content-Length:\r\n",
    "huge length": GET + b"Content-Length: " + b"1" * 20 + b"\r\n",
    "length and coding": GET + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    "coding and length": GET + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
    "another coding": GET + b"Transfer-Encoding: gzip\r\n",
    "list of codings": GET + b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked twice": GET + b"Transfer-Encoding: chunked, chunked\r\n",
    "two codings": GET + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "empty coding": GET + b"Transfer-Encoding:\r\n",
    "coding in 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
    "quoted coding": GET + b'Transfer-Encoding: "chunked"\r\n',
    "two expectations": GET + b"Expect: 100-continue\r\nExpect: 100-continue\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(name: str) -> None:
    with pytest.raises(BadHeadError):
        parse_head(head_of(REFUSED[name]))


class Reading:
    """What llhttp, in its strict mode, makes of bytes."""

    def __init__(self, data: bytes) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.keeps_alive = False
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(data)
        self.method = self._parser.get_method().decode()

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self.keeps_alive = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        self.is_complete = True


TEXT = b"""Host: h|Host: h|X-A: b|X-A:b \t|X-A: \xff|A:|Content-Length: 5|Content-Length: 0
Transfer-Encoding: chunked|Transfer-Encoding: x|Connection: close|Connection: keep-alive
 c|X-A : b|x|: x|X-A: b\x0bc|X-A: b\rc|X-A: b\x00"""
PIECES = st.sampled_from([piece + b"\r\n" for piece in TEXT.replace(b"\n", b"|").split(b"|")])
LINES = st.sampled_from([b"GET / HTTP/1.1\r\n", b"POST /a?b HTTP/1.1\r\n", b"GET /x HTTP/1.0\r\n"])


@given(
    line=LINES,
    pieces=st.lists(PIECES, max_size=5),
    noise=st.binary(max_size=2),
    at=st.integers(min_value=0),
)
def test_whatever_is_accepted_is_read_the_same_by_another_strict_parser(
    line: bytes, pieces: Sequence[bytes], noise: bytes, at: int
) -> None:
    data = line + b"".join(pieces)
    at %= len(data)
    data = data[:at] + noise + data[at:]
    if b"\r\n\r\n" in data or not data.endswith(b"\r\n"):
        return
    try:
        head = parse_head(head_of(data))
    except BadHeadError:
        return
    assert parse_head(head_of(data)) == head  # the second time from memory
    methods = {"GET", "POST"}
    if head.method not in methods:
        return  # that parser knows a fixed list of methods; ours leaves them to the application
    other = Reading(data + b"\r\n")
    target = head.raw_path + (b"?" + head.query if b"?" in other.target else b"")
    assert (other.method, other.target) == (head.method, target)
    assert other.headers == list(head.headers.lines)
    assert other.is_complete is (head.length == 0)
    assert other.keeps_alive or not head.is_kept_alive


@pytest.mark.parametrize("line", [b"X: " + b"y" * 3000, b"\r\n".join([b"x:y"] * 60)])
def test_what_is_too_large_to_be_remembered_is_read_alike(line: bytes) -> None:
    for target in (b"/a", b"/" + b"a" * 3000):
        head = parse_head(b"GET " + target + b"?q HTTP/1.1\r\nHost: h\r\n" + line)
        assert (head.raw_path, head.query, head.length) == (target, b"q", 0)
        assert len(head.headers.lines) == 1 + len(line.split(b"\r\n"))


def test_the_version_decides_what_remembered_lines_mean() -> None:
    lines = b"\r\nHost: h\r\nX-Version: 1"
    for version, is_kept in ((b"1.1", True), (b"1.0", False), (b"1.1", True)):
        assert parse_head(b"GET / HTTP/" + version + lines).is_kept_alive is is_kept
