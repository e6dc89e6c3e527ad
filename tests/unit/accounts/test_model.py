"""The wire form of account settings."""

from __future__ import annotations

import msgspec

from byteward.accounts.model import AccountSettings


def test_settings_have_the_wire_names_and_defaults_of_the_contract() -> None:
    assert msgspec.json.decode(msgspec.json.encode(AccountSettings())) == {
        "defaultRootPublic": True,
        "cacheTtl": 31_536_000,
        "cacheTtl404": 60,
        "maxUploadBytes": 5_368_709_120,
        "browserOrigins": [],
        "presetsOrSignedOnly": False,
        "enforceTotp": False,
        "quotas": {"storedBytes": None, "storedFiles": None, "uploadsPerMonth": None},
    }


def test_settings_stored_by_an_older_release_get_defaults_for_what_is_new() -> None:
    settings = msgspec.json.decode(b'{"cacheTtl": 5}', type=AccountSettings)
    assert settings == AccountSettings(cache_ttl=5)
