"""Facts kept in memory: the fake behind tests of identity, with makers of keys and tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from byteward.access.model import KeyAccess, KeyKind
from byteward.access.rules import PathRules
from byteward.accounts.model import (
    DEFAULT_UPLOAD_LOCATION,
    Account,
    AccountSettings,
    ApiKey,
    JwtCertificate,
)
from byteward.accounts.session_store import SignedIn
from byteward.identity.issue import KeyPair, new_key_pair, sign_jwt

ACCOUNT = "A623uY2"
OTHER_ACCOUNT = "B7xk3Qz"
NOW = 1_800_000_000
SECURE_URL_KEY = bytes(range(32))


_PAIRS: dict[str, KeyPair] = {}


def key_pair(name: str = "main") -> KeyPair:
    """One RSA pair per name and test process."""
    if name not in _PAIRS:
        _PAIRS[name] = new_key_pair()
    return _PAIRS[name]


def certificate(
    certificate_id: str = "cert0001", *, pair: str = "main", enabled: bool = True
) -> JwtCertificate:
    return JwtCertificate(
        certificate_id, ACCOUNT, certificate_id, enabled, key_pair(pair).public_pem
    )


def claims(**changes: object) -> dict[str, object]:
    """Claims that are in order at `NOW`; a change to None leaves the claim out."""
    base: dict[str, object] = {
        "exp": NOW + 3600,
        "iat": NOW - 5,
        "sub": "u1",
        "accountId": ACCOUNT,
        "access": {},
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def token(
    claims_: Mapping[str, object] | None = None, *, pair: str = "main", kid: str | None = None
) -> str:
    pem = key_pair(pair).private_pem.encode()
    return sign_jwt(claims() if claims_ is None else claims_, pem, certificate_id=kid)


def key_text(key_id: str = "F91kfA1g", kind: str = "secret", account_id: str = ACCOUNT) -> str:
    return f"{kind}_{account_id}{(key_id * 3)[:21]}"


def api_key(
    key_id: str = "F91kfA1g",
    *,
    kind: KeyKind = KeyKind.SECRET,
    account_id: str = ACCOUNT,
    enabled: bool = True,
    expires_at: int | None = None,
    require_jwt: bool = False,
    allowed_origins: tuple[str, ...] | None = None,
    rules: PathRules | None = None,
    secure_url_key: bytes = SECURE_URL_KEY,
) -> ApiKey:
    return ApiKey(
        key_id=key_id,
        account_id=account_id,
        kind=kind,
        name=key_id,
        enabled=enabled,
        expires_at=expires_at,
        require_jwt=require_jwt,
        allowed_origins=allowed_origins,
        access=KeyAccess(key_id, kind, rules or PathRules(())),
        path_permissions=(),
        tags=(),
        default_upload_path=DEFAULT_UPLOAD_LOCATION,
        upload_rate_limit=None,
        secure_url_key=secure_url_key,
        digest=hashlib.sha256(key_text(key_id, kind.value, account_id).encode()).digest(),
    )


@dataclass
class MemoryFacts:
    """Implements `IdentityFacts`; counts reads of certificates, each of which is a cache miss."""

    accounts: dict[str, Account] = field(default_factory=dict)
    keys: list[ApiKey] = field(default_factory=list)
    all_certificates: list[JwtCertificate] = field(default_factory=list)
    certificate_reads: int = 0
    sessions: dict[str, SignedIn] = field(default_factory=dict)

    def bump(self, account_id: str = ACCOUNT) -> None:
        """What every change of authority does."""
        account = self.accounts[account_id]
        self.accounts[account_id] = replace(account, epoch=account.epoch + 1)

    async def account(self, account_id: str) -> Account | None:
        return self.accounts.get(account_id)

    async def key_by_text(self, account_id: str, text: str) -> ApiKey | None:
        digest = hashlib.sha256(text.encode()).digest()
        return next(
            (k for k in self.keys if k.account_id == account_id and k.digest == digest), None
        )

    async def key_by_id(self, account_id: str, key_id: str) -> ApiKey | None:
        return next(
            (k for k in self.keys if k.account_id == account_id and k.key_id == key_id), None
        )

    async def certificates(self, account_id: str) -> Sequence[JwtCertificate]:
        self.certificate_reads += 1
        return [c for c in self.all_certificates if c.account_id == account_id]

    async def signed_in(self, account_id: str, session_id: str) -> SignedIn | None:
        found = self.sessions.get(session_id)
        return found if found is not None and found.user.account_id == account_id else None


def account(account_id: str = ACCOUNT) -> Account:
    return Account(account_id, account_id, AccountSettings(), epoch=1, root_folder_id=1)


def memory_facts(
    *keys: ApiKey, certificates: Sequence[JwtCertificate] | None = None
) -> MemoryFacts:
    """Two accounts, these keys, and one certificate unless others are given."""
    return MemoryFacts(
        {ACCOUNT: account(), OTHER_ACCOUNT: account(OTHER_ACCOUNT)},
        list(keys),
        [certificate()] if certificates is None else list(certificates),
    )
