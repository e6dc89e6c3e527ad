"""The port of the metadata database: a consistent read, a durable write, a change stamp.

A unit of work is a plain function over a SQLAlchemy connection, so the same function runs inside
the writer thread of SQLite and, on an asynchronous driver, under `run_sync`. It must not commit,
roll back, or keep the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Database(Protocol):
    """What every adapter keeps; `tests/conformance/test_database.py` is the definition."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one snapshot and return what it returns; it must not write.

        Raises:
            BytewardError: `overloaded` when the database stays locked, `storage_error` when its
                file cannot be read. What `work` raises passes through.
        """
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; its changes are on stable storage when this returns.

        What `work` raises undoes its changes alone and passes through to this caller alone.
        `work` runs at most once, in another thread, and must not wait for anything.

        INVARIANT: a cancelled caller does not know whether its work was committed, so it must not
        undo by hand what the work refers to; the sweeps of `storage/collector.py` do that.

        Raises:
            BytewardError: `insufficient_storage` on a full disk, `overloaded` when the database
                stays locked or too much work waits, `storage_error` for every other failure to
                commit; nothing is known to be stored then.
        """
        ...

    def version(self) -> int:
        """A number that differs from the last one whenever anybody committed in between.

        Any process counts. INVARIANT: take it before the reads that it stamps; taken after them it
        could vouch for rows that were already old.
        """
        ...

    @property
    def is_healthy(self) -> bool:
        """False once a commit failed with an I/O error; writes are refused from then on."""
        ...

    async def close(self) -> None:
        """Finish the writes that were accepted, then release every connection."""
        ...
