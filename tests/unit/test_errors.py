from __future__ import annotations

import re
from http import HTTPStatus

import pytest

from byteward.errors import CATALOGUE, BytewardError, ErrorCode


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_an_http_error_status_and_a_line_of_reference(code: ErrorCode) -> None:
    info = CATALOGUE[code]
    assert HTTPStatus(info.status) >= HTTPStatus.BAD_REQUEST
    assert info.when == info.when.strip() != ""
    assert not info.when.endswith(".")


def test_the_catalogue_lists_the_codes_in_their_own_order() -> None:
    assert list(CATALOGUE) == list(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_codes_are_lower_case_words(code: ErrorCode) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)


def test_an_error_takes_its_status_from_the_catalogue() -> None:
    error = BytewardError(ErrorCode.FILE_NOT_FOUND, "no file at `/a`", details={"path": "/a"})
    assert error.status == 404
    assert str(error) == error.message == "no file at `/a`"
    assert error.details == {"path": "/a"}
    assert error.headers is None
