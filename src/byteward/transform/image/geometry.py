"""Sizes and positions: what a resize, a crop or an extension does to width and height (pure).

All arithmetic is exact: scales are fractions and sides are rounded once, half up, to at least one
pixel. Positions that fall between two pixels move up or left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

_HALF: Final = Fraction(1, 2)
_ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, each at least 1."""

    width: int
    height: int

    def scaled(self, x: Fraction, y: Fraction) -> Size:
        """Each side times its scale, rounded."""
        return Size(rounded(self.width * x), rounded(self.height * y))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels; `x` and `y` count from the top left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        """Its size."""
        return Size(self.width, self.height)


class Fit(StrEnum):
    """How an image meets the box of `w` and `h`; each name is the wire's."""

    CROP = "crop"
    ENLARGE = "enlarge"
    ENLARGE_COVER = "enlarge-cover"
    HEIGHT = "height"
    MAX = "max"
    MIN = "min"
    PAD = "pad"
    PAD_SHRINK = "pad-shrink"
    SHRINK = "shrink"
    SHRINK_COVER = "shrink-cover"
    STRETCH = "stretch"
    WIDTH = "width"


class Anchor(StrEnum):
    """Nine places of a rectangle, for crops and for layers."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"

    @property
    def column(self) -> Fraction:
        """0 at the left, 1/2 in the middle, 1 at the right."""
        return Fraction(0) if "left" in self else _ONE if "right" in self else _HALF

    @property
    def row(self) -> Fraction:
        """0 at the top, 1/2 in the middle, 1 at the bottom."""
        return Fraction(0) if "top" in self else _ONE if "bottom" in self else _HALF


@dataclass(frozen=True, slots=True)
class Resize:
    """What a resize does.

    Attributes:
        scaled: the size that the pixels are scaled to.
        output: the size of the result: smaller than `scaled` when a crop follows, larger when the
            image stands on a canvas.
    """

    scaled: Size
    output: Size

    @property
    def is_crop(self) -> bool:
        """Whether something of the scaled image is cut off."""
        return self.scaled != self.output and (
            self.scaled.width > self.output.width or self.scaled.height > self.output.height
        )


def rounded(value: Fraction | int) -> int:
    """A side in whole pixels: half up, never 0."""
    return max(1, floor(Fraction(value) + _HALF))


def resize(
    source: Size,
    width: int | None,
    height: int | None,
    fit: Fit | None,
    *,
    may_enlarge: bool = True,
) -> Resize:
    """The resize that `w`, `h` and `fit` ask for.

    Without a fit, one side alone keeps the other in proportion and both mean `max`. A mode that
    wants both sides and has one takes the scale of that side.

    Args:
        source: after orientation, manual crop and rotation.
        width: the box; None when not given.
        height: the box; None when not given.
        fit: the mode; None when not given.
        may_enlarge: False for `enlarge=false`: nothing grows beyond its source.
    """
    if width is None and height is None:
        return Resize(source, source)
    mode = _effective(fit, width, height)
    x, y = _scales(source, width, height)
    scale_x, scale_y = _SCALE[mode](x, y), _SCALE_Y.get(mode, _SCALE[mode])(x, y)
    if not may_enlarge:
        scale_x, scale_y = min(_ONE, scale_x), min(_ONE, scale_y)
    scaled = source.scaled(scale_x, scale_y)
    if width is None or height is None:
        return Resize(scaled, scaled)
    if mode is Fit.CROP:
        return Resize(scaled, Size(min(width, scaled.width), min(height, scaled.height)))
    if mode in {Fit.PAD, Fit.PAD_SHRINK}:
        return Resize(scaled, Size(width, height))
    return Resize(scaled, scaled)


def _effective(fit: Fit | None, width: int | None, height: int | None) -> Fit:
    if fit is None:
        return Fit.MAX
    if fit is Fit.WIDTH and width is None:
        return Fit.HEIGHT
    if fit is Fit.HEIGHT and height is None:
        return Fit.WIDTH
    return fit


def _scales(source: Size, width: int | None, height: int | None) -> tuple[Fraction, Fraction]:
    x = None if width is None else Fraction(width, source.width)
    y = None if height is None else Fraction(height, source.height)
    if x is None:
        x = y
    if y is None:
        y = x
    if x is None or y is None:
        return _ONE, _ONE
    return x, y


_Scale = Callable[[Fraction, Fraction], Fraction]
_SCALE: Final[Mapping[Fit, _Scale]] = {
    Fit.CROP: max,
    Fit.ENLARGE: lambda x, y: max(_ONE, min(x, y)),
    Fit.ENLARGE_COVER: lambda x, y: max(_ONE, x, y),
    Fit.HEIGHT: lambda _x, y: y,
    Fit.MAX: min,
    Fit.MIN: max,
    Fit.PAD: min,
    Fit.PAD_SHRINK: lambda x, y: min(_ONE, x, y),
    Fit.SHRINK: lambda x, y: min(_ONE, x, y),
    Fit.SHRINK_COVER: lambda x, y: min(_ONE, max(x, y)),
    Fit.STRETCH: lambda x, _y: x,
    Fit.WIDTH: lambda x, _y: x,
}
_SCALE_Y: Final[Mapping[Fit, _Scale]] = {Fit.STRETCH: lambda _x, y: y}


def window(outer: Size, inner: Size, column: Fraction, row: Fraction) -> Box:
    """The part of `outer`, of the size of `inner`, that lies at a place.

    Args:
        outer: what is cut.
        inner: no larger than `outer`.
        column: 0 is the left end of what is free, 1 the right one.
        row: 0 is the top, 1 the bottom.
    """
    x = floor((outer.width - inner.width) * column)
    y = floor((outer.height - inner.height) * row)
    return Box(x, y, inner.width, inner.height)


def focal_window(outer: Size, inner: Size, x: Fraction, y: Fraction) -> Box:
    """The part of `outer` whose centre is as near as can be to a point given in 0…1."""
    left = floor(outer.width * x - Fraction(inner.width, 2) + _HALF)
    top = floor(outer.height * y - Fraction(inner.height, 2) + _HALF)
    left = min(max(left, 0), outer.width - inner.width)
    top = min(max(top, 0), outer.height - inner.height)
    return Box(left, top, inner.width, inner.height)


def clamped_crop(source: Size, x: int, y: int, width: int | None, height: int | None) -> Box | None:
    """A manual crop cut to the image, or None when it lies outside.

    Clients round the four numbers one by one, so that a pixel too many is normal.

    Args:
        source: the oriented image.
        x: left side, 0 or more.
        y: top side, 0 or more.
        width: None for the rest of the image.
        height: None for the rest of the image.
    """
    if x >= source.width or y >= source.height:
        return None
    room = Size(source.width - x, source.height - y)
    return Box(
        x,
        y,
        room.width if width is None else min(width, room.width),
        room.height if height is None else min(height, room.height),
    )


def aspect_crop(source: Size, ratio: Fraction) -> Size:
    """The largest size of that ratio (width : height) inside the image."""
    if Fraction(source.width, source.height) > ratio:
        return Size(min(source.width, rounded(source.height * ratio)), source.height)
    return Size(source.width, min(source.height, rounded(source.width / ratio)))
