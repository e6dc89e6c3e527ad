"""The outermost layer: limits, ids, health, failures before and after the answer has started."""

from __future__ import annotations

import asyncio
import json

import pytest

from byteward.config import HttpSettings
from byteward.delivery.asgi import AsgiApp, Message, Receive, Scope, Send
from byteward.errors import BytewardError, ErrorCode
from byteward.http import headers
from byteward.http.edge import Edge
from byteward.telemetry.request_context import SCOPE_KEY

HOST = [(b"host", b"cdn.example")]


def edge(app: AsgiApp, *, is_ready: bool = True, limits: HttpSettings | None = None) -> Edge:
    async def ready() -> bool:
        return is_ready

    return Edge(
        app,
        limits=limits or HttpSettings(),
        max_url_bytes=100,
        clock=lambda: 1000.0,
        fixed_headers=headers.CDN,
        is_ready=ready,
        access_log=True,
    )


def call(
    app: AsgiApp,
    raw_path: bytes = b"/x",
    *,
    method: str = "GET",
    lines: list[tuple[bytes, bytes]] | None = None,
    query: bytes = b"",
) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "raw_path": raw_path,
        "query_string": query,
        "headers": HOST if lines is None else lines,
        "client": ("192.0.2.1", "5"),
    }
    asyncio.run(_run(app, scope, receive, send))
    return sent


async def _run(app: AsgiApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def failing(error: Exception) -> AsgiApp:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    return app


async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"ok"})


def test_every_answer_gets_an_id_of_its_own_and_the_planes_headers() -> None:
    app = edge(answers)
    first, second = (dict(call(app)[0]["headers"]) for _ in range(2))
    assert first[b"x-own"] == b"1"
    assert first[b"x-content-type-options"] == b"nosniff"
    assert first[b"cross-origin-resource-policy"] == b"cross-origin"
    assert len(first[b"x-request-id"]) == 16
    assert first[b"x-request-id"] != second[b"x-request-id"]


def test_a_refusal_becomes_the_envelope() -> None:
    error = BytewardError(ErrorCode.FILE_NOT_FOUND, "no file", headers={"x-extra": "1"})
    start, body = call(edge(failing(error)))
    assert start["status"] == 404
    assert dict(start["headers"])[b"x-extra"] == b"1"
    assert json.loads(body["body"])["error"]["code"] == "file_not_found"


def test_head_gets_the_length_of_the_envelope_and_no_body() -> None:
    start, body = call(
        edge(failing(BytewardError(ErrorCode.FILE_NOT_FOUND, "no file"))), method="HEAD"
    )
    assert int(dict(start["headers"])[b"content-length"]) > 0
    assert body["body"] == b""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("secret path /etc"),
        KeyError("x"),
        RecursionError(),
        BytewardError(ErrorCode.FILE_NOT_FOUND, "x", headers={"x-bad": "a\r\nb"}),
    ],
)
def test_a_defect_says_nothing_about_itself(error: Exception) -> None:
    start, body = call(edge(failing(error)))
    assert start["status"] == 500
    told = json.loads(body["body"])["error"]
    assert told["code"] == "internal_error"
    assert b"etc" not in body["body"]


@pytest.mark.parametrize(
    "error", [RuntimeError("x"), BytewardError(ErrorCode.STORAGE_ERROR, "bad block")]
)
def test_a_started_answer_is_left_short(error: Exception) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise error

    sent = call(edge(app))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"]


def test_a_target_at_the_limit_passes_and_one_past_it_is_414() -> None:
    app = edge(answers)
    assert call(app, b"/" + b"a" * 99)[0]["status"] == 200
    assert call(app, b"/" + b"a" * 100)[0]["status"] == 414
    assert call(app, b"/" + b"a" * 49, query=b"b" * 49)[0]["status"] == 200
    assert call(app, b"/" + b"a" * 50, query=b"b" * 50)[0]["status"] == 414


def test_bad_headers_are_answered_in_the_envelope_and_close() -> None:
    start, body = call(edge(answers), lines=[*HOST, *HOST])
    assert start["status"] == 400
    assert dict(start["headers"])[b"connection"] == b"close"
    assert json.loads(body["body"])["error"]["code"] == "invalid_request"


def test_health_tells_process_and_readiness_apart() -> None:
    app = edge(answers, is_ready=False)
    assert call(app, b"/healthz")[1]["body"] == b"ok"
    start, body = call(app, b"/readyz")
    assert (start["status"], body["body"]) == (503, b"unavailable")


def test_the_application_sees_the_resolved_client() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope[SCOPE_KEY].client_ip)
        await answers(scope, receive, send)

    forwarded = [*HOST, (b"x-forwarded-for", b"203.0.113.7")]
    call(edge(app), lines=forwarded)
    call(edge(app, limits=HttpSettings(trusted_proxies=("192.0.2.0/24",))), lines=forwarded)
    assert seen == ["192.0.2.1", "203.0.113.7"]


def test_a_websocket_is_not_passed_on() -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    asyncio.run(_run(edge(app), {"type": "websocket"}, receive, send))
    assert sent == []
