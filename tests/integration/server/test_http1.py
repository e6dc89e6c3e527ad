"""Our HTTP server over sockets: framing, order, flow control, waits, and the end of connections."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.server.http1_program import PIECE, PIECES
from tests.integration.server.http1_server import (
    CLOSING,
    HOST,
    Http1,
    await_that,
    get,
    http1,
    read_all,
    read_until,
    statuses,
)
from tests.unit.server.http1.test_head import REFUSED

FILE_BYTES = 8_000_000
NEXT = get(b"/next")
HIDDEN = get(b"/hidden")
POST = b"POST /echo HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http1]:
    with http1(tmp_path_factory.mktemp("http1"), file_bytes=FILE_BYTES) as running:
        yield running


# Framing


@pytest.mark.parametrize("name", [each for each in REFUSED if each != "no request line"])
def test_a_head_that_is_refused_gets_one_400_and_the_end(server: Http1, name: str) -> None:
    answer = server.exchange(REFUSED[name] + b"\r\n" + NEXT)
    assert statuses(answer) == [b"400"]
    assert b"\r\nconnection: close\r\n" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\nHost: h\n",
        b"GET / HTTP/1.1\rHost: h",
        b"\n",
        b"\r\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_a_line_without_crlf_is_refused_before_the_head_ends(server: Http1, data: bytes) -> None:
    assert statuses(server.exchange(data)) == [b"400"]


@pytest.mark.parametrize(
    "chunks",
    [b"x\r\n", b"5\r\nabcdeXX0\r\n\r\n", b"-1\r\na\r\n", b"5\nabcde\n0\n\n", b"f" * 16 + b"\r\n"],
)
def test_malformed_chunks_get_one_400_and_the_end(server: Http1, chunks: bytes) -> None:
    assert statuses(server.exchange(CHUNKED + chunks + NEXT)) == [b"400"]
    assert statuses(server.exchange(CHUNKED, b"1\r\na\r\n", chunks + NEXT)) == [b"400"]


@pytest.mark.parametrize(
    ("request_", "served"),
    [
        (POST + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN, b"POST /echo? GET /hid"),
        (CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN), b"POST /echo? GET /hid"),
        (get(b"/x", b"Content-Length: 0\r\n"), b"GET /x? "),
    ],
)
def test_a_request_in_a_body_is_no_request(server: Http1, request_: bytes, served: bytes) -> None:
    answer = server.exchange(request_ + CLOSING)
    assert statuses(answer) == [b"200", b"200"]
    assert served in answer
    assert answer.endswith(b"GET /last? ")


def test_an_empty_line_before_a_request_is_skipped(server: Http1) -> None:
    assert statuses(server.exchange(get(b"/a") + b"\r\n" + CLOSING)) == [b"200", b"200"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 70_000, b"431"),
        (b"GET /" + b"y" * 70_000, b"414"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20_000 + b"\r\n", b"431"),
    ],
)
def test_a_head_without_end_is_refused(server: Http1, data: bytes, status: bytes) -> None:
    assert statuses(server.exchange(data)) == [status]


# The same however it arrives

REQUESTS = st.sampled_from(
    [
        get(b"/a?b=c"),
        get(b"/now?x"),
        get(b"/now", method=b"HEAD"),
        get(b"/empty"),
        get(b"/unmodified"),
        POST + b"Content-Length: 5\r\n\r\nabcde",
        CHUNKED + b"3\r\nabc\r\n2;x\r\nde\r\n0\r\nX: y\r\n\r\n",
        b"GET http://other/z HTTP/1.1\r\n" + HOST + b"\r\n",
    ]
)


def _without_dates(answer: bytes) -> list[bytes]:
    return [line for line in answer.split(b"\r\n") if not line.startswith(b"date: ")]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    requests=st.lists(REQUESTS, min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 500), max_size=6),
)
def test_requests_cut_anywhere_get_the_answers_of_uncut_ones(
    server: Http1, requests: Sequence[bytes], cuts: Sequence[int]
) -> None:
    data = b"".join(requests) + CLOSING
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(edges)]
    answer = server.exchange(*parts)
    assert len(statuses(answer)) == len(requests) + 1
    assert _without_dates(answer) == _without_dates(server.exchange(data))


def test_single_bytes_make_the_same_request(server: Http1) -> None:
    data = CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + get(b"/now?y") + CLOSING
    parts = [data[at : at + 1] for at in range(len(data))]
    assert _without_dates(server.exchange(*parts)) == _without_dates(server.exchange(data))


def test_pipelined_requests_are_answered_in_order(server: Http1) -> None:
    paths = [b"/now?%d" % n if n % 3 else b"/%d" % n for n in range(300)]
    answer = server.exchange(b"".join(map(get, paths)) + CLOSING)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    wanted = [b"%d" % n if n % 3 else b"GET /%d? " % n for n in range(300)]
    assert bodies == [*wanted, b"GET /last? "]


def test_a_request_waits_for_the_answer_before_it(server: Http1) -> None:
    with server.connect() as connection:
        connection.sendall(get(b"/wait") + get(b"/now?after") + CLOSING)
        assert server.body_of(b"/release") == b"released"
        answer = read_all(connection)
    assert answer.index(b"waited") < answer.index(b"after") < answer.index(b"/last")


def test_a_reader_that_stalls_on_pipelined_answers_costs_no_memory(server: Http1) -> None:
    before = server.resident_kib()
    with server.connect(4096) as connection:
        connection.sendall(get(b"/now?big") * 100)
        for _ in range(50):
            assert server.body_of(b"/now?x") == b"x"
        assert server.resident_kib() - before < 16_384


# Responses


@pytest.mark.parametrize("path", [b"/empty", b"/unmodified"])
def test_answers_without_content_have_none(server: Http1, path: bytes) -> None:
    answer = server.exchange(get(path) + CLOSING)
    assert b"never sent" not in answer
    assert answer.count(b"content-length") == 1


def test_head_answers_like_get_without_a_body(server: Http1) -> None:
    for path in (b"/now?abc", b"/file?256", b"/stream"):
        answer = server.exchange(get(path, method=b"HEAD") + CLOSING)
        first = answer.partition(b"\r\n\r\n")
        assert first[2].startswith(b"HTTP/1.1 200 OK")
    assert b"content-length: 3\r\n" in server.exchange(get(b"/now?abc", method=b"HEAD") + CLOSING)


def test_an_answer_of_unknown_length_is_chunked_or_ends_the_connection(server: Http1) -> None:
    answer = server.exchange(get(b"/stream") + CLOSING)
    assert b"transfer-encoding: chunked\r\n" in answer[:200]
    assert answer.count(b"\r\n0\r\n\r\n") == 1
    assert answer.endswith(b"GET /last? ")
    old = server.exchange(b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _, body = old.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert b"connection: close" in head
    assert len(body) == PIECES * len(PIECE)


def test_old_clients_are_kept_when_they_ask_for_it(server: Http1) -> None:
    old = b"GET /now?1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    answer = server.exchange(old + old + b"GET /x HTTP/1.0\r\n\r\n" + NEXT)
    assert answer.count(b"connection: keep-alive") == 2
    assert answer.count(b"connection: close") == 1
    assert len(statuses(answer)) == 3


@pytest.mark.parametrize("path", [b"/short", b"/long"])
def test_a_broken_answer_ends_the_connection_short(server: Http1, path: bytes) -> None:
    answer = server.exchange(get(path) + NEXT)
    assert len(statuses(answer)) <= 1
    assert b"/next" not in answer


@pytest.mark.parametrize("path", [b"/crash", b"/split", b"/now?crash"])
def test_a_defect_is_answered_with_500_and_nothing_of_its_own(server: Http1, path: bytes) -> None:
    answer = server.exchange(get(path, b"Connection: close\r\n"))
    # What fails at once is asked again through ASGI, which echoes.
    assert statuses(answer) == [b"200" if path.startswith(b"/now") else b"500"]
    assert b"x-b" not in answer


def test_a_file_is_sent_by_the_kernel_whole_and_in_order(server: Http1) -> None:
    answer = server.exchange(get(b"/file?%d" % FILE_BYTES) + CLOSING)
    body = answer.partition(b"\r\n\r\n")[2]
    assert body[:FILE_BYTES] == bytes(range(256)) * (FILE_BYTES // 256)
    assert body.endswith(b"GET /last? ")


def test_a_file_that_is_shorter_than_promised_breaks_the_connection(server: Http1) -> None:
    answer = server.exchange(get(b"/file?%d" % (FILE_BYTES + 1)) + NEXT)
    assert len(answer.partition(b"\r\n\r\n")[2]) == FILE_BYTES


# Request bodies


def test_the_client_is_told_to_continue_when_the_body_is_wanted(server: Http1) -> None:
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert read_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok" + CLOSING)
        assert statuses(read_all(connection)) == [b"200", b"200"]


def test_the_client_is_not_told_to_continue_when_the_body_is_refused(server: Http1) -> None:
    head = b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    answer = server.exchange(head)
    assert statuses(answer) == [b"413"]
    assert b"connection: close" in answer


@pytest.mark.parametrize("size", [1, 65_536])
def test_a_short_body_that_nobody_reads_is_drained(server: Http1, size: int) -> None:
    head = b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size
    answer = server.exchange(head, bytes(size // 2), bytes(size - size // 2) + CLOSING)
    assert statuses(answer) == [b"413", b"200"]


def test_a_long_body_that_nobody_reads_ends_the_connection(server: Http1) -> None:
    with server.connect() as connection:
        length = b"Content-Length: 70000\r\n\r\n"
        connection.sendall(b"POST /early HTTP/1.1\r\n" + HOST + length + bytes(1000))
        answer = read_all(connection)
    assert statuses(answer) == [b"413"]
    assert b"connection: close" in answer


def test_a_body_cut_off_is_no_body(server: Http1) -> None:
    gone = json.loads(server.body_of(b"/counts"))[1]
    for head, part in ((POST + b"Content-Length: 9\r\n\r\n", b"abc"), (CHUNKED, b"3\r\nab")):
        with server.connect() as connection:
            connection.sendall(head + part)
            connection.shutdown(socket.SHUT_WR)
            assert read_all(connection) == b""
    await_that(lambda: json.loads(server.body_of(b"/counts"))[1] == gone + 2, "not told")


def test_a_client_that_sends_no_more_still_gets_its_answers(server: Http1) -> None:
    with server.connect() as connection:
        connection.sendall(get(b"/a") + get(b"/now?b") + get(b"/c"))
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [b"200"] * 3


# Waits and numbers


def test_a_stalled_reader_costs_no_memory_and_is_let_go(server: Http1) -> None:
    before = server.resident_kib()
    produced, gone = json.loads(server.body_of(b"/counts"))
    stalled = [server.connect(4096) for _ in range(4)]
    for connection in stalled:
        connection.sendall(get(b"/stream"))
    for connection in stalled:
        connection.recv(1000)
    for _ in range(30):
        server.body_of(b"/now?x")
    made = json.loads(server.body_of(b"/counts"))[0] - produced
    assert made < PIECES
    assert server.resident_kib() - before < 16_384
    for connection in stalled:
        _reset(connection)
    await_that(lambda: json.loads(server.body_of(b"/counts"))[1] == gone + 4, "not told")


def _reset(connection: socket.socket) -> None:
    """Close so that the other side sees a reset, not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_an_application_that_waits_hears_that_the_client_has_left(server: Http1) -> None:
    gone = json.loads(server.body_of(b"/counts"))[1]
    with server.connect() as connection:
        connection.sendall(get(b"/linger"))
    await_that(lambda: json.loads(server.body_of(b"/counts"))[1] == gone + 1, "not told")


