"""BMP, HEIC and PDF become pixels; what is wrong with a file is told, and told soon."""

from __future__ import annotations

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.engine.render import Result
from byteward.transform.image.formats import InputFormat, sniff
from tests.unit.transform.engine.documents import CORNERS, QUAD_PDF, bmp, heic, pdf
from tests.unit.transform.engine.pictures import BLUE, GREEN, RED, make, near, opened


class Look:
    """A result's pixels, by fractions of its sides."""

    def __init__(self, result: Result) -> None:
        self._image = opened(result.body)
        self.size = (self._image.width, self._image.height)

    def at(self, x: float, y: float) -> list[int]:
        left, top = int(x * self.size[0]), int(y * self.size[1])
        return [round(channel) for channel in self._image(left, top)]

    def near(self, x: float, y: float, colour: list[int], tolerance: int) -> bool:
        return near(self.at(x, y)[:3], colour, tolerance)


def look(data: bytes, query: str = "f=png") -> Look:
    return Look(make(data, query))


def code_of(data: bytes, query: str = "f=png") -> ErrorCode:
    with pytest.raises(BytewardError) as caught:
        make(data, query)
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (bmp(8, 8), InputFormat.BMP),
        (heic("quad"), InputFormat.HEIF),
        (pdf([(9, 9, "")]), InputFormat.PDF),
    ],
)
def test_the_first_bytes_tell_the_format(data: bytes, found: InputFormat) -> None:
    assert sniff(data[:1024]) is found


@pytest.mark.parametrize("bits", [24, 32])
def test_a_bitmap_is_decoded_upright(bits: int) -> None:
    image = look(bmp(40, 20, bits), "f=png")
    assert image.size == (40, 20)
    for (x, y), colour in CORNERS.items():
        assert image.near(x, y, colour, 0)


def test_a_heic_is_decoded_and_resized() -> None:
    image = look(heic("quad"), "w=200&f=png")
    assert image.size == (200, 150)
    for (x, y), colour in CORNERS.items():
        assert image.near(x, y, colour, 12)
    assert make(heic("quad")).mime == "image/jpeg"


def test_a_heic_may_be_transparent_and_may_hold_several_pictures() -> None:
    image = look(heic("alpha"), "f=png")
    assert image.at(0.25, 0.5)[3] > 250
    assert image.at(0.75, 0.5)[3] < 5
    second = look(heic("two"), "page=2&f=png")
    assert second.near(0.5, 0.5, BLUE, 12)
    assert code_of(heic("two"), "page=3&f=png") is ErrorCode.INVALID_PARAMETER


def test_a_page_is_drawn_at_the_size_that_is_wanted() -> None:
    document = pdf([(200, 100, QUAD_PDF), (50, 80, "0 0 1 rg 0 0 50 80 re f")])
    for query, size in (
        ("", (417, 208)),
        ("dpi=72", (200, 100)),
        ("w=1000", (1000, 500)),
        ("dpi=144&w=50", (50, 25)),
        ("page=2&dpi=72", (50, 80)),
    ):
        image = look(document, f"{query}&f=png")
        assert image.size == size, query
    image = look(document, "w=1000&f=png")
    for (x, y), colour in CORNERS.items():
        assert image.near(x, y, colour, 2)
    # Drawn at that size, not enlarged: the edge between two colours is sharp.
    assert image.near(0.499, 0.25, RED, 2)
    assert image.near(0.501, 0.25, GREEN, 2)
    assert code_of(document, "page=3") is ErrorCode.INVALID_PARAMETER


def test_an_empty_page_is_white() -> None:
    image = look(pdf([(30, 30, "")]), "f=png")
    assert image.near(0.5, 0.5, [255, 255, 255], 0)


@pytest.mark.parametrize(
    "data",
    [
        bmp(40, 20)[:60],
        bmp(40, 20)[:20],
        heic("quad")[:600],
        heic("quad")[:40],
        pdf([(200, 100, QUAD_PDF)])[:60],
        b"%PDF-1.7\n" + b"\xff" * 200,
        b"BM" + b"\xff" * 200,
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\xff" * 200,
    ],
)
def test_damage_is_told(data: bytes) -> None:
    assert code_of(data) is ErrorCode.CORRUPT_INPUT


@pytest.mark.parametrize(
    "data",
    [bmp(8, 8, declared=(60_000, 60_000)), pdf([(200_000, 200_000, "")])],
)
def test_giants_are_refused_by_their_headers(data: bytes) -> None:
    assert code_of(data, "w=10") is ErrorCode.TRANSFORMATION_FAILED


def test_jpeg_xl_is_not_decoded() -> None:
    assert code_of(b"\xff\x0a" + bytes(100)) is ErrorCode.UNSUPPORTED_INPUT_FORMAT
