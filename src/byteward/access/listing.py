"""Where a principal may do an action: the decision function turned into a list of areas.

The patterns of all rules in play cut the paths into areas, each being what a pattern matches minus
what more specific patterns match. Within an area every path meets the same rules, so one path that
stands for it is decided by `decide`; precedence is not written a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.decision import Decision
from byteward.access.model import Principal, PublicPermissions, Segments
from byteward.access.rules import PathPattern, PatternTree, Scope


@dataclass(frozen=True, slots=True)
class Area:
    """The paths that a pattern matches and no more specific area does.

    Attributes:
        pattern: the pattern.
        decision: the decision for each path in it; its `segments` are those of the path that was
            decided, which need not exist.
    """

    pattern: PathPattern
    decision: Decision


class PathFilter:
    """A principal's answer for one action and every path; equal to asking `decide` for each.

    Attributes:
        areas: most specific first; the last ones are those of the root folder, so that together
            they hold every path.
    """

    __slots__ = ("_tree", "_unused", "areas")

    def __init__(self, areas: Collection[Area]) -> None:
        self.areas = tuple(sorted(areas, key=lambda area: -len(area.pattern.base)))
        self._tree = PatternTree({area.pattern: area.decision for area in self.areas})
        self._unused = _unused_segment([area.pattern for area in self.areas])

    def allows(self, segments: Segments) -> bool:
        """Whether the action is allowed on the path."""
        decision = self._tree.find(segments)
        return decision is not None and decision.is_allowed

    def refused_below(self, folder: Segments) -> Decision | None:
        """A refusal on some path strictly below the folder; None: every such path is allowed.

        Costs in proportion to the areas, whatever is stored below the folder. An area that more
        specific ones hide completely counts as well: the answer errs on the side of refusing.
        """
        for depth in (1, 2):
            # Children, then all that is deeper, of which no pattern below the folder speaks.
            decision = self._tree.find(folder + (self._unused,) * depth)
            if decision is not None and not decision.is_allowed:
                return decision
        size = len(folder)
        for area in self.areas:
            base = area.pattern.base
            if len(base) > size and base[:size] == folder and not area.decision.is_allowed:
                return area.decision
        return None

    def reaches_below(self, folder: Segments) -> bool:
        """Whether some path strictly below the folder may be allowed, as far as rules tell.

        An area that more specific ones hide completely counts as well.
        """
        size = len(folder)
        if any(
            len(area.pattern.base) > size and area.pattern.base[:size] == folder
            for area in self.allowed
        ):
            return True
        return any(self.allows(folder + (self._unused,) * depth) for depth in (1, 2))

    @property
    def allowed(self) -> Iterator[Area]:
        """The areas that are allowed, most specific first."""
        return (area for area in self.areas if area.decision.is_allowed)


def reachable(
    principal: Principal,
    action: Action,
    *,
    slug: str | None = None,
    public: Collection[PublicPermissions] = (),
) -> PathFilter:
    """Where the principal may do the action.

    Args:
        principal: who asks.
        action: what is asked.
        slug: the transformation slug of a download, as for `decide`.
        public: the setting of every folder that defines one, for downloads. A folder that is
            missing here counts as inheriting.
    """
    nearest = PatternTree(
        {
            PathPattern(setting.folder, scope): setting
            for setting in public
            for scope in (Scope.CHILDREN, Scope.GRANDCHILDREN)
        }
    )
    patterns = _patterns(principal, public)
    unused = _unused_segment(patterns)
    areas = []
    for pattern in patterns:
        path = _representative(pattern, unused)
        decision = decide(principal, action, path, slug=slug, public=nearest.find(path))
        areas.append(Area(pattern, decision))
    return PathFilter(areas)


def _patterns(
    principal: Principal, public: Collection[PublicPermissions]
) -> tuple[PathPattern, ...]:
    patterns = [PathPattern((), scope) for scope in Scope]
    for holder in (principal.token, principal.key):
        if holder is not None:
            patterns += holder.rules.patterns
    for setting in public:
        patterns += [
            PathPattern(setting.folder, scope) for scope in (Scope.CHILDREN, Scope.GRANDCHILDREN)
        ]
    return tuple(dict.fromkeys(patterns))


def _unused_segment(patterns: Collection[PathPattern]) -> str:
    """A segment that no pattern has, so that no more specific pattern matches below it."""
    longest = max((len(segment) for pattern in patterns for segment in pattern.base), default=0)
    return "x" * (longest + 1)


def _representative(pattern: PathPattern, unused: str) -> Segments:
    depths = {Scope.THIS: 0, Scope.CHILDREN: 1, Scope.GRANDCHILDREN: 2}
    return pattern.base + (unused,) * depths[pattern.scope]
