"""The CDN plane is a plain ASGI application: another server gives the same answers with it."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.delivery.cdn_plane import ACCOUNT, BIG, cdn_plane, config_in
from tests.integration.server.http1_server import TIMEOUT, await_that

RAW = f"/{ACCOUNT}/raw"
ETAG = "{etag}"
Case = tuple[str, str, Mapping[str, str]]
CASES: tuple[Case, ...] = (
    ("GET", f"{RAW}/example.jpg", {}),
    ("GET", f"{RAW}/example.jpg?download=true&version=1", {"Origin": "https://a.example"}),
    ("HEAD", f"{RAW}/example.jpg", {}),
    ("GET", f"{RAW}/example.jpg", {"Range": "bytes=10-19"}),
    ("HEAD", f"{RAW}/example.jpg", {"Range": "bytes=10-19"}),
    ("GET", f"{RAW}/example.jpg", {"Range": "bytes=9999-"}),
    ("GET", f"{RAW}/example.jpg", {"If-None-Match": "*"}),
    ("GET", f"{RAW}/example.jpg", {"If-Match": '"x"'}),
    ("GET", f"{RAW}/big.bin", {}),
    ("GET", f"{RAW}/big.bin", {"Range": "bytes=5-1048580"}),
    ("HEAD", f"{RAW}/big.bin", {}),
    ("GET", f"{RAW}/empty", {}),
    ("GET", f"{RAW}/a%20b/%C3%BC%21.txt", {}),
    ("GET", f"{RAW}/page.html", {}),
    ("GET", f"{RAW}/missing", {}),
    ("HEAD", f"{RAW}/missing", {}),
    ("GET", f"{RAW}/private/secret.txt", {}),
    ("GET", f"{RAW}/private/secret.txt", {"Authorization": "{secret}"}),
    ("GET", f"{RAW}/private/secret.txt", {"Authorization": "{jwt}"}),
    ("GET", f"{RAW}/private/secret.txt", {"Authorization": "{jwt}", "If-None-Match": "*"}),
    ("GET", f"{RAW}/private/secret.txt", {"Authorization": "Bearer x"}),
    ("GET", f"{RAW}/private/none.txt", {"Authorization": "{jwt}", "Origin": "https://a.example"}),
    ("GET", f"{RAW}/example.jpg?exp=1", {}),
    ("GET", f"{RAW}/example.jpg?sig=1.x.y", {}),
    ("GET", f"{RAW}/example.jpg", {"Service-Worker": "script"}),
    ("GET", "/AAAAAAA/raw/x", {}),
    ("GET", "/nothing", {}),
    ("GET", f"{RAW}/%ff", {}),
    ("GET", f"{RAW}/" + "x" * 1000, {}),
    ("GET", f"{RAW}/example.jpg", {"Cookie": "x" * 20_000}),
    ("POST", f"{RAW}/example.jpg", {}),
    ("OPTIONS", f"{RAW}/example.jpg", {"Origin": "https://a.example"}),
    ("GET", "/healthz", {}),
    ("GET", "/api/v1/auth-sw.js", {}),
    ("DELETE", f"/api/v1/access_tokens/{ACCOUNT}", {}),
)
_VARYING = frozenset({"date", "x-request-id", "connection", "keep-alive"})


@contextmanager
def _running(folder: Path, server: str) -> Iterator[int]:
    program = Path(__file__).with_name("serve_plain.py")
    command = [sys.executable, str(program), str(folder), server]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            await_that(lambda: _is_up(port), "the server does not answer")
            yield port
        finally:
            process.terminate()
            process.wait(TIMEOUT)


def _is_up(port: int) -> bool:
    try:
        return _ask(port, ("GET", "/healthz", {}), {})[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("plain")
    with cdn_plane(config_in(folder)) as plane:
        jwt = plane.jwt("/private", accountId=ACCOUNT, exp=4102444800)
        texts = {"{jwt}": f"Bearer {jwt}", "{secret}": plane.bearer("SK")["authorization"]}
    with _running(folder, "http1") as ours, _running(folder, "uvicorn") as other:
        yield ours, other, texts


def _ask(port: int, case: Case, texts: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    method, target, headers = case
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        filled = {name: texts.get(value, value) for name, value in headers.items()}
        connection.request(method, target, headers=filled)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    lines = [(name.lower(), value) for name, value in answer.getheaders()]
    assert len({name for name, _ in lines}) == len(lines), lines
    kept = {name: value for name, value in lines if name not in _VARYING}
    if b'"timestamp"' in body:
        body = body.partition(b'"timestamp"')[0]
    return answer.status, kept, body


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1][:40]} {case[2]}"[:90])
def test_both_servers_give_the_same_answer(
    world: tuple[int, int, dict[str, str]], case: Case
) -> None:
    ours, other, texts = world
    first = _ask(ours, case, texts)
    assert first == _ask(other, case, texts)
    # Once more, from memory, where answers are given at once.
    assert first == _ask(ours, case, texts)


def test_large_files_come_whole_from_both(world: tuple[int, int, dict[str, str]]) -> None:
    for port in world[:2]:
        assert _ask(port, ("GET", f"{RAW}/big.bin", {}), {})[2] == BIG
