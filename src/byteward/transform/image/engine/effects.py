"""Changes of pixels in place. Alpha is left alone unless a parameter names it."""

from __future__ import annotations

from typing import Final

import pyvips

from byteward.transform.image.colour import Colour
from byteward.transform.image.engine.colours import join_alpha, split_alpha, to_rgb
from byteward.transform.image.params import EffectParams

_SEPIA: Final = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]
_MAX_SHARPEN_SIGMA: Final = 10.0
"""libvips falls back to another sigma beyond it."""
_LARGE_SIGMA: Final = 20.0


def apply_effects(image: pyvips.Image, effects: EffectParams) -> pyvips.Image:
    """All effects in their fixed order, on one frame of 8-bit sRGB or grey."""
    if effects == EffectParams():
        return image
    colours, alpha = split_alpha(image)
    if effects.negative:
        colours = colours.invert()
    if effects.negative_alpha and alpha is not None:
        alpha = alpha.invert()
    colours = colours if effects.grayscale and colours.bands == 1 else to_rgb(colours)
    if effects.grayscale:
        colours = colours.colourspace("b-w")
    colours, alpha = _neighbourhood(colours, alpha, effects)
    colours = _tone(colours, effects)
    if effects.sharpen is not None:
        colours = _sharpen(colours, effects.sharpen)
    if effects.sepia is not None:
        colours = _mixed(colours, to_rgb(colours).recomb(_SEPIA), effects.sepia)
    if effects.tint is not None:
        colours = _tint(colours, effects.tint)
    return join_alpha(_bytes(colours), None if alpha is None else alpha.cast("uchar"))


def _neighbourhood(
    colours: pyvips.Image, alpha: pyvips.Image | None, effects: EffectParams
) -> tuple[pyvips.Image, pyvips.Image | None]:
    if effects.median is not None:
        colours = colours.median(effects.median | 1)
    if effects.pixelate is not None and effects.pixelate > 1:
        colours = _pixelated(colours, effects.pixelate)
    if effects.blur is not None:
        joined = join_alpha(colours, alpha)
        has_alpha = alpha is not None
        if has_alpha:
            joined = joined.premultiply()
        joined = _blur(joined, effects.blur)
        if has_alpha:
            joined = joined.unpremultiply()
        colours, alpha = split_alpha(joined.cast("uchar")) if has_alpha else (joined, None)
    return colours, alpha


def _pixelated(image: pyvips.Image, block: int) -> pyvips.Image:
    block = min(block, image.width, image.height)
    small = image.shrink(block, block, ceil=True)
    return small.zoom(block, block).crop(0, 0, image.width, image.height)


def _blur(image: pyvips.Image, strength: int) -> pyvips.Image:
    if strength == 0:
        return image.conv(pyvips.Image.new_from_array([[1, 1, 1]] * 3, scale=9))
    sigma = blur_sigma(strength)
    if sigma <= _LARGE_SIGMA:
        return image.gaussblur(sigma)
    # A quarter of the size and of the radius looks the same at a sixteenth of the cost.
    small = image.resize(0.25, kernel="linear").gaussblur(sigma / 4)
    return small.resize(
        image.width / small.width, vscale=image.height / small.height, kernel="cubic"
    ).crop(0, 0, image.width, image.height)


def blur_sigma(strength: int) -> float:
    """Standard deviation in pixels for 1…100."""
    return 0.3 + 99.7 * (strength - 1) / 99


def _sharpen(image: pyvips.Image, strength: int) -> pyvips.Image:
    if strength == 0:
        kernel = [[-1, -1, -1], [-1, 32, -1], [-1, -1, -1]]
        return image.conv(pyvips.Image.new_from_array(kernel, scale=24))
    sigma = min(0.3 + 19.7 * (strength - 1) / 99, _MAX_SHARPEN_SIGMA)
    space = image.interpretation
    return image.sharpen(sigma=sigma).colourspace(space)


