"""What of an account a document speaks of, as complete values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from byteward.access.model import Segments
from byteward.access.public import PublicEntries
from byteward.accounts.model import AccountSettings, ApiKey, JwtCertificate, Preset, TagRule, User
from byteward.files.storage_layers import NewStorageLayer


@dataclass(frozen=True, slots=True)
class FolderState:
    """A virtual folder's own settings, credentials included.

    None: not set, so the folders above decide.
    """

    segments: Segments
    description: str | None = None
    public_permissions: PublicEntries | None = None
    storage_layer: NewStorageLayer | None = None

    @property
    def path(self) -> str:
        """The path as text."""
        return "/" + "/".join(self.segments)


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as it is, or as a document wants it.

    Attributes:
        account_id: natural key.
        name: for people.
        settings: complete.
        keys: by id.
        certificates: by id.
        folders: virtual folders by path; physical ones come and go with their files.
        presets: by name.
        users: by e-mail.
        tag_rules: by tag.
        physical_folders: folders that exist only because something lies in them, as far as the
            paths in question meet them.
    """

    account_id: str
    name: str
    settings: AccountSettings
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    certificates: Mapping[str, JwtCertificate] = field(default_factory=dict)
    folders: Mapping[Segments, FolderState] = field(default_factory=dict)
    presets: Mapping[str, Preset] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    physical_folders: frozenset[Segments] = frozenset()
    tag_rules: Mapping[str, TagRule] = field(default_factory=dict)
