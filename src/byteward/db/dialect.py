"""The statements that SQLAlchemy spells differently for each database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert, insert


def insert_or_ignore(table: Table, conflict: Iterable[str]) -> Insert:
    """`INSERT … ON CONFLICT (conflict) DO NOTHING`; the row count tells whether it was new."""
    return insert(table).on_conflict_do_nothing(index_elements=list(conflict))


def upsert(table: Table, conflict: Iterable[str], updated: Iterable[str]) -> Insert:
    """`INSERT … ON CONFLICT (conflict) DO UPDATE`, taking the new values of `updated`.

    The row keeps its place, so what refers to it by its number stays valid.
    """
    keys: Final = list(conflict)
    statement = insert(table)
    values = {name: statement.excluded[name] for name in updated}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
