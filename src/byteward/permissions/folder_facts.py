"""Which public permissions reach a folder: one walk down the tree, then the nearest that is set."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from byteward.access.model import PublicPermissions, Segments
from byteward.access.policy import PolicyError, parse_public_permissions
from byteward.access.public import PublicEntries, nearest_public
from byteward.db.tree import FOLDER_CHAIN, folder_chain


def parse_stored_public(text: str) -> PublicEntries:
    """Read the `folders.public_permissions` column.

    SECURITY: what cannot be read is a setting that makes nothing public, not the lack of one.
    """
    try:
        return parse_public_permissions(msgspec.json.decode(text))
    except (PolicyError, msgspec.MsgspecError) as error:
        return PublicEntries(defect=str(error))


def read_public_permissions(
    conn: Connection, account_id: str, folder: Segments
) -> PublicPermissions | None:
    """The setting that decides for files directly in `folder`; None when none is defined.

    Folders that do not exist define nothing, so `folder` and its ancestors may be missing.
    """
    rows = conn.execute(FOLDER_CHAIN, folder_chain(account_id, folder)).all()
    for row in reversed(rows):
        if row.public_permissions is not None:
            level = (folder[: row.depth], parse_stored_public(row.public_permissions))
            return nearest_public([level], folder)
    return None
