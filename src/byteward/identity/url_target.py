"""The raw request target taken apart without changing a byte (pure).

The first `?` or `!` ends the path. After a `!`, the first `?` starts a second section of pairs:
players and cache busters append one. Signatures cover the target as written, so a target put
together again from its parts is byte for byte what came in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from byteward.errors import BytewardError
from byteward.paths import percent_decode

_DELIMITER: Final = re.compile(rb"[?!]")


@dataclass(frozen=True, slots=True)
class RawPair:
    """One `name=value`, or a lone name, as written between two `&`."""

    raw: bytes

    @property
    def name(self) -> str | None:
        """The decoded name; None if it is not percent-encoded UTF-8, so that it equals no name."""
        try:
            return percent_decode(self.raw.partition(b"=")[0])
        except BytewardError:
            return None

    @property
    def value(self) -> str:
        """The decoded value; empty without a `=`.

        Raises:
            BytewardError: `invalid_path_encoding`.
        """
        return percent_decode(self.raw.partition(b"=")[2])


@dataclass(frozen=True, slots=True)
class UrlTarget:
    """Path and pairs as they were sent.

    Attributes:
        path: everything before the first delimiter, still percent-encoded.
        sections: each delimiter (`?` or `!`) with the pairs after it.
    """

    path: bytes
    sections: tuple[tuple[bytes, tuple[RawPair, ...]], ...]

    @classmethod
    def parse(cls, target: bytes) -> Self:
        """Split a raw request target, or a raw query that starts with its delimiter."""
        found = _DELIMITER.search(target)
        if found is None:
            return cls(target, ())
        path, rest = target[: found.start()], target[found.end() :]
        if found[0] == b"?":
            return cls(path, ((b"?", _pairs(rest)),))
        first, mark, second = rest.partition(b"?")
        sections = ((b"!", _pairs(first)),)
        return cls(path, (*sections, (b"?", _pairs(second))) if mark else sections)

    def pairs(self) -> Iterator[RawPair]:
        """All pairs in order; empty ones, as in `a&&b`, are left out."""
        for _, pairs in self.sections:
            for pair in pairs:
                if pair.raw:
                    yield pair

    def named(self, name: str) -> list[RawPair]:
        """The pairs whose decoded name is `name`."""
        return [pair for pair in self.pairs() if pair.name == name]

    def without(self, unwanted: RawPair) -> Self:
        """The target less that pair and its `&`; a delimiter left without pairs goes too."""
        kept = (
            (mark, tuple(pair for pair in pairs if pair is not unwanted))
            for mark, pairs in self.sections
        )
        return type(self)(self.path, tuple((mark, pairs) for mark, pairs in kept if pairs))

    @property
    def query(self) -> bytes:
        """The delimiters and pairs as written; empty without any."""
        return b"".join(
            mark + b"&".join(pair.raw for pair in pairs) for mark, pairs in self.sections
        )

    @property
    def raw(self) -> bytes:
        """The whole target as written."""
        return self.path + self.query


def _pairs(text: bytes) -> tuple[RawPair, ...]:
    return tuple(RawPair(each) for each in text.split(b"&"))
