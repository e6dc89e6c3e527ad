"""SQL for accounts, JWT certificates, presets and users. Statements are built once.

Nothing here raises the account's epoch: the use case that changes authority does, in the same
transaction (`accounts.service.bump_epoch`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Text, bindparam, delete, insert, select, update

from byteward.accounts.model import Account, AccountSettings, JwtCertificate, Preset, TagRule, User
from byteward.accounts.rows import (
    account_from_row,
    certificate_from_row,
    preset_from_row,
    preset_params_text,
    settings_text,
    tag_rules_text,
    user_from_row,
)
from byteward.db import tables

_ACCOUNT: Final = bindparam("account", type_=Text())
_NAME: Final = bindparam("wanted", type_=Text())

_ACCOUNTS_WITH_ROOT: Final = select(tables.accounts, tables.folders.c.folder_id).join(
    tables.folders,
    (tables.folders.c.account_id == tables.accounts.c.account_id)
    & tables.folders.c.parent_id.is_(None),
)
_ONE_ACCOUNT: Final = _ACCOUNTS_WITH_ROOT.where(tables.accounts.c.account_id == _ACCOUNT)
_ACCOUNT_IDS: Final = select(tables.accounts.c.account_id).order_by(tables.accounts.c.account_id)
_EPOCH: Final = select(tables.accounts.c.authority_epoch).where(
    tables.accounts.c.account_id == _ACCOUNT
)
_RAISE_EPOCH: Final = (
    update(tables.accounts)
    .where(tables.accounts.c.account_id == _ACCOUNT)
    .values(authority_epoch=tables.accounts.c.authority_epoch + 1)
)
_SET_ACCOUNT: Final = update(tables.accounts).where(tables.accounts.c.account_id == _ACCOUNT)

_CERTIFICATES: Final = (
    select(tables.jwt_certificates)
    .where(tables.jwt_certificates.c.account_id == _ACCOUNT)
    .order_by(tables.jwt_certificates.c.created_at, tables.jwt_certificates.c.certificate_id)
)
_THIS_CERTIFICATE: Final = (tables.jwt_certificates.c.account_id == _ACCOUNT) & (
    tables.jwt_certificates.c.certificate_id == _NAME
)
_CERTIFICATE_ENABLED: Final = select(tables.jwt_certificates.c.enabled).where(_THIS_CERTIFICATE)

_PRESETS: Final = (
    select(tables.presets)
    .where(tables.presets.c.account_id == _ACCOUNT)
    .order_by(tables.presets.c.name)
)
_THIS_PRESET: Final = (tables.presets.c.account_id == _ACCOUNT) & (tables.presets.c.name == _NAME)

_USERS: Final = (
    select(tables.users)
    .where(tables.users.c.account_id == _ACCOUNT)
    .order_by(tables.users.c.user_id)
)
_THIS_USER: Final = (tables.users.c.account_id == _ACCOUNT) & (tables.users.c.email == _NAME)


def read_epoch(conn: Connection, account_id: str) -> int | None:
    """The account's authority epoch; None when there is no such account."""
    epoch: int | None = conn.execute(_EPOCH, {"account": account_id}).scalar()
    return epoch


def raise_epoch(conn: Connection, account_id: str) -> None:
    """Add one to the account's authority epoch."""
    conn.execute(_RAISE_EPOCH, {"account": account_id})


def read_account(conn: Connection, account_id: str) -> Account | None:
    """One account."""
    row = conn.execute(_ONE_ACCOUNT, {"account": account_id}).mappings().first()
    return None if row is None else account_from_row(row)


def list_account_ids(conn: Connection) -> tuple[str, ...]:
    """The ids of all accounts, in order."""
    return tuple(conn.execute(_ACCOUNT_IDS).scalars())


def insert_account(
    conn: Connection, account_id: str, name: str, settings: AccountSettings, created_at: int
) -> None:
    """Add an account's row; its root folder is a row of its own."""
    conn.execute(
        insert(tables.accounts),
        {
            "account_id": account_id,
            "name": name,
            "settings": settings_text(settings),
            "authority_epoch": 1,
            "created_at": created_at,
        },
    )


def update_account(conn: Connection, account_id: str, name: str, settings: AccountSettings) -> None:
    """Set an account's name and settings."""
    values = {"name": name, "settings": settings_text(settings)}
    conn.execute(_SET_ACCOUNT.values(values), {"account": account_id})


