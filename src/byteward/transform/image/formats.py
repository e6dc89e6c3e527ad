"""Formats of images: how files are recognised, what results may be, which one a client gets (pure).

SECURITY: the format of a file is read from its first bytes against the table here and from nothing
else. Names, extensions and declared types choose no decoder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class InputFormat(StrEnum):
    """What can be decoded."""

    AVIF = "avif"
    BMP = "bmp"
    GIF = "gif"
    HEIF = "heif"
    JPEG = "jpeg"
    JXL = "jxl"
    PDF = "pdf"
    PNG = "png"
    SVG = "svg"
    TIFF = "tiff"
    WEBP = "webp"


class OutputFormat(StrEnum):
    """What can be encoded; each value is the wire's word."""

    AVIF = "avif"
    GIF = "gif"
    JPEG = "jpeg"
    JXL = "jxl"
    PNG = "png"
    WEBP = "webp"


class Report(StrEnum):
    """Results that say something about an image instead of showing it."""

    BLURHASH = "blurhash"
    COLOR = "color"
    LQIP = "lqip"
    META = "meta"
    PALETTE = "palette"
    SVG_COLOR = "svg-color"
    THUMBHASH = "thumbhash"


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """What a format can carry.

    Attributes:
        mime: media type.
        has_alpha: whether pixels may be transparent.
        is_animated: whether several frames with delays can be stored.
        max_side: longest side in pixels.
    """

    mime: str
    has_alpha: bool
    is_animated: bool
    max_side: int


FACTS: Final = {
    OutputFormat.AVIF: FormatFacts("image/avif", True, False, 16_384),
    OutputFormat.GIF: FormatFacts("image/gif", True, True, 65_535),
    OutputFormat.JPEG: FormatFacts("image/jpeg", False, False, 65_500),
    OutputFormat.JXL: FormatFacts("image/jxl", True, False, 65_535),
    OutputFormat.PNG: FormatFacts("image/png", True, False, 2**31 - 1),
    OutputFormat.WEBP: FormatFacts("image/webp", True, True, 16_383),
}

SNIFFED_BYTES: Final = 1024
"""How much of a file `sniff` wants to see."""

_MAGIC: Final = (
    (b"\xff\xd8\xff", InputFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", InputFormat.PNG),
    (b"GIF87a", InputFormat.GIF),
    (b"GIF89a", InputFormat.GIF),
    (b"II*\0", InputFormat.TIFF),
    (b"MM\0*", InputFormat.TIFF),
    (b"II+\0", InputFormat.TIFF),
    (b"MM\0+", InputFormat.TIFF),
    (b"BM", InputFormat.BMP),
    (b"%PDF-", InputFormat.PDF),
    (b"\xff\x0a", InputFormat.JXL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", InputFormat.JXL),
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
)
_BRAND_BYTES: Final = 4


def sniff(head: bytes) -> InputFormat | None:
    """The format of a file from its first `SNIFFED_BYTES`, or None when it is not one of ours."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return InputFormat.WEBP
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    return InputFormat.SVG if _begins_svg(head) else None


def _begins_svg(head: bytes) -> bool:
    """Whether an XML document begins whose root is `svg`, after what may stand before a root."""
    rest = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while rest.startswith((b"<?", b"<!--")):
        end = b"?>" if rest.startswith(b"<?") else b"-->"
        rest = rest.partition(end)[2].lstrip()
    return rest.startswith((b"<svg", b"<!DOCTYPE svg"))


def _iso_media(head: bytes) -> InputFormat | None:
    """AVIF or HEIF by the major brand, then by the compatible ones (ISO/IEC 14496-12 §4.3)."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12]]
    brands += [head[at : at + _BRAND_BYTES] for at in range(16, end, _BRAND_BYTES)]
    if brands[0] in _AVIF_BRANDS:
        return InputFormat.AVIF
    if brands[0] not in _HEIF_BRANDS:
        return None
    if brands[0] in {b"mif1", b"msf1"} and any(brand in _AVIF_BRANDS for brand in brands):
        return InputFormat.AVIF
    return InputFormat.HEIF


def default_output(source: InputFormat) -> OutputFormat:
    """The format of a result when nobody asks for one: that of the file, else JPEG."""
    try:
        return OutputFormat(source.value)
    except ValueError:
        return OutputFormat.JPEG


# Every client shows these; the others have to be named.
_UNIVERSAL: Final = frozenset({OutputFormat.GIF, OutputFormat.JPEG, OutputFormat.PNG})
_TYPE: Final = re.compile(r"\s*([a-z]+/[a-z0-9.+*-]+)\s*((?:;[^;]*)*)", re.ASCII | re.IGNORECASE)
_REFUSED: Final = re.compile(r"\s*q\s*=\s*0(?:\.0*)?\s*", re.ASCII | re.IGNORECASE)


def accepted_formats(accept: str | None) -> frozenset[OutputFormat]:
    """The formats that a client can show, from its Accept header (RFC 9110 §12.5.1).

    Wildcards do not count for modern formats: many clients send `*/*` and decode few of them.
    """
    named = set()
    for entry in (accept or "").split(","):
        match = _TYPE.fullmatch(entry)
        if match and not any(_REFUSED.fullmatch(part) for part in match[2].split(";")):
            named.add(match[1].lower())
    return _UNIVERSAL | {each for each in OutputFormat if FACTS[each].mime in named}


def negotiate(wanted: Sequence[OutputFormat], accepted: frozenset[OutputFormat]) -> OutputFormat:
    """The first of `f`, `f2`, … that the client shows; the last one when it shows none.

    Args:
        wanted: at least one. One alone is honoured blindly.
        accepted: see `accepted_formats`.
    """
    for each in wanted:
        if each in accepted:
            return each
    return wanted[-1]


_AVIF_PIXELS: Final = 8_000_000
"""Beyond it encoding AVIF takes longer than a reader waits."""


def automatic(
    *, is_animated: bool, is_opaque: bool, is_graphic: bool, pixels: int
) -> tuple[OutputFormat, ...]:
    """What `f=auto` means for an image: candidates, the best first.

    Args:
        is_animated: more than one frame will be in the result.
        is_opaque: no pixel shows through.
        is_graphic: a lossless file of few colours, such as a logo.
        pixels: of the result.
    """
    if is_animated:
        return OutputFormat.WEBP, OutputFormat.GIF
    if is_opaque and is_graphic:
        return OutputFormat.WEBP, OutputFormat.PNG
    rest = (OutputFormat.WEBP, OutputFormat.JPEG if is_opaque else OutputFormat.PNG)
    return rest if pixels > _AVIF_PIXELS else (OutputFormat.AVIF, *rest)
