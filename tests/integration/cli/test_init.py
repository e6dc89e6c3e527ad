"""`byteward init`: what it makes, what it tells, and that a second run changes nothing."""

from __future__ import annotations

import re
import stat

import pytest

from tests.integration.cli.commands import Commands


def test_the_first_run_tells_every_credential_once(byteward: Commands) -> None:
    first = byteward.init()
    account = first["accountId"]
    assert re.fullmatch(r"[1-9A-HJ-NP-Za-km-z]{7}", account)
    assert first["secretApiKey"].startswith(f"secret_{account}")
    assert first["publicApiKey"].startswith(f"public_{account}")
    assert first["apiUrl"] == "http://127.0.0.1:8080"
    assert first["cdnUrl"] == "http://127.0.0.1:8081"
    assert first["dashboardUrl"] == "http://127.0.0.1:8080/dashboard"
    assert first["owner"]["email"] == "owner@localhost"
    assert len(first["owner"]["password"]) >= 16
    again = byteward.init()
    assert again["secretApiKey"] is None
    assert again["owner"] == {"email": "owner@localhost", "password": None}
    assert {**again, "secretApiKey": 0, "owner": 0} == {**first, "secretApiKey": 0, "owner": 0}


def test_the_data_folder_keeps_its_secrets_to_its_owner(byteward: Commands) -> None:
    byteward.init()
    names = {each.name for each in byteward.data.iterdir()}
    assert {"byteward.db", "objects", "tmp", "secrets"} <= names
    assert stat.S_IMODE((byteward.data / "secrets").stat().st_mode) == 0o700


def test_people_see_the_credentials_too(byteward: Commands) -> None:
    done = byteward("init")
    assert done.code == 0
    assert "secret_" in done.out


def test_public_urls_are_those_that_are_configured(
    byteward: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYTEWARD_PUBLIC_API_URL", "https://api.example.com")
    done = byteward("init", "--json")
    assert done.json["apiUrl"] == "https://api.example.com"
    assert done.json["dashboardUrl"] == "https://api.example.com/dashboard"
