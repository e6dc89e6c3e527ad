"""What applying a document changes: two complete states compared (pure).

A secret is compared, but only the fact that it changed is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from msgspec import to_builtins

from byteward.accounts.model import ApiKey
from byteward.configuration.export import (
    Wire,
    certificate_to_wire,
    folder_to_wire,
    key_to_wire,
    preset_to_wire,
    settings_to_wire,
    tag_rule_to_wire,
    user_to_wire,
)
from byteward.configuration.state import AccountState, FolderState

K = TypeVar("K")
V = TypeVar("V")

SECRETS: Final = frozenset({"key", "secureUrlKey", "storageCredentials"})
HIDDEN: Final = "(hidden)"
"""Stands in a change for a secret's value."""


class ChangeKind(StrEnum):
    """What happens to an element."""

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an element, before and after, as JSON values."""

    name: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Change:
    """One element of the document that differs from what is stored.

    Attributes:
        kind: what happens.
        what: `account`, `tagRule`, `apiKey`, `jwtCertificate`, `folder`, `preset` or `user`.
        account_id: the account.
        name: natural key of the element.
        fields: what differs; for an added element every field, for a deleted one nothing.
    """

    kind: ChangeKind
    what: str
    account_id: str
    name: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta(Generic[V]):
    """Elements of one kind that differ. Each of `changed` is (before, after)."""

    removed: tuple[V, ...]
    changed: tuple[tuple[V, V], ...]
    added: tuple[V, ...]


def delta(before: Mapping[K, V], after: Mapping[K, V], to_wire: Callable[[V], Wire]) -> Delta[V]:
    """Compare two sets of elements by their document form."""
    return Delta(
        removed=tuple(value for key, value in before.items() if key not in after),
        changed=tuple(
            (before[key], value)
            for key, value in after.items()
            if key in before and to_wire(before[key]) != to_wire(value)
        ),
        added=tuple(value for key, value in after.items() if key not in before),
    )


def comparable_key(key: ApiKey) -> Wire:
    """A key's document form with all that can change in it; the text stands as its digest."""
    return {**key_to_wire(key, with_secrets=True), "key": key.digest.hex()}


def comparable_folder(folder: FolderState) -> Wire:
    """A folder's document form, with the credentials of its storage layer as a field apart."""
    credentials = getattr(folder.storage_layer, "credentials", None)
    return {
        **folder_to_wire(folder, with_secrets=False),
        "storageCredentials": None if credentials is None else to_builtins(credentials),
    }


def changes(before: AccountState | None, after: AccountState) -> tuple[Change, ...]:
    """What turns `before` (None: there is no such account) into `after`."""
    return tuple(_changes(before, after))


def _changes(before: AccountState | None, after: AccountState) -> Iterator[Change]:
    if before is None:
        fields = _fields({}, _account_wire(after))
        yield Change(ChangeKind.ADD, "account", after.account_id, after.account_id, fields)
        before = AccountState(after.account_id, after.name, after.settings)
    elif _account_wire(before) != _account_wire(after):
        fields = _fields(_account_wire(before), _account_wire(after))
        yield Change(ChangeKind.UPDATE, "account", after.account_id, after.account_id, fields)
    listing = _Listing(after.account_id)
    yield from listing.of("tagRule", before.tag_rules, after.tag_rules, tag_rule_to_wire, "tag")
    yield from listing.of("apiKey", before.keys, after.keys, comparable_key, "id")
    yield from listing.of(
        "jwtCertificate", before.certificates, after.certificates, certificate_to_wire, "id"
    )
    yield from listing.of("folder", before.folders, after.folders, comparable_folder, "folderPath")
    yield from listing.of("preset", before.presets, after.presets, preset_to_wire, "name")
    yield from listing.of("user", before.users, after.users, user_to_wire, "email")


@dataclass(frozen=True, slots=True)
class _Listing:
    account_id: str

    def of(
        self,
        what: str,
        before: Mapping[K, V],
        after: Mapping[K, V],
        to_wire: Callable[[V], Wire],
        name_field: str,
    ) -> Iterator[Change]:
        found = delta(before, after, to_wire)
        for value in found.removed:
            name = str(to_wire(value)[name_field])
            yield Change(ChangeKind.DELETE, what, self.account_id, name)
        for old, new in found.changed:
            name = str(to_wire(new)[name_field])
            fields = _fields(to_wire(old), to_wire(new))
            yield Change(ChangeKind.UPDATE, what, self.account_id, name, fields)
        for value in found.added:
            name = str(to_wire(value)[name_field])
            fields = _fields({}, to_wire(value))
            yield Change(ChangeKind.ADD, what, self.account_id, name, fields)


def _account_wire(state: AccountState) -> Wire:
    return {"name": state.name, **settings_to_wire(state.settings)}


def _fields(before: Wire, after: Wire) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, HIDDEN, HIDDEN)
        if name in SECRETS
        else FieldChange(name, before.get(name), value)
        for name, value in after.items()
        if name not in before or before[name] != value
    )
