"""`byteward apply` and `byteward export`: all of a document or nothing of it, and back."""

from __future__ import annotations

from typing import Any

from tests.integration.cli.commands import Commands, Done


def document(account: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    return {"accounts": [{"accountId": account, **members}]}


def changes(done: Done) -> list[tuple[str, str]]:
    assert done.code == 0, done.err
    return [(each["kind"], each["what"]) for each in done.json["changes"]]


def test_an_exported_document_changes_nothing(byteward: Commands) -> None:
    byteward.init()
    exported = byteward("export", "--json")
    assert exported.code == 0
    assert changes(byteward.apply(exported.json)) == []


def test_a_dry_run_tells_and_stores_nothing(byteward: Commands) -> None:
    account = byteward.init()["accountId"]
    wanted = document(account, folders=[{"folderPath": "/private", "publicPermissions": []}])
    assert changes(byteward.apply(wanted, "--dry-run")) == [("add", "folder")]
    assert changes(byteward.apply(wanted)) == [("add", "folder")]
    assert changes(byteward.apply(wanted)) == []


def test_new_keys_are_printed_once(byteward: Commands) -> None:
    account = byteward.init()["accountId"]
    wanted = document(account, apiKeys=[{"kind": "secret", "name": "backend"}])
    done = byteward.apply(wanted)
    assert changes(done) == [("add", "apiKey")]
    assert f"secret_{account}" in done.out
    assert "secret_" not in byteward.apply(wanted).out


def test_pruning_removes_what_the_document_lacks(byteward: Commands) -> None:
    account = byteward.init()["accountId"]
    assert changes(byteward.apply(document(account, apiKeys=[]))) == []
    removed = changes(byteward.apply(document(account, apiKeys=[]), "--prune"))
    assert removed == [("delete", "apiKey"), ("delete", "apiKey")]


def test_one_fault_stores_nothing_of_the_document(byteward: Commands) -> None:
    account = byteward.init()["accountId"]
    wanted = document(
        account,
        folders=[{"folderPath": "/new"}],
        apiKeys=[{"kind": "secret", "name": "n", "expiresAt": "never"}],
    )
    done = byteward.apply(wanted)
    assert done.code == 2
    assert done.out == ""
    assert "apiKeys[0].expiresAt" in done.err
    assert "line 1" in done.err
    exported = byteward("export", "--json").json["accounts"][0]
    assert "/new" not in [each["folderPath"] for each in exported["folders"]]


def test_every_fault_is_told_at_once(byteward: Commands) -> None:
    account = byteward.init()["accountId"]
    done = byteward.apply(
        document(
            account,
            folders=[{"folderPath": "no slash"}],
            presets=[{"name": "raw", "transformation": "image", "params": []}],
            users=[{"email": "nobody", "role": "owner"}],
        )
    )
    assert done.code == 2
    for place in ("folders[0].folderPath", "presets[0].name", "users[0].email"):
        assert place in done.err


def test_secrets_are_exported_on_demand_only(byteward: Commands) -> None:
    byteward.init()
    assert "secureUrlKey" not in byteward("export", "--json").out
    assert "secureUrlKey" in byteward("export", "--json", "--with-secrets").out


def test_an_unknown_account_is_a_failure(byteward: Commands) -> None:
    byteward.init()
    done = byteward("export", "--account", "A623uY2")
    assert (done.code, done.out) == (3, "")
    assert "A623uY2" in done.err
