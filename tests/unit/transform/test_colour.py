"""Colours in every spelling that parameters have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.transform.image.colour import TRANSPARENT, Colour, parse_colour

BYTE = st.integers(0, 255)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ffe400", Colour(255, 228, 0)),
        ("377DFF", Colour(55, 125, 255)),
        ("#FFFFFF", Colour(255, 255, 255)),
        ("f0a", Colour(255, 0, 170)),
        ("f0a8", Colour(255, 0, 170, 136)),
        ("11223344", Colour(17, 34, 51, 68)),
        ("Red", Colour(255, 0, 0)),
        ("transparent", TRANSPARENT),
        ("rgb(1,2, 3)", Colour(1, 2, 3)),
        ("rgba(1,2,3,0.5)", Colour(1, 2, 3, 128)),
    ],
)
def test_a_colour_is_read(text: str, expected: Colour) -> None:
    assert parse_colour(text) == expected


@pytest.mark.parametrize(
    "text", ["", "#", "12", "12345", "1234567", "ggg", "rgb(256,0,0)", "rgb(1,2)", "٣٣٣", "fff\n0"]
)
def test_what_is_no_colour_is_none(text: str) -> None:
    assert parse_colour(text) is None


@given(BYTE, BYTE, BYTE, BYTE)
def test_eight_digits_name_every_colour(red: int, green: int, blue: int, alpha: int) -> None:
    text = f"{red:02x}{green:02X}{blue:02x}{alpha:02x}"
    assert parse_colour(text) == Colour(red, green, blue, alpha)


@given(st.text(max_size=40))
def test_any_text_is_a_colour_or_none(text: str) -> None:
    found = parse_colour(text)
    assert found is None or all(0 <= part <= 255 for part in (*found.rgb, found.alpha))
