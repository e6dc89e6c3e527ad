"""Roles of dashboard users, and the actions on files and folders that each may do (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from byteward.access.actions import Action


class Role(StrEnum):
    """What a dashboard user may do; each role includes the ones after it."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"

    def includes(self, other: Role) -> bool:
        """Whether this role may do all that the other one may."""
        return _RANKS[self] <= _RANKS[other]


_RANKS: Final[Mapping[Role, int]] = {role: rank for rank, role in enumerate(Role)}
_READS: Final = frozenset(action for action in Action if action.value.startswith("read."))
# Who may read a folder, and where its bytes are kept, is not a member's to say.
_SECURITY: Final = frozenset(
    {Action.SET_FOLDER_PUBLIC_PERMISSIONS, Action.SET_FOLDER_STORAGE_LAYER}
)

ROLE_ACTIONS: Final[Mapping[Role, frozenset[Action]]] = {
    Role.OWNER: frozenset(Action),
    Role.ADMIN: frozenset(Action),
    Role.MEMBER: frozenset(Action) - _SECURITY,
    Role.VIEWER: _READS,
}
"""The actions of each role, on every path of the account."""
