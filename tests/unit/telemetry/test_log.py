"""Log lines carry facts, never secrets, and never break the line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from byteward.telemetry.log import configure_logging, get_logger


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def _line(capsys: pytest.CaptureFixture[str], **fields: object) -> dict[str, object]:
    configure_logging(log_format="json", level="info", max_field_bytes=64)
    get_logger().info("file.served", **fields)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    parsed: dict[str, object] = json.loads(written)
    return parsed


@pytest.mark.parametrize(
    "secret",
    [
        "secret_A623uY2aBcDeFgHiJkLmNoPqRsTu",
        "public_A623uY2aBcDeFgHiJkLmNoPqRsTu",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSIsImV4cCI6MX0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
        "/a.jpg?exp=1&sig=1.F91kfA1g.e5bfsZn8u50j6CWVcCvLHgMi5a1akFvhbDX7exnV-KA",
    ],
)
def test_a_secret_inside_a_value_is_redacted(
    secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _line(capsys, path=f"before {secret} after")
    assert secret not in json.dumps(line)
    assert "before" in str(line["path"])


def test_a_field_that_is_secret_by_name_is_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    assert _line(capsys, authorization="Basic YXBpa2V5OngK")["authorization"] == "***"


def test_control_characters_become_visible(capsys: pytest.CaptureFixture[str]) -> None:
    assert _line(capsys, path="/a\nb\x1b[31m\u202e")["path"] == "/a\\u000ab\\u001b[31m\\u202e"


def test_a_long_value_is_cut_and_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert _line(capsys, path="ü" * 100)["path"] == "ü" * 32 + "…"


def test_numbers_stay_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert _line(capsys, size_bytes=10)["size_bytes"] == 10
