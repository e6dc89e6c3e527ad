"""Folder settings as rows: reading all virtual folders of an account, writing and clearing one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import (
    Connection,
    RowMapping,
    Text,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from byteward.access.model import Segments
from byteward.access.policy import public_permissions_to_wire
from byteward.accounts.rows import unreadable
from byteward.configuration.state import FolderState
from byteward.db.tables import files, folders
from byteward.db.tree import FOLDER_CHAIN, folder_chain
from byteward.files.layer_store import LayerStore
from byteward.permissions.folder_facts import parse_stored_public
from byteward.strict_json import dumps

_CHUNK: Final = 500  # SQLite binds at most 32,766 values; a page of ids is plenty
_VIRTUAL: Final = select(folders).where(
    folders.c.account_id == bindparam("account", type_=Text()), folders.c.is_virtual
)
_PLACE: Final = select(
    folders.c.folder_id, folders.c.parent_id, folders.c.name, folders.c.is_virtual
)


def read_folders(
    conn: Connection, layers: LayerStore, account_id: str
) -> dict[Segments, FolderState]:
    """All virtual folders of the account; costs in proportion to them and their ancestors."""
    rows = conn.execute(_VIRTUAL, {"account": account_id}).mappings().all()
    places = _Places(conn, rows)
    states = (_state(layers, places.segments(row["folder_id"]), row) for row in rows)
    return {state.segments: state for state in states}


def physical_folders(
    conn: Connection, account_id: str, paths: Iterable[Segments]
) -> frozenset[Segments]:
    """Those of the paths and the folders above them that exist without being virtual."""
    found: set[Segments] = set()
    for path in paths:
        rows = conn.execute(FOLDER_CHAIN, folder_chain(account_id, path))
        found.update(path[: row.depth] for row in rows if not row.is_virtual)
    return frozenset(found)


class _Places:
    """Paths of folders, found by walking up; each row on the way is read once."""

    def __init__(self, conn: Connection, rows: Iterable[RowMapping]) -> None:
        self._known: dict[int, tuple[int | None, str]] = {}
        self._add(rows)
        while missing := self._missing():
            for start in range(0, len(missing), _CHUNK):
                chunk = missing[start : start + _CHUNK]
                self._add(conn.execute(_PLACE.where(folders.c.folder_id.in_(chunk))).mappings())

    def segments(self, folder_id: int) -> Segments:
        """The path of one folder; its parents are known."""
        names: list[str] = []
        parent, name = self._known[folder_id]
        while parent is not None:
            names.append(name)
            parent, name = self._known[parent]
        return tuple(reversed(names))

    def _add(self, rows: Iterable[RowMapping]) -> None:
        self._known.update((row["folder_id"], (row["parent_id"], row["name"])) for row in rows)

    def _missing(self) -> list[int]:
        parents = {parent for parent, _ in self._known.values() if parent is not None}
        return sorted(parents - self._known.keys())


def _state(layers: LayerStore, segments: Segments, row: RowMapping) -> FolderState:
    public, layer = row["public_permissions"], row["storage_layer"]
    sealed = row["sealed_storage_layer"]
    entries = None if public is None else parse_stored_public(public)
    if entries is not None and entries.defect is not None:
        raise unreadable(f"publicPermissions of folder `/{'/'.join(segments)}`")
    return FolderState(
        segments=segments,
        description=row["description"],
        public_permissions=entries,
        storage_layer=None if layer is None else layers.opened(row["folder_id"], layer, sealed),
    )


def _values(state: FolderState) -> Mapping[str, object]:
    public = state.public_permissions
    return {
        "is_virtual": True,
        "description": state.description,
        "public_permissions": (
            None if public is None else dumps(public_permissions_to_wire(public)).decode()
        ),
    }


def write_folder(conn: Connection, layers: LayerStore, account_id: str, state: FolderState) -> None:
    """Make the folder virtual with these settings; the folders above it must exist."""
    rows = conn.execute(FOLDER_CHAIN, folder_chain(account_id, state.segments)).all()
    last = rows[-1]
    if last.depth == len(state.segments):
        where = folders.c.folder_id == last.folder_id
        conn.execute(update(folders).where(where).values(dict(_values(state))))
        layers.write(conn, last.folder_id, state.storage_layer)
        return
    values = {"account_id": account_id, "parent_id": last.folder_id, **_values(state)}
    new = insert(folders).returning(folders.c.folder_id)
    folder_id = conn.execute(new, values | {"name": state.segments[-1]}).scalar_one()
    layers.write(conn, folder_id, state.storage_layer)


def clear_folder(conn: Connection, account_id: str, segments: Segments) -> None:
    """Take the settings from a folder; with nothing in it, it is gone, and so on upwards."""
    rows = conn.execute(FOLDER_CHAIN, folder_chain(account_id, segments)).all()
    plain = {
        "is_virtual": False,
        "description": None,
        "public_permissions": None,
        "storage_layer": None,
        "sealed_storage_layer": None,
    }
    conn.execute(update(folders).where(folders.c.folder_id == rows[-1].folder_id).values(plain))
    below = folders.alias("below")
    for position in range(len(rows) - 1, 0, -1):
        row = rows[position]
        if row.is_virtual and position != len(rows) - 1:
            return
        gone = conn.execute(
            delete(folders).where(
                folders.c.folder_id == row.folder_id,
                ~exists().where(files.c.folder_id == row.folder_id),
                ~exists().where(below.c.parent_id == row.folder_id),
            )
        )
        if gone.rowcount == 0:
            return
