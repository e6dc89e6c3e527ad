"""Bodies of the operations on API keys, JWT certificates, presets and settings.

Members that change are read as the account document reads them, where `null` clears and a member
that is left out stays as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.accounts.model import BytesLimit, RateLimit, UploadLocation

# Any: the permission grammar has a reader of its own, `access.policy`.
PathRule = dict[str, Any]
TagRights = dict[str, list[str]]
Params = list[dict[str, str | int | float | bool]]


class KeyMembers(Struct, frozen=True, rename="camel", kw_only=True):
    """What can be set of an API key."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    expires_at: int | UnsetType | None = UNSET
    require_jwt: bool | UnsetType = UNSET
    allowed_origins: list[str] | UnsetType = UNSET
    path_permissions: list[PathRule] | UnsetType = UNSET
    tag_permissions: TagRights | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    default_upload_path: UploadLocation | UnsetType = UNSET
    upload_rate_limit: RateLimit | UnsetType | None = UNSET
    upload_bytes_limit: BytesLimit | UnsetType | None = UNSET
    max_upload_bytes: int | UnsetType | None = UNSET


class KeyUpdate(KeyMembers, frozen=True, kw_only=True):
    """What to change; see the account document.

    Attributes:
        name: unique in the account.
        description: for people.
        enabled: a disabled key is refused like an unknown one.
        expires_at: Unix seconds from which the key is refused; null: never.
        require_jwt: accepted only together with a JWT.
        allowed_origins: the only origins that may use the key; empty: any.
        path_permissions: what may be done where; entries with `match` or with `pattern`.
        tag_permissions: `write`: tags that callers may name.
        tags: added to every upload.
        default_upload_path: where uploads go when the request does not say.
        upload_rate_limit: uploads from one client address; null: any number.
        upload_bytes_limit: bytes uploaded from one client address; null: any number.
        max_upload_bytes: largest file; null: as the account says.
    """


class NewKey(KeyMembers, frozen=True, kw_only=True):
    """A new API key.

    Attributes:
        kind: `secret` or `public`; fixed from then on.
        name: unique in the account.
        description: for people.
        enabled: a disabled key is refused like an unknown one.
        expires_at: Unix seconds from which the key is refused; null: never.
        require_jwt: accepted only together with a JWT.
        allowed_origins: the only origins that may use the key; empty: any.
        path_permissions: what may be done where; entries with `match` or with `pattern`.
        tag_permissions: `write`: tags that callers may name.
        tags: added to every upload.
        default_upload_path: where uploads go when the request does not say.
        upload_rate_limit: uploads from one client address; null: any number.
        upload_bytes_limit: bytes uploaded from one client address; null: any number.
        max_upload_bytes: largest file; null: as the account says.
    """

    kind: Literal["secret", "public"]


class KeyItem(Struct, frozen=True, rename="camel", kw_only=True):
    """An API key.

    Attributes:
        key_id: its public name.
        kind: `secret` or `public`.
        name: unique in the account.
        key: the key itself, for public keys; the text of secret keys is not stored.
        description: for people.
        enabled: a disabled key is refused like an unknown one.
        expires_at: Unix seconds from which the key is refused; null: never.
        require_jwt: accepted only together with a JWT.
        allowed_origins: the only origins that may use the key; empty: any.
        path_permissions: what may be done where; `pattern` is `match` as people write it.
        tag_permissions: `write`: tags that callers may name.
        tags: added to every upload.
        default_upload_path: where uploads go when the request does not say.
        upload_rate_limit: uploads from one client address; null: any number.
        upload_bytes_limit: bytes uploaded from one client address; null: any number.
        max_upload_bytes: largest file; null: as the account says.
        created_at: in Unix milliseconds.
    """

    key_id: str
    kind: Literal["secret", "public"]
    name: str
    key: str | None
    description: str | None
    enabled: bool
    expires_at: int | None
    require_jwt: bool
    allowed_origins: list[str]
    path_permissions: list[PathRule]
    tag_permissions: TagRights
    tags: list[str]
    default_upload_path: UploadLocation
    upload_rate_limit: RateLimit | None
    upload_bytes_limit: BytesLimit | None
    max_upload_bytes: int | None
    created_at: int


class KeyList(Struct, frozen=True):
    """API keys.

    Attributes:
        items: the oldest first.
    """

    items: list[KeyItem]


