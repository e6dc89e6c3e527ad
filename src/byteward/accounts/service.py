"""Making accounts, API keys and users, and raising the epoch that revokes cached authority."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection, insert

from byteward.access.actions import FLAG_ACTIONS, Action
from byteward.access.model import KeyAccess, KeyKind, TagPatterns
from byteward.access.policy import public_permissions_to_wire
from byteward.access.public import PublicEntries, PublicEntry
from byteward.access.roles import Role
from byteward.access.rules import Grant, PathPattern, PathPermission, PathRules, Scope
from byteward.accounts import session_store, store
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import (
    DEFAULT_UPLOAD_LOCATION,
    Account,
    AccountSettings,
    ApiKey,
    BytesLimit,
    RateLimit,
    UploadLocation,
    User,
)
from byteward.db import tables
from byteward.ids import new_api_key_id, new_api_key_text, new_secure_url_key
from byteward.strict_json import dumps

EVERYTHING: Final[Mapping[Action, Grant]] = {
    **dict.fromkeys(FLAG_ACTIONS, True),
    Action.DOWNLOAD_FILE: ("*",),
}
"""Grants of a rule that allows every action."""


def bump_epoch(conn: Connection, account_id: str) -> None:
    """Make every worker forget what it knows about the account's authority.

    INVARIANT: called in the transaction of each change of keys, certificates, users, presets,
    account settings and folder settings; without it a revoked right lives on in caches.
    """
    store.raise_epoch(conn, account_id)


def digest_of_key(text: str) -> bytes:
    """SHA-256 of the whole key text: how keys are stored and found.

    Any text has one, also what no encoder would accept, so that an odd header is an unknown key.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key that was just made. `text` is shown once; of a secret key only a hash is kept."""

    key: ApiKey
    text: str = field(repr=False)


def default_path_permissions(kind: KeyKind) -> tuple[PathPermission, ...]:
    """What a new key may do: a secret key everything, a public key upload new files anywhere."""
    if kind is KeyKind.SECRET:
        return tuple(
            PathPermission(PathPattern((), scope), EVERYTHING, index)
            for index, scope in enumerate(Scope)
        )
    return tuple(
        PathPermission(PathPattern((), scope), {Action.CREATE_FILE: True}, index)
        for index, scope in enumerate((Scope.CHILDREN, Scope.GRANDCHILDREN))
    )


def default_tag_patterns(kind: KeyKind) -> TagPatterns:
    """Tags that callers with a new key may name: any with a secret key, none with a public one."""
    return ("*",) if kind is KeyKind.SECRET else ()


def default_root_permissions(settings: AccountSettings) -> PublicEntries:
    """Public permissions of a new account's root folder."""
    if not settings.default_root_public:
        return PublicEntries()
    scopes = (Scope.CHILDREN, Scope.GRANDCHILDREN)
    return PublicEntries(tuple(PublicEntry(scope, ("*",)) for scope in scopes))


def create_account(
    conn: Connection, account_id: str, name: str, settings: AccountSettings, *, created_at: int
) -> Account:
    """Add an account with its root folder.

    Args:
        conn: a connection inside a write transaction.
        account_id: 7 base58 characters.
        name: for people.
        settings: `default_root_public` decides the root folder's public permissions.
        created_at: Unix milliseconds.
    """
    store.insert_account(conn, account_id, name, settings, created_at)
    root = conn.execute(
        insert(tables.folders).returning(tables.folders.c.folder_id),
        {
            "account_id": account_id,
            "parent_id": None,
            "name": "",
            "is_virtual": True,
            "public_permissions": dumps(
                public_permissions_to_wire(default_root_permissions(settings))
            ).decode(),
        },
    ).scalar_one()
    return Account(account_id, name, settings, 1, root, created_at)