def test_slow_and_silent_clients_are_closed(tmp_path: Path) -> None:
    limits = '{"header_seconds": 1, "keepalive_seconds": 1, "write_stall_seconds": 1}'
    with http1(tmp_path, limits, file_bytes=FILE_BYTES) as server:
        started = time.monotonic()
        silent, slow, idle = server.connect(), server.connect(), server.connect()
        stalled = [server.connect(4096) for _ in range(2)]
        slow.sendall(b"GET / HTTP/1.1\r\nHost:")
        idle.sendall(get(b"/now?x"))
        stalled[0].sendall(get(b"/stream"))
        stalled[1].sendall(get(b"/now?big") * 20)
        assert read_all(silent) == b""
        assert statuses(read_all(slow)) == [b"408"]
        assert statuses(read_all(idle)) == [b"200"]
        await_that(lambda: server.open_connections() == 0, "stalled readers stay")
        assert time.monotonic() - started < 8
        for connection in (silent, slow, idle, *stalled):
            connection.close()


def test_a_head_that_trickles_in_is_not_given_more_time(tmp_path: Path) -> None:
    with http1(tmp_path, '{"header_seconds": 1}') as server, server.connect() as connection:
        connection.settimeout(0.1)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        answer = b""
        while time.monotonic() - started < 10 and not answer:
            connection.sendall(b"x")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
        assert statuses(answer) == [b"408"]
        assert time.monotonic() - started < 4


