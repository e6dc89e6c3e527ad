"""Path rules of one source (an API key or a JWT), compiled so that looking one up costs depth.

A rule belongs to a base path and one of three scopes, which never overlap: the base itself, its
direct children, or everything deeper. For one target each base therefore has at most one scope that
fits, and "the most specific rule" is simply the one with the longest base.

SECURITY: paths are compared as segment tuples, never as text: `/users/u1` is no prefix of
`/users/u10/f.jpg`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from byteward.access.actions import Action
from byteward.access.slugs import intersect_patterns

Segments = tuple[str, ...]
"""A path as `byteward.paths` splits it; the root folder has none."""

Grant = bool | tuple[str, ...]
"""What a rule says of an action: True, False, or the slug patterns that may be downloaded."""


class Scope(StrEnum):
    """Which paths under a base a rule speaks of; the values are the wire protocol's."""

    THIS = "This"
    CHILDREN = "Children"
    GRANDCHILDREN = "Grandchildren+"


_SUFFIXES: Final = {Scope.THIS: "", Scope.CHILDREN: "/*", Scope.GRANDCHILDREN: "/*/**"}


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A base path and a scope, for example `/my_folder/*`.

    Attributes:
        base: segments of the base path; none for the root.
        scope: how far below the base the target must lie.
    """

    base: Segments
    scope: Scope

    def matches(self, segments: Segments) -> bool:
        """Whether the target lies in this pattern."""
        depth = len(segments) - len(self.base)
        if segments[: len(self.base)] != self.base:
            return False
        if self.scope is Scope.THIS:
            return depth == 0
        return depth == 1 if self.scope is Scope.CHILDREN else depth > 1

    @property
    def base_text(self) -> str:
        """The base path as text."""
        return "/" + "/".join(self.base)

    @property
    def text(self) -> str:
        """The dashboard's text form: `/a`, `/a/*` or `/a/*/**`.

        A base that itself contains `*` would read as another pattern, so it is spelled out in the
        form of the wire protocol instead.
        """
        if any("*" in segment for segment in self.base):
            return f"{{path: {self.base_text}, scope: {self.scope}}}"
        if not self.base and self.scope is not Scope.THIS:
            return _SUFFIXES[self.scope]
        return self.base_text + _SUFFIXES[self.scope]


@dataclass(frozen=True, slots=True)
class PathPermission:
    """One path rule. An action that `grants` lacks is one the rule is silent about.

    Attributes:
        pattern: the paths it speaks of.
        grants: what it says; copied, so that later changes of the argument do not reach the rule.
        index: position in the list it was written in.
        duplicates: positions of the rules with the same pattern that were combined into this one.
    """

    pattern: PathPattern
    grants: Mapping[Action, Grant]
    index: int = 0
    duplicates: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "grants", MappingProxyType(dict(self.grants)))

    def __hash__(self) -> int:
        return hash((self.pattern, frozenset(self.grants.items()), self.index, self.duplicates))


def _combine_grants(left: Grant | None, right: Grant | None) -> Grant:
    if isinstance(left, tuple) and isinstance(right, tuple):
        return intersect_patterns(left, right)
    if isinstance(left, tuple) or isinstance(right, tuple):
        return ()
    return left is True and right is True


def combine_restrictively(first: PathPermission, second: PathPermission) -> PathPermission:
    """One rule for two of the same pattern: it grants only what both grant.

    An action that only one of them mentions is denied outright, not left to other sources: the
    author of a contradiction gets the narrow reading.
    """
    actions = dict.fromkeys([*first.grants, *second.grants])
    return PathPermission(
        pattern=first.pattern,
        grants={
            action: _combine_grants(first.grants.get(action), second.grants.get(action))
            for action in actions
        },
        index=first.index,
        duplicates=(*first.duplicates, second.index),
    )


T = TypeVar("T")


class _Node(Generic[T]):
    """One path segment of the compiled tree, with what is stored at its path for each scope."""

    __slots__ = ("below", "children", "grandchildren", "this")

    def __init__(self) -> None:
        self.below: dict[str, _Node[T]] = {}
        self.this: T | None = None
        self.children: T | None = None
        self.grandchildren: T | None = None


_SLOTS: Final = {
    Scope.THIS: "this",
    Scope.CHILDREN: "children",
    Scope.GRANDCHILDREN: "grandchildren",
}


class PatternTree(Generic[T]):
    """Values by path pattern; the most specific one for a path is found in one walk from the root.

    The walk costs at most one dictionary look-up per segment of the path and stops where no rule
    lies deeper, however many rules there are.
    """

    __slots__ = ("_root",)

    def __init__(self, values: Mapping[PathPattern, T]) -> None:
        self._root: _Node[T] = _Node()
        for pattern, value in values.items():
            node = self._root
            for segment in pattern.base:
                node = node.below.setdefault(segment, _Node())
            setattr(node, _SLOTS[pattern.scope], value)

    def find(self, segments: Segments) -> T | None:
        """The value whose pattern matches and has the longest base, or None."""
        node = self._root
        depth_left = len(segments)
        best = None
        for segment in segments:
            hit = node.grandchildren if depth_left > 1 else node.children
            if hit is not None:
                best = hit
            following = node.below.get(segment)
            if following is None:
                return best
            node = following
            depth_left -= 1
        return best if node.this is None else node.this


class PathRules:
    """The rules of one source, in the order they were written. Immutable; equal when those are.

    Attributes:
        entries: the rules as given, duplicates included.
        defect: why the stored rules cannot be read, or None. SECURITY: rules with a defect deny
            everything that would be asked of them; see `PathRules.unreadable`.
    """

    __slots__ = ("_tree", "defect", "entries")

    def __init__(
        self, entries: Iterable[PathPermission] = (), *, defect: str | None = None
    ) -> None:
        self.entries = tuple(entries)
        self.defect = defect
        compiled: dict[PathPattern, PathPermission] = {}
        for entry in self.entries:
            earlier = compiled.get(entry.pattern)
            compiled[entry.pattern] = (
                entry if earlier is None else combine_restrictively(earlier, entry)
            )
        self._tree = PatternTree(compiled)

    @classmethod
    def unreadable(cls, defect: str) -> PathRules:
        """Rules that are stored but cannot be understood: whoever has them is denied.

        Args:
            defect: what is wrong with them, for the decision's reason.
        """
        return cls(defect=defect)

    def resolve(self, segments: Segments) -> PathPermission | None:
        """The most specific rule for the path, as a whole; it hides all broader ones.

        Rules of the same pattern come back combined restrictively.
        """
        return self._tree.find(segments)

    @property
    def patterns(self) -> tuple[PathPattern, ...]:
        """Each pattern that the rules speak of, once."""
        return tuple(dict.fromkeys(entry.pattern for entry in self.entries))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PathRules):
            return NotImplemented
        return self.entries == other.entries and self.defect == other.defect

    def __hash__(self) -> int:
        return hash((self.entries, self.defect))

    def __repr__(self) -> str:
        return f"PathRules({self.entries!r}, defect={self.defect!r})"
