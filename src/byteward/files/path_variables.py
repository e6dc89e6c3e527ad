"""Path variables: `{UTC_DATE}`, `{ORIGINAL_FILE_NAME}`, `{UNIQUE_DIGITS_4}` and the rest (pure).

A template is read once and its values are put in once: text that a variable stood for is never
scanned again, so a file called `{UTC_DATE}.txt` keeps its name. Time is taken once per request.
Unique digits stay open slots, because only the transaction that writes knows which paths are free.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.ids import BASE58

MAX_UNIQUE_DIGITS: Final = 20
MAX_TIME_MS: Final = 10**13
"""Times up to the year 2286; the inverse token counts down from here."""

_TOKEN_LENGTH: Final = 8
# The escape comes first, so that `\{UTC_DATE}` is text.
_PIECE: Final = re.compile(r"\\\{|\{([A-Z][A-Z0-9_]*)\}")
_UNIQUE_DIGITS: Final = re.compile(r"UNIQUE_DIGITS_([1-9][0-9]?)", re.ASCII)
_UNSAFE_IN_NAME: Final = re.compile("[/\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_ORIGINAL_FILE_NAME: Final = "ORIGINAL_FILE_NAME"


@dataclass(frozen=True, slots=True)
class UniqueDigits:
    """A slot for `count` random base58 characters."""

    count: int


@dataclass(frozen=True, slots=True)
class OriginalName:
    """The place of the original file name, kept apart because it is cut when a path is too long."""

    text: str


Piece = str | UniqueDigits | OriginalName
Template = tuple[Piece, ...]
"""A template with everything put in but unique digits."""

RandomDigits = Callable[[int], str]
"""Returns that many random base58 characters."""


def time_token(time_ms: int) -> str:
    """`time_ms` in base58, 8 characters: sorts as time does."""
    digits = []
    for _ in range(_TOKEN_LENGTH):
        time_ms, digit = divmod(time_ms, len(BASE58))
        digits.append(BASE58[digit])
    return "".join(reversed(digits))


def inverse_time_token(time_ms: int) -> str:
    """A token that sorts the newest first: base58 of 10¹³ minus the time in milliseconds."""
    return time_token(MAX_TIME_MS - time_ms)


def split_original_name(original_file_name: str) -> tuple[str, str]:
    """Name and extension (with its dot) of an uploaded file's own name.

    The cut is at the last dot; a leading dot belongs to the name. What a path cannot carry becomes
    an underscore.
    """
    clean = _UNSAFE_IN_NAME.sub("_", original_file_name)
    dot = clean.rfind(".")
    return (clean, "") if dot <= 0 else (clean[:dot], clean[dot:])


def variable_values(now_ms: int, name: str, extension: str) -> Mapping[str, Piece]:
    """The value of every variable but unique digits.

    Args:
        now_ms: Unix milliseconds, between 0 and `MAX_TIME_MS`.
        name: original file name without extension.
        extension: with its dot, or empty.
    """
    seconds, millisecond = divmod(now_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    date = f"{moment:%Y-%m-%d}"
    return {
        _ORIGINAL_FILE_NAME: OriginalName(name),
        "ORIGINAL_FILE_EXT": extension,
        "UTC_DATE": date,
        "DATE_UTC": date,  # COMPAT: the name that tutorials of 2022 use
        "UTC_TIME": f"{moment:%H:%M:%S}.{millisecond:03}",
        "UTC_YEAR": f"{moment:%Y}",
        "UTC_MONTH": f"{moment:%m}",
        "UTC_DAY": f"{moment:%d}",
        "UTC_HOUR": f"{moment:%H}",
        "UTC_MINUTE": f"{moment:%M}",
        "UTC_SECOND": f"{moment:%S}",
        "UTC_MILLISECOND": f"{millisecond:03}",
        "UTC_TIME_TOKEN": time_token(now_ms),
        "UTC_TIME_TOKEN_INVERSE": inverse_time_token(now_ms),
    }


def expand(template: str, values: Mapping[str, Piece]) -> Template:
    r"""Put `values` into `template`; `\{` is a brace, and so is one that starts no variable.

    Raises:
        BytewardError: `invalid_path_variable` for an upper-case word in braces that is no variable
            and for unique digits outside 1 to 20.
    """
    pieces: list[Piece] = []
    position = 0
    for match in _PIECE.finditer(template):
        pieces.append(template[position : match.start()])
        pieces.append("{" if match[1] is None else _value_of(match[1], values))
        position = match.end()
    pieces.append(template[position:])
    return tuple(piece for piece in pieces if piece != "")


def _value_of(variable: str, values: Mapping[str, Piece]) -> Piece:
    if variable in values:
        return values[variable]
    digits = _UNIQUE_DIGITS.fullmatch(variable)
    if digits and int(digits[1]) <= MAX_UNIQUE_DIGITS:
        return UniqueDigits(int(digits[1]))
    raise BytewardError(
        ErrorCode.INVALID_PATH_VARIABLE,
        f"unknown path variable `{{{variable}}}`; write `\\{{` for a literal brace",
        details={"variable": variable},
    )


def has_unique_digits(template: Template) -> bool:
    """Whether a free path can be looked for by trying other digits."""
    return any(isinstance(piece, UniqueDigits) for piece in template)


def render(template: Template, digits: RandomDigits, *, name_length: int | None = None) -> str:
    """The template as text, with fresh unique digits.

    Args:
        template: what `expand` returned.
        digits: source of random characters.
        name_length: keep only so many characters of each original file name; None: all.
    """
    return "".join(_text_of(piece, digits, name_length) for piece in template)


def longest_original_name(template: Template) -> int:
    """Characters of the longest original name in the template: what can be cut."""
    return max((len(p.text) for p in template if isinstance(p, OriginalName)), default=0)


def _text_of(piece: Piece, digits: RandomDigits, name_length: int | None) -> str:
    match piece:
        case UniqueDigits():
            return digits(piece.count)
        case OriginalName():
            return piece.text if name_length is None else piece.text[:name_length]
        case _:
            return piece
