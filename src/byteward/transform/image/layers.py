"""Layers: texts and images that are painted over an image (pure).

A layer starts at each `text=` or `image=` and takes the layer parameters that follow, up to the
next start. Layer parameters before the first start belong to the first layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

from byteward.transform.image.colour import BLACK, Colour
from byteward.transform.image.geometry import Anchor, Box, Fit, Size, resize
from byteward.transform.image.values import MALFORMED, NO_LENGTH, Length, Values, refuse

STARTS: Final = frozenset({"text", "image"})
SCOPED: Final = frozenset(
    {
        "gravity", "layer-x", "layer-y", "layer-w", "layer-h", "layer-fit", "layer-opacity",
        "layer-rotate", "layer-scale", "blend", "repeat", "repeat-x", "repeat-y", "repeat-stagger",
        "repeat-gap-x", "repeat-gap-y", "padding", "padding-x", "padding-y", "padding-top",
        "padding-right", "padding-bottom", "padding-left", "font", "font-size", "font-weight",
        "font-style", "color", "text-align", "line-height", "letter-spacing", "text-wrap",
        "text-bg",
    }
)  # fmt: skip
"""Names that belong to a layer."""

MAX_SIDE: Final = 10_000
MAX_TEXT: Final = 2_000
_COMPASS: Final = {
    "northwest": Anchor.TOP_LEFT, "north": Anchor.TOP, "northeast": Anchor.TOP_RIGHT,
    "west": Anchor.LEFT, "centre": Anchor.CENTER, "middle": Anchor.CENTER,
    "east": Anchor.RIGHT, "southwest": Anchor.BOTTOM_LEFT, "south": Anchor.BOTTOM,
    "southeast": Anchor.BOTTOM_RIGHT,
}  # fmt: skip
_HALF: Final = Fraction(1, 2)


class Blend(StrEnum):
    """How a layer meets what is under it; the words of the wire."""

    ADD = "add"
    CLEAR = "clear"
    COLOR_BURN = "color-burn"
    COLOR_DODGE = "color-dodge"
    DARKEN = "darken"
    DESTINATION = "destination"
    DESTINATION_ATOP = "destination-atop"
    DESTINATION_IN = "destination-in"
    DESTINATION_OUT = "destination-out"
    DESTINATION_OVER = "destination-over"
    DIFFERENCE = "difference"
    EXCLUSION = "exclusion"
    HARD_LIGHT = "hard-light"
    LIGHTEN = "lighten"
    MULTIPLY = "multiply"
    OVERLAY = "overlay"
    SATURATE = "saturate"
    SCREEN = "screen"
    SOFT_LIGHT = "soft-light"
    SOURCE = "source"
    SOURCE_ATOP = "source-atop"
    SOURCE_IN = "source-in"
    SOURCE_OUT = "source-out"
    SOURCE_OVER = "source-over"
    XOR = "xor"


_BLEND_ALIASES: Final = {
    "over": Blend.SOURCE_OVER,
    "normal": Blend.SOURCE_OVER,
    "linear-dodge": Blend.ADD,
}


class TextAlign(StrEnum):
    """How the lines of a text stand to each other."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class TextWrap(StrEnum):
    """Where a line may break."""

    WORD = "word"
    CHAR = "char"
    NONE = "none"


class FontStyle(StrEnum):
    """Upright or slanted."""

    NORMAL = "normal"
    ITALIC = "italic"


