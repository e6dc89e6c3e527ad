"""Where an upload goes: into our own store, or into one of the account's.

A transaction cannot wait for an account's store. So it is run, and given up when it needs to know
whether an object exists that nobody has looked for; then somebody looks, and it is run again with
what was seen. Random digits are drawn once and repeated, or no second run would ask the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy import Connection

from byteward.access.model import Segments
from byteward.errors import BytewardError, ErrorCode
from byteward.files import store as file_store
from byteward.files.external_files import ExternalFiles, read_only
from byteward.files.layer_resolution import ExternalPlace, Place
from byteward.files.layer_store import find_place
from byteward.ids import base58_text
from byteward.paths import FilePath

T = TypeVar("T")

_MAX_LOOKS: Final = 64
"""Paths that one upload may have looked for: unique digits in two templates, and some."""


class UnseenError(Exception):
    """The transaction needs to know whether an object exists."""

    def __init__(self, place: ExternalPlace) -> None:
        super().__init__()
        self.place = place


class Destinations:
    """What one upload knows of the paths that it may go to.

    Args:
        external: asks stores of accounts.
        account_id: whose files.
    """

    def __init__(self, external: ExternalFiles, account_id: str) -> None:
        self._external = external
        self._account_id = account_id
        self._seen: dict[Segments, bool] = {}
        self._drawn: list[str] = []
        self._next = 0

    async def settled(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Run `attempt`, which runs a transaction, until it has all that it needs to know.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`, and what `attempt` raises.
        """
        for _ in range(_MAX_LOOKS):
            self._next = 0
            try:
                return await attempt()
            except UnseenError as unseen:
                found = await self._external.find(self._account_id, unseen.place)
                self._seen[unseen.place.segments] = found is not None
        raise BytewardError(ErrorCode.PATH_TAKEN, "no free path was found; use more unique digits")

    def draw(self, length: int) -> str:
        """Random base58 characters; the same ones again when the transaction is run again."""
        if self._next == len(self._drawn):
            self._drawn.append(base58_text(length))
        self._next += 1
        return self._drawn[self._next - 1]

    def has_file(self, conn: Connection, path: FilePath, at_ms: int) -> bool:
        """Whether a file is at the path.

        Raises:
            UnseenError: it lies in a store that was not asked yet.
            BytewardError: `read_only_storage`; nothing can be written there.
        """
        place = self.place(conn, path)
        if not isinstance(place, ExternalPlace):
            kept = FilePath(place.segments)
            return file_store.find_file(conn, self._account_id, kept, at_ms) is not None
        if place.segments not in self._seen:
            raise UnseenError(place)
        return self._seen[place.segments]

    def place(self, conn: Connection, path: FilePath) -> Place:
        """Where the file at the path is kept.

        Raises:
            BytewardError: `read_only_storage`; nothing can be written there.
        """
        place = find_place(conn, self._account_id, path.segments)
        if isinstance(place, ExternalPlace) and place.is_read_only:
            raise read_only(place)
        return place
