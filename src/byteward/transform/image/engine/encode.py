"""Writing a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyvips

from byteward.transform.image.formats import OutputFormat
from byteward.transform.image.params import Metadata, OutputParams

_KEEP: Final = {
    Metadata.EXIF: 1, Metadata.GPS: 1, Metadata.COPYRIGHT: 1, Metadata.XMP: 2, Metadata.IPTC: 4,
    Metadata.ICC: 8,
}  # fmt: skip
"""Bits of libvips' `ForeignKeep`."""

_QUALITY: Final = {OutputFormat.JPEG: 80, OutputFormat.WEBP: 80, OutputFormat.AVIF: 60}
_FULL_CHROMA_FROM: Final = 90
_SMART_CHROMA_FROM: Final = 90
"""It takes a third of the time, so only who asks for the best gets it (ADR 0013)."""


def encode(
    frames: Sequence[pyvips.Image],
    output: OutputFormat,
    params: OutputParams,
    *,
    delays: Sequence[int] = (),
    loop: int = 0,
) -> bytes:
    """The bytes of a result.

    Args:
        frames: at least one, all of one size, with colours that the format can hold.
        output: the format.
        params: quality, effort, metadata.
        delays: milliseconds for each frame of an animation.
        loop: how often it runs; 0 for ever.

    Raises:
        pyvips.Error: the encoder refuses, or the source turns out to be damaged: pixels are
            decoded while they are written.
    """
    image = frames[0]
    if len(frames) > 1:
        height = image.height
        image = pyvips.Image.arrayjoin(list(frames), across=1)
        image = _animated(image, height, delays, loop)
    else:
        image = _still(image)
    image = _metadata(image, params)
    options = {"keep": _keep_bits(params)} | _OPTIONS[output](params)
    return bytes(pyvips.Operation.call(_SAVERS[output], image, **options))


_SAVERS: Final = {
    OutputFormat.AVIF: "heifsave_buffer",
    OutputFormat.GIF: "gifsave_buffer",
    OutputFormat.JPEG: "jpegsave_buffer",
    OutputFormat.PNG: "pngsave_buffer",
    OutputFormat.WEBP: "webpsave_buffer",
}
SUPPORTED: Final = frozenset(_SAVERS)
"""What this build can write."""


def _keep_bits(params: OutputParams) -> int:
    bits = 0
    for kind in params.keep:
        bits |= _KEEP[kind]
    return bits


def _step(effort: int | None, low: int, high: int, default: int) -> int:
    """1…100 on an encoder's own scale."""
    if effort is None:
        return default
    return round(low + (effort - 1) / 99 * (high - low))


def _jpeg(params: OutputParams) -> dict[str, object]:
    quality = params.quality or _QUALITY[OutputFormat.JPEG]
    return {
        "Q": quality,
        "optimize_coding": True,
        "interlace": params.is_progressive,
        "subsample_mode": "off" if quality >= _FULL_CHROMA_FROM else "on",
    }


def _webp(params: OutputParams) -> dict[str, object]:
    quality = params.quality or _QUALITY[OutputFormat.WEBP]
    return {
        "Q": quality,
        "alpha_q": quality,
        "lossless": params.is_lossless,
        "smart_subsample": quality >= _SMART_CHROMA_FROM and not params.is_lossless,
        "effort": _step(params.effort, 0, 6, 4),
    }


def _avif(params: OutputParams) -> dict[str, object]:
    return {
        "Q": params.quality or _QUALITY[OutputFormat.AVIF],
        "lossless": params.is_lossless,
        "compression": "av1",
        "effort": _step(params.effort, 0, 9, 3),
    }


def _png(params: OutputParams) -> dict[str, object]:
    if params.quality is None or params.quality == 100 or params.is_lossless:  # noqa: PLR2004 - a percentage
        return {"compression": _step(params.effort, 0, 9, 6)}
    return {
        "compression": 9,
        "palette": True,
        "Q": params.quality,
        "dither": 0,
        "effort": _step(params.effort, 1, 10, 7),
    }


def _gif(params: OutputParams) -> dict[str, object]:
    colours = 256 if params.quality is None else max(2, round(256 * params.quality / 100))
    return {
        "bitdepth": max(1, (colours - 1).bit_length()),
        "effort": _step(params.effort, 1, 10, 7),
        "reuse": False,
    }


_OPTIONS: Final = {
    OutputFormat.AVIF: _avif,
    OutputFormat.GIF: _gif,
    OutputFormat.JPEG: _jpeg,
    OutputFormat.PNG: _png,
    OutputFormat.WEBP: _webp,
}


def _animated(
    image: pyvips.Image, page_height: int, delays: Sequence[int], loop: int
) -> pyvips.Image:
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", page_height)
    image.set_type(pyvips.GValue.gint_type, "loop", loop)
    if delays:
        image.set_type(pyvips.GValue.array_int_type, "delay", list(delays))
    return image


_ANIMATION: Final = ("page-height", "n-pages", "delay", "loop", "gif-delay", "gif-loop")


def _still(image: pyvips.Image) -> pyvips.Image:
    return without(image, [name for name in _ANIMATION if image.get_typeof(name) != 0])


def without(image: pyvips.Image, names: Sequence[str]) -> pyvips.Image:
    """The image without these fields."""
    if not names:
        return image
    image = image.copy()
    for name in names:
        image.remove(name)
    return image


def _metadata(image: pyvips.Image, params: OutputParams) -> pyvips.Image:
    """Leave no orientation behind (the pixels are turned), and no place unless it was asked for."""
    drops = [
        name for name in image.get_fields() if name.startswith("exif-") and _drops(name, params)
    ]
    drops += [name for name in ("orientation",) if image.get_typeof(name) != 0]
    return without(image, drops)


_COPYRIGHT_TAGS: Final = ("Artist", "Copyright")


def _drops(field: str, params: OutputParams) -> bool:
    if field == "exif-data":
        return not params.keep & {Metadata.EXIF, Metadata.COPYRIGHT, Metadata.GPS}
    if field.startswith("exif-ifd3-"):
        return Metadata.GPS not in params.keep
    if Metadata.EXIF in params.keep:
        return field.endswith("-Orientation")
    return not (Metadata.COPYRIGHT in params.keep and field.endswith(_COPYRIGHT_TAGS))
