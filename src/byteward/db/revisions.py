"""The schema's revisions in order, known without loading Alembic (a test keeps both in step)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

REVISIONS: Final = ("0001", "0002", "0003")
"""Oldest first."""

HEAD: Final = REVISIONS[-1]
"""What this program is written for."""


class SchemaState(StrEnum):
    """How a database stands to this program."""

    NEW = "new"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
