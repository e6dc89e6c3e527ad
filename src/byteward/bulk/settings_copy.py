"""The settings of one folder are given to another."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.files import tree
from byteward.files.folder_settings import (
    READ_ACTION,
    WRITE_ACTION,
    FolderSettings,
    SettingsField,
)
from byteward.files.layer_resolution import mount_of
from byteward.files.layer_store import LayerStore
from byteward.files.tree import FolderRow
from byteward.permissions.authority import Deciding


def require_settings_copy(
    conn: Connection,
    deciding: Deciding,
    account_id: str,
    source: tuple[Segments, FolderRow],
    destination: Segments,
) -> None:
    """Decide a copy of settings: reading them, setting them, and making the folder.

    Raises:
        BytewardError: `authorization_failed_permission_denied`.
    """
    segments, row = source
    there = tree.find_folder(conn, account_id, destination)
    if there is None or not there.is_virtual:
        deciding.require(Action.CREATE_VIRTUAL_FOLDER, destination)
    for field in fields_of(row.settings):
        deciding.require(READ_ACTION[field], segments)
        deciding.require(WRITE_ACTION[field], destination)
    mounted = mount_of(row.settings.storage_layer)
    if mounted is not None:
        deciding.require(Action.SET_FOLDER_STORAGE_LAYER, mounted)


def copy_settings(
    conn: Connection,
    layers: LayerStore,
    account_id: str,
    source: FolderRow,
    destination: Segments,
) -> None:
    """Make a folder and set what the source sets; whatever else it sets stays.

    Whether that is allowed was decided on the same connection.
    """
    settings = source.settings
    target = tree.ensure_folder(conn, account_id, destination, is_virtual=True)
    if not source.has_settings:
        return
    merged = target.settings
    if settings.description is not None:
        merged = replace(merged, description=settings.description)
    if settings.public_permissions is not None:
        merged = replace(merged, public_permissions=settings.public_permissions)
    tree.set_settings(conn, target.folder_id, merged)
    if settings.storage_layer is not None:
        layers.copy(conn, source.folder_id, target.folder_id)


def fields_of(settings: FolderSettings) -> tuple[SettingsField, ...]:
    """The fields that are set."""
    values = {
        SettingsField.DESCRIPTION: settings.description,
        SettingsField.PUBLIC_PERMISSIONS: settings.public_permissions,
        SettingsField.STORAGE_LAYER: settings.storage_layer,
    }
    return tuple(field for field, value in values.items() if value is not None)