def _tone(colours: pyvips.Image, effects: EffectParams) -> pyvips.Image:
    chroma = (effects.brightness, effects.saturation, effects.lightness, effects.hue)
    if any(value is not None for value in chroma):
        scale = [_factor(effects.brightness), _factor(effects.saturation), 1]
        offset = [2.55 * (effects.lightness or 0), 0, effects.hue or 0]
        space = colours.interpretation
        colours = colours.colourspace("lch").linear(scale, offset).colourspace(space)
    if effects.vibrance is not None:
        colours = _vibrance(colours, effects.vibrance)
    if effects.exposure is not None:
        colours = _bytes(colours * 2 ** (effects.exposure / 50))
    if effects.shadow is not None or effects.highlight is not None:
        colours = _shadows_highlights(colours, effects.shadow or 0, effects.highlight or 0)
    if effects.contrast is not None:
        colours = _bytes((colours - 128) * _contrast(effects.contrast) + 128)
    if effects.gamma is not None:
        colours = colours.gamma(exponent=float(effects.gamma))
    if effects.normalize:
        colours = _normalized(colours)
    return colours


def _factor(value: int | None) -> float:
    if not value:
        return 1.0
    return 1 + 5 * value / 100 if value > 0 else 1 + 0.99 * value / 100


def _contrast(value: int) -> float:
    full = value * 255 / 100
    return (259 * (full + 255)) / (255 * (259 - full))


def _vibrance(colours: pyvips.Image, value: int) -> pyvips.Image:
    """Chroma grows most where there is little of it, so that skin stays as it is."""
    lch = to_rgb(colours).colourspace("lch")
    light, chroma, hue = (lch.extract_band(band) for band in range(3))
    room = (chroma * -1 / 128 + 1).linear([1], [0])
    grown = chroma * (room * (value / 100) + 1)
    return light.bandjoin([grown, hue]).copy(interpretation="lch").colourspace("srgb")


def _shadows_highlights(colours: pyvips.Image, shadow: int, highlight: int) -> pyvips.Image:
    """Dark tones move by `shadow`, light ones by `highlight`, the middle stays."""
    table = []
    for level in range(256):
        value = level / 255
        dark, light = (1 - value) ** 3 * value * 4, value**3 * (1 - value) * 4
        table.append(
            min(255, max(0, 255 * (value + dark * shadow / 100 + light * highlight / 100)))
        )
    lookup = pyvips.Image.new_from_array([[round(entry) for entry in table]]).cast("uchar")
    return colours.maplut(lookup)


def _normalized(colours: pyvips.Image) -> pyvips.Image:
    """Stretch lightness so that the darkest and the lightest percent reach the ends."""
    colours = to_rgb(colours).copy_memory()  # measured first, changed then
    lab = colours.colourspace("lab")
    light = lab.extract_band(0)
    levels = (light * 2.55).cast("uchar")
    low, high = levels.percent(1) / 2.55, levels.percent(99) / 2.55
    if high - low < 1:
        return colours
    stretched = (light - low) * (100 / (high - low))
    return (
        stretched.bandjoin(lab.extract_band(1, n=2)).copy(interpretation="lab").colourspace("srgb")
    )


def _tint(colours: pyvips.Image, colour: Colour) -> pyvips.Image:
    """Keep lightness and take the colour's hue, most of all in the middle tones."""
    pixel = pyvips.Image.black(1, 1, bands=3).linear([1, 1, 1], list(colour.rgb))
    _, a, b = pixel.copy(interpretation="srgb").colourspace("lab")(0, 0)
    light = to_rgb(colours).colourspace("lab").extract_band(0)
    weight = ((light / 100 - 0.5) ** 2) * -4 + 1
    tinted = light.bandjoin([weight * a, weight * b])
    return tinted.copy(interpretation="lab").colourspace("srgb")


def _mixed(original: pyvips.Image, changed: pyvips.Image, percent: int) -> pyvips.Image:
    share = percent / 100
    mixed = changed if percent == 100 else changed * share + to_rgb(original) * (1 - share)  # noqa: PLR2004 - a percentage
    return _bytes(mixed).copy(interpretation="srgb")


def _bytes(image: pyvips.Image) -> pyvips.Image:
    return image if image.format == "uchar" else image.rint().cast("uchar")
