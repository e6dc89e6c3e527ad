"""Small texts that stand for an image until it is there: blurhash and thumbhash (pure).

Both take the image as rows of pixels that were scaled down first, because their cost is pixels
times coefficients. Sources: the published encodings of BlurHash (base 83, cosine components) and
ThumbHash (luminance, two chroma axes and alpha as cosine components, packed into nibbles).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from math import ceil, copysign, cos, pi
from typing import Final

Pixel = tuple[float, ...]
"""Channels 0…255: red, green, blue and perhaps alpha."""
Rows = Sequence[Sequence[Pixel]]

_DIGITS: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
)


def blurhash(rows: Rows, x_components: int = 4, y_components: int = 3) -> str:
    """The BlurHash of an opaque image.

    Args:
        rows: pixels, at least one.
        x_components: 1…9 across.
        y_components: 1…9 down.
    """
    linear = [
        [tuple(_to_linear(channel) for channel in pixel[:3]) for pixel in row] for row in rows
    ]
    factors = [_component(linear, x, y) for y in range(y_components) for x in range(x_components)]
    average, rest = factors[0], factors[1:]
    largest = max((abs(value) for factor in rest for value in factor), default=0.0)
    level = max(0, min(82, int(largest * 166 - 0.5))) if rest else 0
    scale = (level + 1) / 166
    text = _base83(x_components - 1 + (y_components - 1) * 9, 1) + _base83(level, 1)
    red, green, blue = (_to_srgb(value) for value in average)
    text += _base83(red << 16 | green << 8 | blue, 4)
    return text + "".join(_base83(_quantised(factor, scale), 2) for factor in rest)


def _component(rows: Sequence[Sequence[Pixel]], x: int, y: int) -> tuple[float, float, float]:
    height, width = len(rows), len(rows[0])
    across = [cos(pi * x * column / width) for column in range(width)]
    sums = [0.0, 0.0, 0.0]
    for index, row in enumerate(rows):
        down = cos(pi * y * index / height)
        for weight, pixel in zip(across, row, strict=True):
            basis = weight * down
            for channel in range(3):
                sums[channel] += basis * pixel[channel]
    scale = (1 if x == 0 and y == 0 else 2) / (width * height)
    return sums[0] * scale, sums[1] * scale, sums[2] * scale


def _quantised(factor: tuple[float, float, float], scale: float) -> int:
    number = 0
    for value in factor:
        root = copysign(abs(value / scale) ** 0.5, value)
        number = number * 19 + max(0, min(18, int(root * 9 + 9.5)))
    return number


def _base83(number: int, length: int) -> str:
    return "".join(_DIGITS[number // 83**place % 83] for place in range(length - 1, -1, -1))


_LINEAR_BELOW: Final = 0.04045


def _to_linear(channel: float) -> float:
    value = channel / 255
    return value / 12.92 if value <= _LINEAR_BELOW else ((value + 0.055) / 1.055) ** 2.4


def _to_srgb(value: float) -> int:
    value = min(1.0, max(0.0, value))
    encoded = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055  # noqa: PLR2004 - IEC 61966-2-1
    return int(encoded * 255 + 0.5)


def thumbhash(rows: Rows) -> str:
    """The ThumbHash in base64.

    Args:
        rows: pixels with or without alpha; at most 100 on a side.
    """
    height, width = len(rows), len(rows[0])
    pixels = [pixel if len(pixel) == _RGBA else (*pixel, 255.0) for row in rows for pixel in row]
    has_alpha = any(pixel[3] < 255 for pixel in pixels)  # noqa: PLR2004 - opaque
    light, yellow, red, alpha = _channels(pixels)
    limit = 5 if has_alpha else 7
    across = max(1, round(limit * width / max(width, height)))
    down = max(1, round(limit * height / max(width, height)))
    size = (width, height)
    l_dc, l_ac, l_scale = _encoded(light, size, max(3, across), max(3, down))
    p_dc, p_ac, p_scale = _encoded(yellow, size, 3, 3)
    q_dc, q_ac, q_scale = _encoded(red, size, 3, 3)
    header24 = (
        round(63 * l_dc)
        | round(31.5 + 31.5 * p_dc) << 6
        | round(31.5 + 31.5 * q_dc) << 12
        | round(31 * l_scale) << 18
        | int(has_alpha) << 23
    )
    is_landscape = width > height
    header16 = (
        (down if is_landscape else across)
        | round(63 * p_scale) << 3
        | round(63 * q_scale) << 9
        | int(is_landscape) << 15
    )
    packed = header24.to_bytes(3, "little") + header16.to_bytes(2, "little")
    nibbles = [*l_ac, *p_ac, *q_ac]
    if has_alpha:
        a_dc, a_ac, a_scale = _encoded(alpha, size, 5, 5)
        packed += bytes([round(15 * a_dc) | round(15 * a_scale) << 4])
        nibbles += a_ac
    levels = [round(15 * value) for value in nibbles]
    levels += [0] * (len(levels) % 2)
    pairs = zip(levels[::2], levels[1::2], strict=True)
    return base64.b64encode(packed + bytes(low | high << 4 for low, high in pairs)).decode()


_RGBA: Final = 4


def _channels(pixels: Sequence[Pixel]) -> tuple[list[float], list[float], list[float], list[float]]:
    """Luminance, yellow-blue, red-green and alpha, over the average colour where clear."""
    total = sum(pixel[3] for pixel in pixels) / 255
    average = [
        sum(pixel[3] / 255 * pixel[channel] / 255 for pixel in pixels) / total if total else 0.0
        for channel in range(3)
    ]
    light, yellow, red, alpha = [], [], [], []
    for pixel in pixels:
        opacity = pixel[3] / 255
        r, g, b = (
            average[channel] * (1 - opacity) + opacity * pixel[channel] / 255
            for channel in range(3)
        )
        light.append((r + g + b) / 3)
        yellow.append((r + g) / 2 - b)
        red.append(r - g)
        alpha.append(opacity)
    return light, yellow, red, alpha


def _encoded(
    channel: Sequence[float], size: tuple[int, int], across: int, down: int
) -> tuple[float, list[float], float]:
    """The mean, the other components scaled to 0…1, and their scale."""
    width, height = size
    mean, rest = 0.0, []
    for y in range(down):
        x = 0
        rows = [cos(pi / height * y * (row + 0.5)) for row in range(height)]
        while x * down < across * (down - y):
            columns = [cos(pi / width * x * (column + 0.5)) for column in range(width)]
            value = sum(
                columns[index % width] * rows[index // width] * level
                for index, level in enumerate(channel)
            ) / (width * height)
            if x or y:
                rest.append(value)
            else:
                mean = value
            x += 1
    scale = max((abs(value) for value in rest), default=0.0)
    if scale:
        rest = [0.5 + 0.5 / scale * value for value in rest]
    return mean, rest, scale


def thumbnail_side(width: int, height: int, most: int) -> tuple[int, int]:
    """The size to scale an image to before it is hashed: no side above `most`, none 0."""
    longest = max(width, height)
    if longest <= most:
        return width, height
    return max(1, ceil(width * most / longest)), max(1, ceil(height * most / longest))
