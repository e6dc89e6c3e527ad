"""What an upload is told, what a multipart upload remembers, and who began it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    TokenAccess,
    UserAccess,
)
from byteward.access.policy import parse_path_permissions, path_permissions_to_wire
from byteward.access.roles import Role
from byteward.access.rules import PathRules
from byteward.files.file_details import FileDetails
from byteward.files.metadata import EMPTY
from byteward.files.mime import OCTET_STREAM
from byteward.files.resolution import PathDefinition
from byteward.identity.caller import Caller
from byteward.paths import FilePath
from byteward.storage.port import StagedPart
from byteward.uploads.authority import Writer
from byteward.uploads.plan import PartPlan
from byteward.uploads.state import PartState, Protocol, UploadState


@dataclass(frozen=True, slots=True)
class NewFile:
    """What a request says about the file that it brings; all of it validated.

    Attributes:
        definition: where it is to go; empty: as the API key says.
        mime: its declared type.
        original_file_name: its name at the uploader's, if told.
        tags: tags that the request names, without those that the API key adds.
        metadata: JSON object as compact text.
    """

    definition: PathDefinition = ""
    mime: str = OCTET_STREAM
    original_file_name: str | None = None
    tags: tuple[str, ...] = ()
    metadata: str = EMPTY


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A part whose bytes are in the staging area."""

    index: int
    staged: StagedPart
    is_complete: bool

    @property
    def state(self) -> PartState:
        """The part as the state machine sees it."""
        return PartState(self.index, self.staged.md5.hex(), self.is_complete)


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload.

    Attributes:
        upload_id: 16 base58 characters; a name, not authority.
        file: what the file is or is going to be; its etag is None until it is there.
        protocol: see `Protocol`.
        state: see `UploadState`.
        plan: how the file is cut.
        is_create_only: the path was drawn with unique digits: it is never overwritten.
        began_by: the credential that began it.
        created_at: Unix milliseconds.
        expires_at: Unix milliseconds from which the upload counts as unknown.
    """

    upload_id: str
    file: FileDetails
    protocol: Protocol
    state: UploadState
    plan: PartPlan
    is_create_only: bool
    began_by: Credential
    created_at: int
    expires_at: int

    @property
    def path(self) -> FilePath:
        """Where the file goes."""
        return self.file.path

    @property
    def is_published_by_put(self) -> bool:
        """Whether the bytes of the only part make the file, before any completion."""
        return self.protocol is Protocol.V1_0 and self.plan.count == 1


class _Token(msgspec.Struct, frozen=True):
    subject: str
    certificate_id: str
    path_permissions: list[dict[str, object]]
    tag_permissions: tuple[str, ...] | None


class _User(msgspec.Struct, frozen=True):
    email: str
    role: Role


_NO_RULES: Final = PathRules()


class Credential(msgspec.Struct, frozen=True):
    """Who began an upload, so that a part that comes without a credential can be judged.

    An API key's permissions are read again each time. A JWT is gone after its request, so what it
    granted is kept; its certificate still has to be enabled.
    """

    kind: PrincipalKind
    key_id: str | None = None
    bound_key_id: str | None = None
    user: _User | None = None
    expires_at: float | None = None
    token: _Token | None = None

    @classmethod
    def of(cls, caller: Caller) -> Credential:
        """The caller's credential."""
        writer = Writer.of(caller)
        principal, user = writer.principal, writer.principal.user
        return cls(
            kind=principal.kind,
            key_id=None if principal.key is None else principal.key.key_id,
            bound_key_id=writer.bound_key_id,
            user=None if user is None else _User(user.email, user.role),
            expires_at=principal.expires_at,
            token=None if principal.token is None else _frozen_token(principal.token),
        )

    def writer(self, account_id: str) -> Writer:
        """Whoever began the upload, to decide for.

        INVARIANT: the key carries no permissions here; `Guard.decide_in` puts in those stored now.
        """
        token, user = self.token, self.user
        key = None if self.key_id is None else KeyAccess(self.key_id, KeyKind.PUBLIC, _NO_RULES)
        principal = Principal(
            kind=self.kind,
            account_id=account_id,
            key=key,
            token=None if token is None else _token_access(token),
            user=None if user is None else UserAccess(user.email, user.role),
            expires_at=self.expires_at,
        )
        return Writer(principal, self.bound_key_id)

    def is_expired(self, now: float) -> bool:
        """Whether the credential ended of itself before `now` (Unix seconds)."""
        return self.expires_at is not None and now >= self.expires_at


def _frozen_token(token: TokenAccess) -> _Token:
    return _Token(
        token.subject,
        token.certificate_id,
        path_permissions_to_wire(token.rules.entries),
        token.tag_patterns,
    )


def _token_access(token: _Token) -> TokenAccess:
    rules = PathRules(parse_path_permissions(token.path_permissions, is_token=True))
    return TokenAccess(token.subject, token.certificate_id, rules, token.tag_permissions)
