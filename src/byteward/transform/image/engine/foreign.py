"""Formats that libvips here has no decoder for: BMP, HEIC and PDF, each by a library of its own.

They are decoded whole, in the same confined process, after their size was judged. JPEG XL is not
among them: the one packaged decoder is under the GPL.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from typing import Final

import pi_heif
import pypdfium2
import pyvips
from PIL import BmpImagePlugin

from byteward.errors import BytewardError
from byteward.transform.image.engine import library
from byteward.transform.image.formats import InputFormat
from byteward.transform.image.geometry import Size
from byteward.transform.image.values import refuse

POINTS_PER_INCH: Final = 72
"""A PDF's own unit; a page at this density has as many pixels as points."""

_NAMES_OF_MODES: Final = {"1": "L", "L": "L", "RGBA": "RGBA"}
# What the libraries raise for files that they cannot read.
_DAMAGE: Final = (
    EOFError,
    IndexError,
    KeyError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Described:
    """What a file says about one of its pictures.

    Attributes:
        size: in pixels; of a PDF's page at `POINTS_PER_INCH`.
        pages: pictures in the file.
        has_alpha: whether pixels may be transparent.
    """

    size: Size
    pages: int
    has_alpha: bool


def describe(data: object, source: InputFormat, page: int) -> Described:
    """Read a file's header.

    Args:
        data: the file's bytes, anything with the buffer protocol.
        source: one of `FORMATS`.
        page: index of the picture, from 0.

    Raises:
        BytewardError: `corrupt_input`; `invalid_parameter` for a picture that does not exist.
    """
    try:
        return _DESCRIBE[source](bytes(data), page)  # type: ignore[call-overload] # a buffer
    except _DAMAGE as error:
        raise library.corrupt(error) from None


def pixels(data: object, source: InputFormat, page: int, scale: float) -> pyvips.Image:
    """Decode one picture.

    Args:
        data: as for `describe`.
        source: one of `FORMATS`.
        page: index of the picture, from 0.
        scale: pixels for each one of `Described.size`; other than 1 for PDF only.

    Raises:
        BytewardError: as `describe`.
    """
    try:
        return _PIXELS[source](bytes(data), page, scale)  # type: ignore[call-overload] # a buffer
    except _DAMAGE as error:
        raise library.corrupt(error) from None


def no_such_page(page: int, pages: int) -> BytewardError:
    """The refusal of a page, by its index, beyond the last one."""
    return refuse("page", "page_out_of_range", str(page + 1), allowed=[f"1…{pages}"])


def _image(data: bytes, width: int, height: int, bands: int) -> pyvips.Image:
    image = pyvips.Image.new_from_memory(data, width, height, bands, "uchar")
    return image.copy(interpretation="b-w" if bands == 1 else "srgb")


def _bmp(data: bytes) -> BmpImagePlugin.BmpImageFile:
    # The plug-in itself: the library's table of formats chooses nothing here.
    return BmpImagePlugin.BmpImageFile(io.BytesIO(data))


def _describe_bmp(data: bytes, page: int) -> Described:
    if page:
        raise no_such_page(page, 1)
    with _bmp(data) as image:
        return Described(Size(*image.size), 1, image.mode == "RGBA")


def _bmp_pixels(data: bytes, _page: int, _scale: float) -> pyvips.Image:
    with _bmp(data) as image:
        plain = image.convert(_NAMES_OF_MODES.get(image.mode, "RGB"))
        return _image(plain.tobytes(), *plain.size, len(plain.getbands()))


def _heif(data: bytes, page: int) -> tuple[pi_heif.HeifImage, int]:
    """A picture and how many there are; the primary one is the first of them."""
    file = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    order = [file.primary_index, *(n for n in range(len(file)) if n != file.primary_index)]
    if page >= len(order):
        raise no_such_page(page, len(order))
    return file[order[page]], len(order)


def _describe_heif(data: bytes, page: int) -> Described:
    image, count = _heif(data, page)
    return Described(Size(*image.size), count, image.has_alpha)


def _heif_pixels(data: bytes, page: int, _scale: float) -> pyvips.Image:
    image, _ = _heif(data, page)
    width, height = image.size
    bands = len(image.mode)
    rows = _image(bytes(image.data), image.stride // bands, height, bands)
    picture = rows.crop(0, 0, width, height)
    profile = image.info.get("icc_profile")
    if profile:
        picture = picture.copy()
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return picture


def _opened_pdf(data: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(data)


def _describe_pdf(data: bytes, page: int) -> Described:
    with closing(_opened_pdf(data)) as document:
        count = len(document)
        if page >= count:
            raise no_such_page(page, count)
        width, height = document[page].get_size()
        return Described(Size(max(1, ceil(width)), max(1, ceil(height))), count, has_alpha=False)


def _pdf_pixels(data: bytes, page: int, scale: float) -> pyvips.Image:
    with closing(_opened_pdf(data)) as document:
        drawn = document[page].render(scale=scale, rev_byteorder=True, may_draw_forms=False)
        bands = drawn.n_channels
        rows = _image(bytes(drawn.buffer), drawn.stride // bands, drawn.height, bands)
        picture = rows.crop(0, 0, drawn.width, drawn.height)
        return picture if bands <= 3 else picture.extract_band(0, n=3)  # noqa: PLR2004 - RGB


_DESCRIBE: Final[Mapping[InputFormat, Callable[[bytes, int], Described]]] = {
    InputFormat.BMP: _describe_bmp,
    InputFormat.HEIF: _describe_heif,
    InputFormat.PDF: _describe_pdf,
}
_PIXELS: Final[Mapping[InputFormat, Callable[[bytes, int, float], pyvips.Image]]] = {
    InputFormat.BMP: _bmp_pixels,
    InputFormat.HEIF: _heif_pixels,
    InputFormat.PDF: _pdf_pixels,
}
FORMATS: Final = frozenset(_DESCRIBE)
"""What is decoded here."""


def start() -> None:
    """Prepare the libraries; before the process is confined."""
    # Threads of a decoder are no help here: several processes decode at once.
    pi_heif.options.DECODE_THREADS = 1