def set_tag_rules(conn: Connection, account_id: str, rules: tuple[TagRule, ...]) -> None:
    """Replace an account's tag rules."""
    conn.execute(_SET_ACCOUNT.values(tag_rules=tag_rules_text(rules)), {"account": account_id})


def list_certificates(conn: Connection, account_id: str) -> tuple[JwtCertificate, ...]:
    """All JWT certificates of the account, oldest first, disabled ones too."""
    rows = conn.execute(_CERTIFICATES, {"account": account_id}).mappings()
    return tuple(certificate_from_row(row) for row in rows)


def is_certificate_enabled(conn: Connection, account_id: str, certificate_id: str) -> bool:
    """Whether the certificate exists and is enabled."""
    found = conn.execute(_CERTIFICATE_ENABLED, {"account": account_id, "wanted": certificate_id})
    return found.scalar() is True


def _certificate_values(certificate: JwtCertificate) -> dict[str, object]:
    return {
        "certificate_id": certificate.certificate_id,
        "account_id": certificate.account_id,
        "name": certificate.name,
        "enabled": certificate.enabled,
        "pem": certificate.pem,
        "created_at": certificate.created_at,
    }


def insert_certificate(conn: Connection, certificate: JwtCertificate) -> None:
    """Add a JWT certificate."""
    conn.execute(insert(tables.jwt_certificates), _certificate_values(certificate))


def update_certificate(conn: Connection, certificate: JwtCertificate) -> None:
    """Replace the JWT certificate with the same id."""
    conn.execute(
        update(tables.jwt_certificates)
        .where(_THIS_CERTIFICATE)
        .values(_certificate_values(certificate)),
        {"account": certificate.account_id, "wanted": certificate.certificate_id},
    )


def delete_certificate(conn: Connection, account_id: str, certificate_id: str) -> None:
    """Remove a JWT certificate."""
    conn.execute(
        delete(tables.jwt_certificates).where(_THIS_CERTIFICATE),
        {"account": account_id, "wanted": certificate_id},
    )


def list_presets(conn: Connection, account_id: str) -> tuple[Preset, ...]:
    """All presets of the account, by name."""
    rows = conn.execute(_PRESETS, {"account": account_id}).mappings()
    return tuple(preset_from_row(row) for row in rows)


def _preset_values(preset: Preset) -> dict[str, object]:
    return {
        "account_id": preset.account_id,
        "name": preset.name,
        "transformation": preset.transformation,
        "params": preset_params_text(preset),
        "revision": preset.revision,
    }


def insert_preset(conn: Connection, preset: Preset) -> None:
    """Add a preset."""
    conn.execute(insert(tables.presets), _preset_values(preset))


def update_preset(conn: Connection, preset: Preset) -> None:
    """Replace the preset with the same name."""
    conn.execute(
        update(tables.presets).where(_THIS_PRESET).values(_preset_values(preset)),
        {"account": preset.account_id, "wanted": preset.name},
    )


def delete_preset(conn: Connection, account_id: str, name: str) -> None:
    """Remove a preset."""
    conn.execute(
        delete(tables.presets).where(_THIS_PRESET), {"account": account_id, "wanted": name}
    )


def list_users(conn: Connection, account_id: str) -> tuple[User, ...]:
    """All dashboard users of the account, oldest first."""
    rows = conn.execute(_USERS, {"account": account_id}).mappings()
    return tuple(user_from_row(row) for row in rows)


def user_by_email(conn: Connection, account_id: str, email: str) -> User | None:
    """One dashboard user; e-mail addresses compare byte for byte."""
    statement = select(tables.users).where(_THIS_USER)
    row = conn.execute(statement, {"account": account_id, "wanted": email}).mappings().first()
    return None if row is None else user_from_row(row)


def insert_user(conn: Connection, user: User) -> None:
    """Add a dashboard user; the database chooses `user_id`."""
    conn.execute(
        insert(tables.users),
        {
            "account_id": user.account_id,
            "email": user.email,
            "role": user.role.value,
            "password_hash": user.password_hash,
            "created_at": user.created_at,
        },
    )


def update_user(conn: Connection, user: User) -> None:
    """Set role and password of the user with the same e-mail."""
    conn.execute(
        update(tables.users)
        .where(_THIS_USER)
        .values(role=user.role.value, password_hash=user.password_hash),
        {"account": user.account_id, "wanted": user.email},
    )


def delete_user(conn: Connection, account_id: str, email: str) -> None:
    """Remove a dashboard user."""
    conn.execute(delete(tables.users).where(_THIS_USER), {"account": account_id, "wanted": email})
