"""Where layers stand and how large they are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.transform.image.geometry import Anchor, Box, Size
from byteward.transform.image.layers import Layer, layer_size, parse_layers, placed

CANVAS = Size(400, 300)
LOGO = Size(20, 20)


def layer(query: str) -> Layer:
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]
    (only,) = parse_layers([("image", "/LOGO.png"), *pairs], Fraction(1), max_layers=20)
    return only


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gravity=bottom-right&padding=10", Box(370, 270, 20, 20)),
        ("layer-x=5&layer-y=7", Box(5, 7, 20, 20)),
        ("blend=over", Box(190, 140, 20, 20)),
        ("layer-w=40&layer-h=40", Box(180, 130, 40, 40)),
        ("layer-x=5", Box(5, 140, 20, 20)),
        ("layer-w=20p", Box(160, 110, 80, 80)),
        ("layer-scale=0.2", Box(170, 120, 60, 60)),
        ("gravity=southeast&padding-x=1&padding-bottom=2", Box(379, 278, 20, 20)),
        ("layer-x=-10&gravity=top", Box(-10, 0, 20, 20)),
        ("layer-w=100&layer-h=10", Box(195, 145, 10, 10)),
        ("layer-w=100&layer-h=10&layer-fit=stretch", Box(150, 145, 100, 10)),
    ],
)
def test_a_layer_stands_where_it_is_told(query: str, expected: Box) -> None:
    one = layer(query)
    assert placed(one, layer_size(one, LOGO, CANVAS), CANVAS) == expected


@given(st.sampled_from(Anchor), st.integers(0, 50), st.integers(1, 300), st.integers(1, 200))
def test_a_layer_that_fits_stays_inside_its_padding(
    anchor: Anchor, padding: int, width: int, height: int
) -> None:
    one = layer(f"gravity={anchor.value}&padding={padding}")
    box = placed(one, Size(width, height), CANVAS)
    assert padding <= box.x <= CANVAS.width - padding - width
    assert padding <= box.y <= CANVAS.height - padding - height
