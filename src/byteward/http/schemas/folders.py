"""Bodies and queries of the folder operations.

What listings hold by the thousand is hidden from the garbage collector; it has no cycles.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.access.policy import MAX_PATTERNS, MAX_PUBLIC_ENTRIES, MAX_SLUG_PATTERN
from byteward.files.listing import MAX_CURSOR, MAX_LIMIT
from byteward.files.storage_layers import NewStorageLayer, StorageLayer

DESCRIPTION_PATTERN = r"^\S(.*\S)?$"

FolderPathText = Annotated[str, Meta(min_length=1, max_length=512, pattern="^/.*$")]
Description = Annotated[str, Meta(min_length=1, max_length=100, pattern=DESCRIPTION_PATTERN)]
_PUBLIC_PERMISSION: Final = {
    "type": "object",
    "properties": {
        "scope": {"enum": ["This", "Children", "Grandchildren+"]},
        "permissions": {
            "type": "object",
            "properties": {
                "file": {
                    "type": "object",
                    "properties": {
                        "downloadFile": {
                            "description": "Transformations that anybody may download through.",
                            "type": "array",
                            "maxItems": MAX_PATTERNS,
                            "items": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": MAX_SLUG_PATTERN,
                                "pattern": "^[a-zA-Z0-9\\-_.+=@~;%]*\\*?$",
                            },
                        }
                    },
                    "required": ["downloadFile"],
                    "additionalProperties": False,
                }
            },
            "required": ["file"],
            "additionalProperties": False,
        },
    },
    "required": ["scope", "permissions"],
    "additionalProperties": False,
}
# Any: the permission grammar has a reader of its own, `access.policy`.
PublicPermission = Annotated[dict[str, Any], Meta(extra_json_schema=_PUBLIC_PERMISSION)]
PublicPermissions = Annotated[
    Any,
    Meta(
        extra_json_schema={
            "type": "array",
            "maxItems": MAX_PUBLIC_ENTRIES,
            "items": _PUBLIC_PERMISSION,
        }
    ),
]


class FolderPathQuery(Struct, frozen=True, rename="camel"):
    """One folder.

    Attributes:
        folder_path: absolute path of the folder; `/` is the root.
    """

    folder_path: FolderPathText


class ListQuery(Struct, frozen=True, rename="camel", kw_only=True):
    """What the two listings have in common."""

    folder_path: FolderPathText
    cursor: Annotated[str, Meta(min_length=1, max_length=MAX_CURSOR)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = MAX_LIMIT
    recursive: bool = False
    include_files: bool = True
    include_overridden_storage: bool | UnsetType = UNSET
    dry_run: bool = False


class ListFolderQuery(ListQuery, frozen=True, kw_only=True):
    """A page of a folder's entries.

    Attributes:
        folder_path: absolute path of the folder; `/` is the root.
        cursor: of the page before; left out for the first page.
        limit: entries to look at before the flags leave some out.
        recursive: everything below, not only direct children; leaves physical folders out.
        include_files: whether files are wanted.
        include_overridden_storage: whether files are wanted whose folder sets its own storage;
            true unless `dryRun` is.
        dry_run: list exactly what CopyFolder and DeleteFolder would touch.
        include_physical_folders: whether folders are wanted that exist by their files only.
        include_virtual_folders: whether folders are wanted that PutFolder made.
    """

    include_physical_folders: bool = True
    include_virtual_folders: bool = True


class FolderChildrenQuery(ListQuery, frozen=True, kw_only=True):
    """The same as old clients ask.

    Attributes:
        folder_path: absolute path of the folder; `/` is the root.
        cursor: of the page before; left out for the first page.
        limit: entries to look at before the flags leave some out.
        recursive: everything below, not only direct children.
        include_files: whether files are wanted.
        include_overridden_storage: whether files are wanted whose folder sets its own storage;
            true unless `dryRun` is.
        dry_run: list exactly what CopyFolder and DeleteFolder would touch.
        include_folders: whether folders are wanted.
    """

    include_folders: bool = True


class DescriptionUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Leave (`set` false), write, or clear (no `value`) the description.

    Attributes:
        set: false: it stays as it is.
        value: the text; none clears it.
    """

    set: bool
    value: Description | UnsetType = UNSET


class PublicPermissionsUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Leave, write, or clear the public permissions.

    Attributes:
        set: false: they stay as they are.
        value: who may download without a credential; an empty list makes nothing public, none
            makes the folder inherit.
    """

    set: bool
    value: PublicPermissions | UnsetType = UNSET


class StorageLayerUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Leave, write, or clear the storage layer.

    Attributes:
        set: false: it stays as it is.
        value: where files are kept, with credentials; none makes the folder inherit.
    """

    set: bool
    value: NewStorageLayer | UnsetType = UNSET


class FolderSettingsUpdate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The settings to change; one that is left out stays as it is.

    Attributes:
        description: for people.
        public_permissions: who may download without a credential.
        storage_layer: where files are kept.
    """

    description: DescriptionUpdate | None = None
    public_permissions: PublicPermissionsUpdate | None = None
    storage_layer: StorageLayerUpdate | None = None


class PutFolderRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Make a folder, or change its settings.

    Attributes:
        folder_path: absolute path; it ends in `/` only with `allowUnnamedFolder`.
        allow_unnamed_folder: a path that ends in `/` is meant.
        folder_settings: what to change.
    """

    folder_path: FolderPathText
    allow_unnamed_folder: bool = False
    folder_settings: FolderSettingsUpdate | None = None


class FolderSettings(Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What is set at a folder; what is not set, or may not be seen, is absent.

    Attributes:
        description: for people.
        public_permissions: who may download without a credential.
        storage_layer: where files are kept, without credentials.
    """

    description: str | UnsetType = UNSET
    public_permissions: list[PublicPermission] | UnsetType = UNSET
    storage_layer: StorageLayer | UnsetType = UNSET


class PublicPermissionsInherited(Struct, frozen=True, rename="camel"):
    """Public permissions and the folder that they come from.

    Attributes:
        folder_path: the folder above.
        value: what is set there.
    """

    folder_path: str
    value: list[PublicPermission]


class StorageLayerInherited(Struct, frozen=True, rename="camel"):
    """A storage layer and the folder that it comes from.

    Attributes:
        folder_path: the folder above.
        value: what is set there.
    """

    folder_path: str
    value: StorageLayer


class FolderSettingsInherited(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a folder has from above; what may not be seen is absent.

    Attributes:
        public_permissions: who may download without a credential.
        storage_layer: where files are kept.
    """

    public_permissions: PublicPermissionsInherited | UnsetType = UNSET
    storage_layer: StorageLayerInherited | UnsetType = UNSET


class FolderDetails(Struct, frozen=True, rename="camel"):
    """A folder.

    Attributes:
        folder_path: absolute path.
        type: always `Folder`.
        virtual: made by PutFolder, so that it stays when it is empty.
        settings: what is set at the folder itself.
        settings_inherited: what it has from above.
    """

    folder_path: str
    type: Literal["Folder"]
    virtual: bool
    settings: FolderSettings
    settings_inherited: FolderSettingsInherited


class FileSummary(Struct, frozen=True, rename="camel", gc=False, tag_field="type", tag="File"):
    """A file in a listing.

    Attributes:
        file_path: absolute path.
        file_url: where the file's own bytes are delivered.
        last_modified: when the content was last written, in Unix milliseconds.
        size: bytes.
    """

    file_path: str
    file_url: str
    last_modified: int
    size: int


class FolderSummary(Struct, frozen=True, rename="camel", gc=False, tag_field="type", tag="Folder"):
    """A folder in a listing.

    Attributes:
        folder_path: absolute path.
        settings: what is set at the folder itself.
        virtual: made by PutFolder, so that it stays when it is empty.
    """

    folder_path: str
    settings: FolderSettings
    virtual: bool


class ListFolderResponse(Struct, frozen=True, rename="camel"):
    """A page of a folder's entries.

    Attributes:
        cursor: for the next page.
        folder: the folder that was asked for.
        is_pagination_complete: there is no further page.
        items: files and folders in the order of their paths.
    """

    cursor: str
    folder: FolderSummary
    is_pagination_complete: bool
    items: list[FileSummary | FolderSummary]


class FolderChildren(Struct, frozen=True, rename="camel"):
    """The same as old clients know it: the listing is done when the cursor stands still.

    Attributes:
        children: files and folders in the order of their paths.
        cursor: for the next page.
        parent: the folder that was asked for.
    """

    children: list[FileSummary | FolderSummary]
    cursor: str
    parent: FolderSummary
