"""Bodies of the folder operations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

DESCRIPTION_PATTERN = r"^\S(.*\S)?$"

FolderPathText = Annotated[str, Meta(min_length=1, max_length=512, pattern="^/.*$")]
Description = Annotated[str, Meta(min_length=1, max_length=100, pattern=DESCRIPTION_PATTERN)]


class DescriptionUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Leave (`set` false), write, or clear (no `value`) the description."""

    set: bool
    value: Description | UnsetType = UNSET


class PublicPermissionsUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Leave, write, or clear the public permissions; an empty list makes nothing public."""

    set: bool
    value: Any | UnsetType = UNSET  # Any: the permission grammar has a reader of its own


class StorageLayer(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where files are kept."""

    type: Literal["InternalStorageV2"]


class StorageLayerUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Leave, write, or clear the storage layer."""

    set: bool
    value: StorageLayer | UnsetType = UNSET


class FolderSettingsUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The settings to change; one that is left out stays as it is."""

    description: DescriptionUpdate | None = None
    public_permissions: PublicPermissionsUpdate | None = None
    storage_layer: StorageLayerUpdate | None = None


class PutFolderRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Make a folder, or change its settings."""

    folder_path: FolderPathText
    allow_unnamed_folder: bool = False
    folder_settings: FolderSettingsUpdate | None = None


class FolderSettings(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is set at a folder; what is not set, or may not be seen, is absent."""

    description: str | UnsetType = UNSET
    public_permissions: list[dict[str, Any]] | UnsetType = UNSET  # Any: the wire's rule shape
    storage_layer: StorageLayer | UnsetType = UNSET


class PublicPermissionsInherited(Struct, frozen=True, rename="camel"):
    """Public permissions and the folder that they come from."""

    folder_path: str
    value: list[dict[str, Any]]  # Any: as above


class StorageLayerInherited(Struct, frozen=True, rename="camel"):
    """A storage layer and the folder that it comes from."""

    folder_path: str
    value: StorageLayer


class FolderSettingsInherited(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a folder has from above; what may not be seen is absent."""

    public_permissions: PublicPermissionsInherited | UnsetType = UNSET
    storage_layer: StorageLayerInherited | UnsetType = UNSET


class FolderDetails(Struct, frozen=True, rename="camel"):
    """A folder."""

    folder_path: str
    type: Literal["Folder"]
    virtual: bool
    settings: FolderSettings
    settings_inherited: FolderSettingsInherited
