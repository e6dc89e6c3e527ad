"""The rights of whoever asked for a job, kept with the job: what it may do is settled by then.

An item of a job is done only if these rights allow it and those allow it, too, that the credential
has when the item's turn comes. So a right that is withdrawn counts at once, and one that is given
later does not count.

SECURITY: rules and ids only; nothing here can be presented as a credential.
"""

from __future__ import annotations

import msgspec

from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    TokenAccess,
    UserAccess,
)
from byteward.access.policy import PolicyError, parse_path_permissions, path_permissions_to_wire
from byteward.access.roles import Role
from byteward.access.rules import PathRules
from byteward.permissions.authority import Authority


class _Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    entries: list[dict[str, object]]
    defect: str | None = None


class _Key(msgspec.Struct, frozen=True):
    key_id: str
    kind: KeyKind
    rules: _Rules
    tags: tuple[str, ...]


class _Token(msgspec.Struct, frozen=True):
    subject: str
    certificate_id: str
    rules: _Rules
    tags: tuple[str, ...] | None


class _User(msgspec.Struct, frozen=True):
    email: str
    role: Role


class _Frozen(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: PrincipalKind
    key: _Key | None = None
    token: _Token | None = None
    user: _User | None = None
    bound_key_id: str | None = None
    expires_at: float | None = None


def freeze(authority: Authority) -> bytes:
    """The authority as compact JSON, for `NewJob.authority`."""
    principal = authority.principal
    key, token, user = principal.key, principal.token, principal.user
    return msgspec.json.encode(
        _Frozen(
            kind=principal.kind,
            key=None
            if key is None
            else _Key(key.key_id, key.kind, _frozen_rules(key.rules), key.tag_patterns),
            token=None
            if token is None
            else _Token(
                token.subject,
                token.certificate_id,
                _frozen_rules(token.rules),
                token.tag_patterns,
            ),
            user=None if user is None else _User(user.email, user.role),
            bound_key_id=authority.bound_key_id,
            expires_at=principal.expires_at,
        )
    )


def thaw(account_id: str, frozen: bytes) -> Authority:
    """The authority that `freeze` was given, as one whose request is over.

    Raises:
        msgspec.MsgspecError: it was not written by `freeze`.
    """
    read = msgspec.json.decode(frozen, type=_Frozen)
    key, token, user = read.key, read.token, read.user
    principal = Principal(
        kind=read.kind,
        account_id=account_id,
        key=None
        if key is None
        else KeyAccess(key.key_id, key.kind, _rules(key.rules, is_token=False), key.tags),
        token=None
        if token is None
        else TokenAccess(
            token.subject, token.certificate_id, _rules(token.rules, is_token=True), token.tags
        ),
        user=None if user is None else UserAccess(user.email, user.role),
        expires_at=read.expires_at,
    )
    return Authority(principal, read.bound_key_id, is_frozen=True)


def _frozen_rules(rules: PathRules) -> _Rules:
    return _Rules(path_permissions_to_wire(rules.entries), rules.defect)


def _rules(frozen: _Rules, *, is_token: bool) -> PathRules:
    if frozen.defect is not None:
        return PathRules.unreadable(frozen.defect)
    try:
        return PathRules(parse_path_permissions(frozen.entries, is_token=is_token))
    except PolicyError as error:
        # SECURITY: rules that cannot be read deny; they are not left out.
        return PathRules.unreadable(str(error))
