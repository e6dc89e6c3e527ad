"""What a change of a folder's public permissions would make visible, and what it would hide.

Files of one folder are decided alike: by the nearest folder that sets public permissions, as a
child or a grandchild of it. So folders are walked, not files, and a folder that sets its own
permissions ends the walk. A file becomes more visible when everybody can read it through a slug
that was closed before, and less visible when one is closed that was open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, select

from byteward.access.model import PublicPermissions, Segments, SlugPatterns
from byteward.access.public import PublicEntries, public_slugs
from byteward.access.slugs import slug_matches
from byteward.db.tables import files, folders
from byteward.files import tree
from byteward.permissions.folder_facts import read_public_permissions

MAX_FOLDERS: Final = 200_000
EXAMPLES: Final = 5
_BATCH: Final = 500  # folders of one statement
_FILE: Final = ""  # stands for any file of a folder


@dataclass(slots=True)
class Preview:
    """Numbers of files.

    Attributes:
        is_exact: all folders were looked at.
        become_visible: more can be read of by everybody.
        become_hidden: less can be read of by everybody.
        unchanged: the others.
        visible_examples: some paths.
        hidden_examples: some paths.
    """

    is_exact: bool = True
    become_visible: int = 0
    become_hidden: int = 0
    unchanged: int = 0
    visible_examples: list[str] = field(default_factory=list)
    hidden_examples: list[str] = field(default_factory=list)


def preview_public(
    conn: Connection, account_id: str, folder: Segments, entries: PublicEntries | None
) -> Preview:
    """Compare now with how it would be.

    Args:
        conn: any connection; one snapshot.
        account_id: the account.
        folder: whose setting would change; it need not exist.
        entries: the setting as it would be; None: inherited from above.
    """
    found = Preview()
    start = tree.find_folder(conn, account_id, folder)
    if start is None:
        return found
    now = read_public_permissions(conn, account_id, folder)
    if entries is not None:
        then: PublicPermissions | None = entries.at(folder)
    else:
        then = read_public_permissions(conn, account_id, folder[:-1]) if folder else None
    level: list[tuple[int, Segments]] = [(start.folder_id, folder)]
    seen = 0
    while level:
        for at in range(0, len(level), _BATCH):
            _count(conn, level[at : at + _BATCH], now, then, found)
        seen += len(level)
        if seen >= MAX_FOLDERS:
            found.is_exact = False
            break
        level = _below(conn, level)
    return found


def _below(conn: Connection, level: Sequence[tuple[int, Segments]]) -> list[tuple[int, Segments]]:
    """The folders directly below that inherit."""
    paths = dict(level)
    ids = list(paths)
    below = []
    for at in range(0, len(ids), _BATCH):
        statement = select(folders.c.folder_id, folders.c.parent_id, folders.c.name).where(
            folders.c.parent_id.in_(ids[at : at + _BATCH]),
            folders.c.public_permissions.is_(None),
        )
        below += [(row[0], (*paths[row[1]], row[2])) for row in conn.execute(statement)]
    return below


def _count(
    conn: Connection,
    level: Sequence[tuple[int, Segments]],
    now: PublicPermissions | None,
    then: PublicPermissions | None,
    found: Preview,
) -> None:
    paths = dict(level)
    statement = (
        select(files.c.folder_id, func.count(), func.min(files.c.name))
        .where(files.c.folder_id.in_(list(paths)))
        .group_by(files.c.folder_id)
    )
    for folder_id, count, name in conn.execute(statement):
        path = paths[folder_id]
        before = public_slugs(now, (*path, _FILE))
        after = public_slugs(then, (*path, _FILE))
        example = "/" + "/".join((*path, name))
        opens, closes = _exceeds(after, before), _exceeds(before, after)
        if opens:
            found.become_visible += count
            _keep(found.visible_examples, example)
        if closes:
            found.become_hidden += count
            _keep(found.hidden_examples, example)
        if not opens and not closes:
            found.unchanged += count


def _exceeds(patterns: SlugPatterns, others: SlugPatterns) -> bool:
    """Whether some slug is matched by the first and not by the others."""
    return any(not _covered(pattern, others) for pattern in patterns)


def _covered(pattern: str, others: SlugPatterns) -> bool:
    if not pattern.endswith("*"):
        return slug_matches(others, pattern)
    prefix = pattern[:-1]
    return any(other.endswith("*") and prefix.startswith(other[:-1]) for other in others)


def _keep(examples: list[str], path: str) -> None:
    if len(examples) < EXAMPLES:
        examples.append(path)
