"""The account document's shape. Names on the wire are camelCase; unknown names are errors.

A member that is left out keeps what is stored; `UNSET` stands for it. That is not the same as
`null`, which clears.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.access.roles import Role
from byteward.accounts.model import (
    MAX_EXPIRY_SECONDS,
    BytesLimit,
    PresetValue,
    RateLimit,
    UploadLocation,
)
from byteward.configuration.source import DocumentError, Path, Problem, Source

T = TypeVar("T")

_PLACE: Final = re.compile(r" - at `\$(?P<path>.*)`\Z")
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[0-9]+)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`")

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
Seconds = Annotated[int, Meta(ge=0, le=MAX_EXPIRY_SECONDS)]
Amount = Annotated[int, Meta(ge=0, le=2**53)]
Life = Annotated[int, Meta(ge=1, le=3_155_760_000)]
"""Seconds; at most a hundred years."""


class QuotasDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`settings.quotas` of an account; `null`: unlimited."""

    stored_bytes: Amount | UnsetType | None = UNSET
    stored_files: Amount | UnsetType | None = UNSET
    uploads_per_month: Amount | UnsetType | None = UNSET


class SettingsDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`settings` of an account; see `accounts.model.AccountSettings`."""

    default_root_public: bool | UnsetType = UNSET
    cache_ttl: Seconds | UnsetType = UNSET
    cache_ttl404: Seconds | UnsetType = UNSET
    max_upload_bytes: Amount | UnsetType = UNSET
    browser_origins: tuple[str, ...] | UnsetType = UNSET
    presets_or_signed_only: bool | UnsetType = UNSET
    enforce_totp: bool | UnsetType = UNSET
    quotas: QuotasDocument | UnsetType = UNSET


class TagRuleDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `tagRules`, found by `tag`. `null` clears."""

    tag: str
    max_upload_bytes: Amount | UnsetType | None = UNSET
    upload_rate_limit: RateLimit | UnsetType | None = UNSET
    upload_bytes_limit: BytesLimit | UnsetType | None = UNSET
    ttl_seconds: Life | UnsetType | None = UNSET


class KeyDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `apiKeys`, found by `id`, or by `name` when there is no `id`.

    `path_permissions` and `tag_permissions` are read by `access.policy`.
    """

    id: str | UnsetType = UNSET
    kind: Literal["secret", "public"] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=1000)] | UnsetType | None = UNSET
    key: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    expires_at: Seconds | UnsetType | None = UNSET
    require_jwt: bool | UnsetType = UNSET
    allowed_origins: tuple[str, ...] | UnsetType = UNSET
    path_permissions: list[object] | UnsetType = UNSET
    tag_permissions: dict[str, object] | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    default_upload_path: UploadLocation | UnsetType = UNSET
    upload_rate_limit: RateLimit | UnsetType | None = UNSET
    upload_bytes_limit: BytesLimit | UnsetType | None = UNSET
    max_upload_bytes: Amount | UnsetType | None = UNSET
    secure_url_key: str | UnsetType = UNSET


class CertificateDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `jwtCertificates`, found by `id`."""

    id: str
    name: Name | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    pem: str | UnsetType = UNSET


class FolderDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `folders`, found by `folderPath`. `null` clears: the folder inherits."""

    folder_path: str
    description: str | UnsetType | None = UNSET
    public_permissions: list[object] | UnsetType | None = UNSET
    storage_layer: dict[str, object] | UnsetType | None = UNSET


class PresetDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `presets`, found by `name`. Each of `params` is an object of parameters."""

    name: str
    transformation: Literal["image", "video", "audio", "archive", "antivirus"] | UnsetType = UNSET
    params: list[dict[str, PresetValue]] | UnsetType = UNSET


class UserDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `users`, found by `email`. Passwords are set by `byteward user passwd`."""

    email: str
    role: Role | UnsetType = UNSET


class AccountDocument(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An element of `accounts`, found by `accountId`."""

    account_id: str
    name: Name | UnsetType = UNSET
    settings: SettingsDocument | UnsetType = UNSET
    tag_rules: list[TagRuleDocument] | UnsetType = UNSET
    api_keys: list[KeyDocument] | UnsetType = UNSET
    jwt_certificates: list[CertificateDocument] | UnsetType = UNSET
    folders: list[FolderDocument] | UnsetType = UNSET
    presets: list[PresetDocument] | UnsetType = UNSET
    users: list[UserDocument] | UnsetType = UNSET


class Document(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The whole file."""

    accounts: list[AccountDocument]


def given(value: T | UnsetType, otherwise: T) -> T:
    """The document's value if it has one."""
    return otherwise if isinstance(value, UnsetType) else value


def parse_document(source: Source) -> Document:
    """Read the document's shape; what the values mean is checked by `checks`.

    Raises:
        DocumentError: with the position of the first fault.
    """
    try:
        return msgspec.convert(source.value, Document)
    except msgspec.ValidationError as error:
        raise DocumentError([_shape_problem(source, str(error))]) from None


def _shape_problem(source: Source, message: str) -> Problem:
    place = _PLACE.search(message)
    path: Path = ()
    if place is not None:
        message = message[: place.start()]
        path = tuple(
            step["name"] if step["index"] is None else int(step["index"])
            for step in _STEP.finditer(place["path"])
        )
    unknown = _UNKNOWN.fullmatch(message)
    if unknown is not None:
        return source.problem(path, "unknown name", at_name=unknown["name"])
    return source.problem(path, message[:1].lower() + message[1:])
