"""Painting layers: each on the result of the one before."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Final

import pyvips

from byteward.transform.image.colour import Colour
from byteward.transform.image.engine.canvas import with_alpha
from byteward.transform.image.geometry import Anchor, Box, Size
from byteward.transform.image.layers import (
    Blend,
    FontStyle,
    Layer,
    Repeat,
    TextAlign,
    TextWrap,
    layer_size,
    placed,
    spaces,
)

OpenImage = Callable[[str], pyvips.Image]
"""Gives the pixels of an image layer, oriented, 8-bit sRGB."""
FontFile = Callable[[str], str | None]
"""Gives a local file for a font of the account; None for the name of a family."""

_MODES: Final = {
    Blend.SOURCE_OVER: "over", Blend.SOURCE_IN: "in", Blend.SOURCE_OUT: "out",
    Blend.SOURCE_ATOP: "atop", Blend.DESTINATION: "dest", Blend.DESTINATION_OVER: "dest-over",
    Blend.DESTINATION_IN: "dest-in", Blend.DESTINATION_OUT: "dest-out",
    Blend.DESTINATION_ATOP: "dest-atop", Blend.COLOR_DODGE: "colour-dodge",
    Blend.COLOR_BURN: "colour-burn",
}  # fmt: skip
_ALIGN: Final = {TextAlign.LEFT: "low", TextAlign.CENTER: "centre", TextAlign.RIGHT: "high"}
_WRAP: Final = {TextWrap.WORD: "word", TextWrap.CHAR: "char", TextWrap.NONE: "none"}
_WEIGHTS: Final = {
    100: "Thin", 200: "Ultra-Light", 300: "Light", 400: "", 500: "Medium", 600: "Semi-Bold",
    700: "Bold", 800: "Ultra-Bold", 900: "Heavy",
}  # fmt: skip
_DPI: Final = 72
"""At 72 dots an inch a point is a pixel."""
_RIGHT_ANGLE: Final = 90
_MAX_TILES: Final = 10_000


class Painter:
    """Paints the layers of one transformation.

    Args:
        open_image: see `OpenImage`.
        font_file: see `FontFile`.
    """

    def __init__(self, open_image: OpenImage, font_file: FontFile) -> None:
        self._open_image = open_image
        self._font_file = font_file

    def paint(self, base: pyvips.Image, layers: tuple[Layer, ...]) -> pyvips.Image:
        """One frame with all layers on it; its size and its lack of alpha stay."""
        if not layers:
            return base
        had_alpha = base.hasalpha()
        canvas = Size(base.width, base.height)
        result = with_alpha(base)
        for layer in layers:
            overlay = self._overlay(layer, canvas)
            result = (
                result.composite2(
                    overlay, _MODES.get(layer.blend, layer.blend.value), compositing_space="srgb"
                )
                .rint()
                .cast("uchar")
            )
        is_opaque = not had_alpha and all(layer.blend in _COVERING for layer in layers)
        return result.extract_band(0, n=3) if is_opaque else result

    def _overlay(self, layer: Layer, canvas: Size) -> pyvips.Image:
        """A layer on a transparent canvas."""
        image = self._text(layer, canvas) if layer.text else self._image(layer, canvas)
        image = _faded(image, layer.opacity)
        if layer.rotate:
            image = rotated(image, layer.rotate, Colour(0, 0, 0, 0))
        size = Size(image.width, image.height)
        if layer.repeat is not None:
            return _tiled(image, layer, layer.repeat, canvas)
        return _clipped(image, placed(layer, size, canvas), canvas)

    def _image(self, layer: Layer, canvas: Size) -> pyvips.Image:
        image = with_alpha(self._open_image(layer.image or ""))
        size = layer_size(layer, Size(image.width, image.height), canvas)
        return scaled(image, size)

    def _text(self, layer: Layer, canvas: Size) -> pyvips.Image:
        style, room = layer.style, spaces(layer.padding, canvas)
        width = max(1, canvas.width - room.left - room.right)
        height = max(1, canvas.height - room.top - room.bottom)
        if layer.width is not None:
            width = max(1, layer.width.pixels(canvas.width))
        if layer.height is not None:
            height = max(1, layer.height.pixels(canvas.height))
        options: dict[str, object] = {
            "align": _ALIGN[style.align or _follow(layer.gravity)],
            "wrap": _WRAP[style.wrap],
        }
        font = _font_name(layer)
        file = None if style.font is None else self._font_file(style.font)
        if file is not None:
            options["fontfile"] = file
        if style.size is None:
            # Without a size the text fills the space that there is.
            options |= {"width": width, "height": height}
        else:
            spacing = (float(style.line_height) - 1.2) * float(style.size)
            options |= {"width": width, "dpi": _DPI, "spacing": round(spacing)}
            font = f"{font} {float(style.size):g}"
        mask = pyvips.Image.text(html.escape(layer.text or "", quote=False), font=font, **options)
        return _coloured(mask, style.colour, style.background)


# Modes after which an opaque base is still opaque.
_COVERING: Final = frozenset(
    {
        Blend.SOURCE_OVER, Blend.SOURCE_ATOP, Blend.ADD, Blend.SATURATE, Blend.MULTIPLY,
        Blend.SCREEN, Blend.OVERLAY, Blend.DARKEN, Blend.LIGHTEN, Blend.COLOR_DODGE,
        Blend.COLOR_BURN, Blend.HARD_LIGHT, Blend.SOFT_LIGHT, Blend.DIFFERENCE, Blend.EXCLUSION,
        Blend.DESTINATION, Blend.DESTINATION_OVER,
    }
)  # fmt: skip


def _font_name(layer: Layer) -> str:
    """A description as Pango reads it."""
    style = layer.style
    family = "sans" if style.font is None or "/" in style.font else style.font
    weight = _WEIGHTS[min(_WEIGHTS, key=lambda step: abs(step - style.weight))]
    slant = "Italic" if style.style is FontStyle.ITALIC else ""
    return " ".join(part for part in (family, weight, slant) if part)


def _follow(gravity: Anchor | None) -> TextAlign:
    column = (gravity or Anchor.CENTER).column
    return TextAlign.LEFT if column == 0 else TextAlign.RIGHT if column == 1 else TextAlign.CENTER


def _coloured(mask: pyvips.Image, colour: Colour, behind: Colour | None) -> pyvips.Image:
    """Letters from their coverage."""
    solid = mask.new_from_image(list(colour.rgb)).copy(interpretation="srgb")
    letters = solid.bandjoin((mask * (colour.alpha / 255)).rint().cast("uchar"))
    if behind is None:
        return letters
    box = mask.new_from_image([*behind.rgb, behind.alpha]).copy(interpretation="srgb")
    return box.composite2(letters, "over", compositing_space="srgb").rint().cast("uchar")


def _faded(image: pyvips.Image, opacity: int) -> pyvips.Image:
    if opacity == 100:  # noqa: PLR2004 - a percentage
        return image
    alpha = (image.extract_band(3) * (opacity / 100)).rint().cast("uchar")
    return image.extract_band(0, n=3).bandjoin(alpha)


def rotated(image: pyvips.Image, degrees: int, colour: Colour) -> pyvips.Image:
    """Turned clockwise; what opens at the corners takes the colour."""
    if degrees % 360 == 0:
        return image
    if degrees % _RIGHT_ANGLE == 0:
        return image.rot(f"d{degrees % 360}")
    image = with_alpha(image)
    turned = image.premultiply().similarity(
        angle=degrees,
        background=[part * colour.alpha / 255 for part in colour.rgb] + [colour.alpha],
    )
    return turned.unpremultiply().rint().cast("uchar").copy(interpretation="srgb")


def scaled(image: pyvips.Image, size: Size, kernel: str = "lanczos3") -> pyvips.Image:
    """Scaled to exactly that size, without dark fringes where it is transparent."""
    if (image.width, image.height) == (size.width, size.height):
        return image
    has_alpha, space = image.hasalpha(), image.interpretation
    if has_alpha:
        image = image.premultiply()
    image = image.resize(size.width / image.width, vscale=size.height / image.height, kernel=kernel)
    if (image.width, image.height) != (size.width, size.height):
        image = image.embed(0, 0, size.width, size.height, extend="copy")
    if has_alpha:
        image = image.unpremultiply()
    return image.cast("uchar").copy(interpretation=space)


def _clipped(image: pyvips.Image, box: Box, canvas: Size) -> pyvips.Image:
    """A layer on a transparent canvas, cut where it sticks out."""
    left, top = max(0, -box.x), max(0, -box.y)
    width = min(image.width - left, canvas.width - max(0, box.x))
    height = min(image.height - top, canvas.height - max(0, box.y))
    if width <= 0 or height <= 0:
        empty = pyvips.Image.black(canvas.width, canvas.height, bands=4)
        return empty.copy(interpretation="srgb")
    part = image.crop(left, top, width, height)
    return part.embed(
        max(0, box.x), max(0, box.y), canvas.width, canvas.height,
        extend="background", background=[0, 0, 0, 0],
    )  # fmt: skip


def _tiled(image: pyvips.Image, layer: Layer, repeat: Repeat, canvas: Size) -> pyvips.Image:
    """The layer over and over; each tile has the padding on its own sides."""
    room = spaces(layer.padding, canvas)
    cell = Size(
        image.width + room.left + room.right + repeat.gap_x,
        image.height + room.top + room.bottom + repeat.gap_y,
    )
    tile = image.embed(
        room.left, room.top, cell.width, cell.height,
        extend="background", background=[0, 0, 0, 0],
    )  # fmt: skip
    start = _phase(layer, cell, canvas)
    across = -(-(canvas.width - start.x) // cell.width) + 1 if repeat.across else 1
    down = -(-(canvas.height - start.y) // cell.height) + 1 if repeat.down else 1
    across, down = min(across, _MAX_TILES), min(down, _MAX_TILES)
    row = tile.replicate(across, 1)
    if repeat.is_staggered and down > 1:
        shifted = row.wrap(x=cell.width // 2, y=0)
        pair = row.join(shifted, "vertical")
        field = pair.replicate(1, -(-down // 2))
    else:
        field = row.replicate(1, down)
    return _clipped(field, Box(start.x, start.y, field.width, field.height), canvas)


def _phase(layer: Layer, cell: Size, canvas: Size) -> Box:
    """Where the first tile stands: at the top left, or so that one stands at the gravity."""
    repeat = layer.repeat
    if repeat is None:
        return Box(0, 0, cell.width, cell.height)
    anchor = layer.gravity
    x = y = 0
    if anchor is not None:
        x = int((canvas.width - cell.width) * anchor.column)
        y = int((canvas.height - cell.height) * anchor.row)
    if layer.x is not None:
        x = layer.x.pixels(canvas.width)
    if layer.y is not None:
        y = layer.y.pixels(canvas.height)
    if repeat.across:
        x = x % cell.width - cell.width if x % cell.width else 0
    if repeat.down:
        y = y % cell.height - cell.height if y % cell.height else 0
    return Box(x, y, cell.width, cell.height)
