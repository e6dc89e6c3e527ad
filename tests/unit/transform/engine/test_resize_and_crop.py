"""Sizes and pixels of resizes, crops and orientations."""

from __future__ import annotations

import pytest

from byteward.errors import BytewardError
from tests.unit.transform.engine.pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    make,
    near,
    opened,
    picture,
    pixel,
)


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("LG", "w=800&h=600&fit=max", "800x600"), ("LG", "w=800&h=600", "800x600"),
        ("HD", "w=500&fit=width", "500x281"), ("HD", "h=500&fit=height", "889x500"),
        ("LG", "w=300", "300x225"), ("LG", "h=300", "400x300"),
        ("HD", "w=800&h=600&fit=max", "800x450"), ("PT", "w=800&h=600&fit=max", "400x600"),
        ("QUAD", "w=800&h=600&fit=max", "800x600"), ("HD", "w=800&h=600&fit=min", "1067x600"),
        ("PT", "w=800&h=600&fit=min", "800x1200"), ("HD", "w=800&h=600&fit=crop", "800x600"),
        ("DOT", "w=50&h=20&fit=crop", "50x20"), ("PT", "w=800&h=600&fit=stretch", "800x600"),
        ("QUAD", "w=800&h=600&fit=shrink", "400x300"), ("HD", "w=800&h=600&fit=shrink", "800x450"),
        ("HD", "w=800&h=600&fit=shrink-cover", "1067x600"),
        ("TALL", "w=800&h=600&fit=shrink-cover", "200x900"),
        ("LG", "w=1920&fit=shrink-cover", "1920x1440"),
        ("QUAD", "w=1920&fit=shrink-cover", "400x300"),
        ("QUAD", "w=500&h=500&fit=enlarge", "500x375"),
        ("HD", "w=800&h=600&fit=enlarge", "1920x1080"),
        ("TALL", "w=800&h=600&fit=enlarge", "200x900"),
        ("QUAD", "w=500&h=500&fit=enlarge-cover", "667x500"),
        ("TALL", "w=800&h=600&fit=enlarge-cover", "800x3600"),
        ("ODD", "w=500", "500x167"), ("ODD2", "w=320", "320x214"), ("THIN", "w=1", "1x333"),
        ("LINE", "w=10", "10x1"), ("QUAD", "w=100&h=100&fit=cover", "100x100"),
        ("QUAD", "w=800&h=600&fit=scale-down", "400x300"), ("QUAD", "w=133.5", "134x101"),
        ("QUAD", "w=100&w=200", "200x150"), ("QUAD", "W=100", "100x75"),
        ("LG", "w=800&kernel=nearest", "800x600"), ("EX6", "", "300x400"),
        ("EX6", "w=150", "150x200"),
        ("QUAD", "rotate=90&w=150", "150x200"), ("EX6", "rotate=0", "300x400"),
        ("QUAD", "rotate=45&w=800&h=600&fit=crop", "800x600"),
        ("LG", "crop-x=0&crop-y=87&crop-w=1350&crop-h=1350&w=1200&h=630&fit=crop", "1200x630"),
        ("QUAD", "crop-x=201&crop-y=0&crop-w=200&crop-h=300", "199x300"),
        ("QUAD", "crop-x=300", "100x300"), ("QUAD", "ar=1:1", "300x300"),
        ("QUAD", "ar=16:9&w=160", "160x90"), ("QUAD", "w=800&h=800&fit=pad", "800x800"),
        ("QUAD", "w=800&h=800&fit=pad-shrink", "800x800"), ("QUAD", "dpr=2&w=100", "200x150"),
        ("QUAD", "w=50p", "200x150"), ("QUAD", "w=800&enlarge=false", "400x300"),
        ("SVG1", "f=webp&w=1000&h=1000&fit=max", "1000x500"), ("SVG1", "f=jpg", "40x20"),
        ("SVG2", "f=png", "40x20"), ("AVIF1", "w=100", "100x75"), ("TIF1", "w=100", "100x75"),
        ("W4", "w=25&page=1", "25x20"), ("BORD", "trim=10", "50x40"),
    ],
)  # fmt: skip
def test_the_result_has_the_size_of_the_rules(name: str, query: str, expected: str) -> None:
    result = make(name, query)
    image = opened(result.body)
    assert f"{image.width}x{image.height}" == f"{result.width}x{result.height}" == expected


