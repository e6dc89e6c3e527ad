"""Cached facts: never stale, read once, bounded, and refused when they cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from byteward.access.model import KeyKind, PublicPermissions
from byteward.accounts.model import Account, ApiKey
from byteward.accounts.service import create_api_key, new_api_key
from byteward.db import tables
from byteward.db.sqlite import open_sqlite
from byteward.errors import BytewardError, ErrorCode
from byteward.permissions import facts as facts_module
from byteward.permissions.facts import Facts
from tests.integration.configuration.stored import ACCOUNT, stored
from tests.integration.permissions.world import (
    PUBLIC_ID,
    SECRET_ID,
    SECRET_TEXT,
    change,
    counting_facts,
    unrelated_commit,
    world,
)

OTHER = "B7xk3Qz"


def run(
    *calls: Callable[[], Coroutine[object, object, object]],
) -> list[object]:
    async def all_of_them() -> list[object]:
        return [await call() for call in calls]

    return asyncio.run(all_of_them())


def key(facts: Facts, text: str = SECRET_TEXT) -> ApiKey | None:
    return asyncio.run(facts.key_by_text(ACCOUNT, text))


def public(facts: Facts, *folder: str) -> PublicPermissions | None:
    return asyncio.run(facts.public_permissions(ACCOUNT, folder))


def test_key_is_the_same_by_text_and_by_id() -> None:
    with world() as opened:
        facts = opened.facts()
        found = key(facts)
        assert found is not None
        assert found.key_id == SECRET_ID
        assert asyncio.run(facts.key_by_id(ACCOUNT, SECRET_ID)) is found


@pytest.mark.parametrize("text", ["", "secret_A623uY2", SECRET_TEXT + " ", "\ud800", "é"])
def test_unknown_key_is_none(text: str) -> None:
    with world() as opened:
        assert key(opened.facts(), text) is None


@pytest.mark.parametrize("name", ["", "x" * 100_000, "A623uY2\x00", "\ud800", "' OR 1=1", "0O"])
def test_account_and_key_id_of_any_text_may_be_asked_for(name: str) -> None:
    with world() as opened:
        facts, database = counting_facts(opened)
        assert run(lambda: facts.account(name), lambda: facts.key_by_id(name, name)) == [None, None]
        assert asyncio.run(facts.key_by_id(ACCOUNT, name)) is None
        assert asyncio.run(facts.certificates(name)) == ()
        assert asyncio.run(facts.public_permissions(name, ())) is None
        assert database.reads == 0


def test_keys_of_one_account_are_unknown_in_another() -> None:
    with stored(
        f"accounts: [{{accountId: {OTHER}, apiKeys: [{{kind: secret, name: k, key: secret_{OTHER}x,"
        " id: BBBBBBBB}]}]"
    ) as opened:
        opened.apply("accounts: [{accountId: A623uY2}]")
        facts = opened.facts()
        assert key(facts, f"secret_{OTHER}x") is None
        assert asyncio.run(facts.key_by_id(ACCOUNT, "BBBBBBBB")) is None
        assert asyncio.run(facts.key_by_text(OTHER, f"secret_{OTHER}x")) is not None


def test_second_look_up_reads_nothing() -> None:
    with world() as opened:
        facts, database = counting_facts(opened)

        def ask() -> list[object]:
            return run(
                lambda: facts.account(ACCOUNT),
                lambda: facts.key_by_text(ACCOUNT, SECRET_TEXT),
                lambda: facts.key_by_id(ACCOUNT, PUBLIC_ID),
                lambda: facts.key_by_text(ACCOUNT, "unknown"),
                lambda: facts.certificates(ACCOUNT),
                lambda: facts.public_permissions(ACCOUNT, ("private", "x")),
                lambda: facts.public_permissions(ACCOUNT, ()),
                lambda: facts.account(OTHER),
            )

        first, reads = ask(), database.reads
        facts.refresh()
        assert (ask(), database.reads) == (first, reads)


def test_commit_that_changes_no_authority_costs_one_read_of_the_epoch() -> None:
    with world() as opened:
        facts, database = counting_facts(opened)
        found = key(facts), public(facts, "private")
        reads = database.reads
        unrelated_commit(opened)
        facts.refresh()
        assert (key(facts), public(facts, "private")) == found
        assert key(facts) is found[0]
        assert database.reads == reads + 1


def test_without_refresh_the_facts_of_the_request_stand() -> None:
    with world() as opened:
        facts = opened.facts()
        assert key(facts) is not None
        change(opened, "api_keys", enabled=False)
        before = key(facts)
        assert before is not None
        assert before.enabled


@pytest.mark.parametrize("by", ["text", "id"])
def test_disabled_key_is_seen_after_the_next_refresh(by: str) -> None:
    with world() as opened:
        facts = opened.facts()

        def ask() -> ApiKey | None:
            if by == "text":
                return key(facts)
            return asyncio.run(facts.key_by_id(ACCOUNT, SECRET_ID))

        found = ask()
        assert found is not None
        assert found.enabled
        change(opened, "api_keys", enabled=False)
        facts.refresh()
        found = ask()
        assert found is not None
        assert not found.enabled


def test_new_key_is_found_although_it_was_unknown_before() -> None:
    with world() as opened:
        facts = opened.facts()
        new = new_api_key(ACCOUNT, KeyKind.SECRET, "new", created_at=0)
        assert key(facts, new.text) is None
        opened.database.write_now(lambda conn: create_api_key(conn, opened.keys, new))
        facts.refresh()
        assert key(facts, new.text) == new.key


def test_new_account_is_found_although_it_was_unknown_before() -> None:
    with world() as opened:
        facts = opened.facts()
        assert asyncio.run(facts.account(OTHER)) is None
        opened.apply(f"accounts: [{{accountId: {OTHER}}}]")
        facts.refresh()
        assert asyncio.run(facts.account(OTHER)) is not None


def test_certificate_and_folder_changes_are_seen_after_the_next_refresh() -> None:
    with world() as opened:
        facts = opened.facts()
        assert [c.enabled for c in asyncio.run(facts.certificates(ACCOUNT))] == [True]
        assert public(facts, "docs") is not None
        change(opened, "jwt_certificates", enabled=False)
        change(opened, "folders", public_permissions=None)
        facts.refresh()
        assert [c.enabled for c in asyncio.run(facts.certificates(ACCOUNT))] == [False]
        assert public(facts, "docs") is None


def test_change_by_another_process_is_seen_after_the_next_refresh() -> None:
    with world() as opened:
        facts = opened.facts()
        assert public(facts, "docs") is not None
        other = open_sqlite(opened.path)
        try:
            statement = tables.folders.update().values(public_permissions="[]")
            epoch = tables.accounts.update().values(authority_epoch=77)

            def work(conn: Connection) -> None:
                conn.execute(statement)
                conn.execute(epoch)

            other.write_now(work)
        finally:
            other.close_now()
        facts.refresh()
        found = public(facts, "docs")
        assert found is not None
        assert found.children == ()
        account = asyncio.run(facts.account(ACCOUNT))
        assert account is not None
        assert account.epoch == 77


@pytest.mark.parametrize(
    ("folder", "defining", "children"),
    [
        ((), (), ("*",)),
        (("docs", "2024"), (), ("*",)),
        (("private",), ("private",), ()),
        (("private", "deep", "er"), ("private",), ()),
        (("private", "open"), ("private", "open"), ("*",)),
        (("private", "open", "x"), ("private", "open"), ("*",)),
        (("privat",), (), ("*",)),
        (("private ",), (), ("*",)),
        (("private", ""), ("private",), ()),
    ],
)
def test_nearest_defining_folder_decides(
    folder: tuple[str, ...], defining: tuple[str, ...], children: tuple[str, ...]
) -> None:
    with world() as opened:
        facts = opened.facts()
        for _ in range(2):
            found = public(facts, *folder)
            assert found is not None
            assert (found.folder, found.children) == (defining, children)


def test_setting_that_cannot_be_read_makes_nothing_public() -> None:
    with world() as opened:
        change(opened, "folders", public_permissions='[{"scope":"Everything"}]')
        found = public(opened.facts(), "docs")
        assert found is not None
        assert found.defect is not None
        assert found.children == found.grandchildren == ()


def test_memory_does_not_grow_with_the_number_of_folders_asked_for() -> None:
    with world() as opened:
        facts = opened.facts()

        async def ask() -> None:
            for number in range(700):
                await facts.public_permissions(ACCOUNT, ("a",) * 250 + (str(number),))

        asyncio.run(ask())
        assert facts._folders.weight <= facts_module.PATH_SEGMENTS
        assert len(facts._folders) < 700


def test_unknown_keys_do_not_displace_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "STRANGERS", 8)
    monkeypatch.setattr(facts_module, "KEYS", 8)
    with world() as opened:
        facts, database = counting_facts(opened)
        known = key(facts)

        async def flood() -> None:
            for number in range(50):
                assert await facts.key_by_text(ACCOUNT, f"secret_{number}") is None

        asyncio.run(flood())
        reads = database.reads
        assert key(facts) is known
        assert database.reads == reads
        assert len(facts._unknown_keys) == 8


def test_facts_that_cannot_be_read_are_a_503() -> None:
    with world() as opened:
        facts, database = counting_facts(opened)
        assert key(facts) is not None
        unrelated_commit(opened)
        facts.refresh()
        database.reads_fail = True
        for ask in (
            lambda: facts.account(ACCOUNT),
            lambda: facts.key_by_text(ACCOUNT, SECRET_TEXT),
            lambda: facts.certificates(ACCOUNT),
            lambda: facts.public_permissions(ACCOUNT, ()),
        ):
            with pytest.raises(BytewardError) as caught:
                run(ask)
            assert caught.value.code is ErrorCode.STORAGE_ERROR
        database.reads_fail = False
        assert key(facts) is not None


def test_stamp_that_cannot_be_read_is_a_503_and_what_was_cached_does_not_answer() -> None:
    with world() as opened:
        facts, database = counting_facts(opened)
        assert key(facts) is not None
        database.version_fails = True
        with pytest.raises(BytewardError) as caught:
            facts.refresh()
        assert caught.value.code is ErrorCode.STORAGE_ERROR
        with pytest.raises(BytewardError):
            key(facts)
        database.version_fails = False
        assert key(facts) is not None


def test_facts_read_while_the_epoch_moves_are_not_kept_under_the_new_one() -> None:
    """The fact is older than the change, so it must be forgotten with the old epoch."""
    with world() as opened:
        facts, database = counting_facts(opened)
        asyncio.run(facts.account(ACCOUNT))
        read = database.read

        async def slow_read(work: Callable[[Connection], object]) -> object:
            result = await read(work)
            database.read = read  # type: ignore[method-assign]  # restored after one call
            change(opened, "api_keys", enabled=False)
            facts.refresh()
            await facts.account(ACCOUNT)
            return result

        database.read = slow_read  # type: ignore[assignment,method-assign]  # one slow answer
        old = key(facts)
        assert old is not None
        assert old.enabled
        fresh = key(facts)
        assert fresh is not None
        assert not fresh.enabled


_NAMES = st.sampled_from(["a", "b", "private", "open", ""])


@given(
    folders=st.lists(st.tuples(st.lists(_NAMES, max_size=4), st.sampled_from([None, "[]"]))),
    asked=st.lists(st.lists(_NAMES, max_size=5), min_size=1, max_size=8),
)
def test_cached_and_fresh_answers_agree(
    folders: list[tuple[list[str], str | None]], asked: list[list[str]]
) -> None:
    with world() as opened:
        facts = opened.facts()
        for path in asked:
            public(facts, *path)

        def work(conn: Connection) -> None:
            parent = conn.execute(
                tables.folders.select().where(tables.folders.c.parent_id.is_(None))
            ).one()
            for names, setting in folders:
                at = parent.folder_id
                for name in names:
                    row = conn.execute(
                        tables.folders.select().where(
                            tables.folders.c.parent_id == at, tables.folders.c.name == name
                        )
                    ).first()
                    at = (
                        conn.execute(
                            insert(tables.folders).returning(tables.folders.c.folder_id),
                            {
                                "account_id": ACCOUNT,
                                "parent_id": at,
                                "name": name,
                                "is_virtual": True,
                                "public_permissions": setting,
                            },
                        ).scalar_one()
                        if row is None
                        else row.folder_id
                    )

        opened.database.write_now(work)
        change(opened, "accounts", name="changed")
        facts.refresh()
        fresh = opened.facts()
        for path in asked:
            assert public(facts, *path) == public(fresh, *path)


def test_account_has_the_changed_settings_after_the_next_refresh() -> None:
    with world() as opened:
        facts = opened.facts()
        asyncio.run(facts.account(ACCOUNT))
        opened.apply("accounts: [{accountId: A623uY2, settings: {cacheTtl: 7}}]")
        facts.refresh()
        account: Account | None = asyncio.run(facts.account(ACCOUNT))
        assert account is not None
        assert account.settings.cache_ttl == 7