def test_idle_connections_keep_nobody_out(server: Http1) -> None:
    before = server.resident_kib()
    idle = [server.connect() for _ in range(1000)]
    answer = server.body_of(b"/now?x")
    assert answer == b"x"
    assert server.open_connections() <= 200
    assert server.resident_kib() - before < 16_384
    for connection in idle:
        connection.close()


def test_more_work_than_places_is_turned_away_with_503(tmp_path: Path) -> None:
    with http1(tmp_path, '{"max_connections": 4}') as server:
        busy = [server.connect() for _ in range(4)]
        for connection in busy:
            connection.sendall(get(b"/wait"))
        with server.connect() as late:
            assert statuses(read_all(late)) == [b"503"]
        _reset(busy[0])
        await_that(lambda: server.open_connections() < 4, "a place stays taken")
        assert server.body_of(b"/release") == b"released"
        assert b"waited" in read_until(busy[1], b"waited")
        for connection in busy:
            connection.close()


# The end


def test_a_stop_closes_what_waits_and_finishes_what_runs(tmp_path: Path) -> None:
    with http1(tmp_path) as server:
        idle, busy, fresh = server.connect(), server.connect(), server.connect()
        idle.sendall(get(b"/now?x"))
        read_until(idle, b"x")
        busy.sendall(get(b"/stream"))
        busy.recv(100)
        server.process.send_signal(signal.SIGTERM)
        assert read_all(idle) == b""
        assert read_all(fresh) == b""
        assert read_all(busy).endswith(b"0\r\n\r\n")
        assert server.process.wait(10) == 0
        assert server.process.stdout is not None
        assert server.process.stdout.read() == "stopped\n"
        for connection in (idle, busy, fresh):
            connection.close()


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    with http1(tmp_path) as server, server.connect() as busy:
        busy.sendall(get(b"/wait"))
        server.body_of(b"/now?x")
        started = time.monotonic()
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert 2 < time.monotonic() - started < 8
