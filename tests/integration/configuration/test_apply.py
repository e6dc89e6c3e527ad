"""Applying documents: what is kept, what is deleted, and that it is all or nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from byteward.accounts import store
from byteward.configuration.diff import HIDDEN, ChangeKind
from byteward.configuration.source import DocumentError
from byteward.db import tables
from tests.integration.configuration.stored import ACCOUNT, Stored, stored

OTHER = "B7xk3Qz"


def text(account_id: str = ACCOUNT, **members: object) -> str:
    return json.dumps({"accounts": [{"accountId": account_id, **members}]})


def key(name: str = "k", **members: object) -> dict[str, Any]:  # Any: the document's own values
    return {"name": name, "kind": "public", **members}


def exported(opened: Stored) -> dict[str, Any]:
    document = json.loads(json.dumps(opened.export(with_secrets=True)))
    account: dict[str, Any] = document["accounts"][0]
    return account


def epoch(opened: Stored) -> int | None:
    return opened.database.read_now(lambda conn: store.read_epoch(conn, ACCOUNT))


def refused(opened: Stored, document: str, *, prune: bool = False) -> list[str]:
    before = opened.export_text(with_secrets=True)
    with pytest.raises(DocumentError) as caught:
        opened.apply(document, prune=prune)
    assert opened.export_text(with_secrets=True) == before
    return [problem.where.removeprefix("accounts[0].") for problem in caught.value.problems]


def test_fields_that_are_left_out_keep_what_is_stored() -> None:
    full = key(
        description="d",
        enabled=False,
        expiresAt=5,
        requireJwt=True,
        allowedOrigins=["https://a.example"],
        tags=["t"],
        uploadRateLimit={"count": 1, "seconds": 2},
        tagPermissions={"write": ["w"]},
        pathPermissions=[{"pattern": "/a", "permissions": {}}],
    )
    folder = {"folderPath": "/f", "description": "d", "publicPermissions": []}
    with stored(
        text(name="N", settings={"cacheTtl": 5}, apiKeys=[full], folders=[folder])
    ) as opened:
        before = exported(opened)
        applied = opened.apply(
            text(settings={}, apiKeys=[{"name": "k"}], folders=[{"folderPath": "/f"}]), prune=False
        )
        assert applied.changes == ()
        assert exported(opened) == before
        assert opened.apply(text()).changes == ()


def test_null_clears() -> None:
    folder = {"folderPath": "/f", "description": "d", "publicPermissions": []}
    document = text(folders=[folder], apiKeys=[key(expiresAt=5, description="d")])
    with stored(document) as opened:
        cleared = {"folderPath": "/f", "description": None, "publicPermissions": None}
        opened.apply(text(folders=[cleared], apiKeys=[key(expiresAt=None, description=None)]))
        account = exported(opened)
        assert account["folders"][-1] == {**cleared, "storageLayer": None}
        assert account["apiKeys"][0]["expiresAt"] is None
        assert account["apiKeys"][0]["description"] is None


def test_new_account_has_the_root_permissions_that_its_settings_say() -> None:
    with stored(text(settings={"defaultRootPublic": False})) as opened:
        assert exported(opened)["folders"][0]["publicPermissions"] == []


def test_root_that_is_listed_without_permissions_keeps_the_default() -> None:
    with stored(text(folders=[{"folderPath": "/", "description": "d"}])) as opened:
        root = exported(opened)["folders"][0]
        assert root["description"] == "d"
        assert len(root["publicPermissions"]) == 2


def test_prune_deletes_what_the_lists_lack_and_leaves_lists_that_are_left_out() -> None:
    with stored(
        text(
            apiKeys=[key("a"), key("b")],
            users=[{"email": "a@b", "role": "owner"}],
            presets=[{"name": "p", "transformation": "image"}],
            folders=[{"folderPath": "/x/y"}, {"folderPath": "/z"}],
        )
    ) as opened:
        document = text(apiKeys=[{"name": "b"}], folders=[{"folderPath": "/z"}], users=[])
        assert opened.apply(document).changes == ()
        applied = opened.apply(document, prune=True)
        assert {(c.what, c.kind) for c in applied.changes} == {
            ("apiKey", ChangeKind.DELETE),
            ("folder", ChangeKind.DELETE),
            ("user", ChangeKind.DELETE),
        }
        account = exported(opened)
        assert [k["name"] for k in account["apiKeys"]] == ["b"]
        assert [f["folderPath"] for f in account["folders"]] == ["/", "/z"]
        assert len(account["presets"]) == 1
        count = opened.database.read_now(
            lambda conn: len(conn.execute(select(tables.folders)).all())
        )
        assert count == 2


def test_prune_keeps_other_accounts() -> None:
    with stored(text(OTHER), text()) as opened:
        opened.apply(text(), prune=True)
        assert len(opened.database.read_now(store.list_account_ids)) == 2


def test_pruned_root_gets_its_default_back() -> None:
    with stored(text(folders=[{"folderPath": "/", "publicPermissions": []}])) as opened:
        opened.apply(text(folders=[]), prune=True)
        assert len(exported(opened)["folders"][0]["publicPermissions"]) == 2


def test_pruned_folder_that_holds_a_file_loses_its_settings_and_stays() -> None:
    with stored(text(folders=[{"folderPath": "/x", "publicPermissions": []}])) as opened:

        def add_file(conn: Connection) -> None:
            folder = conn.execute(
                select(tables.folders.c.folder_id).where(tables.folders.c.name == "x")
            ).scalar_one()
            conn.execute(
                insert(tables.objects),
                {
                    "object_id": "0" * 32,
                    "size_bytes": 0,
                    "sha256": b"",
                    "block_digests": b"",
                    "is_corrupt": False,
                    "created_at": 0,
                },
            )
            conn.execute(
                insert(tables.files),
                {
                    "folder_id": folder,
                    "name": "f",
                    "object_id": "0" * 32,
                    "size_bytes": 0,
                    "mime": "a/b",
                    "etag": "e",
                    "tags": "[]",
                    "metadata": "{}",
                    "modified_at": 0,
                },
            )

        opened.database.write_now(add_file)
        opened.apply(text(folders=[]), prune=True)
        rows = opened.database.read_now(
            lambda conn: conn.execute(
                select(tables.folders).where(tables.folders.c.name == "x")
            ).all()
        )
        assert [(row.is_virtual, row.public_permissions) for row in rows] == [(False, None)]
        assert opened.apply(opened.export_text(), prune=True).changes == ()


def test_missing_folders_above_are_made_and_physical_ones_stay_physical() -> None:
    with stored(text()) as opened:

        def add_folder(conn: Connection) -> None:
            root = conn.execute(select(tables.folders.c.folder_id)).scalar_one()
            conn.execute(
                insert(tables.folders),
                {"account_id": ACCOUNT, "parent_id": root, "name": "a", "is_virtual": False},
            )

        opened.database.write_now(add_folder)
        opened.apply(text(folders=[{"folderPath": "/a/b/c"}]))
        paths = [folder["folderPath"] for folder in exported(opened)["folders"]]
        assert paths == ["/", "/a/b", "/a/b/c"]
        assert opened.apply(opened.export_text(), prune=True).changes == ()


def test_two_keys_can_exchange_their_names_and_texts() -> None:
    one = key("one", id="AAAAAAAA", key=f"public_{ACCOUNT}one")
    two = key("two", id="BBBBBBBB", key=f"public_{ACCOUNT}two")
    with stored(text(apiKeys=[one, two])) as opened:
        opened.apply(
            text(
                apiKeys=[
                    {"id": "AAAAAAAA", "name": "two", "key": two["key"]},
                    {"id": "BBBBBBBB", "name": "one", "key": one["key"]},
                ]
            )
        )
        found = {k["id"]: (k["name"], k["key"]) for k in exported(opened)["apiKeys"]}
        assert found == {"AAAAAAAA": ("two", two["key"]), "BBBBBBBB": ("one", one["key"])}


def test_given_key_is_accepted_afterwards_and_the_former_one_is_not() -> None:
    old, new = f"secret_{ACCOUNT}{'o' * 24}", f"secret_{ACCOUNT}{'n' * 24}"
    with stored(text(apiKeys=[{"name": "k", "kind": "secret", "key": old}])) as opened:
        applied = opened.apply(text(apiKeys=[{"name": "k", "key": new}]))
        assert applied.generated == ()
        facts = opened.facts()
        assert asyncio.run(facts.key_by_text(ACCOUNT, old)) is None
        assert asyncio.run(facts.key_by_text(ACCOUNT, new)) is not None


def test_generated_keys_are_handed_out_once_and_secret_ones_are_not_stored() -> None:
    with stored() as opened:
        applied = opened.apply(text(apiKeys=[{"name": "k", "kind": "secret"}, key("p")]))
        assert [generated.name for generated in applied.generated] == ["k", "p"]
        secret, public = applied.generated
        assert asyncio.run(opened.facts().key_by_text(ACCOUNT, secret.text)) is not None
        shown = opened.export_text(with_secrets=True)
        assert public.text in shown
        assert secret.text not in shown
        assert secret.text not in repr(applied)
        assert opened.apply(text(apiKeys=[{"name": "k"}, {"name": "p"}])).generated == ()


def test_secrets_are_exported_only_when_asked_for_and_never_told_in_changes() -> None:
    secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    with stored(text(apiKeys=[key()])) as opened:
        applied = opened.apply(text(apiKeys=[{"name": "k", "secureUrlKey": secret}]))
        (change,) = applied.changes
        assert [(f.name, f.before, f.after) for f in change.fields] == [
            ("secureUrlKey", HIDDEN, HIDDEN)
        ]
        assert secret not in repr(applied)
        assert secret not in opened.export_text()
        assert secret in opened.export_text(with_secrets=True)


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"apiKeys": [{"name": "old", "kind": "secret"}]}, "apiKeys[0].kind"),
        ({"apiKeys": [{"name": "new"}]}, "apiKeys[0]"),
        ({"apiKeys": [{"id": "BBBBBBBB", "kind": "public"}]}, "apiKeys[0]"),
        ({"apiKeys": [{"id": "BBBBBBBB", **key("old")}]}, "apiKeys[0].name"),
        ({"apiKeys": [{"id": "AAAAAAAA"}, {"name": "old"}]}, "apiKeys[1].name"),
        ({"jwtCertificates": [{"id": "c"}]}, "jwtCertificates[0]"),
        ({"presets": [{"name": "p"}]}, "presets[0]"),
        ({"users": [{"email": "a@b"}]}, "users[0]"),
        ({"apiKeys": [key("new", id="CCCCCCCC")]}, "apiKeys[0].id"),
    ],
)
def test_document_that_contradicts_what_is_stored_changes_nothing(
    members: dict[str, Any], where: str
) -> None:
    with stored(
        text(apiKeys=[key("old", id="AAAAAAAA")]), text(OTHER, apiKeys=[key(id="CCCCCCCC")])
    ) as opened:
        assert refused(opened, text(name="changed", **members)) == [where]


def test_key_text_of_another_key_is_refused() -> None:
    taken = f"public_{ACCOUNT}taken"
    with stored(text(apiKeys=[key("a", key=taken)])) as opened:
        assert refused(opened, text(apiKeys=[key("b", key=taken)])) == ["apiKeys[0].key"]


def test_fault_in_the_second_account_undoes_the_first() -> None:
    document = json.dumps(
        {
            "accounts": [
                {"accountId": ACCOUNT, "name": "changed"},
                {"accountId": OTHER, "users": [{"email": "a@b"}]},
            ]
        }
    )
    with stored(text(name="before")) as opened:
        with pytest.raises(DocumentError):
            opened.apply(document)
        assert exported(opened)["name"] == "before"


@pytest.mark.parametrize(
    "members",
    [
        {"name": "N"},
        {"settings": {"cacheTtl": 1}},
        {"apiKeys": [{"name": "k", "enabled": False}]},
        {"folders": [{"folderPath": "/x"}]},
        {"presets": [{"name": "p", "transformation": "image"}]},
        {"users": [{"email": "a@b", "role": "viewer"}]},
    ],
)
def test_every_change_raises_the_epoch_and_no_change_does_not(members: dict[str, Any]) -> None:
    with stored(text(apiKeys=[key()])) as opened:
        before = epoch(opened)
        opened.apply(text(**members), dry_run=True)
        assert epoch(opened) == before
        opened.apply(text(**members))
        after = epoch(opened)
        assert after != before
        opened.apply(text(**members))
        assert epoch(opened) == after


def test_changed_preset_gets_a_new_revision() -> None:
    def revision(opened: Stored) -> int:
        (preset,) = opened.database.read_now(lambda conn: store.list_presets(conn, ACCOUNT))
        return preset.revision

    with stored(text(presets=[{"name": "p", "transformation": "image"}])) as opened:
        assert revision(opened) == 1
        opened.apply(text(presets=[{"name": "p", "params": [{"w": 1, "h": 2.5}, {"w": "x"}]}]))
        assert revision(opened) == 2
        assert exported(opened)["presets"][0]["params"] == [{"w": 1}, {"h": 2.5}, {"w": "x"}]
        opened.apply(text(presets=[{"name": "p"}]))
        assert revision(opened) == 2


def test_role_changes_and_the_password_stays() -> None:
    with stored(text(users=[{"email": "a@b", "role": "viewer"}])) as opened:
        opened.database.write_now(
            lambda conn: conn.execute(tables.users.update().values(password_hash="hash"))
        )
        opened.apply(text(users=[{"email": "a@b", "role": "admin"}]))
        user = opened.database.read_now(lambda conn: store.user_by_email(conn, ACCOUNT, "a@b"))
        assert user is not None
        assert (user.role.value, user.password_hash) == ("admin", "hash")


def test_short_secret_key_is_taken_with_a_warning() -> None:
    with stored() as opened:
        weak = {"name": "k", "kind": "secret", "key": f"secret_{ACCOUNT}x"}
        assert len(opened.apply(text(apiKeys=[weak])).warnings) == 1
        strong = {"name": "l", "kind": "secret", "key": f"secret_{ACCOUNT}{'x' * 21}"}
        assert opened.apply(text(apiKeys=[strong])).warnings == ()