@dataclass(frozen=True, slots=True)
class Sides:
    """A distance for each side."""

    top: Length = NO_LENGTH
    right: Length = NO_LENGTH
    bottom: Length = NO_LENGTH
    left: Length = NO_LENGTH


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a text is set.

    Attributes:
        font: path of a font file in the account, or a family name; None for the default family.
        size: height in pixels; None to fill the space there is.
        weight: 100…900.
        style: upright or slanted.
        colour: of the letters.
        align: None to follow the layer's place.
        line_height: as a multiple of the size.
        letter_spacing: pixels between letters.
        wrap: where lines break.
        background: of the text's box; None for none.
    """

    font: str | None = None
    size: Fraction | None = None
    weight: int = 400
    style: FontStyle = FontStyle.NORMAL
    colour: Colour = BLACK
    align: TextAlign | None = None
    line_height: Fraction = Fraction(6, 5)
    letter_spacing: Fraction = Fraction(0)
    wrap: TextWrap = TextWrap.WORD
    background: Colour | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a layer is tiled.

    Attributes:
        across: to the left and right.
        down: up and down.
        is_staggered: every other row is moved by half a tile.
        gap_x: pixels between columns.
        gap_y: pixels between rows.
    """

    across: bool
    down: bool
    is_staggered: bool
    gap_x: int
    gap_y: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One text or image on top of an image.

    Attributes:
        text: what is written; None for an image layer.
        image: path of the image as the request names it; None for a text layer.
        style: of a text.
        gravity: where it stands; None when the request does not say, which means the centre.
        x: left side; None to follow the gravity.
        y: top side; None to follow the gravity.
        width: None for its own.
        height: None for its own.
        scale: of the canvas' shorter side, in place of a width.
        fit: how the image meets a given width and height.
        padding: space between the layer and the sides of the canvas.
        opacity: 0…100.
        rotate: degrees clockwise, 0…359.
        blend: how it meets what is under it.
        repeat: how it is tiled; None when it is not.
    """

    text: str | None = None
    image: str | None = None
    style: TextStyle = TextStyle()
    gravity: Anchor | None = None
    x: Length | None = None
    y: Length | None = None
    width: Length | None = None
    height: Length | None = None
    scale: Fraction | None = None
    fit: Fit = Fit.MAX
    padding: Sides = Sides()
    opacity: int = 100
    rotate: int = 0
    blend: Blend = Blend.SOURCE_OVER
    repeat: Repeat | None = None


def parse_layers(
    pairs: Iterable[tuple[str, str]], dpr: Fraction, *, max_layers: int
) -> tuple[Layer, ...]:
    """The layers that a request names, the lowest first.

    Args:
        pairs: starts and layer parameters only, canonical names, in order.
        dpr: device pixel ratio.
        max_layers: refused beyond it.

    Raises:
        BytewardError: `invalid_parameter`.
    """
    groups: list[list[tuple[str, str]]] = [[]]
    for name, value in pairs:
        if name in STARTS and any(each in STARTS for each, _ in groups[-1]):
            groups.append([])
        groups[-1].append((name, value))
    if not any(name in STARTS for name, _ in groups[0]):
        return ()
    if len(groups) > max_layers:
        raise refuse("text", "too_many_layers", allowed=[f"up to {max_layers} layers"])
    layers = (_parse_layer(Values(group, dpr)) for group in groups)
    return tuple(layer for layer in layers if layer.text or layer.image)


def _parse_layer(values: Values) -> Layer:
    text, image = values.text("text"), values.text("image")
    if text is not None and len(text) > MAX_TEXT:
        raise refuse("text", "too_long", allowed=[f"up to {MAX_TEXT} characters"])
    if text is not None and "\0" in text:
        raise refuse("text", MALFORMED)
    return Layer(
        text=text,
        image=image,
        style=_parse_style(values),
        gravity=values.choice("gravity", Anchor, _COMPASS),
        x=values.length("layer-x", -MAX_SIDE, MAX_SIDE),
        y=values.length("layer-y", -MAX_SIDE, MAX_SIDE),
        width=values.length("layer-w", 1, MAX_SIDE),
        height=values.length("layer-h", 1, MAX_SIDE),
        scale=values.number("layer-scale", 0, 10),
        fit=values.choice("layer-fit", Fit) or Fit.MAX,
        padding=parse_sides(values, "padding"),
        opacity=_default(values.integer("layer-opacity", 0, 100), 100),
        rotate=_default(values.integer("layer-rotate", -360, 360), 0) % 360,
        blend=values.choice("blend", Blend, _BLEND_ALIASES) or Blend.SOURCE_OVER,
        repeat=_parse_repeat(values),
    )


def _parse_style(values: Values) -> TextStyle:
    return TextStyle(
        font=values.text("font"),
        size=None if (size := values.pixels("font-size", 1, 5_000)) is None else Fraction(size),
        weight=_default(values.integer("font-weight", 100, 900), 400),
        style=values.choice("font-style", FontStyle) or FontStyle.NORMAL,
        colour=values.colour("color") or BLACK,
        align=values.choice("text-align", TextAlign),
        line_height=values.number("line-height", 0, 10) or Fraction(6, 5),
        letter_spacing=values.number("letter-spacing", -100, 1_000) or Fraction(0),
        wrap=values.choice("text-wrap", TextWrap) or TextWrap.WORD,
        background=values.colour("text-bg"),
    )


def _parse_repeat(values: Values) -> Repeat | None:
    both = values.flag("repeat")
    across, down = values.flag("repeat-x") or both, values.flag("repeat-y") or both
    is_staggered = values.flag("repeat-stagger")
    gap_x = values.pixels("repeat-gap-x", 0, MAX_SIDE) or 0
    gap_y = values.pixels("repeat-gap-y", 0, MAX_SIDE) or 0
    return Repeat(across, down, is_staggered, gap_x, gap_y) if across or down else None


def parse_sides(values: Values, name: str) -> Sides:
    """Distances by side: a side on its own counts before its axis, the axis before all sides."""
    every = values.length(name, 0, MAX_SIDE)
    x, y = values.length(f"{name}-x", 0, MAX_SIDE), values.length(f"{name}-y", 0, MAX_SIDE)
    top, bottom = (values.length(f"{name}-{side}", 0, MAX_SIDE) for side in ("top", "bottom"))
    left, right = (values.length(f"{name}-{side}", 0, MAX_SIDE) for side in ("left", "right"))
    return Sides(
        top=top or y or every or NO_LENGTH,
        right=right or x or every or NO_LENGTH,
        bottom=bottom or y or every or NO_LENGTH,
        left=left or x or every or NO_LENGTH,
    )


def _default(value: int | None, default: int) -> int:
    return default if value is None else value


def layer_size(layer: Layer, natural: Size, canvas: Size) -> Size:
    """How large a layer is painted, before it is rotated.

    Args:
        layer: what the request says.
        natural: the size of its image.
        canvas: what it is painted on.
    """
    width = None if layer.width is None else max(1, layer.width.pixels(canvas.width))
    height = None if layer.height is None else max(1, layer.height.pixels(canvas.height))
    if width is None and height is None and layer.scale:
        width = max(1, floor(min(canvas.width, canvas.height) * layer.scale + _HALF))
    return resize(natural, width, height, layer.fit).output


@dataclass(frozen=True, slots=True)
class Spaces:
    """Padding in pixels."""

    top: int
    right: int
    bottom: int
    left: int


def spaces(sides: Sides, canvas: Size) -> Spaces:
    """Padding of a layer on a canvas."""
    return Spaces(
        sides.top.pixels(canvas.height),
        sides.right.pixels(canvas.width),
        sides.bottom.pixels(canvas.height),
        sides.left.pixels(canvas.width),
    )


def placed(layer: Layer, size: Size, canvas: Size) -> Box:
    """Where a layer of that size stands; parts of it may lie outside the canvas."""
    room, anchor = spaces(layer.padding, canvas), layer.gravity or Anchor.CENTER
    free_x = canvas.width - room.left - room.right - size.width
    free_y = canvas.height - room.top - room.bottom - size.height
    x = room.left + floor(free_x * anchor.column)
    y = room.top + floor(free_y * anchor.row)
    if layer.x is not None:
        x = layer.x.pixels(canvas.width)
    if layer.y is not None:
        y = layer.y.pixels(canvas.height)
    return Box(x, y, size.width, size.height)
