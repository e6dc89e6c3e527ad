"""API keys and accounts as rows in a real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import Connection, update

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.model import KeyKind, Principal, PrincipalKind
from byteward.access.roles import Role
from byteward.accounts import store
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import AccountSettings, ApiKey, RateLimit, UploadLocation
from byteward.accounts.service import (
    create_account,
    create_api_key,
    create_user,
    new_api_key,
    set_password,
)
from byteward.db import tables
from byteward.errors import BytewardError, ErrorCode
from byteward.storage.sealing import Sealer
from tests.integration.configuration.stored import ACCOUNT, Stored, stored

OTHER = "B7xk3Qz"


def with_key(opened: Stored) -> ApiKey:
    new = new_api_key(
        ACCOUNT,
        KeyKind.PUBLIC,
        "web",
        created_at=5,
        description="for pages",
        expires_at=99,
        require_jwt=True,
        allowed_origins=("https://a.example",),
        tag_patterns=("user-*",),
        tags=("x",),
        default_upload_path=UploadLocation("/u", "n"),
        upload_rate_limit=RateLimit(3, 60),
    )

    def work(conn: Connection) -> ApiKey:
        for account_id in (ACCOUNT, OTHER):
            create_account(conn, account_id, "Demo", AccountSettings(), created_at=1)
        return create_api_key(conn, opened.keys, new)

    return opened.database.write_now(work)


def test_key_comes_back_as_it_was_stored() -> None:
    with stored() as opened:
        key = with_key(opened)
        read = opened.database.read_now(lambda conn: opened.keys.by_id(conn, ACCOUNT, key.key_id))
        assert read == key
        assert opened.database.read_now(lambda conn: opened.keys.all(conn, ACCOUNT)) == (key,)


def test_key_is_found_by_digest_in_its_own_account_only() -> None:
    with stored() as opened:
        key = with_key(opened)
        find = opened.keys.by_digest
        own = opened.database.read_now(lambda conn: find(conn, ACCOUNT, key.digest))
        foreign = opened.database.read_now(lambda conn: find(conn, OTHER, key.digest))
        assert (own, foreign) == (key, None)
        assert (
            opened.database.read_now(lambda conn: opened.keys.by_id(conn, OTHER, key.key_id))
            is None
        )


def test_updated_key_replaces_the_row_and_deleted_key_is_gone() -> None:
    with stored() as opened:
        key = replace(with_key(opened), enabled=False, name="renamed", allowed_origins=None)
        opened.database.write_now(lambda conn: opened.keys.update(conn, key))
        assert opened.database.read_now(lambda conn: opened.keys.all(conn, ACCOUNT)) == (key,)
        opened.database.write_now(lambda conn: opened.keys.delete(conn, OTHER, key.key_id))
        assert opened.database.read_now(lambda conn: opened.keys.all(conn, ACCOUNT)) == (key,)
        opened.database.write_now(lambda conn: opened.keys.delete(conn, ACCOUNT, key.key_id))
        assert opened.database.read_now(lambda conn: opened.keys.all(conn, ACCOUNT)) == ()


def test_secure_url_key_is_not_readable_in_the_database_file() -> None:
    with stored() as opened:
        key = with_key(opened)
        files = opened.path.parent.iterdir()
        assert not any(key.secure_url_key in file.read_bytes() for file in files)


def test_key_sealed_under_another_master_key_is_a_storage_error() -> None:
    with stored() as opened:
        key = with_key(opened)
        other = KeyStore(Sealer(b"\x01" * 32))
        with pytest.raises(BytewardError) as caught:
            opened.database.read_now(lambda conn: other.by_id(conn, ACCOUNT, key.key_id))
        assert caught.value.code is ErrorCode.STORAGE_ERROR


@pytest.mark.parametrize("text", ["", "{}", "[{}]", '[{"match":{"path":"a","scope":"This"}}]'])
def test_path_rules_that_cannot_be_read_deny(text: str) -> None:
    with stored() as opened:
        key = with_key(opened)
        damage = update(tables.api_keys).values(path_permissions=text)
        opened.database.write_now(lambda conn: conn.execute(damage))
        read = opened.database.read_now(lambda conn: opened.keys.by_id(conn, ACCOUNT, key.key_id))
        assert read is not None
        assert read.access.rules.defect is not None
        principal = Principal(PrincipalKind.API_KEY, ACCOUNT, key=read.access)
        assert not decide(principal, Action.CREATE_FILE, ("a",)).is_allowed


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "root"), ("tags", "{}"), ("tag_permissions", "[]"), ("allowed_origins", "null")],
)
def test_other_values_that_cannot_be_read_are_a_storage_error(column: str, value: str) -> None:
    with stored() as opened:
        key = with_key(opened)
        damage = update(tables.api_keys).values({column: value})
        opened.database.write_now(lambda conn: conn.execute(damage))
        with pytest.raises(BytewardError) as caught:
            opened.database.read_now(lambda conn: opened.keys.by_id(conn, ACCOUNT, key.key_id))
        assert caught.value.code is ErrorCode.STORAGE_ERROR


def test_new_account_has_a_root_folder_and_everything_in_it_is_public() -> None:
    with stored() as opened:
        with_key(opened)
        account = opened.database.read_now(lambda conn: store.read_account(conn, ACCOUNT))
        assert account is not None
        assert account.settings == AccountSettings()
        public = asyncio.run(opened.facts().public_permissions(ACCOUNT, ("any",)))
        assert public is not None
        assert (public.folder, public.children, public.grandchildren) == ((), ("*",), ("*",))


def test_key_user_and_password_raise_the_epoch_of_their_account_alone() -> None:
    with stored() as opened:
        with_key(opened)

        def epochs(conn: Connection) -> tuple[int | None, int | None]:
            return store.read_epoch(conn, ACCOUNT), store.read_epoch(conn, OTHER)

        assert opened.database.read_now(epochs) == (2, 1)
        user = opened.database.write_now(
            lambda conn: create_user(
                conn, ACCOUNT, "a@b.example", Role.OWNER, password_hash=None, created_at=0
            )
        )
        assert user.user_id > 0
        assert opened.database.read_now(epochs) == (3, 1)
        opened.database.write_now(lambda conn: set_password(conn, user, "hash"))
        assert opened.database.read_now(epochs) == (4, 1)
        read = opened.database.read_now(
            lambda conn: store.user_by_email(conn, ACCOUNT, "a@b.example")
        )
        assert read == replace(user, password_hash="hash")
        assert "hash" not in repr(read)
