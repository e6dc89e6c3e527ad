"""Folder settings: changing, inheriting, leaving out."""

from __future__ import annotations

from itertools import combinations

import pytest

from byteward.access.public import PublicEntries, PublicEntry
from byteward.access.rules import Scope
from byteward.files.folder_settings import (
    FolderDetails,
    FolderSettings,
    Inherited,
    SettingsField,
    SettingsUpdate,
    Write,
    inherited_settings,
    redacted,
)
from byteward.files.storage_layers import INTERNAL

ALL = PublicEntries((PublicEntry(Scope.CHILDREN, ("*",)),))
NONE = PublicEntries()


def test_update_writes_clears_and_leaves() -> None:
    before = FolderSettings("old", ALL, INTERNAL)
    update = SettingsUpdate(description=Write("new"), public_permissions=Write(None))
    assert update.apply(before) == FolderSettings("new", None, INTERNAL)
    assert update.fields == (SettingsField.DESCRIPTION, SettingsField.PUBLIC_PERMISSIONS)
    assert SettingsUpdate().apply(before) == before


def test_nearest_proper_ancestor_is_inherited_from() -> None:
    levels = [
        ((), FolderSettings(public_permissions=ALL)),
        (("a",), FolderSettings(public_permissions=NONE)),
        (("a", "b"), FolderSettings(public_permissions=ALL)),
        (("ab",), FolderSettings(public_permissions=ALL)),
    ]
    own = inherited_settings(levels, ("a", "b"), account_default=ALL)
    assert own.public_permissions == Inherited(("a",), NONE)
    below = inherited_settings(levels, ("a", "b", "c"), account_default=ALL)
    assert below.public_permissions == Inherited(("a", "b"), ALL)
    assert below.storage_layer == Inherited((), INTERNAL)


def test_root_shows_the_accounts_default_and_others_private_when_nothing_is_set() -> None:
    assert inherited_settings([], (), account_default=ALL).public_permissions == Inherited((), ALL)
    below = inherited_settings([], ("a",), account_default=ALL)
    assert below.public_permissions == Inherited((), NONE)


@pytest.mark.parametrize(
    "readable", [each for n in range(4) for each in combinations(SettingsField, n)]
)
def test_what_may_not_be_read_is_left_out(readable: tuple[SettingsField, ...]) -> None:
    settings = FolderSettings("d", ALL, INTERNAL)
    inherited = inherited_settings([], ("a",), account_default=ALL)
    shown = redacted(FolderDetails(("a",), True, settings, inherited), readable)
    assert (shown.settings.description is not None) == (SettingsField.DESCRIPTION in readable)
    is_public_shown = SettingsField.PUBLIC_PERMISSIONS in readable
    assert (shown.settings.public_permissions is not None) == is_public_shown
    assert (shown.inherited.public_permissions is not None) == is_public_shown
    is_layer_shown = SettingsField.STORAGE_LAYER in readable
    assert (shown.settings.storage_layer is not None) == is_layer_shown
    assert (shown.inherited.storage_layer is not None) == is_layer_shown
