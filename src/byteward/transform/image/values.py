"""Reading the values of parameters, each name once (pure).

Names are matched without regard to case, and `_` is `-`. The last occurrence of a name counts. A
reader remembers every name that it was asked for, so what nobody asked for is what is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final, TypeVar

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.colour import Colour, parse_colour

E = TypeVar("E", bound=StrEnum)

_NUMBER: Final = re.compile(
    r"([+-]?)([0-9]{1,9})(?:\.([0-9]{0,9}))?|([+-]?)\.([0-9]{1,9})", re.ASCII
)
_PERCENT: Final = re.compile(r"(.+?)(?:p|%)", re.ASCII)
_RATIO: Final = re.compile(r"([0-9.]{1,9})[:x/]([0-9.]{1,9})", re.ASCII)
_TRUE: Final = frozenset({"", "true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_HALF: Final = Fraction(1, 2)
_SHOWN: Final = 100

MALFORMED: Final = "malformed"
NOT_ALLOWED: Final = "not_allowed"
OUT_OF_RANGE: Final = "out_of_range"


@dataclass(frozen=True, slots=True)
class Length:
    """A distance in pixels, or as a share of the axis that it lies on."""

    value: Fraction
    is_share: bool = False

    def pixels(self, axis: int) -> int:
        """Whole pixels, rounded half up.

        Args:
            axis: the width or height that shares are taken of.
        """
        return floor((self.value * axis if self.is_share else self.value) + _HALF)


NO_LENGTH: Final = Length(Fraction(0))


def canonical_name(name: str) -> str:
    """The one spelling of a parameter's name."""
    lowered = name.lower().replace("_", "-")
    return _ALIASES.get(lowered, lowered)


_ALIASES: Final = {
    "width": "w",
    "height": "h",
    "r": "rotate",
    "greyscale": "grayscale",
    "invert": "negative",
    "background": "bg",
    "ts": "t",
}


class Values:
    """The parameters of one group, read by name.

    Args:
        pairs: canonical names with their texts, in order.
        dpr: device pixel ratio, which `pixels` and `length` multiply by.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], dpr: Fraction = Fraction(1)) -> None:
        self._texts: Mapping[str, str] = dict(pairs)
        self._dpr = dpr
        self._known: set[str] = set()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names that nobody asked for, in order."""
        return tuple(name for name in self._texts if name not in self._known)

    def text(self, name: str) -> str | None:
        """The text as it stands; None when absent or empty."""
        self._known.add(name)
        return self._texts.get(name) or None

    def flag(self, name: str) -> bool:
        """A boolean that is False when absent and True when it stands alone."""
        self._known.add(name)
        text = self._texts.get(name)
        if text is None:
            return False
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise refuse(name, MALFORMED, text, allowed=["true", "false"])

    def switch(self, name: str) -> bool | None:
        """A boolean that may be absent."""
        return None if self.text(name) is None else self.flag(name)

    def number(self, name: str, low: int, high: int, *, clamps: bool = True) -> Fraction | None:
        """A decimal number; one outside the range is moved into it, or refused."""
        text = self.text(name)
        if text is None:
            return None
        return _bounded(name, text, _number(name, text), low, high, clamps=clamps)

    def integer(self, name: str, low: int, high: int, *, clamps: bool = True) -> int | None:
        """The same in whole numbers; clients compute sizes, so fractions are rounded half up."""
        text = self.text(name)
        if text is None:
            return None
        whole = Fraction(floor(_number(name, text) + _HALF))
        return int(_bounded(name, text, whole, low, high, clamps=clamps))

    def pixels(self, name: str, low: int, high: int) -> int | None:
        """A number of pixels times the device pixel ratio; refused outside the range."""
        text = self.text(name)
        if text is None:
            return None
        return self.scaled(name, text, low, high)

    def length(self, name: str, low: int, high: int) -> Length | None:
        """Pixels times the device pixel ratio, or a percentage such as `50p`."""
        text = self.text(name)
        if text is None:
            return None
        match = _PERCENT.fullmatch(text)
        if match:
            share = _number(name, match[1]) / 100
            return Length(
                _bounded(name, text, share, min(low, 0), 100, clamps=False), is_share=True
            )
        value = _number(name, text) * self._dpr
        return Length(_bounded(name, text, value, low, high, clamps=False))

    def share(self, name: str, low: int) -> Length | None:
        """Pixels of the source, a percentage, or a fraction below 1 with a decimal point."""
        text = self.text(name)
        if text is None:
            return None
        match = _PERCENT.fullmatch(text)
        value = _number(name, match[1]) / 100 if match else _number(name, text)
        is_share = bool(match) or ("." in text and 0 < value < 1)
        least = Fraction(0) if is_share else Fraction(low)
        return Length(_bounded(name, text, value, least, 1_000_000, clamps=False), is_share)

    def scaled(self, name: str, text: str, low: int, high: int) -> int:
        """One number of a list of pixels, times the device pixel ratio."""
        value = Fraction(floor(_number(name, text) * self._dpr + _HALF))
        return int(_bounded(name, text, value, low, high, clamps=False))

    def choice(self, name: str, kind: type[E], aliases: Mapping[str, E] | None = None) -> E | None:
        """One of the words of an enumeration."""
        text = self.text(name)
        if text is None:
            return None
        lowered = text.lower()
        if aliases and lowered in aliases:
            return aliases[lowered]
        try:
            return kind(lowered)
        except ValueError:
            raise refuse(name, NOT_ALLOWED, text, allowed=[word.value for word in kind]) from None

    def colour(self, name: str) -> Colour | None:
        """A colour."""
        text = self.text(name)
        if text is None:
            return None
        found = parse_colour(text)
        if found is None:
            raise refuse(name, MALFORMED, text)
        return found

    def ratio(self, name: str) -> Fraction | None:
        """`16:9` or a decimal number."""
        text = self.text(name)
        if text is None:
            return None
        match = _RATIO.fullmatch(text)
        top, bottom = (match[1], match[2]) if match else (text, "1")
        width, height = _number(name, top), _number(name, bottom)
        if width <= 0 or height <= 0:
            raise refuse(name, OUT_OF_RANGE, text)
        return width / height


def _number(name: str, text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise refuse(name, MALFORMED, text)
    return Fraction(text)


def _bounded(
    name: str, text: str, value: Fraction, low: int | Fraction, high: int, *, clamps: bool
) -> Fraction:
    if clamps:
        return min(max(value, Fraction(low)), Fraction(high))
    if not low <= value <= high:
        raise refuse(name, OUT_OF_RANGE, text, allowed=[f"{low}…{high}"])
    return value


def refuse(
    name: str, reason: str, value: str | None = None, *, allowed: list[str] | None = None
) -> BytewardError:
    """The error for a parameter with a value that it cannot have."""
    details: dict[str, object] = {"parameter": name, "reason": reason}
    if value is not None:
        details["value"] = value[:_SHOWN]
    hint = ""
    if allowed is not None:
        details["allowed"] = allowed
        hint = f": use {', '.join(allowed)}"
    return BytewardError(
        ErrorCode.INVALID_PARAMETER,
        f"invalid parameter `{name}` ({reason.replace('_', ' ')}){hint}",
        details=details,
    )
