"""Path variables: the documented vectors, escapes, and what is not a variable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.files.path_variables import (
    MAX_TIME_MS,
    UniqueDigits,
    expand,
    has_unique_digits,
    inverse_time_token,
    render,
    split_original_name,
    time_token,
    variable_values,
)

NOW_MS = 1716666258683  # 2024-05-25T19:44:18.683Z
VALUES = variable_values(NOW_MS, "my photo", ".JPG")


def text_of(template: str) -> str:
    return render(expand(template, VALUES), lambda count: "z" * count)


@pytest.mark.parametrize(
    ("time_ms", "inverse"),
    [(1750419799366, "4jhk9sbF"), (1716666258683, "4kbAqbHE"), (1672000000000, "4mmDqqqZ")],
)
def test_inverse_token_of_published_times(time_ms: int, inverse: str) -> None:
    assert inverse_time_token(time_ms) == inverse


def test_token_of_a_published_time() -> None:
    assert time_token(1672000000000) == "1kvPv3Pu"


@given(st.integers(0, MAX_TIME_MS - 1))
def test_tokens_sort_with_time_and_against_it(time_ms: int) -> None:
    assert time_token(time_ms) < time_token(time_ms + 1)
    assert inverse_time_token(time_ms) > inverse_time_token(time_ms + 1)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{UTC_DATE}", "2024-05-25"),
        ("{DATE_UTC}", "2024-05-25"),
        ("{UTC_TIME}", "19:44:18.683"),
        ("{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}", "2024/05/25"),
        ("{UTC_HOUR}-{UTC_MINUTE}-{UTC_SECOND}-{UTC_MILLISECOND}", "19-44-18-683"),
        ("{UTC_TIME_TOKEN_INVERSE}", "4kbAqbHE"),
        ("{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}", "my photo.JPG"),
        ("{UNIQUE_DIGITS_1}{UNIQUE_DIGITS_20}", "z" * 21),
        (r"\{UTC_DATE}", "{UTC_DATE}"),
        (r"a\b\{", r"a\b{"),
        ("{a b}{nope}{", "{a b}{nope}{"),
        ("{}", "{}"),
    ],
)
def test_template_expands(template: str, expected: str) -> None:
    assert text_of(template) == expected


@pytest.mark.parametrize(
    "variable",
    ["NOPE", "UNIQUE_DIGITS_0", "UNIQUE_DIGITS_21", "UNIQUE_DIGITS_02", "UNIQUE_DIGITS_", "UTC"],
)
def test_unknown_variable_is_refused_by_name(variable: str) -> None:
    with pytest.raises(BytewardError) as caught:
        expand(f"a{{{variable}}}", VALUES)
    assert caught.value.code is ErrorCode.INVALID_PATH_VARIABLE
    assert caught.value.details == {"variable": variable}


def test_values_are_not_scanned_again() -> None:
    values = variable_values(NOW_MS, "{UTC_DATE}", ".{NOPE}")
    template = expand("{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}", values)
    assert render(template, lambda _: "") == "{UTC_DATE}.{NOPE}"


def test_unique_digits_are_drawn_by_the_given_source() -> None:
    template = expand("{UNIQUE_DIGITS_3}", VALUES)
    assert template == (UniqueDigits(3),)
    assert has_unique_digits(template)
    assert render(template, lambda count: "abc"[:count]) == "abc"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tar.gz", ("a.tar", ".gz")),
        (".env", (".env", "")),
        ("plain", ("plain", "")),
        ("a/b\x07\u0085c.txt", ("a_b__c", ".txt")),
        ("dot.", ("dot", ".")),
    ],
)
def test_original_name_is_split_at_its_last_dot(name: str, expected: tuple[str, str]) -> None:
    assert split_original_name(name) == expected
