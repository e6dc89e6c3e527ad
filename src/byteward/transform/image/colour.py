"""Colours as parameters write them (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_HEX: Final = re.compile(r"#?([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", re.ASCII)
_FUNCTION: Final = re.compile(
    r"rgba?\( *([0-9]{1,3}) *, *([0-9]{1,3}) *, *([0-9]{1,3}) *(?:, *([01]|0?\.[0-9]{1,4}) *)?\)",
    re.ASCII | re.IGNORECASE,
)
_SHORT: Final = 4
_OPAQUE: Final = 255

# The sixteen names of HTML 4, and the others that people really type.
_NAMES: Final = {
    "aqua": "00ffff", "beige": "f5f5dc", "black": "000000", "blue": "0000ff", "brown": "a52a2a",
    "coral": "ff7f50", "crimson": "dc143c", "cyan": "00ffff", "fuchsia": "ff00ff",
    "gold": "ffd700", "gray": "808080", "green": "008000", "grey": "808080", "indigo": "4b0082",
    "ivory": "fffff0", "khaki": "f0e68c", "lavender": "e6e6fa", "lime": "00ff00",
    "magenta": "ff00ff", "maroon": "800000", "navy": "000080", "olive": "808000",
    "orange": "ffa500", "orchid": "da70d6", "pink": "ffc0cb", "plum": "dda0dd",
    "purple": "800080", "red": "ff0000", "salmon": "fa8072", "silver": "c0c0c0",
    "skyblue": "87ceeb", "tan": "d2b48c", "teal": "008080", "tomato": "ff6347",
    "transparent": "00000000", "turquoise": "40e0d0", "violet": "ee82ee", "white": "ffffff",
    "yellow": "ffff00",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Colour:
    """An sRGB colour with straight alpha; each part 0…255."""

    red: int
    green: int
    blue: int
    alpha: int = _OPAQUE

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Without alpha."""
        return self.red, self.green, self.blue

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shows through."""
        return self.alpha == _OPAQUE


BLACK: Final = Colour(0, 0, 0)
WHITE: Final = Colour(255, 255, 255)
TRANSPARENT: Final = Colour(0, 0, 0, 0)


def parse_colour(text: str) -> Colour | None:
    """A colour from hexadecimal digits (3, 4, 6 or 8), `rgb(…)`, `rgba(…)` or a name, or None."""
    text = _NAMES.get(text.strip().lower(), text.strip())
    match = _HEX.fullmatch(text)
    if match:
        digits = match[1]
        if len(digits) <= _SHORT:
            digits = "".join(digit * 2 for digit in digits)
        return Colour(*bytes.fromhex(digits))
    match = _FUNCTION.fullmatch(text)
    if match is None:
        return None
    red, green, blue = (int(part) for part in match.group(1, 2, 3))
    if max(red, green, blue) > _OPAQUE:
        return None
    alpha = _OPAQUE if match[4] is None else round(float(match[4]) * _OPAQUE)
    return Colour(red, green, blue, alpha)
