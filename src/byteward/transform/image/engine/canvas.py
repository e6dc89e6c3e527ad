"""What is put around an image, and the shape it is cut to."""

from __future__ import annotations

from typing import Final

import pyvips

from byteward.transform.image.colour import TRANSPARENT, WHITE, Colour
from byteward.transform.image.engine.colours import to_rgb
from byteward.transform.image.geometry import Box, Size
from byteward.transform.image.layers import Spaces, spaces
from byteward.transform.image.params import CanvasParams, ExtendMode

_EXTENDS: Final = {
    ExtendMode.EDGE: "copy",
    ExtendMode.MIRROR: "mirror",
    ExtendMode.REPEAT: "repeat",
}
_BACKDROP_SIGMA: Final = 20.0


def with_alpha(image: pyvips.Image) -> pyvips.Image:
    """Four channels."""
    image = to_rgb(image)
    return image if image.hasalpha() else image.bandjoin(255)


def background(colour: Colour, bands: int) -> list[int]:
    """A colour as libvips takes it for an image of that many channels (3 or 4)."""
    return [*colour.rgb, colour.alpha][:bands]


def place_on(image: pyvips.Image, box: Box, colour: Colour) -> pyvips.Image:
    """Put an image on a canvas.

    Args:
        image: what is placed.
        box: `x` and `y` of the image on the canvas; `width` and `height` of the canvas.
        colour: of the rest.
    """
    image = with_alpha(image) if not colour.is_opaque else to_rgb(image)
    fill = background(colour, image.bands)
    return image.embed(box.x, box.y, box.width, box.height, extend="background", background=fill)


def extend(image: pyvips.Image, canvas: CanvasParams, *, can_be_clear: bool) -> pyvips.Image:
    """Room on each side.

    Args:
        image: one frame.
        canvas: what the request says.
        can_be_clear: the result can have alpha, so that new room may be transparent.
    """
    size = Size(image.width, image.height)
    room = spaces(canvas.extend, size)
    if room == Spaces(0, 0, 0, 0):
        return image
    outer = Box(
        room.left,
        room.top,
        size.width + room.left + room.right,
        size.height + room.top + room.bottom,
    )
    if canvas.extend_mode is ExtendMode.BLUR:
        return _on_blurred(image, outer)
    if canvas.extend_mode in _EXTENDS:
        mode = _EXTENDS[canvas.extend_mode]
        return image.embed(outer.x, outer.y, outer.width, outer.height, extend=mode)
    default = TRANSPARENT if can_be_clear else WHITE
    return place_on(image, outer, canvas.extend_colour or canvas.background or default)


def _on_blurred(image: pyvips.Image, outer: Box) -> pyvips.Image:
    image = to_rgb(image)
    scale = max(outer.width / image.width, outer.height / image.height)
    cover = image.resize(scale).smartcrop(outer.width, outer.height, interesting="centre")
    return cover.gaussblur(_BACKDROP_SIGMA).cast("uchar").insert(image, outer.x, outer.y)


def border(image: pyvips.Image, canvas: CanvasParams) -> pyvips.Image:
    """A frame of one colour around the image."""
    if canvas.border == 0:
        return image
    width = canvas.border
    box = Box(width, width, image.width + 2 * width, image.height + 2 * width)
    return place_on(image, box, canvas.border_colour or Colour(0, 0, 0))


def shape(image: pyvips.Image, canvas: CanvasParams) -> pyvips.Image:
    """Round corners or an ellipse, and the opacity of everything."""
    if canvas.radius is None and not canvas.is_ellipse and canvas.opacity == 100:  # noqa: PLR2004 - a percentage
        return image
    four = with_alpha(image)
    colours, alpha = four.extract_band(0, n=3), four.extract_band(3)
    if canvas.is_ellipse:
        alpha = alpha * _ellipse(image.width, image.height)
    elif canvas.radius is not None:
        alpha = alpha * _rounded(image.width, image.height, canvas.radius)
    return colours.bandjoin((alpha * (canvas.opacity / 100)).rint().cast("uchar"))


def _ellipse(width: int, height: int) -> pyvips.Image:
    """Coverage 0…1 of an ellipse that touches all sides."""
    grid = pyvips.Image.xyz(width, height)
    half_x, half_y = width / 2, height / 2
    x = (grid.extract_band(0) + (0.5 - half_x)) / half_x
    y = (grid.extract_band(1) + (0.5 - half_y)) / half_y
    distance = (x * x + y * y) ** 0.5
    return _clamped((1 - distance) * min(half_x, half_y) + 0.5)


def _rounded(width: int, height: int, radii: tuple[int, int, int, int]) -> pyvips.Image:
    """Coverage 0…1 of a rectangle whose corners are rounded, from the top left clockwise."""
    most = min(width, height) // 2
    mask = pyvips.Image.black(width, height) + 1
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))
    for radius, (right, bottom) in zip(radii, corners, strict=True):
        side = min(radius, most)
        if side == 0:
            continue
        quarter = _ellipse(2 * side, 2 * side).crop(right * side, bottom * side, side, side)
        mask = mask.insert(quarter, right * (width - side), bottom * (height - side))
    return mask


def _clamped(image: pyvips.Image) -> pyvips.Image:
    return (image < 0).ifthenelse(0, (image > 1).ifthenelse(1, image))


def flatten(image: pyvips.Image, colour: Colour | None) -> pyvips.Image:
    """Let an opaque colour shine through where the image is transparent."""
    if not image.hasalpha():
        return image
    return to_rgb(image).flatten(background=list((colour or WHITE).rgb))
