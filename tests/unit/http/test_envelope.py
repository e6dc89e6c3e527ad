"""The error envelope."""

from __future__ import annotations

import json

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.http.envelope import error_response, timestamp


def test_an_error_is_the_protocols_json() -> None:
    error = BytewardError(ErrorCode.FILE_NOT_FOUND, "no file", details={"filePath": "/ü"})
    status, lines, body = error_response(error, 1716666258.683)
    headers = dict(lines)
    assert status == 404
    assert json.loads(body) == {
        "error": {
            "code": "file_not_found",
            "message": "no file",
            "timestamp": "2024-05-25T19:44:18.683Z",
            "details": {"filePath": "/ü"},
        }
    }
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[b"x-error-code"] == b"file_not_found"
    assert headers[b"cache-control"] == b"no-store"


def test_a_401_asks_for_bearer_and_never_for_basic() -> None:
    error = BytewardError(ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS, "who are you")
    assert dict(error_response(error, 0)[1])[b"www-authenticate"] == b"Bearer"


def test_headers_of_the_error_win_over_the_defaults() -> None:
    error = BytewardError(
        ErrorCode.FILE_NOT_FOUND, "no file", headers={"cache-control": "public, max-age=0"}
    )
    lines = error_response(error, 0)[1]
    assert [value for name, value in lines if name == b"cache-control"] == [b"public, max-age=0"]


@pytest.mark.parametrize("now", [0, 0.9999, 1716666258.683, 4102444799.9996])
def test_a_timestamp_always_has_24_characters(now: float) -> None:
    assert len(timestamp(now)) == 24
