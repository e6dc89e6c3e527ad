"""The fixture of the permission cases as stored facts of authentication."""

from __future__ import annotations

import base64
import hashlib

from byteward.access.model import KeyAccess, KeyKind
from byteward.access.policy import parse_path_permissions, parse_tag_permissions
from byteward.access.rules import PathRules
from byteward.accounts.model import DEFAULT_UPLOAD_LOCATION, ApiKey, JwtCertificate
from tests.conformance.access_cases import Fixture, Key
from tests.conformance.access_tokens import Signers, certificate_pem
from tests.unit.identity.memory_facts import MemoryFacts, account


def fixture_facts(fixture: Fixture, signers: Signers) -> MemoryFacts:
    """Accounts, keys and certificates of the fixture; the signers are the certificates' keys."""
    certificates = [
        JwtCertificate(each.id, each.account_id, name, True, certificate_pem(signers[name]))
        for name, each in fixture.certificates.items()
        if each.account_id is not None
    ]
    accounts = {each.account_id: account(each.account_id) for each in fixture.accounts}
    return MemoryFacts(accounts, [_api_key(key) for key in fixture.keys.values()], certificates)


def _api_key(key: Key) -> ApiKey:
    kind = KeyKind(key.kind)
    entries = parse_path_permissions(key.path_permissions, is_token=False)
    tags = parse_tag_permissions(key.tag_permissions, is_token=False) or ()
    return ApiKey(
        key_id=key.id,
        account_id=key.account_id,
        kind=kind,
        name=key.id,
        enabled=key.enabled,
        expires_at=None,
        require_jwt=key.require_jwt,
        allowed_origins=tuple(key.allowed_origins) or None,
        access=KeyAccess(key.id, kind, PathRules(entries), tags),
        path_permissions=entries,
        tags=(),
        default_upload_path=DEFAULT_UPLOAD_LOCATION,
        upload_rate_limit=None,
        secure_url_key=base64.b64decode(key.secure_url_key or ""),
        digest=hashlib.sha256(key.text.encode()).digest(),
    )
