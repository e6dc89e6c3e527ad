"""A part of a transaction that can be undone by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """Undo what the block did when it raises; the transaction goes on.

    Blocks are not nested in each other.
    """
    conn.exec_driver_sql("SAVEPOINT part")
    try:
        yield
    except BaseException as error:
        try:
            conn.exec_driver_sql("ROLLBACK TO part")
            conn.exec_driver_sql("RELEASE part")
        except SQLAlchemyError:
            # A full disk undoes the whole transaction; what counts is why.
            raise error from None
        raise
    conn.exec_driver_sql("RELEASE part")
