"""The query of an API request (pure): pairs in order, decoded once; `+` is a space here.

Parameters that an operation does not know are ignored, because old clients send extras.
"""

from __future__ import annotations

from dataclasses import dataclass

from byteward.errors import BytewardError, ErrorCode
from byteward.http.validation import Problems
from byteward.paths import percent_decode

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Query:
    """Decoded pairs, with readers that collect what is wrong."""

    pairs: tuple[tuple[str, str], ...]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may be repeated."""
        return tuple(value for each, value in self.pairs if each == name)

    def one(self, name: str, problems: Problems) -> str | None:
        """The value of a parameter that may be given once; None when it is not given."""
        values = self.all(name)
        if len(values) > 1:
            problems.add(f"query.{name}", "may be given once only")
        return values[0] if values else None

    def flag(self, name: str, problems: Problems, *, default: bool) -> bool:
        """`true` or `false`, also `1` or `0`, in any case."""
        value = self.one(name, problems)
        if value is None:
            return default
        flag = _BOOLEANS.get(value.lower())
        if flag is None:
            problems.add(f"query.{name}", "invalid boolean value", value)
            return default
        return flag


def parse_query(raw: bytes, *, max_pairs: int) -> Query:
    """Split and decode a raw query.

    Raises:
        BytewardError: `invalid_request` for too many pairs or malformed percent-encoding.
    """
    pieces = [piece for piece in raw.split(b"&") if piece]
    if len(pieces) > max_pairs:
        raise BytewardError(
            ErrorCode.INVALID_REQUEST, f"the query has more than {max_pairs} parameters"
        )
    return Query(tuple(_pair(piece) for piece in pieces))


def _pair(piece: bytes) -> tuple[str, str]:
    name, _, value = piece.replace(b"+", b" ").partition(b"=")
    try:
        return percent_decode(name), percent_decode(value)
    except BytewardError:
        raise BytewardError(
            ErrorCode.INVALID_REQUEST, "the query is not percent-encoded UTF-8"
        ) from None
