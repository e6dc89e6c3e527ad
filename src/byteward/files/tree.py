"""Folders as rows that know their parent: walking, growing and pruning the tree.

A physical folder exists because a file (or another folder) is in it; it comes with the first and
goes with the last. A virtual folder was made on purpose and stays when empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    case,
    delete,
    exists,
    insert,
    select,
    update,
)

from byteward.access.model import Segments
from byteward.access.policy import public_permissions_to_wire
from byteward.db.tables import files, folders
from byteward.db.tree import FOLDER_CHAIN, folder_chain
from byteward.files.folder_settings import FolderSettings
from byteward.files.layer_resolution import read_layer
from byteward.files.storage_layers import encode_layer
from byteward.permissions.folder_facts import parse_stored_public
from byteward.strict_json import dumps

_FOLDER: Final = bindparam("folder", type_=Integer())

_INSERT: Final = (
    insert(folders)
    .values(
        account_id=bindparam("account", type_=Text()),
        parent_id=_FOLDER,
        name=bindparam("wanted", type_=Text()),
        is_virtual=bindparam("made_on_purpose", type_=Boolean()),
    )
    .returning(folders.c.folder_id)
)
_MAKE_VIRTUAL: Final = update(folders).where(folders.c.folder_id == _FOLDER).values(is_virtual=True)
_MOVE: Final = (
    update(folders)
    .where(folders.c.folder_id == _FOLDER)
    .values(
        parent_id=bindparam("new_parent", type_=Integer()),
        name=bindparam("new_name", type_=Text()),
    )
)
_CLEAR: Final = (
    update(folders)
    .where(folders.c.folder_id == _FOLDER)
    .values(
        description=None,
        public_permissions=case(
            (folders.c.parent_id.is_(None), folders.c.public_permissions), else_=None
        ),
        storage_layer=None,
        sealed_storage_layer=None,
    )
)
_SET: Final = (
    update(folders)
    .where(folders.c.folder_id == _FOLDER)
    .values(
        description=bindparam("new_description", type_=Text()),
        public_permissions=bindparam("new_public_permissions", type_=Text()),
        storage_layer=bindparam("new_storage_layer", type_=Text()),
    )
)
_children: Final = folders.alias("children")
_MAKE_PHYSICAL: Final = (
    update(folders)
    .where(
        folders.c.folder_id == _FOLDER,
        folders.c.parent_id.is_not(None),
        ~exists().where(_children.c.parent_id == _FOLDER, _children.c.is_virtual),
    )
    .values(is_virtual=False)
)
_PARENT: Final = select(folders.c.parent_id).where(folders.c.folder_id == _FOLDER)
_PRUNE: Final = delete(folders).where(
    folders.c.folder_id == _FOLDER,
    folders.c.parent_id.is_not(None),
    folders.c.is_virtual.is_(False),
    ~exists().where(files.c.folder_id == _FOLDER),
    ~exists().where(_children.c.parent_id == _FOLDER),
)


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One folder as stored; its settings are read from their columns when they are asked for."""

    folder_id: int
    is_virtual: bool
    stored_settings: tuple[str | None, str | None, str | None] = (None, None, None)

    @property
    def has_settings(self) -> bool:
        """Whether anything is set at the folder itself."""
        return any(column is not None for column in self.stored_settings)

    @property
    def sets_storage_layer(self) -> bool:
        """Whether the folder itself says where its files are kept."""
        return self.stored_settings[2] is not None

    @property
    def settings(self) -> FolderSettings:
        """What is set at this folder."""
        description, public, layer = self.stored_settings
        return FolderSettings(
            description=description,
            public_permissions=None if public is None else parse_stored_public(public),
            storage_layer=None if layer is None else read_layer(layer),
        )


def folder_rows(conn: Connection, account_id: str, segments: Segments) -> list[FolderRow]:
    """The root, then each folder on the way to `segments`, as far as they exist.

    The list has one row more than `segments` has elements when the folder itself exists; it is
    empty when there is no such account.
    """
    return [_read(row) for row in conn.execute(FOLDER_CHAIN, folder_chain(account_id, segments))]


def find_folder(conn: Connection, account_id: str, segments: Segments) -> FolderRow | None:
    """The folder, if there is a row for it."""
    found = folder_rows(conn, account_id, segments)
    return found[-1] if len(found) == len(segments) + 1 else None


def ensure_folder(
    conn: Connection, account_id: str, segments: Segments, *, is_virtual: bool
) -> FolderRow:
    """The folder, made with all its ancestors if need be.

    Args:
        conn: a write transaction.
        account_id: an account that exists.
        segments: the folder's path.
        is_virtual: what new folders are; existing ones become virtual too when True.
    """
    found = folder_rows(conn, account_id, segments)
    if is_virtual:
        for row in found:
            if not row.is_virtual:
                conn.execute(_MAKE_VIRTUAL, {"folder": row.folder_id})
    last = replace(found[-1], is_virtual=found[-1].is_virtual or is_virtual)
    for name in segments[len(found) - 1 :]:
        new = {
            "account": account_id,
            "folder": last.folder_id,
            "wanted": name,
            "made_on_purpose": is_virtual,
        }
        last = FolderRow(conn.execute(_INSERT, new).scalar_one(), is_virtual)
    return last


def set_settings(conn: Connection, folder_id: int, settings: FolderSettings) -> None:
    """Replace a folder's settings; credentials of a storage layer are `LayerStore`'s."""
    public, layer = settings.public_permissions, settings.storage_layer
    stored_public = None if public is None else dumps(public_permissions_to_wire(public)).decode()
    stored_layer = None if layer is None else encode_layer(layer).decode()
    values = {
        "new_description": settings.description,
        "new_public_permissions": stored_public,
        "new_storage_layer": stored_layer,
    }
    conn.execute(_SET, {"folder": folder_id} | values)


def move_folder(conn: Connection, account_id: str, folder: FolderRow, segments: Segments) -> None:
    """Give a folder another path, where no folder is, with everything in it.

    Whether that is allowed was decided on the same connection.
    """
    old = conn.execute(_PARENT, {"folder": folder.folder_id}).scalar_one()
    new = ensure_folder(conn, account_id, segments[:-1], is_virtual=folder.is_virtual)
    place = {"new_parent": new.folder_id, "new_name": segments[-1]}
    conn.execute(_MOVE, {"folder": folder.folder_id} | place)
    prune(conn, old)


def clear_folder(conn: Connection, folder_id: int) -> None:
    """Take back what made a folder on purpose; it goes when nothing is in it.

    INVARIANT: a folder above a virtual one stays virtual. The root keeps who may see its files.
    """
    conn.execute(_CLEAR, {"folder": folder_id})
    conn.execute(_MAKE_PHYSICAL, {"folder": folder_id})
    prune(conn, folder_id)


def prune(conn: Connection, folder_id: int) -> None:
    """Remove the folder, then each one above it, while it is physical and empty."""
    while True:
        key = {"folder": folder_id}
        parent_id = conn.execute(_PARENT, key).scalar()
        if parent_id is None or conn.execute(_PRUNE, key).rowcount != 1:
            return
        folder_id = parent_id


# Any: the columns of a row have types of their own, which SQLAlchemy does not carry over a union.
def _read(row: Row[Any]) -> FolderRow:
    stored = (row.description, row.public_permissions, row.storage_layer)
    return FolderRow(row.folder_id, row.is_virtual, stored)
