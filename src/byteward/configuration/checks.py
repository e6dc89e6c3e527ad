"""What the values of a document mean, checked before anything stored is looked at (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from msgspec import UNSET, UnsetType, ValidationError

from byteward.access.policy import parse_public_permissions
from byteward.configuration.document import (
    AccountDocument,
    CertificateDocument,
    Document,
    FolderDocument,
    PresetDocument,
    TagRuleDocument,
    UserDocument,
)
from byteward.configuration.key_checks import check_key, check_origins, check_policy, check_rates
from byteward.configuration.source import Path, Problems
from byteward.errors import BytewardError
from byteward.files.storage_layers import layer_problems, parse_layer
from byteward.files.tags import is_tag
from byteward.identity.certificates import CertificateError, parse_public_key
from byteward.ids import ACCOUNT_ID
from byteward.paths import parse_segments

T = TypeVar("T")

RESERVED_SLUGS: Final = frozenset(
    {"raw", "image", "video", "audio", "archive", "antivirus", "save", "api"}
)

_CERTIFICATE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PRESET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,190}")
_MAX_DESCRIPTION: Final = 100
_MAX_TAG_RULES: Final = 1000


def check_document(document: Document, problems: Problems) -> None:
    """Add every problem that can be seen without looking at what is stored."""
    accounts = document.accounts
    _check_unique(accounts, lambda account: account.account_id, "accountId", problems, "accounts")
    for index, account in enumerate(accounts):
        _check_account(account, problems.under("accounts", index))
    keys = [
        (("accounts", at, "apiKeys", position), key)
        for at, account in enumerate(accounts)
        for position, key in enumerate(_items(account.api_keys))
    ]
    _check_unshared([((*path, "id"), key.id) for path, key in keys], problems)
    _check_unshared([((*path, "key"), key.key) for path, key in keys], problems)


def _check_unshared(values: Iterable[tuple[Path, str | UnsetType]], problems: Problems) -> None:
    """Ids and texts of API keys are unique in the whole server."""
    seen: set[str] = set()
    for path, value in values:
        if isinstance(value, str) and value in seen:
            problems.add(path, "used by another API key")
        elif isinstance(value, str):
            seen.add(value)


def _items(value: list[T] | UnsetType) -> list[T]:
    return value if isinstance(value, list) else []


def _check_unique(
    items: Iterable[T],
    key_of: Callable[[T], Hashable],
    field: str,
    problems: Problems,
    *steps: str,
) -> None:
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        key = key_of(item)
        if key is UNSET:
            continue
        if key in seen:
            problems.add((*steps, index, field), f"occurs twice: `{key}`")
        seen.add(key)


def _check_account(account: AccountDocument, problems: Problems) -> None:
    if not ACCOUNT_ID.fullmatch(account.account_id):
        problems.add(("accountId",), "must be 7 base58 characters (no 0, O, I, l)")
    if not isinstance(account.settings, UnsetType):
        check_origins(account.settings.browser_origins, ("settings", "browserOrigins"), problems)
    rules = _items(account.tag_rules)
    _check_unique(rules, lambda rule: rule.tag, "tag", problems, "tagRules")
    for index, rule in enumerate(rules):
        _check_tag_rule(rule, problems.under("tagRules", index))
    if len(rules) > _MAX_TAG_RULES:
        problems.add(("tagRules",), f"has more than {_MAX_TAG_RULES} rules")
    keys = _items(account.api_keys)
    _check_unique(keys, lambda key: key.name, "name", problems, "apiKeys")
    for index, key in enumerate(keys):
        check_key(key, account.account_id, problems.under("apiKeys", index))
    certificates = _items(account.jwt_certificates)
    _check_unique(certificates, lambda found: found.id, "id", problems, "jwtCertificates")
    for index, certificate in enumerate(certificates):
        _check_certificate(certificate, problems.under("jwtCertificates", index))
    folders = _items(account.folders)
    _check_unique(folders, lambda folder: folder.folder_path, "folderPath", problems, "folders")
    for index, folder in enumerate(folders):
        _check_folder(folder, problems.under("folders", index))
    presets = _items(account.presets)
    _check_unique(presets, lambda preset: preset.name, "name", problems, "presets")
    for index, preset in enumerate(presets):
        _check_preset(preset, problems.under("presets", index))
    users = _items(account.users)
    _check_unique(users, lambda user: user.email, "email", problems, "users")
    for index, user in enumerate(users):
        _check_user(user, problems.under("users", index))


def _check_tag_rule(rule: TagRuleDocument, problems: Problems) -> None:
    if not is_tag(rule.tag):
        problems.add(("tag",), "must be 1 to 255 of A-Z a-z 0-9 . , / = _ + -")
    check_rates(rule.upload_rate_limit, rule.upload_bytes_limit, problems)


def _check_certificate(certificate: CertificateDocument, problems: Problems) -> None:
    if not _CERTIFICATE_ID.fullmatch(certificate.id):
        problems.add(("id",), "must be 1 to 64 letters, digits, `.`, `_` and `-`")
    if isinstance(certificate.pem, str):
        try:
            parse_public_key(certificate.pem)
        except CertificateError as error:
            problems.add(("pem",), str(error))


def _check_folder(folder: FolderDocument, problems: Problems) -> None:
    try:
        parse_segments(folder.folder_path)
    except BytewardError as error:
        problems.add(("folderPath",), error.message)
    text = folder.description
    if isinstance(text, str) and (
        not 1 <= len(text) <= _MAX_DESCRIPTION or text != text.strip(" \t\r\n")
    ):
        problems.add(
            ("description",), f"must be 1 to {_MAX_DESCRIPTION} characters, no space at the ends"
        )
    if isinstance(folder.public_permissions, list):
        entries = folder.public_permissions
        check_policy(lambda: parse_public_permissions(entries), problems)
    layer = folder.storage_layer
    if isinstance(layer, dict):
        _check_layer(layer, problems.under("storageLayer"))


def _check_layer(layer: dict[str, object], problems: Problems) -> None:
    """A layer without credentials is right in itself: the stored one may have them."""
    try:
        read = parse_layer(layer)
    except ValidationError as error:
        problems.add((), str(error).replace("`$.", "`").replace("`$`", "`storageLayer`"))
        return
    for field, message in layer_problems(read):
        problems.add(tuple(field.split(".")), message)


def _check_preset(preset: PresetDocument, problems: Problems) -> None:
    if not _PRESET_NAME.fullmatch(preset.name):
        problems.add(("name",), "must be 1 to 100 letters, digits, `.`, `_`, `-`, not first a sign")
    if preset.name in RESERVED_SLUGS:
        problems.add(("name",), f"`{preset.name}` is the name of a built-in route")
    for index, group in enumerate(_items(preset.params)):
        for name in group:
            if not name:
                problems.add(("params", index), "a parameter needs a name")


def _check_user(user: UserDocument, problems: Problems) -> None:
    if not _EMAIL.fullmatch(user.email):
        problems.add(("email",), "must be an e-mail address")
