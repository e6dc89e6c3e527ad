"""The state that a document wants, given the state that is stored (pure but for new ids and keys).

What the document leaves out keeps its stored value, or gets the default when it is new. With
`prune`, elements of a list that the document has are deleted when the list lacks them; a list that
the document leaves out is left alone, and so are accounts it does not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec
from msgspec import UnsetType

from byteward.access.model import Segments
from byteward.access.policy import parse_public_permissions
from byteward.accounts.model import AccountSettings, JwtCertificate, Preset, Quotas, TagRule, User
from byteward.accounts.service import default_root_permissions
from byteward.configuration.document import (
    AccountDocument,
    CertificateDocument,
    FolderDocument,
    PresetDocument,
    QuotasDocument,
    TagRuleDocument,
    UserDocument,
    given,
)
from byteward.configuration.merge_keys import GeneratedKey, merge_keys
from byteward.configuration.source import Problems
from byteward.configuration.state import AccountState, FolderState
from byteward.files.storage_layers import (
    NewStorageLayer,
    is_complete,
    parse_layer,
    without_credentials,
)
from byteward.paths import parse_segments

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Merged:
    """The wanted state, with the texts of keys that were generated for it."""

    state: AccountState
    generated: tuple[GeneratedKey, ...]


def merge(
    stored: AccountState | None,
    document: AccountDocument,
    problems: Problems,
    *,
    prune: bool,
    now_ms: int,
) -> Merged:
    """Combine the two.

    Args:
        stored: None when there is no such account.
        document: already checked by itself.
        problems: takes what can only be seen against the stored state, such as a missing field of
            a new element; the result must not be used when there are any.
        prune: whether to delete what the document's lists lack.
        now_ms: creation time of new elements.
    """
    account_id = document.account_id
    settings = _settings(stored, document)
    before = stored or AccountState(account_id, account_id, settings)
    if stored is None:
        root = FolderState((), public_permissions=default_root_permissions(settings))
        before = replace(before, folders={(): root})
    merging = _Merging(account_id, problems, prune=prune, now_ms=now_ms)
    keys, generated = merge_keys(
        before.keys, document, problems.under("apiKeys"), prune=prune, now_ms=now_ms
    )
    state = replace(
        before,
        name=given(document.name, before.name),
        settings=settings,
        keys=keys,
        certificates=merging.certificates(before.certificates, document.jwt_certificates),
        folders=merging.folders(before, document.folders, settings),
        presets=merging.presets(before.presets, document.presets),
        users=merging.users(before.users, document.users),
        tag_rules=merging.tag_rules(before.tag_rules, document.tag_rules),
    )
    return Merged(state, generated)


def _settings(stored: AccountState | None, document: AccountDocument) -> AccountSettings:
    settings = AccountSettings() if stored is None else stored.settings
    if isinstance(document.settings, UnsetType):
        return settings
    wanted = msgspec.structs.asdict(document.settings)
    wanted = {name: value for name, value in wanted.items() if value is not msgspec.UNSET}
    if not isinstance(document.settings.quotas, UnsetType):
        wanted["quotas"] = _quotas(settings.quotas, document.settings.quotas)
    return msgspec.structs.replace(settings, **wanted)


def _quotas(old: Quotas, document: QuotasDocument) -> Quotas:
    return Quotas(
        stored_bytes=given(document.stored_bytes, old.stored_bytes),
        stored_files=given(document.stored_files, old.stored_files),
        uploads_per_month=given(document.uploads_per_month, old.uploads_per_month),
    )


@dataclass(frozen=True, slots=True)
class _Merging:
    account_id: str
    problems: Problems
    prune: bool
    now_ms: int

    def certificates(
        self,
        stored: Mapping[str, JwtCertificate],
        documents: list[CertificateDocument] | UnsetType,
    ) -> Mapping[str, JwtCertificate]:
        if isinstance(documents, UnsetType):
            return stored
        wanted: dict[str, JwtCertificate] = {}
        for index, document in enumerate(documents):
            old = stored.get(document.id)
            if old is None and isinstance(document.pem, UnsetType):
                self.problems.add(("jwtCertificates", index), "a new certificate needs a `pem`")
                continue
            base = old or self._new_certificate(document.id)
            wanted[document.id] = replace(
                base,
                name=given(document.name, base.name),
                enabled=given(document.enabled, base.enabled),
                pem=given(document.pem, base.pem),
            )
        return self._kept(stored, wanted)

    def _new_certificate(self, certificate_id: str) -> JwtCertificate:
        return JwtCertificate(
            certificate_id,
            self.account_id,
            name=certificate_id,
            enabled=True,
            pem="",
            created_at=self.now_ms,
        )

    def tag_rules(
        self, stored: Mapping[str, TagRule], documents: list[TagRuleDocument] | UnsetType
    ) -> Mapping[str, TagRule]:
        if isinstance(documents, UnsetType):
            return stored
        wanted = {
            document.tag: _tag_rule(stored.get(document.tag) or TagRule(document.tag), document)
            for document in documents
        }
        return self._kept(stored, wanted)

    def presets(
        self, stored: Mapping[str, Preset], documents: list[PresetDocument] | UnsetType
    ) -> Mapping[str, Preset]:
        if isinstance(documents, UnsetType):
            return stored
        wanted: dict[str, Preset] = {}
        for index, document in enumerate(documents):
            old = stored.get(document.name)
            if old is None and isinstance(document.transformation, UnsetType):
                self.problems.add(("presets", index), "a new preset needs a `transformation`")
                continue
            wanted[document.name] = _preset(old, document, self.account_id)
        return self._kept(stored, wanted)

    def users(
        self, stored: Mapping[str, User], documents: list[UserDocument] | UnsetType
    ) -> Mapping[str, User]:
        if isinstance(documents, UnsetType):
            return stored
        wanted: dict[str, User] = {}
        for index, document in enumerate(documents):
            old = stored.get(document.email)
            if old is not None:
                wanted[document.email] = replace(old, role=given(document.role, old.role))
            elif isinstance(document.role, UnsetType):
                self.problems.add(("users", index), "a new user needs a `role`")
            else:
                wanted[document.email] = User(
                    0, self.account_id, document.email, document.role, created_at=self.now_ms
                )
        return self._kept(stored, wanted)

    def folders(
        self,
        before: AccountState,
        documents: list[FolderDocument] | UnsetType,
        settings: AccountSettings,
    ) -> Mapping[Segments, FolderState]:
        stored = before.folders
        if isinstance(documents, UnsetType):
            return stored
        wanted: dict[Segments, FolderState] = {}
        for index, document in enumerate(documents):
            segments = parse_segments(document.folder_path)
            wanted[segments] = _folder(
                stored.get(segments) or FolderState(segments),
                document,
                self.problems.under("folders", index, "storageLayer"),
            )
        for segments in tuple(wanted):
            # A virtual folder lies in folders that exist: missing ones are made, without settings.
            for length in range(len(segments)):
                above = segments[:length]
                if above not in wanted and above not in before.physical_folders:
                    wanted[above] = stored.get(above) or FolderState(above)
        if self.prune and () not in {parse_segments(d.folder_path) for d in documents}:
            wanted[()] = FolderState((), public_permissions=default_root_permissions(settings))
        return self._kept(stored, wanted)

    def _kept(self, stored: Mapping[K, V], wanted: Mapping[K, V]) -> Mapping[K, V]:
        return wanted if self.prune else {**stored, **wanted}


def _tag_rule(old: TagRule, document: TagRuleDocument) -> TagRule:
    return TagRule(
        tag=old.tag,
        max_upload_bytes=given(document.max_upload_bytes, old.max_upload_bytes),
        upload_rate_limit=given(document.upload_rate_limit, old.upload_rate_limit),
        upload_bytes_limit=given(document.upload_bytes_limit, old.upload_bytes_limit),
        ttl_seconds=given(document.ttl_seconds, old.ttl_seconds),
    )


def _preset(old: Preset | None, document: PresetDocument, account_id: str) -> Preset:
    transformation = given(document.transformation, "image" if old is None else old.transformation)
    params = () if old is None else old.params
    if not isinstance(document.params, UnsetType):
        params = tuple(pair for group in document.params for pair in group.items())
    if old is None:
        return Preset(document.name, account_id, transformation, params)
    is_same = (transformation, params) == (old.transformation, old.params)
    revision = old.revision if is_same else old.revision + 1
    return replace(old, transformation=transformation, params=params, revision=revision)


def _folder(old: FolderState, document: FolderDocument, problems: Problems) -> FolderState:
    public = old.public_permissions
    if not isinstance(document.public_permissions, UnsetType):
        entries = document.public_permissions
        public = None if entries is None else parse_public_permissions(entries)
    return replace(
        old,
        description=given(document.description, old.description),
        public_permissions=public,
        storage_layer=_layer(old.storage_layer, document.storage_layer, problems),
    )


def _layer(
    old: NewStorageLayer | None,
    document: dict[str, object] | UnsetType | None,
    problems: Problems,
) -> NewStorageLayer | None:
    """The wanted layer; one that is given without credentials keeps those that are stored."""
    if isinstance(document, UnsetType):
        return old
    if document is None:
        return None
    layer = parse_layer(document)
    if is_complete(layer):
        return layer
    if old is not None and without_credentials(old) == layer:
        return old
    problems.add((), "a layer that is new or changed needs its `credentials`")
    return old
