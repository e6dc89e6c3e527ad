"""A chunked request body, taken apart strictly (pure; RFC 9112 §7.1).

SECURITY: a size is hex digits alone, every line ends with CRLF, and no line is longer than it need
be. Chunk extensions and trailer fields are checked and dropped: nothing here has a use for them,
and parsers on the way have disagreed about both.
"""

from __future__ import annotations

import re
from typing import Final

MAX_SIZE_LINE_BYTES: Final = 256
MAX_TRAILER_BYTES: Final = 8192

_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER_LINE: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_CRLF: Final = b"\r\n"


class BadChunkError(ValueError):
    """The body's framing is broken; nothing after this point can be trusted."""


class ChunkedDecoder:
    """Decodes one body from pieces that are cut anywhere.

    Attributes:
        is_complete: the last chunk and its trailers were read.
    """

    __slots__ = ("_in_trailers", "_left", "_pending", "_trailer_bytes", "is_complete")

    def __init__(self) -> None:
        self._pending = b""
        self._left = 0  # bytes of the chunk that are to come, its final CRLF included
        self._in_trailers = False
        self._trailer_bytes = 0
        self.is_complete = False

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take the next bytes of the connection.

        Returns:
            pieces of the body, and what follows the body once it is complete.

        Raises:
            BadChunkError: see above.
        """
        pieces: list[bytes] = []
        data, self._pending = self._pending + data, b""
        at = 0
        while not self.is_complete and at < len(data):
            before = at
            at = self._take_chunk(data, at, pieces) if self._left else self._take_line(data, at)
            if at == before:
                self._pending = data[at:]
                return pieces, b""
        return pieces, data[at:]

    def _take_chunk(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Bytes of a chunk, and its CRLF when both bytes of that are here."""
        content = self._left - len(_CRLF)
        if content > 0:
            piece = data[at : at + content]
            pieces.append(piece)
            self._left -= len(piece)
            return at + len(piece)
        ending = data[at : at + len(_CRLF)]
        if not _CRLF.startswith(ending):
            raise BadChunkError("a chunk is not followed by CRLF")
        if len(ending) == len(_CRLF):
            self._left = 0
            return at + len(_CRLF)
        return at

    def _take_line(self, data: bytes, at: int) -> int:
        """A size line, a trailer line, or the empty line at the end, if it is here whole."""
        end = data.find(_CRLF, at)
        limit = (
            MAX_TRAILER_BYTES - self._trailer_bytes if self._in_trailers else MAX_SIZE_LINE_BYTES
        )
        if (len(data) if end < 0 else end) - at > limit:
            raise BadChunkError("a line of the chunked coding is too long")
        if end < 0:
            _refuse_bare_breaks(data[at:])
            return at
        line = data[at:end]
        if self._in_trailers:
            self._read_trailer(line)
        else:
            match = _SIZE_LINE.fullmatch(line)
            if match is None:
                raise BadChunkError("a chunk size is malformed")
            size = int(match[1], 16)
            self._in_trailers = size == 0
            self._left = size + len(_CRLF) if size else 0
        return end + len(_CRLF)

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self.is_complete = True
            return
        self._trailer_bytes += len(line)
        if not _TRAILER_LINE.fullmatch(line):
            raise BadChunkError("a trailer field is malformed")


def _refuse_bare_breaks(part: bytes) -> None:
    """An unfinished line may end with CR; any other line break in it stands alone."""
    if b"\n" in part or b"\r" in part[:-1]:
        raise BadChunkError("a line of the chunked coding ends without CRLF")
