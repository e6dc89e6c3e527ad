"""Opening a file: header first, limits next, pixels last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyvips

from byteward.transform.image.engine import foreign, library
from byteward.transform.image.formats import InputFormat
from byteward.transform.image.geometry import Size
from byteward.transform.image.limits import ImageLimits, check_input, usable_frames
from byteward.transform.image.svg import check_svg
from byteward.transform.image.values import refuse

PAGED: Final = frozenset({InputFormat.GIF, InputFormat.WEBP, InputFormat.TIFF})
ANIMATED: Final = frozenset({InputFormat.GIF, InputFormat.WEBP})
_TRANSPOSING: Final = 5
"""Orientations from here on swap width and height (TIFF 6.0 §8)."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says about itself before anything is decoded.

    Attributes:
        source: its format.
        stored: size of one frame as stored.
        orientation: 1…8 as in EXIF; 1 for formats whose decoder applies it.
        pages: frames or pages.
        delays: milliseconds for each frame; empty for stills.
        loop: how often an animation runs; 0 for ever.
        has_alpha: whether pixels may be transparent.
        bands: channels, alpha included.
        bits: per channel.
        interpretation: colour space in libvips' words.
        exif: readable tags, without those of the place.
        density: pixels for each point of a document's page.
    """

    source: InputFormat
    stored: Size
    orientation: int
    pages: int
    delays: tuple[int, ...]
    loop: int
    has_alpha: bool
    bands: int
    bits: int
    interpretation: str
    exif: Mapping[str, str]
    density: float = 1.0

    @property
    def is_transposed(self) -> bool:
        """Whether orienting swaps the sides."""
        return self.orientation >= _TRANSPOSING

    @property
    def oriented(self) -> Size:
        """Size of one frame as people see it."""
        if self.is_transposed:
            return Size(self.stored.height, self.stored.width)
        return self.stored


def read_header(
    data: memoryview,
    source: InputFormat,
    limits: ImageLimits,
    *,
    page: int | None = None,
    dpi: int = foreign.POINTS_PER_INCH,
) -> Header:
    """Read and judge a file's header.

    Args:
        data: the file's bytes.
        source: its format.
        limits: bounds.
        page: from 1; which picture of a document or a HEIC is described.
        dpi: density at which a page is measured.

    Raises:
        BytewardError: `unsupported_input_format`, `corrupt_input`, `transformation_failed`,
            `invalid_parameter`.
    """
    if source in foreign.FORMATS:
        return _foreign_header(data, source, limits, page, dpi)
    if source is InputFormat.SVG:
        check_svg(bytes(data))
    image = library.load(data, source, access="sequential")
    stored = Size(image.width, image.height)
    check_input(stored, limits)
    pages = _number(image, "n-pages", 1) if source in PAGED else 1
    return Header(
        source=source,
        stored=stored,
        orientation=_orientation(image, source),
        pages=max(1, pages),
        delays=tuple(image.get("delay")) if source in ANIMATED and _has(image, "delay") else (),
        loop=_number(image, "loop", 0),
        has_alpha=bool(image.hasalpha()),
        bands=image.bands,
        bits=16 if image.format in {"ushort", "short"} else 8,
        interpretation=image.interpretation,
        exif=_exif(image),
    )


def _foreign_header(
    data: memoryview, source: InputFormat, limits: ImageLimits, page: int | None, dpi: int
) -> Header:
    described = foreign.describe(data, source, (page or 1) - 1)
    density = dpi / foreign.POINTS_PER_INCH if source is InputFormat.PDF else 1.0
    size = described.size
    stored = Size(max(1, round(size.width * density)), max(1, round(size.height * density)))
    check_input(stored, limits)
    return Header(
        source=source,
        stored=stored,
        orientation=1,
        pages=described.pages,
        delays=(),
        loop=0,
        has_alpha=described.has_alpha,
        bands=4 if described.has_alpha else 3,
        bits=8,
        interpretation="srgb",
        exif={},
        density=density,
    )


def _orientation(image: pyvips.Image, source: InputFormat) -> int:
    # The decoder has turned the picture already, whatever its EXIF block says.
    if source is InputFormat.AVIF:
        return 1
    found = _number(image, "orientation", 1)
    return found if 1 <= found <= 8 else 1  # noqa: PLR2004 - EXIF has eight


_TAG: Final = re.compile(r"exif-ifd[0124]-([A-Za-z0-9]{1,64})", re.ASCII)
_MAX_TAG_LENGTH: Final = 500


def _exif(image: pyvips.Image) -> Mapping[str, str]:
    """Tags as the library prints them: the value, then its form in brackets."""
    found = {}
    for name in image.get_fields():
        match = _TAG.fullmatch(name)
        if match:
            found[match[1]] = str(image.get(name)).rpartition(" (")[0][:_MAX_TAG_LENGTH]
    return found


def _has(image: pyvips.Image, name: str) -> bool:
    return bool(image.get_typeof(name) != 0)


def _number(image: pyvips.Image, name: str, default: int) -> int:
    return int(image.get(name)) if _has(image, name) else default


@dataclass(frozen=True, slots=True)
class Selection:
    """Which frames of a file are used.

    Attributes:
        first: index from 0.
        count: how many.
        is_reduced: an animation was too large, so that only its first frame is used.
    """

    first: int
    count: int
    is_reduced: bool = False


def select(
    header: Header, page: int | None, *, wants_animation: bool, limits: ImageLimits
) -> Selection:
    """The frames that a request uses.

    Args:
        header: of the file.
        page: from 1; None when the request does not say.
        wants_animation: whether the result can move.
        limits: bounds.

    Raises:
        BytewardError: `invalid_parameter` for a page that does not exist.
    """
    if page is not None:
        if page > header.pages:
            raise refuse("page", "page_out_of_range", str(page), allowed=[f"1…{header.pages}"])
        return Selection(page - 1, 1)
    if not wants_animation or header.source not in ANIMATED or header.pages == 1:
        return Selection(0, 1)
    count = usable_frames(header.stored, header.pages, limits)
    return Selection(0, count, is_reduced=count < header.pages)


def decode(
    data: object, header: Header, selection: Selection, *, shrink: int = 1, scale: float = 1.0
) -> pyvips.Image:
    """The pixels of the selected frames, one below the other, lazily.

    Args:
        data: the file's bytes; must outlive the image.
        header: of the file.
        selection: which frames.
        shrink: 1, 2, 4 or 8: a JPEG decoded at a fraction of its size.
        scale: factor at which a vector, a document or a WebP is drawn.

    Raises:
        BytewardError: `corrupt_input`.
    """
    if header.source in foreign.FORMATS:
        return foreign.pixels(data, header.source, selection.first, scale * header.density)
    options: dict[str, object] = {"access": "sequential", "fail_on": "truncated"}
    if header.source in PAGED:
        options |= {"page": selection.first, "n": selection.count}
    if header.source is InputFormat.JPEG and shrink > 1:
        options["shrink"] = shrink
    if header.source in {InputFormat.SVG, InputFormat.WEBP} and scale != 1.0:
        options["scale"] = scale
    return library.load(data, header.source, **options)
