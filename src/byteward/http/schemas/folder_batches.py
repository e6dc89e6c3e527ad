"""Bodies of the operations that copy, move and delete folders."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from byteward.bulk import copy_folders, delete_folders
from byteward.http.schemas.file_batches import MetadataChange, TagsChange
from byteward.http.schemas.folders import FolderPathText


class CopyFolderRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One folder whose contents are copied into another one.

    Attributes:
        source: absolute path of the folder.
        destination: absolute path of the folder that gets its contents; files of the same name are
            replaced, others stay.
        copy_files: whether files are copied.
        copy_virtual_folders: whether folders that PutFolder made are, with their settings.
        copy_overridden_storage: whether files are copied whose folder sets its own storage. Not
            together with `copyVirtualFolders`, which copies that setting.
        recursive: everything below, not only the folder's own files and settings.
        metadata: of every copy; left out, it is as at the source.
        tags: of every copy; left out, they are as at the source.
    """

    source: FolderPathText
    destination: FolderPathText
    copy_files: bool = True
    copy_virtual_folders: bool = True
    copy_overridden_storage: bool = False
    recursive: bool = True
    metadata: MetadataChange | None = None
    tags: TagsChange | None = None


class CopyFolderBatchRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Folders, copied one after the other.

    Attributes:
        folders: the copies.
    """

    folders: Annotated[
        list[CopyFolderRequest], Meta(min_length=1, max_length=copy_folders.MAX_FOLDERS)
    ]


class DeleteFolderRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One folder to delete.

    Attributes:
        folder_path: absolute path of the folder; `/` is the root.
        delete_files: whether its files go.
        delete_virtual_folders: whether folders that PutFolder made go, with their settings.
        recursive: everything below, not only the folder's own files and settings.
    """

    folder_path: FolderPathText
    delete_files: bool = True
    delete_virtual_folders: bool = True
    recursive: bool = True


class DeleteFolderBatchRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Folders, deleted one after the other.

    Attributes:
        folders: the folders.
    """

    folders: Annotated[
        list[DeleteFolderRequest], Meta(min_length=1, max_length=delete_folders.MAX_FOLDERS)
    ]


class MoveFolderRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One move.

    Attributes:
        source: absolute path of the folder.
        destination: its new absolute path, where no folder may be.
    """

    source: FolderPathText
    destination: FolderPathText
