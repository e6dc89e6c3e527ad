"""From a file's colours to 8-bit sRGB, and what is kept of its profile."""

from __future__ import annotations

from typing import Final

import pyvips

from byteward.transform.image.params import OutputParams, Profile

_PROFILE: Final = "icc-profile-data"
_GREY: Final = frozenset({"b-w", "grey16"})
_MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
_SRGB_MARK: Final = b"sRGB"


def import_colours(
    image: pyvips.Image, output: OutputParams, *, keeps_profile: bool
) -> pyvips.Image:
    """Make pixels 8-bit sRGB or grey; or leave those of a profile that the result will carry.

    Args:
        image: as decoded.
        output: what the request says of profiles.
        keeps_profile: pixels are not looked at on the way and the result can carry a profile.
    """
    has_profile = image.get_typeof(_PROFILE) != 0
    if has_profile and len(image.get(_PROFILE)) > _MAX_PROFILE_BYTES:
        image, has_profile = _without_profile(image), False
    if has_profile and output.ignores_input_profile:
        image, has_profile = _without_profile(image), False
    is_wide = image.interpretation == "cmyk"
    wants_profile = output.profile in {Profile.KEEP, Profile.P3}
    if has_profile and (is_wide or not (keeps_profile and wants_profile)):
        return _converted(image, output, "srgb")
    if is_wide:
        return _converted(image, output, "srgb")
    return _as_bytes(image)


def export_colours(image: pyvips.Image, output: OutputParams) -> pyvips.Image:
    """Give the result the profile that the request names."""
    if output.profile is Profile.P3:
        return image.icc_transform("p3", input_profile="srgb", intent=output.intent.value)
    if output.profile in {Profile.STRIP, Profile.SRGB}:
        return _without_profile(image)
    if image.get_typeof(_PROFILE) != 0 and _is_srgb(image.get(_PROFILE)):
        return _without_profile(image)
    return image


def _converted(image: pyvips.Image, output: OutputParams, target: str) -> pyvips.Image:
    fallback = "cmyk" if image.interpretation == "cmyk" else "srgb"
    try:
        converted = image.icc_transform(
            target, embedded=True, input_profile=fallback, intent=output.intent.value
        )
    except pyvips.Error:
        # A profile that does not fit its image: browsers show the plain pixels then.
        converted = image
    return _as_bytes(_without_profile(converted))


def _without_profile(image: pyvips.Image) -> pyvips.Image:
    if image.get_typeof(_PROFILE) == 0:
        return image
    image = image.copy()
    image.remove(_PROFILE)
    return image


def _as_bytes(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation in _GREY:
        return image.colourspace("b-w") if image.format != "uchar" else image
    if image.interpretation != "srgb" or image.format != "uchar":
        return image.colourspace("srgb")
    return image


def _is_srgb(profile: bytes) -> bool:
    return len(profile) < 8_192 and _SRGB_MARK in profile  # noqa: PLR2004 - well-known profiles


def to_rgb(image: pyvips.Image) -> pyvips.Image:
    """Three colour channels, with alpha behind them if there was one."""
    return image.colourspace("srgb") if image.interpretation != "srgb" else image


def split_alpha(image: pyvips.Image) -> tuple[pyvips.Image, pyvips.Image | None]:
    """Colour channels and alpha."""
    if not image.hasalpha():
        return image, None
    last = image.bands - 1
    return image.extract_band(0, n=last), image.extract_band(last)


def join_alpha(image: pyvips.Image, alpha: pyvips.Image | None) -> pyvips.Image:
    """The reverse of `split_alpha`."""
    return image if alpha is None else image.bandjoin(alpha)