class KeyWithText(Struct, frozen=True, rename="camel"):
    """An API key and its text.

    Attributes:
        api_key: as it is listed.
        key: the key itself; that of a secret key is shown this once.
    """

    api_key: KeyItem
    key: str


class SecureUrlKey(Struct, frozen=True, rename="camel"):
    """The key of signed and encrypted URLs.

    Attributes:
        secure_url_key: Base64.
    """

    secure_url_key: str


class NewCertificate(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A public key that verifies JWTs.

    Attributes:
        name: for people.
        pem: `PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`.
        certificate_id: 1 to 64 letters, digits, `.`, `_` and `-`; made when left out.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    pem: Annotated[str, Meta(min_length=1, max_length=65536)]
    certificate_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class CertificateUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change.

    Attributes:
        name: for people.
        enabled: whether it verifies JWTs.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class CertificateItem(Struct, frozen=True, rename="camel"):
    """A JWT certificate.

    Attributes:
        certificate_id: unique in the account.
        name: for people.
        enabled: whether it verifies JWTs.
        pem: as it was given.
        fingerprint: SHA-256 of the public key.
        modulus_bits: size of the RSA key.
        created_at: in Unix milliseconds.
    """

    certificate_id: str
    name: str
    enabled: bool
    pem: str
    fingerprint: str
    modulus_bits: int
    created_at: int


class CertificateList(Struct, frozen=True):
    """JWT certificates.

    Attributes:
        items: the oldest first.
    """

    items: list[CertificateItem]


class PresetBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A named transformation.

    Attributes:
        transformation: the API whose parameters it fixes.
        params: objects of parameters, in order.
    """

    transformation: Literal["image", "video", "audio", "archive", "antivirus"]
    params: Params


class PresetItem(Struct, frozen=True):
    """A preset.

    Attributes:
        name: its slug in URLs and in permissions.
        transformation: the API whose parameters it fixes.
        params: objects of parameters, in order.
        revision: raised by each change.
    """

    name: str
    transformation: str
    params: Params
    revision: int


class PresetList(Struct, frozen=True):
    """Presets.

    Attributes:
        items: in the order of their names.
    """

    items: list[PresetItem]


class QuotaMembers(Struct, frozen=True, rename="camel"):
    """What the account may use in all; null: as much as there is.

    Attributes:
        stored_bytes: bytes of its files.
        stored_files: its files.
        uploads_per_month: in one calendar month in UTC.
    """

    stored_bytes: int | UnsetType | None = UNSET
    stored_files: int | UnsetType | None = UNSET
    uploads_per_month: int | UnsetType | None = UNSET


class SettingMembers(Struct, frozen=True, rename="camel", kw_only=True):
    """Settings of the account.

    Attributes:
        default_root_public: what `publicPermissions: null` means for the root folder.
        cache_ttl: seconds that caches may keep a delivered file.
        cache_ttl404: seconds that caches may keep "not found".
        max_upload_bytes: largest file.
        browser_origins: the only origins that get credentialed answers; empty: any.
        presets_or_signed_only: refuse free-form transformations of public files.
        enforce_totp: every dashboard user needs a second factor.
        quotas: what the account may use in all.
    """

    default_root_public: bool | UnsetType = UNSET
    cache_ttl: int | UnsetType = UNSET
    cache_ttl404: int | UnsetType = UNSET
    max_upload_bytes: int | UnsetType = UNSET
    browser_origins: list[str] | UnsetType = UNSET
    presets_or_signed_only: bool | UnsetType = UNSET
    enforce_totp: bool | UnsetType = UNSET
    quotas: QuotaMembers | UnsetType = UNSET


class AccountUpdate(Struct, frozen=True):
    """What to change.

    Attributes:
        name: for people.
        settings: those to change.
    """

    name: str | UnsetType = UNSET
    settings: SettingMembers | UnsetType = UNSET


class UsageNow(Struct, frozen=True, rename="camel"):
    """What counts against the quotas.

    Attributes:
        stored_files: files.
        stored_bytes: bytes of them.
        uploads_this_month: in this calendar month in UTC.
    """

    stored_files: int
    stored_bytes: int
    uploads_this_month: int


class AccountAnswer(Struct, frozen=True):
    """The account.

    Attributes:
        name: for people.
        settings: all of them.
        usage: what counts against the quotas.
    """

    name: str
    settings: SettingMembers
    usage: UsageNow
