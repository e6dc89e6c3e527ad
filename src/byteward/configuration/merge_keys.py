"""The API keys that a document wants, given those that are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from msgspec import UnsetType

from byteward.access.model import KeyAccess, KeyKind
from byteward.access.policy import parse_path_permissions, parse_tag_permissions
from byteward.access.rules import PathRules
from byteward.accounts.model import ApiKey
from byteward.accounts.service import digest_of_key, new_api_key
from byteward.configuration.document import AccountDocument, KeyDocument, given
from byteward.configuration.source import Problems
from byteward.strict_base64 import decode_base64


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """The text of a key that was made because the document gave none; shown once."""

    key_id: str
    name: str
    text: str = field(repr=False)


def merge_keys(
    stored: Mapping[str, ApiKey],
    account: AccountDocument,
    problems: Problems,
    *,
    prune: bool,
    now_ms: int,
) -> tuple[Mapping[str, ApiKey], tuple[GeneratedKey, ...]]:
    """The wanted keys by id, and the texts that were generated for new ones."""
    if isinstance(account.api_keys, UnsetType):
        return stored, ()
    ids = {key.name: key.key_id for key in stored.values()}
    wanted: dict[str, ApiKey] = {}
    generated: list[GeneratedKey] = []
    for index, document in enumerate(account.api_keys):
        at = problems.under(index)
        key_id = document.id or ids.get(document.name or "")
        old = stored.get(key_id or "")
        if old is None:
            old, new_text = _new_key(account.account_id, document, at, now_ms)
            generated += new_text
        if old is None:
            continue
        if not isinstance(document.kind, UnsetType) and document.kind != old.kind.value:
            at.add(("kind",), f"is fixed when a key is made; this one is {old.kind.value}")
        if old.key_id in wanted:
            at.add(("name",), "this key stands in the list twice, by id and by name")
        wanted[old.key_id] = _with(old, document)
    keys = wanted if prune else {**stored, **wanted}
    _check_names(keys, account.api_keys, problems)
    return keys, tuple(generated)


def _new_key(
    account_id: str, document: KeyDocument, problems: Problems, now_ms: int
) -> tuple[ApiKey | None, list[GeneratedKey]]:
    if isinstance(document.kind, UnsetType) or isinstance(document.name, UnsetType):
        problems.add((), "a new API key needs a `kind` and a `name`")
        return None, []
    new = new_api_key(
        account_id,
        KeyKind(document.kind),
        document.name,
        created_at=now_ms,
        key_id=document.id or None,
        text=document.key or None,
    )
    is_given = isinstance(document.key, str)
    generated = [] if is_given else [GeneratedKey(new.key.key_id, new.key.name, new.text)]
    return new.key, generated


def _with(old: ApiKey, document: KeyDocument) -> ApiKey:
    """The key with all that the document gives."""
    key = _with_access(old, document)
    if isinstance(document.key, str):
        is_public = key.kind is KeyKind.PUBLIC
        key = replace(
            key,
            digest=digest_of_key(document.key),
            public_text=document.key if is_public else None,
        )
    secret = decode_base64(document.secure_url_key) if document.secure_url_key else None
    if not isinstance(document.allowed_origins, UnsetType):
        key = replace(key, allowed_origins=document.allowed_origins or None)
    return replace(
        key,
        name=given(document.name, key.name),
        description=given(document.description, key.description),
        enabled=given(document.enabled, key.enabled),
        expires_at=given(document.expires_at, key.expires_at),
        require_jwt=given(document.require_jwt, key.require_jwt),
        tags=given(document.tags, key.tags),
        default_upload_path=given(document.default_upload_path, key.default_upload_path),
        upload_rate_limit=given(document.upload_rate_limit, key.upload_rate_limit),
        upload_bytes_limit=given(document.upload_bytes_limit, key.upload_bytes_limit),
        max_upload_bytes=given(document.max_upload_bytes, key.max_upload_bytes),
        secure_url_key=secret or key.secure_url_key,
    )


def _with_access(key: ApiKey, document: KeyDocument) -> ApiKey:
    entries, rules = key.path_permissions, key.access.rules
    if not isinstance(document.path_permissions, UnsetType):
        entries = parse_path_permissions(document.path_permissions, is_token=False)
        rules = PathRules(entries)
    patterns = key.tag_patterns
    if not isinstance(document.tag_permissions, UnsetType):
        patterns = parse_tag_permissions(document.tag_permissions, is_token=False) or ()
    access = KeyAccess(key.key_id, key.kind, rules, patterns)
    return replace(key, access=access, path_permissions=entries)


def _check_names(
    keys: Mapping[str, ApiKey], documents: list[KeyDocument], problems: Problems
) -> None:
    uses = Counter(key.name for key in keys.values())
    for index, document in enumerate(documents):
        if uses[given(document.name, "")] > 1:
            problems.add((index, "name"), f"another API key has the name `{document.name}`")
