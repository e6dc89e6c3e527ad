"""Files by path, as last read from the database, with the database's change stamp.

An entry answers only while the stamp stands still; after any commit, by any process, the row is
read again at its next use. So a request that starts after a change was acknowledged sees it, on
every worker. "No such file" is never remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from byteward.access.model import Segments
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.delivery.representation import Representation
from byteward.files.store import StoredFile, find_file
from byteward.paths import FilePath
from byteward.permissions.lru import WeightedLru

MAX_BYTES: Final = 33_554_432
_ENTRY_BYTES: Final = 3000  # the row, its head and the bookkeeping
_SEGMENT_BYTES: Final = 100


class _Entry:
    __slots__ = ("representation", "version")

    def __init__(self, representation: Representation, version: int) -> None:
        self.representation = representation
        self.version = version


class FileCache:
    """Look-ups of one worker.

    Args:
        database: where files are rows.
        represent: what is worked out once for each version of a file.
        clock: Unix seconds; a file that expires is gone at that moment, without any commit.
    """

    def __init__(
        self, database: Database, represent: Callable[[StoredFile], Representation], clock: Clock
    ) -> None:
        self._database = database
        self._represent = represent
        self._clock = clock
        self._entries: WeightedLru[tuple[str, Segments], _Entry] = WeightedLru(MAX_BYTES)

    async def find(self, account_id: str, path: FilePath, version: int) -> Representation | None:
        """The file at `path`, or None.

        Args:
            account_id: the account in the URL.
            path: the effective path.
            version: the change stamp, taken before anything about the request was read.
        """
        entry = self._entries.get((account_id, path.segments))
        if entry is not None and entry.version == version and not self._has_expired(entry):
            return entry.representation
        return await self._load(account_id, path, version, entry)

    async def reread(self, account_id: str, path: FilePath, version: int) -> Representation | None:
        """The same, whatever is remembered: its object has turned out to be gone."""
        return await self._load(account_id, path, version, None)

    def _has_expired(self, entry: _Entry) -> bool:
        expires_at = entry.representation.file.expires_at
        return expires_at is not None and expires_at <= now_ms(self._clock)

    async def _load(
        self, account_id: str, path: FilePath, version: int, old: _Entry | None
    ) -> Representation | None:
        key = (account_id, path.segments)
        at_ms = now_ms(self._clock)
        file = await self._database.read(lambda conn: find_file(conn, account_id, path, at_ms))
        if file is None:
            self._entries.drop(key)
            return None
        if old is not None and old.representation.file == file:
            old.version = version
            return old.representation
        entry = _Entry(self._represent(file), version)
        weight = _ENTRY_BYTES + _SEGMENT_BYTES * len(path.segments) + len(file.block_digests)
        self._entries.put(key, entry, weight)
        return entry.representation
