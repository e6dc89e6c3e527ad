"""`byteward explain`: the decision, its rule, and an exit code that scripts can use."""

from __future__ import annotations

import pytest

from tests.integration.cli.commands import Commands


@pytest.fixture
def account(byteward: Commands) -> str:
    made = byteward.init()
    folders = [{"folderPath": "/private", "publicPermissions": []}]
    wanted = {"accounts": [{"accountId": made["accountId"], "folders": folders}]}
    assert byteward.apply(wanted).code == 0
    return str(made["accountId"])


def test_a_denial_exits_with_1_and_says_what_would_change_it(
    byteward: Commands, account: str
) -> None:
    done = byteward("explain", "--account", account, "/private/x.txt", "--json")
    assert done.code == 1
    told = done.json
    assert told["allowed"] is False
    assert told["rule"]["location"] == "folder `/private`, publicPermissions, scope Children"
    assert "publicPermissions of folder `/private`" in told["smallestGrant"]


def test_a_permission_exits_with_0(byteward: Commands, account: str) -> None:
    done = byteward("explain", "--account", account, "/open.txt", "--json")
    assert (done.code, done.json["allowed"]) == (0, True)


def test_a_key_is_named_by_its_id(byteward: Commands, account: str) -> None:
    keys = byteward("export", "--json").json["accounts"][0]["apiKeys"]
    key_id = next(each["id"] for each in keys if each["kind"] == "secret")
    arguments = ("explain", "--account", account, "--key", key_id, "--action", "deleteFile")
    assert byteward(*arguments, "/private/x.txt").code == 0
    public = next(each["id"] for each in keys if each["kind"] == "public")
    arguments = ("explain", "--account", account, "--key", public, "--action", "deleteFile")
    done = byteward(*arguments, "/private/x.txt")
    assert done.code == 1
    assert "public API key never grants" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--action", "flyFile", "/x"),
        ("--jwt", "/no/such/file", "/x"),
        ("no slash",),
    ],
)
def test_wrong_questions_exit_with_2(
    byteward: Commands, account: str, arguments: tuple[str, ...]
) -> None:
    done = byteward("explain", "--account", account, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_an_unknown_account_exits_with_2(byteward: Commands) -> None:
    byteward.init()
    assert byteward("explain", "--account", "A623uY2", "/x").code == 2
