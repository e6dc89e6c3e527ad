"""Bytes of small objects, kept in memory by each worker.

Objects are immutable, so an entry is right for ever; only room decides how long it stays. The cache
knows no credentials: whoever asks it has been authorised for the file on this very request.
"""

from __future__ import annotations

from collections import OrderedDict


class MemoryCache:
    """Object id → verified bytes, least recently used out first.

    Args:
        max_bytes: room for all objects together; 0 keeps nothing.
        max_object_bytes: larger objects are not kept.
    """

    __slots__ = ("_bytes", "_max_bytes", "_objects", "max_object_bytes")

    def __init__(self, max_bytes: int, max_object_bytes: int) -> None:
        self._objects: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._max_bytes = max_bytes
        self.max_object_bytes = max_object_bytes

    def get(self, object_id: str) -> bytes | None:
        """The object's bytes, if they are here."""
        body = self._objects.get(object_id)
        if body is not None:
            self._objects.move_to_end(object_id)
        return body

    def put(self, object_id: str, body: bytes) -> None:
        """Keep `body`. INVARIANT: it was compared with the digests in the object's row."""
        if object_id in self._objects or len(body) > min(self.max_object_bytes, self._max_bytes):
            return
        self._objects[object_id] = body
        self._bytes += len(body)
        while self._bytes > self._max_bytes:
            _, gone = self._objects.popitem(last=False)
            self._bytes -= len(gone)

    def drop(self, object_id: str) -> None:
        """Keep an object no longer; results of transformations may be made anew."""
        gone = self._objects.pop(object_id, None)
        if gone is not None:
            self._bytes -= len(gone)

    @property
    def size_bytes(self) -> int:
        """Bytes of all objects together; at most the room given."""
        return self._bytes
