"""An error as a response. No other module writes the error envelope.

The official client raises its typed error only when `error.code` is a string, so every failure on
both planes is this JSON, whatever the caller asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from byteward import strict_json
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line

_HTTP_UNAUTHORIZED: Final = 401
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_NO_STORE: Final = (b"cache-control", b"no-store")


def error_response(error: BytewardError, now: float) -> tuple[int, list[HeaderLine], bytes]:
    """Status, headers and body.

    SECURITY: only what the error was given as public text is written. No shared cache keeps it,
    unless the error itself brings a Cache-Control.

    Args:
        error: the failure.
        now: Unix seconds, written as the `timestamp`.
    """
    content: dict[str, object] = {
        "code": error.code.value,
        "message": error.message,
        "timestamp": timestamp(now),
    }
    if error.details is not None:
        content["details"] = error.details
    body = strict_json.dumps({"error": content})
    headers = [
        _JSON,
        header_line("content-length", str(len(body))),
        header_line("x-error-code", error.code.value),
    ]
    extra = error.headers or {}
    if "cache-control" not in extra:
        headers.append(_NO_STORE)
    if error.status == _HTTP_UNAUTHORIZED:
        # Never Basic: browsers would open a dialog over an image.
        headers.append((b"www-authenticate", b"Bearer"))
    headers += [header_line(name, value) for name, value in extra.items()]
    return error.status, headers, body


def internal_error() -> BytewardError:
    """What a defect looks like from outside: nothing but the request id helps."""
    return BytewardError(
        ErrorCode.INTERNAL_ERROR, "the server failed; report the x-request-id of this answer"
    )


def timestamp(now: float) -> str:
    """ISO 8601 in UTC with milliseconds, always 24 characters: `2025-01-02T03:04:05.678Z`."""
    moment = datetime.fromtimestamp(int(now), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(now % 1 * 1000):03d}Z"