@pytest.mark.parametrize(
    ("query", "x", "y", "expected"),
    [
        ("w=100&h=100&fit=crop&crop=left", 60, 10, RED),
        ("w=100&h=100&fit=crop&crop=left", 72, 10, GREEN),
        ("w=100&h=100&fit=crop&crop=center", 44, 10, RED),
        ("w=100&h=100&fit=crop&crop=center", 56, 10, GREEN),
        ("w=100&h=100&fit=crop&crop=right", 27, 10, RED),
        ("w=100&h=100&fit=crop&crop=right", 39, 10, GREEN),
        ("w=300&h=300&fit=crop&crop=top-left", 10, 10, RED),
        ("w=300&h=300&fit=crop&crop=top-left", 204, 10, GREEN),
        ("crop-x=200&crop-y=0&crop-w=200&crop-h=150", 100, 75, GREEN),
        ("crop_x=200&crop_y=0&crop_w=200&crop_h=150", 100, 75, GREEN),
        ("crop-w=50p&crop-h=50p", 199, 149, RED), ("crop-x=0.5&crop-y=0.5", 5, 5, YELLOW),
        ("rotate=90", 10, 10, BLUE), ("rotate=180", 10, 10, YELLOW), ("rotate=270", 10, 10, GREEN),
        ("flip=horizontal", 10, 10, GREEN), ("flip=vertical", 10, 10, BLUE),
        ("flip=both", 10, 10, YELLOW),
        ("w=100&h=100&fit=crop&crop=focal&focal-x=1&focal-y=0", 90, 10, GREEN),
        ("w=40&h=40&fit=crop&crop=focal&focal-x=0.25&focal-y=0.25&focal-z=4", 20, 20, RED),
    ],
)  # fmt: skip
def test_a_crop_shows_the_right_part(query: str, x: int, y: int, expected: list[int]) -> None:
    assert near(pixel(make("QUAD", f"{query}&f=png"), x, y), expected)


@pytest.mark.parametrize(
    ("orientation", "corners"),
    [(1, "RGBY"), (2, "GRYB"), (3, "YBGR"), (4, "BYRG"), (5, "RBGY"), (6, "BRYG"), (7, "YGBR"),
     (8, "GYRB")],
)  # fmt: skip
def test_every_orientation_is_turned_upright(orientation: int, corners: str) -> None:
    result = make(f"EX{orientation}", "f=png")
    assert (result.width, result.height) == ((400, 300) if orientation < 5 else (300, 400))
    colours = {"R": RED, "G": GREEN, "B": BLUE, "Y": YELLOW}
    right, bottom = result.width - 10, result.height - 10
    for (x, y), name in zip(
        [(10, 10), (right, 10), (10, bottom), (right, bottom)], corners, strict=True
    ):
        assert near(pixel(result, x, y), colours[name], 8), (x, y, name)


def test_nothing_tells_the_orientation_twice() -> None:
    image = opened(make("EX6").body)
    assert image.get_typeof("orientation") == 0
    assert not [name for name in image.get_fields() if name.startswith("exif")]


def test_a_manual_crop_is_measured_on_the_upright_image() -> None:
    result = make("EX6", "crop-x=0&crop-y=0&crop-w=150&crop-h=200&f=png")
    assert (result.width, result.height) == (150, 200)
    assert near(pixel(result, 75, 100), BLUE, 8)


@pytest.mark.parametrize("how", ["smart", "smart-entropy"])
def test_a_smart_crop_keeps_what_stands_out(how: str) -> None:
    image = opened(make("POP", f"w=300&h=300&fit=crop&crop={how}&f=png").body)
    red = (image.extract_band(0) > 200) & (image.extract_band(1) < 80)
    assert round(red.avg() * 300 * 300 / 255) == 80 * 80


def test_a_crop_at_the_centre_does_not() -> None:
    image = opened(make("POP", "w=300&h=300&fit=crop&crop=center&f=png").body)
    assert image.extract_band(0).max() < 130


def test_transparent_edges_have_no_dark_fringe() -> None:
    result = make("ALPHA", "w=150&f=png")
    assert pixel(result, 73, 50) == [255, 0, 0, 255]
    assert pixel(result, 78, 50)[3] == 0
    for x in range(70, 80):
        red, _, _, alpha = pixel(result, x, 50)
        assert alpha == 0 or red >= 250


def test_corners_of_a_rotation_are_clear() -> None:
    result = make("QUAD", "rotate=45&f=png")
    assert (result.width, result.height) == (495, 495)
    assert pixel(result, 1, 1)[3] == 0
    assert pixel(make("QUAD", "rotate=45&f=png&bg=00ff00"), 1, 1) == [0, 255, 0]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("crop-x=500&crop-w=10&crop-h=10", "crop_out_of_bounds"), ("page=9", "page_out_of_range"),
        ("w=10&fit=width&h=1&extend=10000&f=png", "output_too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(query: str, reason: str) -> None:
    with pytest.raises(BytewardError) as refused:
        make("QUAD" if "page" not in query else "G4", query)
    assert refused.value.details is not None
    assert refused.value.details["reason"] == reason


def test_an_enlarged_vector_is_drawn_at_its_new_size() -> None:
    half = picture("SVG1").replace(b'width="40" height="20" fill', b'width="20" height="20" fill')
    image = opened(make(half, "f=png&w=1000&h=1000&fit=max").body)
    row = [image(x, 250)[3 if image.hasalpha() else 1] for x in range(495, 506)]
    assert sum(0 < level < 255 for level in row) <= 2
