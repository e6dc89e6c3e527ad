"""The facts that a permission decision is made from. All frozen; none knows where it is stored.

A decision reads: may this `Principal` do this `Action` to the path with these segments, through
this transformation slug, given these `PublicPermissions`?
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from byteward.access import rules
from byteward.access.roles import Role
from byteward.access.rules import PathRules

Segments = rules.Segments
"""A path as `byteward.paths` splits it; the root folder has none."""

SlugPatterns = tuple[str, ...]
"""`*`, an exact slug, or a prefix ending in `*`; an empty tuple matches nothing."""

TagPatterns = tuple[str, ...]
"""The same grammar, for tags."""


class KeyKind(StrEnum):
    """The two kinds of API key; fixed when the key is made."""

    SECRET = "secret"  # noqa: S105 - a kind of key, not a secret
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What an API key may do, as far as a decision needs it."""

    key_id: str
    kind: KeyKind
    rules: PathRules
    tag_patterns: TagPatterns = ()


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """What a verified JWT's `access` claim says; `tag_patterns` is None when it says nothing."""

    subject: str
    certificate_id: str
    rules: PathRules
    tag_patterns: TagPatterns | None = None


@dataclass(frozen=True, slots=True)
class UserAccess:
    """A dashboard user, as far as a decision needs it."""

    email: str
    role: Role


class PrincipalKind(StrEnum):
    """How the caller proved who it is; decides caching and which operations exist for it at all."""

    ANONYMOUS = "anonymous"
    API_KEY = "api_key"
    API_KEY_AND_JWT = "api_key_and_jwt"
    JWT = "jwt"
    COOKIE = "cookie"
    SECURE_URL = "secure_url"
    DASHBOARD_USER = "dashboard_user"


_KINDS_WITH_KEY: Final = frozenset(
    {PrincipalKind.API_KEY, PrincipalKind.API_KEY_AND_JWT, PrincipalKind.SECURE_URL}
)
_KINDS_WITH_TOKEN: Final = frozenset(
    {PrincipalKind.API_KEY_AND_JWT, PrincipalKind.JWT, PrincipalKind.COOKIE}
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is asking, after authentication: one per request.

    Attributes:
        kind: which credential was presented.
        account_id: the account that the credential belongs to (the one in the URL).
        key: the API key's access: the presented key, or the key that signed the URL. The key that
            a JWT merely names (`apiKeyId`) is not it: its permissions are not inherited.
        token: the JWT's access, merged with `key` field by field, the token's word first.
        user: a dashboard user, whose role says what it may do, everywhere in its account.
        expires_at: Unix seconds when the credential ends, None when it does not.

    Raises:
        ValueError: the parts are not those of the kind.
    """

    kind: PrincipalKind
    account_id: str
    key: KeyAccess | None = None
    token: TokenAccess | None = None
    user: UserAccess | None = None
    expires_at: float | None = None

    def __post_init__(self) -> None:
        # SECURITY: rights of two credentials are never united except those of an API key and the
        # JWT beside it. `decide` relies on it: it asks whichever parts are here.
        if (
            (self.key is not None) != (self.kind in _KINDS_WITH_KEY)
            or (self.token is not None) != (self.kind in _KINDS_WITH_TOKEN)
            or (self.user is not None) != (self.kind is PrincipalKind.DASHBOARD_USER)
        ):
            raise ValueError(f"a principal of kind {self.kind} has other parts")

    @property
    def has_secret_authority(self) -> bool:
        """Whether job and cache operations exist for this principal: secret key or member."""
        if self.user is not None:
            return self.user.role.includes(Role.MEMBER)
        return (
            self.kind in (PrincipalKind.API_KEY, PrincipalKind.API_KEY_AND_JWT)
            and self.key is not None
            and self.key.kind is KeyKind.SECRET
        )


@dataclass(frozen=True, slots=True)
class PublicPermissions:
    """The anonymous downloads that the nearest defining ancestor folder allows.

    Attributes:
        folder: segments of the folder on which they are stored.
        children: slug patterns for files directly in that folder.
        grandchildren: slug patterns for files any deeper.
        defect: why the stored setting cannot be read, or None; it then makes nothing public.
    """

    folder: Segments
    children: SlugPatterns
    grandchildren: SlugPatterns
    defect: str | None = None
