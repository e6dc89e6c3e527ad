"""Where a file is kept: the layer that decides, and the file's name there (pure).

The effective layer of a path is that of the nearest folder at or above its parent folder which sets
one. Where none does, files are kept by this server under their own path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from msgspec import UnsetType

from byteward.access.model import Segments
from byteward.errors import BytewardError, ErrorCode
from byteward.files.storage_layers import (
    AzureLayer,
    BucketLayer,
    ExternalLayer,
    InternalLayer,
    NewStorageLayer,
    StorageLayer,
    WebLayer,
    decode_layer,
)
from byteward.paths import parse_segments
from byteward.permissions.layer_facts import LayerFact


@dataclass(frozen=True, slots=True)
class LayerAt:
    """A storage layer and the folder that sets it."""

    folder: Segments
    folder_id: int
    layer: StorageLayer


@dataclass(frozen=True, slots=True)
class InternalPlace:
    """A path whose files this server keeps; `segments` is where, which a mount makes another."""

    segments: Segments


@dataclass(frozen=True, slots=True)
class ExternalPlace:
    """A path whose files are kept elsewhere.

    Attributes:
        folder: that sets the layer.
        folder_id: of its row.
        layer: without credentials.
        segments: the path, from the account's root.
    """

    folder: Segments
    folder_id: int
    layer: ExternalLayer
    segments: Segments

    @property
    def relative(self) -> Segments:
        """The path from the folder that sets the layer."""
        return self.segments[len(self.folder) :]

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be written there."""
        return isinstance(self.layer, AzureLayer | WebLayer)


Place = InternalPlace | ExternalPlace


def place_of(levels: Iterable[LayerAt], segments: Segments) -> Place:
    """Where the file `segments` is kept.

    Args:
        levels: layers that folders set, in any order; those of folders that are not above the file
            are ignored.
        segments: the file's path.
    """
    parent = segments[:-1]
    above = [each for each in levels if parent[: len(each.folder)] == each.folder]
    nearest = max(above, key=lambda each: len(each.folder), default=None)
    if nearest is None:
        return InternalPlace(segments)
    if isinstance(nearest.layer, InternalLayer):
        return InternalPlace(mounted(nearest.layer, nearest.folder, segments))
    return ExternalPlace(nearest.folder, nearest.folder_id, nearest.layer, segments)


def levels_of(facts: tuple[LayerFact, ...]) -> tuple[LayerAt, ...]:
    """Layers as facts of an account, read.

    Raises:
        BytewardError: `storage_error`; what cannot be read is not assumed to be internal.
    """
    return _levels_of(facts) if facts else ()


@lru_cache(maxsize=256)
def _levels_of(facts: tuple[LayerFact, ...]) -> tuple[LayerAt, ...]:
    return tuple(LayerAt(each.folder, each.folder_id, read_layer(each.stored)) for each in facts)


def read_layer(stored: str) -> StorageLayer:
    """Read the `folders.storage_layer` column.

    Raises:
        BytewardError: `storage_error`.
    """
    try:
        return decode_layer(stored)
    except msgspec.MsgspecError:
        raise unreadable_layer() from None


def unreadable_layer() -> BytewardError:
    """The error for a stored layer that cannot be used."""
    return BytewardError(
        ErrorCode.STORAGE_ERROR, "the folder's storage layer cannot be read; set it again"
    )


def mounted(layer: InternalLayer, folder: Segments, segments: Segments) -> Segments:
    """The internal path behind `segments`, at or below the `folder` that sets the layer."""
    if isinstance(layer.mount, UnsetType):
        return segments
    return parse_segments(layer.mount) + segments[len(folder) :]


def mount_of(layer: StorageLayer | NewStorageLayer | None) -> Segments | None:
    """The folder whose files the layer shows elsewhere, if it mounts one.

    SECURITY: whoever mounts a folder gives its files the permissions of another path.
    """
    if not isinstance(layer, InternalLayer) or isinstance(layer.mount, UnsetType):
        return None
    return parse_segments(layer.mount)


def object_key(layer: BucketLayer | AzureLayer, folder: Segments, segments: Segments) -> str:
    """The name of the object behind a path in a bucket or container.

    Args:
        layer: the effective layer.
        folder: that sets it.
        segments: the path; of a folder, give it an empty last segment.
    """
    if isinstance(layer, AzureLayer):
        prefix = layer.azure_storage.blob_name_prefix
    else:
        prefix = layer.bucket.object_key_prefix
    own = segments if layer.use_absolute_paths else segments[len(folder) :]
    return prefix + "/".join(own)


def path_of_key(layer: BucketLayer, folder: Segments, key: str) -> Segments | None:
    """The path behind an object, the reverse of `object_key`; None for a foreign object."""
    prefix = layer.bucket.object_key_prefix
    if not key.startswith(prefix):
        return None
    segments = tuple(key[len(prefix) :].split("/"))
    if not layer.use_absolute_paths:
        return folder + segments
    return segments if segments[: len(folder)] == folder and len(segments) > len(folder) else None
