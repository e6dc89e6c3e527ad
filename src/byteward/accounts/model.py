"""The values that an account is made of. All frozen.

An `ApiKey` carries everything that a request needs, already parsed and compiled, so that the hot
path never looks at JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from byteward.access.model import KeyAccess, KeyKind, TagPatterns
from byteward.access.roles import Role
from byteward.access.rules import PathPermission

MAX_EXPIRY_SECONDS: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that every clock and calendar we meet can express."""


class Quotas(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What an account may use in all; None: as much as there is.

    Attributes:
        stored_bytes: bytes of its files, copies counted like their originals.
        stored_files: its files.
        uploads_per_month: files uploaded in one calendar month in UTC; copies are no uploads.
    """

    stored_bytes: int | None = None
    stored_files: int | None = None
    uploads_per_month: int | None = None


class AccountSettings(msgspec.Struct, frozen=True, rename="camel", omit_defaults=False):
    """What an account's administrator chooses; field names on the wire are camelCase.

    Attributes:
        default_root_public: whether the root folder of a new account is readable by everybody.
        cache_ttl: seconds that caches may keep a delivered file.
        cache_ttl404: seconds that caches may keep "not found"; `cacheTtl404` on the wire.
        max_upload_bytes: largest file that may be uploaded.
        browser_origins: the only origins that get credentialed CORS answers; empty: any.
        presets_or_signed_only: refuse free-form transformations of public files.
        enforce_totp: every dashboard user needs a second factor.
        quotas: what the account may use in all.
    """

    default_root_public: bool = True
    cache_ttl: int = 31_536_000
    cache_ttl404: int = 60
    max_upload_bytes: int = 5_368_709_120
    browser_origins: tuple[str, ...] = ()
    presets_or_signed_only: bool = False
    enforce_totp: bool = False
    quotas: Quotas = Quotas()


class RateLimit(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """At most so many uploads in any period of a length.

    Attributes:
        count: uploads.
        seconds: the length of the period.
    """

    count: int
    seconds: int


class BytesLimit(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """At most so many bytes uploaded in any period of a length.

    Attributes:
        bytes: uploaded.
        seconds: the length of the period.
    """

    bytes: int
    seconds: int


class TagRule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What holds for uploads with a tag. None: nothing in this respect.

    Attributes:
        tag: the whole tag.
        max_upload_bytes: largest file.
        upload_rate_limit: uploads with the tag, by all callers together.
        upload_bytes_limit: bytes uploaded with the tag, by all callers together.
        ttl_seconds: how long a file with the tag is kept.
    """

    tag: str
    max_upload_bytes: int | None = None
    upload_rate_limit: RateLimit | None = None
    upload_bytes_limit: BytesLimit | None = None
    ttl_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One account: the unit of isolation.

    Attributes:
        account_id: 7 base58 characters.
        name: for people.
        settings: see `AccountSettings`.
        epoch: raised by every change of authority in the account; the stamp of cached facts.
        root_folder_id: `folders.folder_id` of `/`.
        created_at: Unix milliseconds.
        tag_rules: what holds for uploads with certain tags.
    """

    account_id: str
    name: str
    settings: AccountSettings
    epoch: int
    root_folder_id: int
    created_at: int = 0
    tag_rules: tuple[TagRule, ...] = ()


class UploadLocation(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where an upload goes when the request does not say: two path templates with variables.

    Attributes:
        folder_path: template of the folder's path.
        file_name: template of the file's name.
    """

    folder_path: str
    file_name: str


DEFAULT_UPLOAD_LOCATION: Final = UploadLocation(
    folder_path="/uploads/{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}",
    file_name="{UTC_TIME_TOKEN_INVERSE}{UNIQUE_DIGITS_2}-{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}",
)
"""The location that a new API key starts with, and that a JWT without an API key gets."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key with everything that a request made with it needs.

    Attributes:
        key_id: 8 base58 characters; a name, not a secret.
        account_id: the account that it belongs to.
        kind: secret or public; fixed when the key is made.
        name: unique in the account.
        enabled: a disabled key is refused like an unknown one.
        expires_at: Unix seconds from which the key is refused; None: never.
        require_jwt: the key is accepted only together with a valid JWT.
        allowed_origins: the only origins that may use the key; None: any.
        access: compiled permissions, the input of a decision.
        path_permissions: the same entries in stored order, for export and editing.
        tags: added to every upload made with the key.
        default_upload_path: where uploads go when the request does not say.
        upload_rate_limit: uploads from one client address; None: unlimited.
        upload_bytes_limit: bytes uploaded from one client address; None: unlimited.
        max_upload_bytes: largest file that the key may upload; None: as the account says.
        secure_url_key: key of signed and encrypted URLs.
        digest: SHA-256 of the whole key text.
        public_text: the key itself, for public keys; secret keys are shown once and not stored.
        description: for people.
        created_at: Unix milliseconds.
    """

    key_id: str
    account_id: str
    kind: KeyKind
    name: str
    enabled: bool
    expires_at: int | None
    require_jwt: bool
    allowed_origins: tuple[str, ...] | None
    access: KeyAccess
    path_permissions: tuple[PathPermission, ...]
    tags: tuple[str, ...]
    default_upload_path: UploadLocation
    upload_rate_limit: RateLimit | None
    secure_url_key: bytes = field(repr=False)
    digest: bytes = field(repr=False, default=b"")
    public_text: str | None = field(repr=False, default=None)
    description: str | None = None
    created_at: int = 0
    upload_bytes_limit: BytesLimit | None = None
    max_upload_bytes: int | None = None

    @property
    def tag_patterns(self) -> TagPatterns:
        """Tags that a caller with this key may name."""
        return self.access.tag_patterns

    def is_usable(self, now: float) -> bool:
        """Whether the key is enabled and not expired at `now` (Unix seconds)."""
        return self.enabled and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class JwtCertificate:
    """A public key that verifies the account's JWTs; `pem` was validated when it was stored."""

    certificate_id: str
    account_id: str
    name: str
    enabled: bool
    pem: str
    created_at: int = 0


PresetValue = str | int | float | bool
"""What one parameter of a preset can be set to."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A named transformation.

    Attributes:
        name: the slug in URLs and in permission lists.
        account_id: the account that it belongs to.
        transformation: the API whose parameters it fixes: `image`, `video`, `audio`, ….
        params: parameters in order; a name may occur more than once.
        revision: raised by each change; part of the cache key of results.
    """

    name: str
    account_id: str
    transformation: str
    params: tuple[tuple[str, PresetValue], ...]
    revision: int = 1


@dataclass(frozen=True, slots=True)
class User:
    """A dashboard user of one account.

    Attributes:
        user_id: never given to another user.
        account_id: the account.
        email: unique in the account; compares byte for byte.
        role: what the user may do.
        password_hash: None until a password is set.
        created_at: Unix milliseconds.
        disabled_at: since when the user may not sign in, in Unix milliseconds.
        has_totp: signing in takes a second factor.
    """

    user_id: int
    account_id: str
    email: str
    role: Role
    password_hash: str | None = field(repr=False, default=None)
    created_at: int = 0
    disabled_at: int | None = None
    has_totp: bool = False
