"""SQL for storage layers: who sets one, where a file is kept, and the sealed credentials.

A folder's row has the layer without credentials, and the written form sealed, bound to that row.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, Integer, LargeBinary, Text, bindparam, select, update

from byteward.access.model import Segments
from byteward.db.tables import folders
from byteward.db.tree import FOLDER_CHAIN, folder_chain
from byteward.files.layer_resolution import (
    LayerAt,
    Place,
    place_of,
    read_layer,
    unreadable_layer,
)
from byteward.files.storage_layers import (
    ExternalLayer,
    InternalLayer,
    NewStorageLayer,
    SecretLayer,
    WebLayer,
    decode_new_layer,
    encode_layer,
    without_credentials,
)
from byteward.storage.sealing import Sealer, UnsealError

_FOLDER: Final = bindparam("folder", type_=Integer())
_READ: Final = select(folders.c.storage_layer, folders.c.sealed_storage_layer).where(
    folders.c.folder_id == _FOLDER
)
_WRITE: Final = (
    update(folders)
    .where(folders.c.folder_id == _FOLDER)
    .values(
        storage_layer=bindparam("layer", type_=Text()),
        sealed_storage_layer=bindparam("sealed", type_=LargeBinary()),
    )
)


def layers_above(conn: Connection, account_id: str, folder: Segments) -> tuple[LayerAt, ...]:
    """The layers that `folder` and the folders above it set; none of them need exist."""
    rows = conn.execute(FOLDER_CHAIN, folder_chain(account_id, folder))
    return tuple(
        LayerAt(folder[: row.depth], row.folder_id, read_layer(row.storage_layer))
        for row in rows
        if row.storage_layer is not None
    )


def find_place(conn: Connection, account_id: str, segments: Segments) -> Place:
    """Where the file `segments` is kept."""
    return place_of(layers_above(conn, account_id, segments[:-1]), segments)


class LayerStore:
    """Storage layers with their credentials. Works on whatever connection it is given."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def write(self, conn: Connection, folder_id: int, layer: NewStorageLayer | None) -> None:
        """Set a folder's layer, or clear it."""
        shown = sealed = None
        if layer is not None:
            shown = encode_layer(without_credentials(layer)).decode()
            if not isinstance(layer, InternalLayer | WebLayer):
                sealed = self._sealer.seal(encode_layer(layer), **_place(folder_id))
        conn.execute(_WRITE, {"folder": folder_id, "layer": shown, "sealed": sealed})

    def read(self, conn: Connection, folder_id: int) -> NewStorageLayer | None:
        """A folder's own layer with its credentials.

        Raises:
            BytewardError: `storage_error` when they cannot be opened, or are of another layer.
        """
        row = conn.execute(_READ, {"folder": folder_id}).first()
        if row is None or row.storage_layer is None:
            return None
        return self.opened(folder_id, row.storage_layer, row.sealed_storage_layer)

    def opened(self, folder_id: int, stored: str, sealed: bytes | None) -> NewStorageLayer:
        """The same from a row's columns."""
        shown = read_layer(stored)
        if isinstance(shown, InternalLayer | WebLayer):
            return shown
        return self._unsealed(folder_id, shown, sealed)

    def copy(self, conn: Connection, source_id: int, target_id: int) -> None:
        """Give a folder the layer of another one, credentials included, without showing them.

        Raises:
            BytewardError: `storage_error`, as `read`.
        """
        self.write(conn, target_id, self.read(conn, source_id))

    def _unsealed(self, folder_id: int, shown: ExternalLayer, sealed: bytes | None) -> SecretLayer:
        try:
            layer = decode_new_layer(self._sealer.unseal(sealed or b"", **_place(folder_id)))
        except (UnsealError, msgspec.MsgspecError):
            raise unreadable_layer() from None
        # SECURITY: the credentials go only where they were given for.
        if isinstance(layer, InternalLayer | WebLayer) or without_credentials(layer) != shown:
            raise unreadable_layer()
        return layer


def _place(folder_id: int) -> dict[str, str]:
    return {"table": "folders", "row": str(folder_id), "column": "sealed_storage_layer"}
