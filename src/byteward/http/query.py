"""The query of an API request (pure): pairs in order, decoded once; `+` is a space here.

Parameters that an operation does not know are ignored, because old clients send extras.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from msgspec import Struct, inspect

from byteward.errors import BytewardError, ErrorCode
from byteward.http.validation import Problems, struct_info, validate, without_metadata
from byteward.paths import percent_decode

S = TypeVar("S", bound=Struct)

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Query:
    """Decoded pairs."""

    pairs: tuple[tuple[str, str], ...]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may be repeated."""
        return tuple(value for each, value in self.pairs if each == name)

    def read(self, schema: type[S]) -> S:
        """The parameters that a struct names, validated; a list is a repeated parameter.

        Booleans are `true` or `false`, also `1` or `0`, in any case; numbers are decimal digits.

        Raises:
            BytewardError: `invalid_request` with every fault.
        """
        problems = Problems()
        given: dict[str, object] = {}
        for field in struct_info(schema).fields:
            name = field.encode_name
            values = self.all(name)
            kinds = _kinds(field.type)
            if any(isinstance(kind, inspect.ListType) for kind in kinds):
                given[name] = list(values)
            elif len(values) > 1:
                problems.add(f"query.{name}", "may be given once only")
            elif values:
                given[name] = _value(values[0], kinds)
        problems.raise_any()
        return validate(given, schema, where="query")


def _kinds(kind: inspect.Type) -> list[inspect.Type]:
    kind = without_metadata(kind)
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [without_metadata(each) for each in kinds]


def _value(text: str, kinds: Sequence[inspect.Type]) -> object:
    """The text as a value of one of the types, or itself, which is then found to be no such."""
    for kind in kinds:
        if isinstance(kind, inspect.BoolType):
            return _BOOLEANS.get(text.lower(), text)
        if isinstance(kind, inspect.IntType) and _INTEGER.fullmatch(text):
            return int(text)
    return text


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
