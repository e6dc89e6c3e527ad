"""Settings of folders: changing them, inheriting them, and leaving out what may not be seen (pure).

`description` is a folder's own; `publicPermissions` and `storageLayer` inherit. The inherited block
names the nearest folder strictly above that sets the field, whether or not the folder itself
overrides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Generic, TypeVar

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.access.public import PublicEntries
from byteward.files.storage_layers import (
    INTERNAL,
    NewStorageLayer,
    StorageLayer,
    without_credentials,
)

T = TypeVar("T")


class SettingsField(StrEnum):
    """The settings of a folder, by their names on the wire."""

    DESCRIPTION = "description"
    PUBLIC_PERMISSIONS = "publicPermissions"
    STORAGE_LAYER = "storageLayer"


READ_ACTION: Final[Mapping[SettingsField, Action]] = {
    SettingsField.DESCRIPTION: Action.GET_FOLDER_DESCRIPTION,
    SettingsField.PUBLIC_PERMISSIONS: Action.GET_FOLDER_PUBLIC_PERMISSIONS,
    SettingsField.STORAGE_LAYER: Action.GET_FOLDER_STORAGE_LAYER,
}
"""What a caller needs in order to be shown each field."""

WRITE_ACTION: Final[Mapping[SettingsField, Action]] = {
    SettingsField.DESCRIPTION: Action.SET_FOLDER_DESCRIPTION,
    SettingsField.PUBLIC_PERMISSIONS: Action.SET_FOLDER_PUBLIC_PERMISSIONS,
    SettingsField.STORAGE_LAYER: Action.SET_FOLDER_STORAGE_LAYER,
}
"""What a caller needs in order to write or clear each field."""


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """What is stored at one folder; None: not set here."""

    description: str | None = None
    public_permissions: PublicEntries | None = None
    storage_layer: StorageLayer | None = None


@dataclass(frozen=True, slots=True)
class Write(Generic[T]):
    """Set a field to `value`; None clears it, so that it inherits again."""

    value: T | None


@dataclass(frozen=True, slots=True)
class SettingsUpdate:
    """One change of a folder's settings; a field that is None is left as it is."""

    description: Write[str] | None = None
    public_permissions: Write[PublicEntries] | None = None
    storage_layer: Write[NewStorageLayer] | None = None

    @property
    def fields(self) -> tuple[SettingsField, ...]:
        """The fields that change."""
        writes = {
            SettingsField.DESCRIPTION: self.description,
            SettingsField.PUBLIC_PERMISSIONS: self.public_permissions,
            SettingsField.STORAGE_LAYER: self.storage_layer,
        }
        return tuple(field for field, write in writes.items() if write is not None)

    def apply(self, settings: FolderSettings) -> FolderSettings:
        """The settings after this change."""
        if self.description is not None:
            settings = replace(settings, description=self.description.value)
        if self.public_permissions is not None:
            settings = replace(settings, public_permissions=self.public_permissions.value)
        if self.storage_layer is not None:
            layer = self.storage_layer.value
            shown = None if layer is None else without_credentials(layer)
            settings = replace(settings, storage_layer=shown)
        return settings


@dataclass(frozen=True, slots=True)
class Inherited(Generic[T]):
    """A value and the folder above that it comes from."""

    folder: Segments
    value: T


@dataclass(frozen=True, slots=True)
class InheritedSettings:
    """What a folder would have without settings of its own; None: not shown to this caller."""

    public_permissions: Inherited[PublicEntries] | None
    storage_layer: Inherited[StorageLayer] | None


@dataclass(frozen=True, slots=True)
class FolderDetails:
    """A folder as a caller sees it; a folder that nobody made has no settings."""

    segments: Segments
    is_virtual: bool
    settings: FolderSettings
    inherited: InheritedSettings


def inherited_settings(
    levels: Iterable[tuple[Segments, FolderSettings]],
    folder: Segments,
    *,
    account_default: PublicEntries,
) -> InheritedSettings:
    """What `folder` inherits.

    Args:
        levels: folders with their settings, in any order; those not strictly above are ignored.
        folder: whose inheritance is asked for.
        account_default: public permissions that a new account's root gets; shown for the root,
            which has nothing above it.
    """
    # Defined nowhere means private, which is what decisions on downloads do too.
    public = Inherited((), PublicEntries() if folder else account_default)
    layer: Inherited[StorageLayer] = Inherited((), INTERNAL)
    above = (level for level in levels if _is_above(level[0], folder))
    for segments, settings in sorted(above, key=lambda level: len(level[0])):
        if settings.public_permissions is not None:
            public = Inherited(segments, settings.public_permissions)
        if settings.storage_layer is not None:
            layer = Inherited(segments, settings.storage_layer)
    return InheritedSettings(public, layer)


def _is_above(ancestor: Segments, folder: Segments) -> bool:
    return len(ancestor) < len(folder) and folder[: len(ancestor)] == ancestor


def redacted(details: FolderDetails, readable: Iterable[SettingsField]) -> FolderDetails:
    """The details without the fields that the caller may not read, own and inherited."""
    shown = frozenset(readable)
    inherited = details.inherited
    if SettingsField.PUBLIC_PERMISSIONS not in shown:
        inherited = replace(inherited, public_permissions=None)
    if SettingsField.STORAGE_LAYER not in shown:
        inherited = replace(inherited, storage_layer=None)
    settings = redacted_settings(details.settings, shown.__contains__)
    return replace(details, settings=settings, inherited=inherited)


def redacted_settings(
    settings: FolderSettings, may_read: Callable[[SettingsField], bool]
) -> FolderSettings:
    """The settings without the fields that the caller may not read.

    `may_read` is asked about fields that are set only.
    """
    if settings.description is not None and not may_read(SettingsField.DESCRIPTION):
        settings = replace(settings, description=None)
    if settings.public_permissions is not None and not may_read(SettingsField.PUBLIC_PERMISSIONS):
        settings = replace(settings, public_permissions=None)
    if settings.storage_layer is not None and not may_read(SettingsField.STORAGE_LAYER):
        settings = replace(settings, storage_layer=None)
    return settings
