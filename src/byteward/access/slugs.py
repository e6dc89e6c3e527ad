"""Patterns for transformation slugs and tags: `*`, `prefix*`, or exact text; case-sensitive.

Only one trailing `*` is special. `thumbnail-*` does not match `thumbnail`, and `im*ge` is an exact
text that no slug has.
"""

from __future__ import annotations


def slug_matches(patterns: tuple[str, ...], slug: str) -> bool:
    """Whether a pattern allows the slug (or tag); no patterns allow nothing."""
    for pattern in patterns:
        if pattern == slug or (pattern[-1:] == "*" and slug.startswith(pattern[:-1])):
            return True
    return False


def _covers(wide: str, narrow: str) -> bool:
    """Whether everything that `narrow` matches is matched by `wide`."""
    if narrow.endswith("*"):
        # The prefixes are compared: as text, `**` would seem to cover `*`.
        return wide.endswith("*") and narrow[:-1].startswith(wide[:-1])
    return slug_matches((wide,), narrow)


def intersect_patterns(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that match exactly what both lists match.

    Two patterns either nest or share nothing, so keeping those of each list that the other list
    covers loses nothing and adds nothing.
    """
    kept = [p for p in left if any(_covers(wide, p) for wide in right)]
    kept += [p for p in right if any(_covers(wide, p) for wide in left)]
    return tuple(dict.fromkeys(kept))


def unite_patterns(*lists: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns of all lists in order, each once."""
    return tuple(dict.fromkeys(pattern for patterns in lists for pattern in patterns))
