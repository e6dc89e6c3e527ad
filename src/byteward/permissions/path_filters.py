"""Path filters kept while the rules that they come from stand.

A filter of a key with thousands of rules takes milliseconds to make and is asked for on every page
of a listing. An API key's rules are one object until they change (`facts.py`), so the object itself
says whether a filter still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from byteward.access.actions import Action
from byteward.access.listing import PathFilter, reachable
from byteward.access.model import KeyAccess, Principal, PrincipalKind, TokenAccess, UserAccess
from byteward.permissions.lru import WeightedLru

AREAS: Final = 32_768
"""Areas of remembered filters, all together: about 16 MB."""

_Name = tuple[int, int, UserAccess | None, PrincipalKind, Action]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A filter with what it was made from, whose identities cannot be reused meanwhile."""

    key: KeyAccess | None
    token: TokenAccess | None
    path_filter: PathFilter


class PathFilters:
    """The filters of one worker, for every action but downloads."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: WeightedLru[_Name, _Kept] = WeightedLru(AREAS)

    def of(self, principal: Principal, action: Action) -> PathFilter:
        """Where the principal may do the action; see `reachable`."""
        key, token = principal.key, principal.token
        name = (id(key), id(token), principal.user, principal.kind, action)
        kept = self._kept.get(name)
        if kept is None:
            path_filter = reachable(principal, action)
            kept = _Kept(key, token, path_filter)
            self._kept.put(name, kept, len(path_filter.areas))
        return kept.path_filter
