"""The JSON reader accepts what RFC 8259 says, within its limits, and fails in one way only."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from byteward.strict_json import StrictJsonError, dumps, parse

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"[1,]",
        b'{"a":1,}',
        b"{}{}",
        b"1 2",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"0x1",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"'a'",
        b"// c\n1",
        b"tru",
        b"\xef\xbb\xbf{}",
        b"{}\x00",
        b'"\x01"',
        b'"\n"',
        b'"\\x41"',
        b'"\\u00e"',
        b'"',
        b'"\\',
        b'"\xff"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        "{}".encode("utf-16"),
        b"[}",
        b"{]",
        b"]",
        b"][",
        b'"\\ud800"',
        b'"\\ud800\\u0041"',
        b'"\\udc00"',
        b'"\\udc00\\ud800"',
        b"1" * 5000,
    ],
)
def test_text_that_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(StrictJsonError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"null", None),
        (b" [1 , 2]\r\n\t", [1, 2]),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a":":{[","b":"\\"[[["}', {"a": ":{[", "b": '"[[['}),
        (b"-0.5e1", -5.0),
        (b'""', ""),
        (b'"\\\\"', "\\"),
        ('"\u2028"', "\u2028"),
    ],
)
def test_valid_json_is_read(text: bytes | str, value: object) -> None:
    assert parse(text, unique_names=True) == value


def test_text_with_an_unpaired_surrogate_is_refused() -> None:
    with pytest.raises(StrictJsonError, match="surrogate"):
        parse('"\ud800"')


def test_byte_order_mark_is_skipped_once_when_allowed() -> None:
    assert parse(b"\xef\xbb\xbf{}", allow_bom=True) == {}
    with pytest.raises(StrictJsonError):
        parse(b"\xef\xbb\xbf\xef\xbb\xbf{}", allow_bom=True)


@pytest.mark.parametrize("depth", [1, 2, 16, 32])
def test_depth_is_accepted_up_to_the_limit_and_refused_past_it(depth: int) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        fits = opening * depth + b"1" + closing * depth
        parse(fits, max_depth=depth)
        with pytest.raises(StrictJsonError, match="deeper"):
            parse(opening + fits + closing, max_depth=depth)


def test_a_scalar_needs_no_depth() -> None:
    assert parse(b'"[[["', max_depth=0) == "[[["
    with pytest.raises(StrictJsonError):
        parse(b"[]", max_depth=0)


@pytest.mark.parametrize("bomb", [b"[" * 1_000_000, b'{"a":' * 200_000, b'["\\"' * 200_000])
def test_a_nesting_bomb_is_refused_before_decoding(bomb: bytes) -> None:
    with pytest.raises(StrictJsonError, match="brackets"):
        parse(bomb)


def test_members_are_counted_per_object() -> None:
    two = b'{"a":1,"b":2}'
    assert parse(b"[" + two + b"," + two + b"]", max_members=2) == [{"a": 1, "b": 2}] * 2
    with pytest.raises(StrictJsonError, match="members"):
        parse(b'[{"a":1,"b":2,"c":3}]', max_members=2)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'[{"x":{"a":{"b":1},"a":2}}]',
        b'{"a":{"c":1},"a":{"c":1}}',
    ],
)
def test_a_name_given_twice_is_refused_only_when_names_must_be_unique(text: bytes) -> None:
    parse(text)
    with pytest.raises(StrictJsonError, match="twice"):
        parse(text, unique_names=True)


def test_the_same_name_in_different_objects_is_no_duplicate() -> None:
    assert parse(b'{"a":{"a":[{"a":1},{"a":2}]}}', unique_names=True) == {
        "a": {"a": [{"a": 1}, {"a": 2}]}
    }


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_are_accepted_up_to_the_limit(sign: int) -> None:
    assert parse(b"%d" % (sign * 2**53), max_integer=2**53) == sign * 2**53
    with pytest.raises(StrictJsonError, match="integer"):
        parse(b"[%d]" % (sign * (2**53 + 1)), max_integer=2**53)


def test_booleans_are_not_measured_as_integers() -> None:
    assert parse(b"true", max_integer=0) is True


@given(JSON_VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert parse(dumps(value), unique_names=True, max_depth=64) == value


@given(JSON_VALUES, st.booleans())
def test_it_agrees_with_the_standard_library_on_valid_json(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    assert parse(text.encode(), max_depth=64, unique_names=True) == json.loads(text)


@given(st.binary(max_size=200))
@example(b'"\\')
@example(b"\xff")
def test_random_bytes_give_a_value_or_the_one_error(data: bytes) -> None:
    try:
        parse(data, max_depth=4, max_members=2, unique_names=True, max_integer=9)
    except StrictJsonError:
        return


@given(st.text(alphabet='[]{}":,\\u01d8e. ', max_size=60))
def test_json_like_text_gives_a_value_or_the_one_error(text: str) -> None:
    try:
        value = parse(text)
    except StrictJsonError:
        return
    assert value == json.loads(text)


ESCAPES = ["\\ud83d", "\\ude00", "\\uD800", "\\uDFFF", "\\u0041", "a"]


@given(st.lists(st.sampled_from(ESCAPES), max_size=6).map("".join))
def test_no_unpaired_surrogate_gets_through(text: str) -> None:
    for document in (f'"{text}"', f'{{"{text}":1}}'):
        try:
            written = dumps(parse(document))
        except StrictJsonError:
            continue
        assert parse(written) == json.loads(document)


def test_a_float_that_is_not_finite_never_leaves_as_a_number() -> None:
    assert dumps([math.nan, math.inf]) == b"[null,null]"
