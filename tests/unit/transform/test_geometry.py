"""Sizes and positions, against the tables that define them and as properties."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.transform.image.geometry import (
    Anchor,
    Box,
    Fit,
    Size,
    aspect_crop,
    clamped_crop,
    focal_window,
    resize,
    window,
)

MODES = [
    Fit.CROP, Fit.MAX, Fit.MIN, Fit.SHRINK, Fit.SHRINK_COVER,
    Fit.ENLARGE, Fit.ENLARGE_COVER, Fit.STRETCH, Fit.WIDTH, Fit.HEIGHT,
]  # fmt: skip
TABLE = """
800x600 4000x3000 800x600 800x600 800x600 800x600 800x600 4000x3000 4000x3000 800x600 800x600 800x600
800x600 1920x1080 800x600 800x450 1067x600 800x450 1067x600 1920x1080 1920x1080 800x600 800x450 1067x600
800x600 1000x1500 800x600 400x600 800x1200 400x600 800x1200 1000x1500 1000x1500 800x600 800x1200 400x600
800x600 400x300 800x600 800x600 800x600 400x300 400x300 800x600 800x600 800x600 800x600 800x600
800x600 200x900 800x600 133x600 800x3600 133x600 200x900 200x900 800x3600 800x600 800x3600 133x600
500x500 4000x3000 500x500 500x375 667x500 500x375 667x500 4000x3000 4000x3000 500x500 500x375 667x500
500x500 1920x1080 500x500 500x281 889x500 500x281 889x500 1920x1080 1920x1080 500x500 500x281 889x500
500x500 1000x1500 500x500 333x500 500x750 333x500 500x750 1000x1500 1000x1500 500x500 500x750 333x500
500x500 400x300 500x500 500x375 667x500 400x300 400x300 500x375 667x500 500x500 500x375 667x500
500x500 200x900 500x500 111x500 500x2250 111x500 200x900 200x900 500x2250 500x500 500x2250 111x500
"""  # noqa: E501 - a table


def size(text: str) -> Size:
    width, height = text.split("x")
    return Size(int(width), int(height))


CASES = [
    (box, source, mode, expected)
    for box, source, *results in map(str.split, TABLE.strip().splitlines())
    for mode, expected in zip(MODES, results, strict=True)
]


@pytest.mark.parametrize(("box", "source", "mode", "expected"), CASES)
def test_every_mode_gives_the_size_of_the_table(
    box: str, source: str, mode: Fit, expected: str
) -> None:
    wanted = size(box)
    assert resize(size(source), wanted.width, wanted.height, mode).output == size(expected)


@pytest.mark.parametrize(
    ("source", "width", "height", "fit", "expected"),
    [
        ("4000x3000", 800, 600, None, "800x600"),
        ("4000x3000", 300, None, None, "300x225"),
        ("4000x3000", None, 300, None, "400x300"),
        ("4000x3000", 1920, None, Fit.SHRINK_COVER, "1920x1440"),
        ("400x300", 1920, None, Fit.SHRINK_COVER, "400x300"),
        ("400x300", None, 600, Fit.WIDTH, "800x600"),
        ("400x300", 600, None, Fit.HEIGHT, "600x450"),
        ("1000x333", 500, None, None, "500x167"),
        ("640x427", 320, None, None, "320x214"),
        ("3x1000", 1, None, None, "1x333"),
        ("1000x1", 10, None, None, "10x1"),
        ("1x1", 50, 20, Fit.CROP, "50x20"),
        ("400x300", 800, 800, Fit.PAD, "800x800"),
        ("400x300", None, None, Fit.CROP, "400x300"),
    ],
)
def test_one_side_or_none_is_enough(
    source: str, width: int | None, height: int | None, fit: Fit | None, expected: str
) -> None:
    assert resize(size(source), width, height, fit).output == size(expected)


SIDE = st.integers(1, 12_000)
SIZES = st.builds(Size, SIDE, SIDE)
FITS = st.sampled_from(Fit)


@given(SIZES, SIDE, SIDE, FITS)
def test_no_side_vanishes_and_the_aspect_is_kept_within_a_pixel(
    source: Size, width: int, height: int, fit: Fit
) -> None:
    plan = resize(source, width, height, fit)
    assert min(plan.scaled.width, plan.scaled.height, plan.output.width, plan.output.height) >= 1
    if fit is not Fit.STRETCH and min(plan.scaled.width, plan.scaled.height) > 1:
        ideal = Fraction(source.width, source.height)
        low = Fraction(2 * plan.scaled.width - 1, 2 * plan.scaled.height + 1)
        high = Fraction(2 * plan.scaled.width + 1, 2 * plan.scaled.height - 1)
        assert low <= ideal <= high


@given(SIZES, SIDE, SIDE)
def test_shrinking_modes_never_grow_and_enlarging_ones_never_shrink(
    source: Size, width: int, height: int
) -> None:
    for fit in (Fit.SHRINK, Fit.SHRINK_COVER):
        smaller = resize(source, width, height, fit).output
        assert smaller.width <= source.width
        assert smaller.height <= source.height
    for fit in (Fit.ENLARGE, Fit.ENLARGE_COVER):
        larger = resize(source, width, height, fit).output
        assert larger.width >= source.width
        assert larger.height >= source.height


@given(SIZES, SIDE, SIDE)
def test_crop_fills_the_box_and_max_fits_into_it(source: Size, width: int, height: int) -> None:
    assert resize(source, width, height, Fit.CROP).output == Size(width, height)
    inside = resize(source, width, height, Fit.MAX).output
    assert inside.width <= width
    assert inside.height <= height
    assert inside.width == width or inside.height == height


@given(SIZES, st.one_of(st.none(), SIDE), st.one_of(st.none(), SIDE), st.one_of(st.none(), FITS))
def test_nothing_grows_when_enlarging_is_off(
    source: Size, width: int | None, height: int | None, fit: Fit | None
) -> None:
    scaled = resize(source, width, height, fit, may_enlarge=False).scaled
    assert scaled.width <= source.width
    assert scaled.height <= source.height


@given(SIZES, SIDE, SIDE, st.sampled_from(Anchor))
def test_a_window_lies_inside(outer: Size, width: int, height: int, anchor: Anchor) -> None:
    inner = Size(min(width, outer.width), min(height, outer.height))
    box = window(outer, inner, anchor.column, anchor.row)
    assert 0 <= box.x <= outer.width - box.width
    assert 0 <= box.y <= outer.height - box.height


@given(SIZES, SIDE, SIDE, st.fractions(0, 1), st.fractions(0, 1))
def test_a_focal_window_holds_its_point(
    outer: Size, width: int, height: int, x: Fraction, y: Fraction
) -> None:
    inner = Size(min(width, outer.width), min(height, outer.height))
    box = focal_window(outer, inner, x, y)
    assert box.x <= outer.width * x <= box.x + box.width
    assert box.y <= outer.height * y <= box.y + box.height


def test_halves_go_to_the_left() -> None:
    centre = Anchor.CENTER
    assert window(Size(133, 100), Size(100, 100), centre.column, centre.row) == Box(16, 0, 100, 100)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((200, 0, 200, 150), Box(200, 0, 200, 150)),
        ((201, 0, 200, 300), Box(201, 0, 199, 300)),
        ((300, 0, None, None), Box(300, 0, 100, 300)),
        ((500, 0, 10, 10), None),
        ((0, 300, 10, 10), None),
    ],
)
def test_a_manual_crop_is_cut_to_the_image(
    asked: tuple[int, int, int | None, int | None], expected: Box | None
) -> None:
    assert clamped_crop(Size(400, 300), *asked) == expected


@given(SIZES, st.fractions(Fraction(1, 50), 50))
def test_an_aspect_crop_lies_inside_and_touches_two_sides(source: Size, ratio: Fraction) -> None:
    inside = aspect_crop(source, ratio)
    assert 1 <= inside.width <= source.width
    assert 1 <= inside.height <= source.height
    assert inside.width == source.width or inside.height == source.height
