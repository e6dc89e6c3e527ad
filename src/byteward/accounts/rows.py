"""Rows of the account tables ⇄ the values of `accounts.model` (pure).

INVARIANT: a stored value that cannot be read never becomes a permission. Unreadable path rules
deny with a reason (`PathRules.unreadable`); any other unreadable value fails the read with
`storage_error`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from sqlalchemy import RowMapping

from byteward.access.model import KeyAccess, KeyKind
from byteward.access.policy import (
    PolicyError,
    parse_path_permissions,
    parse_tag_permissions,
    path_permissions_to_wire,
)
from byteward.access.roles import Role
from byteward.access.rules import PathPermission, PathRules
from byteward.accounts.model import (
    Account,
    AccountSettings,
    ApiKey,
    BytesLimit,
    JwtCertificate,
    Preset,
    PresetValue,
    Quotas,
    RateLimit,
    TagRule,
    UploadLocation,
    User,
)
from byteward.errors import BytewardError, ErrorCode
from byteward.strict_json import dumps

T = TypeVar("T")


def unreadable(what: str) -> BytewardError:
    """The error for a stored value that this release cannot read."""
    return BytewardError(ErrorCode.STORAGE_ERROR, f"{what} cannot be read; run `byteward check`")


def _decode(text: str, as_type: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(text, type=as_type)
    except msgspec.MsgspecError:
        raise unreadable(what) from None


def _text(value: object) -> str:
    return dumps(value).decode()


def account_from_row(row: RowMapping) -> Account:
    """Read a row of `accounts` joined with its root folder's `folder_id`."""
    account_id: str = row["account_id"]
    return Account(
        account_id=account_id,
        name=row["name"],
        settings=_decode(row["settings"], AccountSettings, f"settings of account {account_id}"),
        epoch=row["authority_epoch"],
        root_folder_id=row["folder_id"],
        created_at=row["created_at"],
        tag_rules=tag_rules_from_text(row["tag_rules"], account_id),
    )


class _OnlyQuotas(msgspec.Struct):
    quotas: Quotas = Quotas()


def quotas_from_text(settings: str, account_id: str) -> Quotas:
    """The quotas in the `accounts.settings` column."""
    return _decode(settings, _OnlyQuotas, f"settings of account {account_id}").quotas


def tag_rules_from_text(text: str | None, account_id: str) -> tuple[TagRule, ...]:
    """The `accounts.tag_rules` column."""
    if text is None:
        return ()
    return _decode(text, tuple[TagRule, ...], f"tag rules of account {account_id}")


def tag_rules_text(rules: tuple[TagRule, ...]) -> str | None:
    """The `accounts.tag_rules` column for the rules."""
    return _text(rules) if rules else None


def settings_text(settings: AccountSettings) -> str:
    """The `accounts.settings` column."""
    return _text(settings)


def _rules(text: str) -> tuple[tuple[PathPermission, ...], PathRules]:
    try:
        entries = parse_path_permissions(msgspec.json.decode(text), is_token=False)
    except (PolicyError, msgspec.MsgspecError) as error:
        return (), PathRules.unreadable(str(error))
    return entries, PathRules(entries)


def key_from_row(row: RowMapping, open_secret: Callable[[str, bytes], bytes]) -> ApiKey:
    """Read a row of `api_keys`.

    Args:
        row: all columns.
        open_secret: unseals the secure URL key, given the key id.
    """
    key_id: str = row["key_id"]
    what = f"API key {key_id}"
    entries, rules = _rules(row["path_permissions"])
    try:
        kind = KeyKind(row["kind"])
        tag_patterns = parse_tag_permissions(
            _decode(row["tag_permissions"], dict[str, object], what), is_token=False
        )
    except ValueError:
        raise unreadable(what) from None
    limit, bytes_limit = row["upload_rate_limit"], row["upload_bytes_limit"]
    return ApiKey(
        key_id=key_id,
        account_id=row["account_id"],
        kind=kind,
        name=row["name"],
        enabled=row["enabled"],
        expires_at=row["expires_at_seconds"],
        require_jwt=row["require_jwt"],
        allowed_origins=_decode(row["allowed_origins"], tuple[str, ...], what) or None,
        access=KeyAccess(key_id, kind, rules, tag_patterns or ()),
        path_permissions=entries,
        tags=_decode(row["tags"], tuple[str, ...], what),
        default_upload_path=_decode(row["default_upload_path"], UploadLocation, what),
        upload_rate_limit=None if limit is None else _decode(limit, RateLimit, what),
        secure_url_key=open_secret(key_id, row["sealed_secure_url_key"]),
        digest=row["digest"],
        public_text=row["public_text"],
        description=row["description"],
        created_at=row["created_at"],
        upload_bytes_limit=None if bytes_limit is None else _decode(bytes_limit, BytesLimit, what),
        max_upload_bytes=row["max_upload_bytes"],
    )


def key_values(key: ApiKey, sealed_secure_url_key: bytes) -> Mapping[str, object]:
    """The columns of `api_keys` for `key`."""
    limit, bytes_limit = key.upload_rate_limit, key.upload_bytes_limit
    return {
        "key_id": key.key_id,
        "account_id": key.account_id,
        "kind": key.kind.value,
        "name": key.name,
        "description": key.description,
        "digest": key.digest,
        "public_text": key.public_text,
        "enabled": key.enabled,
        "expires_at_seconds": key.expires_at,
        "require_jwt": key.require_jwt,
        "allowed_origins": _text(key.allowed_origins or ()),
        "path_permissions": _text(path_permissions_to_wire(key.path_permissions)),
        "tag_permissions": _text({"write": key.tag_patterns}),
        "tags": _text(key.tags),
        "default_upload_path": _text(key.default_upload_path),
        "upload_rate_limit": None if limit is None else _text(limit),
        "upload_bytes_limit": None if bytes_limit is None else _text(bytes_limit),
        "max_upload_bytes": key.max_upload_bytes,
        "sealed_secure_url_key": sealed_secure_url_key,
        "created_at": key.created_at,
    }


def certificate_from_row(row: RowMapping) -> JwtCertificate:
    """Read a row of `jwt_certificates`."""
    return JwtCertificate(
        certificate_id=row["certificate_id"],
        account_id=row["account_id"],
        name=row["name"],
        enabled=row["enabled"],
        pem=row["pem"],
        created_at=row["created_at"],
    )


def preset_from_row(row: RowMapping) -> Preset:
    """Read a row of `presets`; `params` is stored as a list of `[name, value]` pairs."""
    name: str = row["name"]
    return Preset(
        name=name,
        account_id=row["account_id"],
        transformation=row["transformation"],
        params=_decode(row["params"], tuple[tuple[str, PresetValue], ...], f"preset {name}"),
        revision=row["revision"],
    )


def preset_params_text(preset: Preset) -> str:
    """The `presets.params` column."""
    return _text(preset.params)


def user_from_row(row: RowMapping) -> User:
    """Read a row of `users`."""
    try:
        role = Role(row["role"])
    except ValueError:
        raise unreadable(f"user {row['email']}") from None
    return User(
        user_id=row["user_id"],
        account_id=row["account_id"],
        email=row["email"],
        role=role,
        password_hash=row["password_hash"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        has_totp=row["sealed_totp_secret"] is not None,
    )
