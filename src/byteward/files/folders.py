"""What callers do with folders: make them, set their settings, ask for details, list them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.model import Segments
from byteward.access.policy import public_permissions_to_wire
from byteward.accounts import audit
from byteward.accounts.audit import AuditEvent, event_by
from byteward.accounts.service import bump_epoch, default_root_permissions
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import tree
from byteward.files.external_files import ExternalFiles
from byteward.files.folder_settings import (
    READ_ACTION,
    WRITE_ACTION,
    FolderDetails,
    FolderSettings,
    SettingsField,
    SettingsUpdate,
    inherited_settings,
    redacted,
)
from byteward.files.layer_resolution import mount_of
from byteward.files.listing import ListFolder, Listing, Listings
from byteward.files.storage_layers import layer_to_wire
from byteward.files.tree import FolderRow
from byteward.identity.actor import actor_of
from byteward.identity.caller import Caller
from byteward.paths import FolderPath
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard

_CHANGES_AUTHORITY: Final = frozenset(
    {SettingsField.PUBLIC_PERMISSIONS, SettingsField.STORAGE_LAYER}
)


@dataclass(frozen=True, slots=True)
class FolderChange:
    """One PutFolder request, validated."""

    folder: FolderPath
    update: SettingsUpdate


class Folders:
    """The use cases of folders.

    Args:
        database: metadata.
        facts: cached facts of this worker.
        guard: decides.
        clock: Unix seconds.
        external: stores of accounts.
    """

    def __init__(
        self,
        *,
        database: Database,
        facts: Facts,
        guard: Guard,
        clock: Clock,
        external: ExternalFiles,
    ) -> None:
        self._database = database
        self._external = external
        self._layers = external.layers
        self._facts = facts
        self._guard = guard
        self._clock = clock
        self._listings = Listings(database=database, guard=guard, clock=clock, external=external)

    async def page(self, caller: Caller, asked: ListFolder) -> Listing:
        """One page of a folder's entries; see `Listings.page`."""
        return await self._listings.page(caller, asked)

    async def details(self, caller: Caller, asked: FolderPath) -> FolderDetails:
        """A folder as the caller may see it; one that nobody made has no settings.

        A trailing slash is dropped unless a virtual folder is recorded at exactly that path.

        Raises:
            BytewardError: `authorization_failed_permission_denied` when the caller may read none
                of the settings.
        """
        account_id = caller.principal.account_id
        unslashed = _without_trailing_slash(asked)
        # SECURITY: decided on both readings before anything is looked up.
        readable = await self._readable(caller, unslashed.segments)
        if asked is not unslashed:
            readable &= await self._readable(caller, asked.segments)
        if not readable:
            await self._guard.require(
                caller.principal, Action.GET_FOLDER_DESCRIPTION, unslashed.segments
            )

        def work(conn: Connection) -> tuple[Segments, list[FolderRow]]:
            if asked is not unslashed:
                rows = tree.folder_rows(conn, account_id, asked.segments)
                if len(rows) > len(asked.segments) and rows[-1].is_virtual:
                    return asked.segments, rows
            segments = unslashed.segments
            return segments, tree.folder_rows(conn, account_id, segments)

        segments, rows = await self._database.read(work)
        return redacted(await self._describe(caller, segments, rows), readable)

    async def put(self, caller: Caller, change: FolderChange) -> FolderDetails:
        """Make a folder virtual, with its ancestors, and change its settings.

        Raises:
            BytewardError: `authorization_failed_permission_denied`, or 401 when the credential is
                not accepted any more.
        """
        principal, segments = caller.principal, change.folder.segments
        fields = change.update.fields
        wanted = [WRITE_ACTION[field] for field in fields] or [Action.CREATE_VIRTUAL_FOLDER]
        for action in wanted:
            await self._guard.require(principal, action, segments)
        new_layer = change.update.storage_layer
        shown = None if new_layer is None else mount_of(new_layer.value)
        if new_layer is not None and new_layer.value is not None:
            self._external.check_layer(new_layer.value)
        if shown is not None:
            await self._guard.require(principal, Action.SET_FOLDER_STORAGE_LAYER, shown)
        key_id = caller.bound_key_id

        def work(conn: Connection) -> list[FolderRow]:
            account_id = principal.account_id
            found = tree.find_folder(conn, account_id, segments)
            needed = list(wanted)
            if found is None or not found.is_virtual:
                needed.insert(0, Action.CREATE_VIRTUAL_FOLDER)
            for action in needed:
                self._guard.require_in(conn, principal, action, segments, bound_key_id=key_id)
            if shown is not None:
                layer_action = Action.SET_FOLDER_STORAGE_LAYER
                self._guard.require_in(conn, principal, layer_action, shown, bound_key_id=key_id)
            row = tree.ensure_folder(conn, account_id, segments, is_virtual=True)
            if fields:
                tree.set_settings(conn, row.folder_id, change.update.apply(row.settings))
            if change.update.storage_layer is not None:
                self._layers.write(conn, row.folder_id, change.update.storage_layer.value)
            self._note(conn, caller, change, row)
            # What is public may have changed: every worker has to look again.
            bump_epoch(conn, account_id)
            return tree.folder_rows(conn, account_id, segments)

        rows = await self._database.write(work)
        details = await self._describe(caller, segments, rows)
        return redacted(details, await self._readable(caller, segments))

    def _note(self, conn: Connection, caller: Caller, change: FolderChange, row: FolderRow) -> None:
        """Write a change of authority down, in its own transaction."""
        if _CHANGES_AUTHORITY.intersection(change.update.fields):
            after = change.update.apply(row.settings)
            event = _event(caller, change.folder, row.settings, after)
            audit.append(conn, event, now_ms(self._clock))

    async def _readable(self, caller: Caller, segments: Segments) -> set[SettingsField]:
        return {
            field
            for field, action in READ_ACTION.items()
            if (await self._guard.allows(caller.principal, action, segments)).is_allowed
        }

    async def _describe(
        self, caller: Caller, segments: Segments, rows: list[FolderRow]
    ) -> FolderDetails:
        account = await self._facts.account(caller.principal.account_id)
        if account is None:
            raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "the account is gone")
        own = rows[-1] if len(rows) == len(segments) + 1 else None
        levels = [(segments[:depth], row.settings) for depth, row in enumerate(rows)]
        return FolderDetails(
            segments=segments,
            is_virtual=own is not None and own.is_virtual,
            settings=FolderSettings() if own is None else own.settings,
            inherited=inherited_settings(
                levels, segments, account_default=default_root_permissions(account.settings)
            ),
        )


def _without_trailing_slash(folder: FolderPath) -> FolderPath:
    if folder.segments and not folder.segments[-1]:
        return FolderPath(folder.segments[:-1])
    return folder


def _event(
    caller: Caller, folder: FolderPath, before: FolderSettings, after: FolderSettings
) -> AuditEvent:
    return event_by(
        actor_of(caller),
        caller.principal.account_id,
        "folder.update",
        folder.text,
        _authority_of(before),
        _authority_of(after),
    )


def _authority_of(settings: FolderSettings) -> Mapping[str, object]:
    """What of a folder's settings says who may do what, without credentials."""
    public, layer = settings.public_permissions, settings.storage_layer
    return {
        "publicPermissions": None if public is None else public_permissions_to_wire(public),
        "storageLayer": None if layer is None else layer_to_wire(layer),
    }
