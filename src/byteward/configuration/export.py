"""The canonical account document of what is stored; applying it changes nothing."""

from __future__ import annotations

import yaml

from byteward.access.policy import path_permissions_to_wire, public_permissions_to_wire
from byteward.accounts.model import (
    AccountSettings,
    ApiKey,
    BytesLimit,
    JwtCertificate,
    Preset,
    RateLimit,
    TagRule,
    User,
)
from byteward.configuration.state import AccountState, FolderState
from byteward.files.storage_layers import layer_to_wire, without_credentials
from byteward.strict_base64 import encode_base64

Wire = dict[str, object]
"""A JSON object."""


def settings_to_wire(settings: AccountSettings) -> Wire:
    """`settings`, complete."""
    return {
        "defaultRootPublic": settings.default_root_public,
        "cacheTtl": settings.cache_ttl,
        "cacheTtl404": settings.cache_ttl404,
        "maxUploadBytes": settings.max_upload_bytes,
        "browserOrigins": list(settings.browser_origins),
        "presetsOrSignedOnly": settings.presets_or_signed_only,
        "enforceTotp": settings.enforce_totp,
        "quotas": {
            "storedBytes": settings.quotas.stored_bytes,
            "storedFiles": settings.quotas.stored_files,
            "uploadsPerMonth": settings.quotas.uploads_per_month,
        },
    }


def tag_rule_to_wire(rule: TagRule) -> Wire:
    """An element of `tagRules`, complete."""
    return {
        "tag": rule.tag,
        "maxUploadBytes": rule.max_upload_bytes,
        "uploadRateLimit": _rate(rule.upload_rate_limit),
        "uploadBytesLimit": _volume(rule.upload_bytes_limit),
        "ttlSeconds": rule.ttl_seconds,
    }


def _rate(limit: RateLimit | None) -> Wire | None:
    return None if limit is None else {"count": limit.count, "seconds": limit.seconds}


def _volume(limit: BytesLimit | None) -> Wire | None:
    return None if limit is None else {"bytes": limit.bytes, "seconds": limit.seconds}


def key_to_wire(key: ApiKey, *, with_secrets: bool) -> Wire:
    """An element of `apiKeys`.

    A public key's text is part of every web page that uses it and is always written; a secret
    key's text is not stored. The secure URL key is written with secrets only.
    """
    location = key.default_upload_path
    wire: Wire = {"id": key.key_id, "kind": key.kind.value, "name": key.name}
    if key.public_text is not None:
        wire["key"] = key.public_text
    wire |= {
        "description": key.description,
        "enabled": key.enabled,
        "expiresAt": key.expires_at,
        "requireJwt": key.require_jwt,
        "allowedOrigins": list(key.allowed_origins or ()),
        "pathPermissions": path_permissions_to_wire(key.path_permissions),
        "tagPermissions": {"write": list(key.tag_patterns)},
        "tags": list(key.tags),
        "defaultUploadPath": {"folderPath": location.folder_path, "fileName": location.file_name},
        "uploadRateLimit": _rate(key.upload_rate_limit),
        "uploadBytesLimit": _volume(key.upload_bytes_limit),
        "maxUploadBytes": key.max_upload_bytes,
    }
    if with_secrets:
        wire["secureUrlKey"] = encode_base64(key.secure_url_key)
    return wire


def certificate_to_wire(certificate: JwtCertificate) -> Wire:
    """An element of `jwtCertificates`."""
    return {
        "id": certificate.certificate_id,
        "name": certificate.name,
        "enabled": certificate.enabled,
        "pem": certificate.pem,
    }


def folder_to_wire(folder: FolderState, *, with_secrets: bool) -> Wire:
    """An element of `folders`; `null` says that the folders above decide.

    Credentials of a storage layer are written with secrets only. Applied where the same layer is
    stored, the document without them keeps them.
    """
    public, layer = folder.public_permissions, folder.storage_layer
    shown = layer if layer is None or with_secrets else without_credentials(layer)
    return {
        "folderPath": folder.path,
        "description": folder.description,
        "publicPermissions": None if public is None else public_permissions_to_wire(public),
        "storageLayer": None if shown is None else layer_to_wire(shown),
    }


def preset_to_wire(preset: Preset) -> Wire:
    """An element of `presets`."""
    return {
        "name": preset.name,
        "transformation": preset.transformation,
        "params": [{name: value} for name, value in preset.params],
    }


def user_to_wire(user: User) -> Wire:
    """An element of `users`; password hashes stay where they are."""
    return {"email": user.email, "role": user.role.value}


def account_to_wire(state: AccountState, *, with_secrets: bool) -> Wire:
    """An element of `accounts`."""
    return {
        "accountId": state.account_id,
        "name": state.name,
        "settings": settings_to_wire(state.settings),
        "tagRules": [tag_rule_to_wire(rule) for rule in state.tag_rules.values()],
        "apiKeys": [key_to_wire(key, with_secrets=with_secrets) for key in state.keys.values()],
        "jwtCertificates": [certificate_to_wire(c) for c in state.certificates.values()],
        "folders": [
            folder_to_wire(state.folders[path], with_secrets=with_secrets)
            for path in sorted(state.folders)
        ],
        "presets": [preset_to_wire(preset) for preset in state.presets.values()],
        "users": [user_to_wire(user) for user in state.users.values()],
    }


def document_to_yaml(document: Wire) -> str:
    """The document as YAML that `read_document` reads back to the same values."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2
    )


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some YAML reader takes for something else; writes no aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is the library's
        """Write each value where it stands."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if text.startswith("-----BEGIN "):
        style = "|"
    elif not text.isprintable():
        style = '"'  # plain and single-quoted text loses breaks such as U+0085
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
