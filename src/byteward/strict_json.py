"""JSON that accepts exactly what RFC 8259 says, within limits (pure).

SECURITY: the standard library's reader takes `NaN` and `Infinity`, other encodings than UTF-8,
unpaired surrogates and nesting that overflows the stack. Everything that arrives as JSON from
outside is read here, and every failure is one error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_BOM: Final = b"\xef\xbb\xbf"
# Possessive, and the closing quote optional: one pass over any input, also over broken strings.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


class StrictJsonError(ValueError):
    """The text is not one JSON value within the limits; the message says why, for people."""


def parse(
    data: bytes | str,
    *,
    max_depth: int = 32,
    max_members: int = 2000,
    unique_names: bool = False,
    max_integer: int | None = None,
    allow_bom: bool = False,
) -> object:
    """Decode one JSON value into None, bool, int, float, str, list and dict.

    Args:
        data: UTF-8 bytes, or text.
        max_depth: how deep arrays and objects may nest; `[]` is 1 deep.
        max_members: how many members each object may have.
        unique_names: refuse an object that has a name twice (after decoding escapes); otherwise
            the last one wins.
        max_integer: the largest absolute value of an integer; None sets no bound.
        allow_bom: skip one UTF-8 byte order mark.

    Raises:
        StrictJsonError: for anything else; no other exception leaves this function.
    """
    raw = _utf8(data)
    if allow_bom:
        raw = raw.removeprefix(_BOM)
    skeleton = _STRING.sub(b"", raw)
    _check_depth(skeleton, max_depth)
    try:
        value: object = msgspec.json.decode(raw)  # refuses unpaired surrogates, `NaN`, `1e999`
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StrictJsonError(f"not valid JSON: {error}") from None
    members = skeleton.count(b":")
    if (
        unique_names
        and sum(len(each) for each in _nested(value) if isinstance(each, dict)) < members
    ):
        raise StrictJsonError("an object has a name twice")
    if members > max_members or max_integer is not None:
        _check_values(value, max_members, max_integer)
    return value


def dumps(value: object) -> bytes:
    """Encode as compact UTF-8 JSON; a float that is not finite becomes `null`."""
    return msgspec.json.encode(value)


def _utf8(data: bytes | str) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return data.encode("utf-8")
    except UnicodeEncodeError:
        raise StrictJsonError("the text contains an unpaired surrogate") from None


def _check_depth(skeleton: bytes, max_depth: int) -> None:
    """Before decoding: a nesting bomb must not reach a recursive reader.

    Each round deletes the innermost pairs, so text that nests `n` deep is empty after `n` rounds.
    """
    brackets = skeleton.translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(max_depth):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise StrictJsonError(f"brackets do not match, or nest deeper than {max_depth}")


def _nested(value: object) -> Iterator[object]:
    """The value and everything inside it, the names of members included."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, dict):
            waiting.extend(current)
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _check_values(value: object, max_members: int, max_integer: int | None) -> None:
    for each in _nested(value):
        if isinstance(each, dict):
            if len(each) > max_members:
                raise StrictJsonError(f"an object has more than {max_members} members")
        elif type(each) is int and max_integer is not None and abs(each) > max_integer:
            raise StrictJsonError(f"an integer is beyond {max_integer}")
