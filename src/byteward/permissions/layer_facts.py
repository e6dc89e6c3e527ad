"""Which folders of an account set a storage layer: most accounts have none, few have many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Integer, Text, bindparam, literal_column, select

from byteward.access.model import Segments
from byteward.db.tables import folders

_above: Final = folders.alias("above")
_start: Final = (
    select(
        folders.c.folder_id.label("layer_id"),
        folders.c.parent_id,
        folders.c.name,
        literal_column("0", Integer).label("distance"),
    )
    .where(
        folders.c.account_id == bindparam("account", type_=Text()),
        folders.c.storage_layer.is_not(None),
    )
    .cte("way", recursive=True)
)
_way: Final = _start.union_all(
    select(
        _start.c.layer_id,
        _above.c.parent_id,
        _above.c.name,
        (_start.c.distance + literal_column("1", Integer)).label("distance"),
    ).where(_above.c.folder_id == _start.c.parent_id)
)
_WAYS: Final = (
    select(_way.c.layer_id, _way.c.name, folders.c.storage_layer)
    .join(folders, folders.c.folder_id == _way.c.layer_id)
    .where(_way.c.parent_id.is_not(None))
    .order_by(_way.c.layer_id, _way.c.distance.desc())
)
_ROOT: Final = select(folders.c.folder_id, folders.c.storage_layer).where(
    folders.c.account_id == bindparam("account", type_=Text()),
    folders.c.parent_id.is_(None),
    folders.c.storage_layer.is_not(None),
)


@dataclass(frozen=True, slots=True)
class LayerFact:
    """A folder that sets a layer, and the layer as stored, without credentials."""

    folder: Segments
    folder_id: int
    stored: str


def read_layers(conn: Connection, account_id: str) -> tuple[LayerFact, ...]:
    """All layers that folders of the account set; costs in proportion to them."""
    root = conn.execute(_ROOT, {"account": account_id}).first()
    found: dict[int, LayerFact] = {}
    if root is not None:
        found[root.folder_id] = LayerFact((), root.folder_id, root.storage_layer)
    for layer_id, name, stored in conn.execute(_WAYS, {"account": account_id}):
        above = found[layer_id].folder if layer_id in found else ()
        found[layer_id] = LayerFact((*above, name), layer_id, stored)
    return tuple(found.values())
