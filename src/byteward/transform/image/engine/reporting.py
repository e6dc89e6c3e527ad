"""Results that say something about an image: placeholders, colours, metadata."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import msgspec
import pyvips

from byteward.transform.image.engine.canvas import flatten
from byteward.transform.image.engine.colours import to_rgb
from byteward.transform.image.engine.layering import scaled
from byteward.transform.image.engine.source import Header
from byteward.transform.image.formats import FACTS, OutputFormat, Report
from byteward.transform.image.geometry import Size
from byteward.transform.image.params import OutputParams
from byteward.transform.image.placeholders import Rows, blurhash, thumbhash, thumbnail_side

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
_HASH_SIDE: Final = 32
_THUMB_SIDE: Final = 100
_LQIP_WIDTH: Final = 16
_PALETTE_SIDE: Final = 64
_ROUNDS: Final = 8
_VISIBLE: Final = 128


def report(
    image: pyvips.Image,
    header: Header,
    file_bytes: int,
    params: OutputParams,
    would_be: OutputFormat,
) -> tuple[str, bytes]:
    """Media type and body of a report.

    Args:
        image: the transformed image, one frame of sRGB or grey.
        header: of the source file.
        file_bytes: size of the source file.
        params: which report.
        would_be: format that an image result would have.
    """
    kind = params.report
    if kind is Report.BLURHASH:
        rows = _rows(flatten(image, None), _HASH_SIDE)
        return TEXT, blurhash(rows, params.blurhash_x, params.blurhash_y).encode()
    if kind is Report.THUMBHASH:
        return TEXT, thumbhash(_rows(image, _THUMB_SIDE)).encode()
    if kind is Report.LQIP:
        return TEXT, _tiny(image)
    if kind is Report.COLOR:
        dominant = _palette(image, 5)[0]
        answer = {"dominant": dominant, "average": _hex(_average(image))}
        return JSON, msgspec.json.encode(answer)
    if kind is Report.PALETTE:
        return JSON, msgspec.json.encode({"colors": _palette(image, params.palette_colours)})
    if kind is Report.SVG_COLOR:
        fill = _hex(_average(image))
        size = f'width="{image.width}" height="{image.height}"'
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
            f'<rect width="100%" height="100%" fill="#{fill}"/></svg>'
        )
        return "image/svg+xml", svg.encode()
    described = _metadata(image, header, file_bytes, would_be)
    if params.is_full_report:
        described |= {
            "dominantColor": _palette(image, 5)[0],
            "palette": _palette(image, params.palette_colours),
            "blurhash": blurhash(_rows(flatten(image, None), _HASH_SIDE)),
            "thumbhash": thumbhash(_rows(image, _THUMB_SIDE)),
        }
    return JSON, msgspec.json.encode(described)


def _rows(image: pyvips.Image, most: int) -> Rows:
    small = _small(image, most)
    pixels = small.write_to_memory()
    bands, width = small.bands, small.width
    flat = [tuple(pixels[at : at + bands]) for at in range(0, len(pixels), bands)]
    return [flat[row * width : (row + 1) * width] for row in range(small.height)]


def _small(image: pyvips.Image, most: int) -> pyvips.Image:
    width, height = thumbnail_side(image.width, image.height, most)
    return scaled(to_rgb(image), Size(width, height))


def _tiny(image: pyvips.Image) -> bytes:
    height = max(1, round(image.height * _LQIP_WIDTH / image.width))
    small = scaled(to_rgb(image), Size(_LQIP_WIDTH, min(height, 4 * _LQIP_WIDTH)))
    encoded = small.webpsave_buffer(Q=20, keep=0)
    return b"data:image/webp;base64," + base64.b64encode(encoded)


def _average(image: pyvips.Image) -> Sequence[float]:
    flat = flatten(to_rgb(image), None)
    return [flat.extract_band(band).avg() for band in range(3)]


def _hex(channels: Sequence[float]) -> str:
    return "".join(f"{round(channel):02x}" for channel in channels[:3])


def _palette(image: pyvips.Image, count: int) -> list[str]:
    """Colours that stand for the image, the most frequent first: k-means in Oklab."""
    rows = _rows(image, _PALETTE_SIDE)
    visible = [p[:3] for row in rows for p in row if len(p) == 3 or p[3] >= _VISIBLE]  # noqa: PLR2004 - channels
    if not visible:
        return ["ffffff"]
    points = [_oklab(pixel) for pixel in visible]
    order = sorted(range(len(points)), key=lambda index: points[index])
    centres: list[Sequence[float]] = [
        points[order[(2 * k + 1) * len(order) // (2 * count)]] for k in range(count)
    ]
    groups: list[list[int]] = []
    for _ in range(_ROUNDS):
        groups = [[] for _ in centres]
        for index, point in enumerate(points):
            groups[_nearest(point, centres)].append(index)
        centres = [
            _mean([points[index] for index in group]) if group else centre
            for group, centre in zip(groups, centres, strict=True)
        ]
    largest = sorted((group for group in groups if group), key=len, reverse=True)
    colours = [_hex(_mean([visible[index] for index in group])) for group in largest]
    return list(dict.fromkeys(colours))


def _nearest(point: Sequence[float], centres: Sequence[Sequence[float]]) -> int:
    distances = [
        sum((a - b) ** 2 for a, b in zip(point, centre, strict=True)) for centre in centres
    ]
    return distances.index(min(distances))


def _mean(points: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(sum(axis) / len(points) for axis in zip(*points, strict=True))


def _oklab(pixel: Sequence[float]) -> tuple[float, float, float]:
    r, g, b = (((channel / 255 + 0.055) / 1.055) ** 2.4 for channel in pixel)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _metadata(
    image: pyvips.Image, header: Header, file_bytes: int, would_be: OutputFormat
) -> dict[str, object]:
    return {
        "format": header.source.value,
        "mime": _mime(header),
        "size": file_bytes,
        "width": header.oriented.width,
        "height": header.oriented.height,
        "orientation": header.orientation,
        "rawWidth": header.stored.width,
        "rawHeight": header.stored.height,
        "hasAlpha": header.has_alpha,
        "channels": header.bands,
        "bitDepth": header.bits,
        "colorSpace": header.interpretation,
        "pages": header.pages,
        "frames": max(1, len(header.delays)),
        "delays": list(header.delays) or None,
        "loop": header.loop if header.delays else None,
        "duration": sum(header.delays) or None,
        "exif": dict(header.exif),
        "output": {"width": image.width, "height": image.height, "format": would_be.value},
    }


_MIMES: Final = {
    "heif": "image/heif", "tiff": "image/tiff", "svg": "image/svg+xml", "pdf": "application/pdf",
    "bmp": "image/bmp",
}  # fmt: skip


def _mime(header: Header) -> str:
    word = header.source.value
    return _MIMES.get(word) or FACTS[OutputFormat(word)].mime
