"""Undoing a content coding piece by piece, so that a bomb is noticed at its first excess byte."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

PIECE_BYTES: Final = 65536
"""Most bytes that one step produces, whatever the input promises."""

_GZIP_WINDOW: Final = 31  # a gzip header, largest window
_ZLIB_WINDOW: Final = 15
_RAW_WINDOW: Final = -15
_DEFLATE_METHOD: Final = 8
_HEAD_BYTES: Final = 2


class Coding(StrEnum):
    """The codings that are understood (RFC 9110 §8.4.1)."""

    GZIP = "gzip"
    DEFLATE = "deflate"


class DecodingError(ValueError):
    """The bytes are not what the coding says, or end too early."""


def parse_coding(text: str | None) -> Coding | None:
    """The coding that a Content-Encoding names; None for none.

    Raises:
        DecodingError: another one, or several.
    """
    match (text or "").strip(" \t").lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return Coding.GZIP
        case "deflate":
            return Coding.DEFLATE
        case _:
            raise DecodingError("a content coding that was not asked for")


class Inflater:
    """Decodes one body."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._head = b""
        self._engine: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode the next bytes, in pieces of at most `PIECE_BYTES`.

        Raises:
            DecodingError: they are not of the coding.
        """
        data = self._head + data
        if self._engine is None and len(data) < _HEAD_BYTES:
            self._head = data
            return
        self._head = b""
        try:
            yield from self._inflate(data)
        except zlib.error as error:
            raise DecodingError(f"the coded body is broken: {error}") from None

    def finish(self) -> None:
        """Say that the body is over.

        Raises:
            DecodingError: the coding was not.
        """
        if self._head or (self._engine is not None and not self._engine.eof):
            raise DecodingError("the coded body ends too early")

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._engine is None or self._engine.eof:
                if not data:
                    return
                self._engine = self._new_engine(data)
            piece = self._engine.decompress(data, PIECE_BYTES)
            if piece:
                yield piece
            if self._engine.eof:
                data = self._engine.unused_data
                continue
            data = self._engine.unconsumed_tail
            # Less than a whole piece means that nothing more can be made of what has come.
            if not data and len(piece) < PIECE_BYTES:
                return

    def _new_engine(self, head: bytes) -> zlib._Decompress:
        if self._coding is Coding.GZIP:
            return zlib.decompressobj(_GZIP_WINDOW)  # one for each member (RFC 1952 §2.2)
        if self._engine is not None:
            raise DecodingError("bytes follow the coded body")
        # `deflate` means zlib's format (RFC 1950 §2.2); some servers send the bare stream.
        is_zlib = head[0] & 0x0F == _DEFLATE_METHOD and int.from_bytes(head[:2], "big") % 31 == 0
        return zlib.decompressobj(_ZLIB_WINDOW if is_zlib else _RAW_WINDOW)
