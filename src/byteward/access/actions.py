"""The closed list of actions that permissions speak of.

An action's value is the protocol's own permission field, as it stands in API keys, JWTs and error
details, so that one word serves configuration, decisions and messages. The list is append-only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """Each permission field; the member's path argument is a file or a folder as its name says."""

    DOWNLOAD_FILE = "read.file.downloadFile"
    GET_FILE_DETAILS = "read.file.getFileDetails"
    GET_FOLDER_DESCRIPTION = "read.folder.getFolderDescription"
    GET_FOLDER_PUBLIC_PERMISSIONS = "read.folder.getFolderPublicPermissions"
    GET_FOLDER_STORAGE_LAYER = "read.folder.getFolderStorageLayer"
    LIST_FOLDER_CHILDREN = "read.folder.listFolderChildren"
    CREATE_FILE = "write.file.createFile"
    DELETE_FILE = "write.file.deleteFile"
    OVERWRITE_FILE = "write.file.overwriteFile"
    CREATE_VIRTUAL_FOLDER = "write.folder.createVirtualFolder"
    DELETE_VIRTUAL_FOLDER = "write.folder.deleteVirtualFolder"
    SET_FOLDER_DESCRIPTION = "write.folder.setFolderDescription"
    SET_FOLDER_PUBLIC_PERMISSIONS = "write.folder.setFolderPublicPermissions"
    SET_FOLDER_STORAGE_LAYER = "write.folder.setFolderStorageLayer"


FLAG_ACTIONS: Final = tuple(action for action in Action if action is not Action.DOWNLOAD_FILE)
"""Actions granted by a boolean; `downloadFile` alone is granted by a list of slug patterns."""

PUBLIC_KEY_CAP: Final = frozenset(
    {
        Action.DOWNLOAD_FILE,
        Action.GET_FILE_DETAILS,
        Action.LIST_FOLDER_CHILDREN,
        Action.CREATE_FILE,
    }
)
"""What a public API key's own configuration can grant, whatever is stored for it."""