def new_api_key(
    account_id: str,
    kind: KeyKind,
    name: str,
    *,
    created_at: int,
    text: str | None = None,
    key_id: str | None = None,
    secure_url_key: bytes | None = None,
    description: str | None = None,
    enabled: bool = True,
    expires_at: int | None = None,
    require_jwt: bool = False,
    allowed_origins: tuple[str, ...] = (),
    path_permissions: tuple[PathPermission, ...] | None = None,
    tag_patterns: TagPatterns | None = None,
    tags: tuple[str, ...] = (),
    default_upload_path: UploadLocation = DEFAULT_UPLOAD_LOCATION,
    upload_rate_limit: RateLimit | None = None,
    upload_bytes_limit: BytesLimit | None = None,
    max_upload_bytes: int | None = None,
) -> NewApiKey:
    """Make a key's value without storing it; what is not given is generated or the default.

    Args:
        account_id: the account that it will belong to.
        kind: secret or public.
        name: unique in the account.
        created_at: Unix milliseconds.
        text: the key itself; generated when None.
        key_id: its public name; generated when None.
        secure_url_key: key of signed URLs; 32 random bytes when None.
        description: for people.
        enabled: whether it may be used.
        expires_at: Unix seconds, or None for never.
        require_jwt: accept it only with a JWT.
        allowed_origins: empty for any.
        path_permissions: None for `default_path_permissions`.
        tag_patterns: None for `default_tag_patterns`.
        tags: added to every upload.
        default_upload_path: where uploads go.
        upload_rate_limit: None for none.
        upload_bytes_limit: None for none.
        max_upload_bytes: None for the account's.
    """
    text = new_api_key_text(kind.value, account_id) if text is None else text
    key_id = new_api_key_id() if key_id is None else key_id
    entries = default_path_permissions(kind) if path_permissions is None else path_permissions
    patterns = default_tag_patterns(kind) if tag_patterns is None else tag_patterns
    key = ApiKey(
        key_id=key_id,
        account_id=account_id,
        kind=kind,
        name=name,
        enabled=enabled,
        expires_at=expires_at,
        require_jwt=require_jwt,
        allowed_origins=allowed_origins or None,
        access=KeyAccess(key_id, kind, PathRules(entries), patterns),
        path_permissions=entries,
        tags=tags,
        default_upload_path=default_upload_path,
        upload_rate_limit=upload_rate_limit,
        secure_url_key=new_secure_url_key() if secure_url_key is None else secure_url_key,
        digest=digest_of_key(text),
        public_text=text if kind is KeyKind.PUBLIC else None,
        description=description,
        created_at=created_at,
        upload_bytes_limit=upload_bytes_limit,
        max_upload_bytes=max_upload_bytes,
    )
    return NewApiKey(key, text)


def create_api_key(conn: Connection, keys: KeyStore, new_key: NewApiKey) -> ApiKey:
    """Store a new key and raise the epoch, so that a worker that looked for it finds it."""
    keys.insert(conn, new_key.key)
    bump_epoch(conn, new_key.key.account_id)
    return new_key.key


def create_user(
    conn: Connection,
    account_id: str,
    email: str,
    role: Role,
    *,
    password_hash: str | None,
    created_at: int,
) -> User:
    """Add a dashboard user and raise the epoch.

    Args:
        conn: a connection inside a write transaction.
        account_id: the account.
        email: unique in the account.
        role: what the user may do.
        password_hash: argon2id text, or None until a password is set.
        created_at: Unix milliseconds.
    """
    user = User(0, account_id, email, role, password_hash, created_at)
    store.insert_user(conn, user)
    bump_epoch(conn, account_id)
    stored = store.user_by_email(conn, account_id, email)
    return user if stored is None else stored


def set_password(conn: Connection, user: User, password_hash: str) -> None:
    """Replace a user's password, end the user's sessions and raise the epoch."""
    store.update_user(conn, replace(user, password_hash=password_hash))
    session_store.end_sessions(conn, user.account_id, user.user_id)
    bump_epoch(conn, user.account_id)
