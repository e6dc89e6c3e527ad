"""Anonymous downloads: what a folder stores, and which folder decides for a file.

The nearest folder at or above the file's folder that defines the setting decides alone: it does not
fall through to a broader one when it lacks the scope that is needed. Defined nowhere means private.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from byteward.access.model import PublicPermissions, Segments, SlugPatterns
from byteward.access.rules import Scope
from byteward.access.slugs import unite_patterns


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """One element of a folder's `publicPermissions`."""

    scope: Scope
    patterns: SlugPatterns


@dataclass(frozen=True, slots=True)
class PublicEntries:
    """A folder's `publicPermissions` as stored. No entries: defined, and nothing is public.

    Attributes:
        entries: in the order they were written; entries of one scope add up.
        defect: why the stored setting cannot be read, or None. SECURITY: such a setting counts as
            defined and makes nothing public; it is not taken for "inherit".
    """

    entries: tuple[PublicEntry, ...] = ()
    defect: str | None = None

    def patterns(self, scope: Scope) -> SlugPatterns:
        """What the entries of this scope make public, together."""
        if self.defect is not None:
            return ()
        return unite_patterns(*(e.patterns for e in self.entries if e.scope is scope))

    def at(self, folder: Segments) -> PublicPermissions:
        """The same setting as a fact for decisions: `This` plays no part, a folder is no file."""
        return PublicPermissions(
            folder=folder,
            children=self.patterns(Scope.CHILDREN),
            grandchildren=self.patterns(Scope.GRANDCHILDREN),
            defect=self.defect,
        )


def nearest_public(
    levels: Iterable[tuple[Segments, PublicEntries | None]], folder: Segments
) -> PublicPermissions | None:
    """The setting that decides for files directly in `folder`, or None when none is defined.

    Args:
        levels: folders with their setting (None: not defined there), in any order. Folders that
            are neither `folder` nor above it are ignored.
        folder: the folder that holds the file.
    """
    nearest: tuple[Segments, PublicEntries] | None = None
    for segments, entries in levels:
        if entries is None or folder[: len(segments)] != segments:
            continue
        if nearest is None or len(segments) > len(nearest[0]):
            nearest = (segments, entries)
    return None if nearest is None else nearest[1].at(nearest[0])


def public_slugs(public: PublicPermissions | None, file: Segments) -> SlugPatterns:
    """The slug patterns through which anybody may fetch the file.

    A setting that cannot be read, or of a folder that does not hold the file, grants nothing.
    """
    if public is None or public.defect is not None:
        return ()
    depth = len(file) - len(public.folder)
    if depth < 1 or file[: len(public.folder)] != public.folder:
        return ()
    return public.children if depth == 1 else public.grandchildren
