"""Users, configuration, checks, backups, migrations and tokens from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.commands import Commands

PASSWORD = "quiet river under the hill"


def test_users_are_added_listed_and_given_passwords(byteward: Commands) -> None:
    byteward.init()
    made = byteward("user", "add", "ana@example.com", "--role", "member", "--json").json
    assert len(made["password"]) >= 16
    given = byteward(
        "user", "passwd", "ana@example.com", "--password-stdin", "--json", stdin=f"{PASSWORD}\n"
    )
    assert given.json == {"email": "ana@example.com", "password": None}
    listed = byteward("user", "list", "--json").json["users"]
    assert {each["email"]: each["role"] for each in listed} == {
        "owner@localhost": "owner",
        "ana@example.com": "member",
    }
    assert byteward("user", "add", "ana@example.com", "--role", "member").code == 3
    assert byteward("user", "passwd", "nobody@example.com").code == 3


def test_weak_passwords_and_unknown_roles_are_refused(byteward: Commands) -> None:
    byteward.init()
    weak = byteward("user", "passwd", "owner@localhost", "--password-stdin", stdin="short\n")
    assert weak.code == 2
    assert byteward("user", "add", "x@example.com", "--role", "emperor").code == 2
    assert len(byteward("user", "list", "--json").json["users"]) == 1


def test_settings_are_shown_with_where_they_come_from(
    byteward: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYTEWARD_HTTP__MAX_JSON_DEPTH", "7")
    shown = byteward("config", "--json")
    assert shown.code == 0
    settings = shown.json["settings"]
    assert settings["http.max_json_depth"] == {"value": "7", "source": "environment"}
    assert settings["http.max_json_members"]["source"] == "default"


def test_bad_configuration_lists_every_problem(
    byteward: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYTEWARD_HTTP__MAX_JSON_DEPTH", "deep")
    monkeypatch.setenv("BYTEWARD_HTTP__NO_SUCH_THING", "1")
    done = byteward("serve")
    assert done.code == 2
    assert "MAX_JSON_DEPTH" in done.err.upper()
    assert "NO_SUCH_THING" in done.err.upper()


def test_an_empty_store_is_whole(byteward: Commands) -> None:
    byteward.init()
    done = byteward("check", "--scrub", "--json")
    assert done.code == 0
    assert json.loads(done.out)


def test_a_missing_object_is_found_and_told(byteward: Commands) -> None:
    byteward.init()
    stray = byteward.data / "objects" / "ab" / ("ab" + "0" * 30)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"nobody's")
    assert byteward("check", "--json").code == 1
    assert byteward("check", "--repair", "--json").code == 0
    assert byteward("check", "--json").code == 0


def test_a_backup_is_a_data_folder(byteward: Commands, tmp_path: Path) -> None:
    account = byteward.init()["accountId"]
    copy = tmp_path / "copy"
    assert byteward("backup", str(copy)).code == 0
    restored = Commands(copy)
    assert restored.init()["accountId"] == account
    assert restored("check", "--scrub", "--json").code == 0
    assert restored("export", "--json").json == byteward("export", "--json").json


def test_migrating_what_is_current_changes_nothing(byteward: Commands) -> None:
    byteward.init()
    assert byteward("migrate").code == 0


def test_commands_need_an_installation(byteward: Commands) -> None:
    for command in ("export", "check", "user list"):
        done = byteward(*command.split())
        assert done.code == 2
        assert "init" in done.err
        assert not byteward.data.exists()


def test_a_jwt_is_signed_with_a_new_pair_and_accepted(byteward: Commands, tmp_path: Path) -> None:
    account = byteward.init()["accountId"]
    wanted = {
        "accounts": [
            {
                "accountId": account,
                "folders": [{"folderPath": "/private", "publicPermissions": []}],
            }
        ]
    }
    assert byteward.apply(wanted).code == 0
    key = tmp_path / "dev.pem"
    arguments = ("token", "sign", "jwt", "--create", "--key", str(key), "--account", account)
    signed = byteward(*arguments, "--sub", "user-1", "--read", "/private/*")
    assert signed.code == 0, signed.err
    token = tmp_path / "token"
    token.write_text(signed.out.strip())
    why = ("explain", "--account", account, "--jwt", str(token), "--json")
    assert byteward(*why, "/private/x.txt").json["allowed"] is True
    assert byteward(*why, "/private/deep/x.txt").json["allowed"] is False


@pytest.mark.parametrize("arguments", [("nonsense",), ("init", "--no-such-flag"), ("explain",)])
def test_wrong_usage_exits_with_2_and_says_where_help_is(
    byteward: Commands, arguments: tuple[str, ...]
) -> None:
    done = byteward(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "--help" in done.err
