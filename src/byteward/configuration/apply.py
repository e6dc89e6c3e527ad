"""Making the stored configuration equal to a document: all of it or none of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import UnsetType
from sqlalchemy import Connection

from byteward.access.model import Segments
from byteward.accounts import audit, session_store, store
from byteward.accounts.audit import Actor, ActorKind, AuditEvent, event_by
from byteward.accounts.key_store import KeyStore
from byteward.accounts.service import bump_epoch, create_account
from byteward.clock import Clock, now_ms
from byteward.configuration.checks import check_document
from byteward.configuration.diff import (
    Change,
    ChangeKind,
    changes,
    comparable_folder,
    comparable_key,
    delta,
)
from byteward.configuration.document import AccountDocument, Document, parse_document
from byteward.configuration.export import (
    certificate_to_wire,
    preset_to_wire,
    user_to_wire,
)
from byteward.configuration.folder_rows import clear_folder, write_folder
from byteward.configuration.load import read_state
from byteward.configuration.merge import merge
from byteward.configuration.merge_keys import GeneratedKey
from byteward.configuration.source import Problems, Source
from byteward.configuration.state import AccountState
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files.layer_store import LayerStore
from byteward.paths import parse_segments

OPERATOR: Final = Actor("byteward apply", ActorKind.SYSTEM)
"""Whoever works with the command line."""

_VERBS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.ADD: "create",
    ChangeKind.UPDATE: "update",
    ChangeKind.DELETE: "delete",
}
_SHORTEST_SECRET: Final = 21  # base58 characters: 123 bits of chance
_KEY_PREFIX: Final = len("secret_") + 7


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document that is right in itself, with its text for the positions of later problems."""

    document: Document
    source: Source


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, or would be.

    Attributes:
        changes: in the document's order; none when everything already was as the document says.
        generated: texts of keys that were made; shown once, not stored for secret keys.
        warnings: what is allowed and probably not wanted, for people.
        is_dry_run: nothing was stored; a real run generates other keys.
    """

    changes: tuple[Change, ...]
    generated: tuple[GeneratedKey, ...]
    warnings: tuple[str, ...]
    is_dry_run: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    before: AccountState | None
    after: AccountState
    changes: tuple[Change, ...]
    generated: tuple[GeneratedKey, ...]


def read_document(text: str) -> CheckedDocument:
    """Read JSON or YAML and check everything that does not depend on what is stored.

    Raises:
        DocumentError: with each problem and its line and column.
    """
    source = Source(text)
    document = parse_document(source)
    problems = Problems(source)
    check_document(document, problems)
    problems.raise_any()
    return CheckedDocument(document, source)


async def apply_document(
    database: Database,
    keys: KeyStore,
    checked: CheckedDocument,
    *,
    clock: Clock,
    prune: bool = False,
    dry_run: bool = False,
    actor: Actor = OPERATOR,
) -> Applied:
    """Apply a document in one transaction, with its events of the audit log.

    Args:
        database: where to.
        keys: writes API keys.
        checked: see `read_document`.
        clock: gives new elements their creation time.
        prune: also delete what the document's lists lack; see `merge`.
        dry_run: compute the changes only.
        actor: who applies it, for the audit log.

    Raises:
        DocumentError: it contradicts what is stored; nothing was changed.
        BytewardError: the database cannot be read or written.
    """
    time_ms = now_ms(clock)

    def plan(conn: Connection) -> list[_Plan]:
        return _plan(conn, keys, checked, prune=prune, time_ms=time_ms)

    def work(conn: Connection) -> list[_Plan]:
        plans = plan(conn)
        for each in plans:
            if each.changes:
                _store(conn, keys, each, time_ms)
                for change in each.changes:
                    audit.append(conn, _event(actor, change), time_ms)
        return plans

    plans = await (database.read(plan) if dry_run else database.write(work))
    return Applied(
        changes=tuple(change for each in plans for change in each.changes),
        generated=tuple(key for each in plans for key in each.generated),
        warnings=tuple(_warnings(checked.document)),
        is_dry_run=dry_run,
    )


def _event(actor: Actor, change: Change) -> AuditEvent:
    # What is secret stands hidden in the change already.
    before = {each.name: each.before for each in change.fields}
    after = {each.name: each.after for each in change.fields}
    is_new = change.kind is ChangeKind.ADD
    return event_by(
        actor,
        change.account_id,
        f"{change.what}.{_VERBS[change.kind]}",
        change.name,
        None if is_new or not before else before,
        after or None,
    )


def _plan(
    conn: Connection, keys: KeyStore, checked: CheckedDocument, *, prune: bool, time_ms: int
) -> list[_Plan]:
    problems = Problems(checked.source)
    plans: list[_Plan] = []
    for index, document in enumerate(checked.document.accounts):
        at = problems.under("accounts", index)
        before = read_state(
            conn,
            keys,
            document.account_id,
            _folder_paths(document),
            with_folders=not isinstance(document.folders, UnsetType),
        )
        merged = merge(before, document, at, prune=prune, now_ms=time_ms)
        _check_owners(conn, keys, merged.state, document, at)
        found = changes(before, merged.state)
        plans.append(_Plan(before, merged.state, found, merged.generated))
    problems.raise_any()
    return plans


def _folder_paths(document: AccountDocument) -> list[Segments]:
    folders = document.folders
    if isinstance(folders, UnsetType):
        return []
    return [parse_segments(folder.folder_path) for folder in folders]


def _check_owners(
    conn: Connection,
    keys: KeyStore,
    state: AccountState,
    account: AccountDocument,
    problems: Problems,
) -> None:
    """Ids and texts of keys are unique in the whole server, so another account may have them."""
    by_id = {key.key_id: key for key in state.keys.values()}
    by_name = {key.name: key for key in state.keys.values()}
    uses = Counter(key.digest for key in state.keys.values())
    documents = [] if isinstance(account.api_keys, UnsetType) else account.api_keys
    for index, document in enumerate(documents):
        key = by_id.get(document.id or "") or by_name.get(document.name or "")
        if key is None:
            continue
        at = problems.under("apiKeys", index)
        owner = keys.owner_of(conn, key_id=key.key_id)
        if owner is not None and owner[0] != state.account_id:
            at.add(("id",), f"an API key of account {owner[0]} has this id")
        holder = keys.owner_of(conn, digest=key.digest)
        is_foreign = holder is not None and holder[0] != state.account_id
        if is_foreign or uses[key.digest] > 1:
            at.add(("key",), "this is the text of another API key")


def _store(conn: Connection, keys: KeyStore, plan: _Plan, time_ms: int) -> None:
    after, account_id = plan.after, plan.after.account_id
    if plan.before is None:
        create_account(conn, account_id, after.name, after.settings, created_at=time_ms)
        before = read_state(conn, keys, account_id)
        if before is None:
            raise BytewardError(ErrorCode.INTERNAL_ERROR, "the new account is not there")
    else:
        before = plan.before
        store.update_account(conn, account_id, after.name, after.settings)
    if after.tag_rules != before.tag_rules:
        store.set_tag_rules(conn, account_id, tuple(after.tag_rules.values()))
    _store_keys(conn, keys, before, after)
    _store_certificates(conn, before, after)
    _store_folders(conn, LayerStore(keys.sealer), before, after)
    _store_presets(conn, before, after)
    _store_users(conn, before, after)
    bump_epoch(conn, account_id)


def _store_keys(
    conn: Connection, keys: KeyStore, before: AccountState, after: AccountState
) -> None:
    found = delta(before.keys, after.keys, comparable_key)
    # Names and texts are unique: all old rows go first, so that two keys can exchange theirs.
    for key in (*found.removed, *(old for old, _ in found.changed)):
        keys.delete(conn, key.account_id, key.key_id)
    for key in (*(new for _, new in found.changed), *found.added):
        keys.insert(conn, key)


def _store_certificates(conn: Connection, before: AccountState, after: AccountState) -> None:
    found = delta(before.certificates, after.certificates, certificate_to_wire)
    for certificate in found.removed:
        store.delete_certificate(conn, certificate.account_id, certificate.certificate_id)
    for _, certificate in found.changed:
        store.update_certificate(conn, certificate)
    for certificate in found.added:
        store.insert_certificate(conn, certificate)


def _store_folders(
    conn: Connection, layers: LayerStore, before: AccountState, after: AccountState
) -> None:
    found = delta(before.folders, after.folders, comparable_folder)
    for folder in found.removed:
        clear_folder(conn, after.account_id, folder.segments)
    written = (*(new for _, new in found.changed), *found.added)
    for folder in sorted(written, key=lambda each: len(each.segments)):
        write_folder(conn, layers, after.account_id, folder)


def _store_presets(conn: Connection, before: AccountState, after: AccountState) -> None:
    found = delta(before.presets, after.presets, preset_to_wire)
    for preset in found.removed:
        store.delete_preset(conn, preset.account_id, preset.name)
    for _, preset in found.changed:
        store.update_preset(conn, preset)
    for preset in found.added:
        store.insert_preset(conn, preset)


def _store_users(conn: Connection, before: AccountState, after: AccountState) -> None:
    found = delta(before.users, after.users, user_to_wire)
    for user in found.removed:
        store.delete_user(conn, user.account_id, user.email)
    for old, user in found.changed:
        store.update_user(conn, user)
        session_store.end_sessions(conn, user.account_id, old.user_id)
    for user in found.added:
        store.insert_user(conn, user)


def _warnings(document: Document) -> Iterator[str]:
    for account in document.accounts:
        if isinstance(account.api_keys, UnsetType):
            continue
        for key in account.api_keys:
            text = key.key or ""
            if text.startswith("secret_") and len(text) - _KEY_PREFIX < _SHORTEST_SECRET:
                yield (
                    f"account {account.account_id}, API key `{key.name or key.id}`: the key given "
                    "is so short that it can be guessed; leave `key` out to have one generated"
                )
