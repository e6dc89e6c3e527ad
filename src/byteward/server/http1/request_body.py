"""A request's body between the connection, which brings bytes, and the application (pure)."""

from __future__ import annotations

from byteward.server.http1.chunked import ChunkedDecoder


class RequestBody:
    """Finds the body's end and keeps what the application has not taken yet.

    Args:
        length: Content-Length, None for a chunked body.

    Attributes:
        is_complete: its last byte has come.
        waiting_bytes: what was received and not taken.
    """

    __slots__ = ("_decoder", "_left", "_pieces", "is_complete", "waiting_bytes")

    def __init__(self, length: int | None) -> None:
        self._decoder = ChunkedDecoder() if length is None else None
        self._left = length or 0
        self._pieces: list[bytes] = []
        self.is_complete = length == 0
        self.waiting_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the body; returns what comes after it.

        Raises:
            BadChunkError: the framing is broken.
        """
        if self.is_complete:
            return data
        if self._decoder is None:
            piece, rest = data[: self._left], data[self._left :]
            self._left -= len(piece)
            self.is_complete = self._left == 0
        else:
            pieces, rest = self._decoder.feed(data)
            piece = b"".join(pieces)
            self.is_complete = self._decoder.is_complete
        if piece:
            self._pieces.append(piece)
            self.waiting_bytes += len(piece)
        return rest

    def take(self) -> bytes:
        """Everything that has come since the last call."""
        pieces, self._pieces, self.waiting_bytes = self._pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def may_be_drained(self, most: int) -> bool:
        """Whether the rest is known to be no more than `most` bytes."""
        return self.is_complete or (self._decoder is None and self._left <= most)
