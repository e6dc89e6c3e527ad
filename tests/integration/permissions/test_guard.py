"""Enforcing: what is refused, what a refusal says, and deciding again inside a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection, delete, update

from byteward.access.actions import Action
from byteward.access.decision import Decision
from byteward.access.model import KeyKind, Principal, PrincipalKind, TokenAccess, UserAccess
from byteward.access.policy import parse_path_permissions
from byteward.access.roles import Role
from byteward.access.rules import PathRules
from byteward.accounts.service import bump_epoch, create_user, new_api_key
from byteward.db import tables
from byteward.errors import BytewardError, ErrorCode
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard, require_tags, secret_required
from tests.integration.configuration.stored import ACCOUNT, NOW, Stored
from tests.integration.permissions.world import PUBLIC_ID, SECRET_ID, change, world

T = TypeVar("T")
FILE = ("private", "f.jpg")
CREATE = Action.CREATE_FILE
ANONYMOUS = Principal(PrincipalKind.ANONYMOUS, ACCOUNT)


def guard(opened: Stored, facts: Facts, *, now: float = NOW, tells_details: bool = True) -> Guard:
    return Guard(facts, opened.keys, lambda: now, tells_details=tells_details)


def principal(facts: Facts, key_id: str = SECRET_ID) -> Principal:
    key = asyncio.run(facts.key_by_id(ACCOUNT, key_id))
    assert key is not None
    return Principal(PrincipalKind.API_KEY, ACCOUNT, key=key.access)


def jwt_principal(certificate_id: str = "cert0001") -> Principal:
    entries = parse_path_permissions(
        [
            {
                "match": {"path": "/private", "scope": "Children"},
                "permissions": {"write": {"file": {"createFile": True}}},
            }
        ],
        is_token=True,
    )
    token = TokenAccess("u1", certificate_id, PathRules(entries), ("user-*",))
    return Principal(PrincipalKind.JWT, ACCOUNT, token=token)


def refused(call: Callable[[], object]) -> BytewardError:
    with pytest.raises(BytewardError) as caught:
        call()
    return caught.value


def in_transaction(opened: Stored, work: Callable[[Connection], T]) -> T:
    return opened.database.write_now(work)


def test_public_file_is_allowed_for_everybody_and_private_file_is_not() -> None:
    with world() as opened:
        asking = guard(opened, opened.facts())

        def decide(*segments: str) -> Decision:
            download = Action.DOWNLOAD_FILE
            return asyncio.run(asking.allows(ANONYMOUS, download, segments, slug="raw"))

        assert decide("pub.jpg").is_public
        assert not decide(*FILE).is_allowed
        assert decide("private", "open", "o.jpg").is_public
        assert decide("private", "open", "x", "o.jpg").is_public


def test_public_permissions_grant_nothing_but_downloads() -> None:
    with world() as opened:
        asking = guard(opened, opened.facts())
        for action in set(Action) - {Action.DOWNLOAD_FILE}:
            assert not asyncio.run(asking.allows(ANONYMOUS, action, ("pub.jpg",))).is_allowed


def test_refusal_on_the_api_names_permission_and_path() -> None:
    with world() as opened:
        asking = guard(opened, opened.facts())
        error = refused(lambda: asyncio.run(asking.require(ANONYMOUS, Action.DELETE_FILE, FILE)))
        assert error.code is ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED
        assert error.details == {"permission": "write.file.deleteFile", "path": "/private/f.jpg"}


def test_refusals_on_the_cdn_are_equal_for_every_path() -> None:
    with world() as opened:
        asking = guard(opened, opened.facts(), tells_details=False)
        errors = [
            refused(
                lambda path=path: asyncio.run(  # type: ignore[misc]  # mypy sees no type in a default
                    asking.require(ANONYMOUS, Action.DOWNLOAD_FILE, path, slug="raw")
                )
            )
            for path in (FILE, ("private", "missing"))
        ]
        shown = [(error.code, error.message, error.details, error.headers) for error in errors]
        assert shown[0] == shown[1]
        assert errors[0].details is None
        assert "private" not in errors[0].message


def test_allowed_decision_is_handed_back() -> None:
    with world() as opened:
        facts = opened.facts()
        decision = asyncio.run(guard(opened, facts).require(principal(facts), CREATE, FILE))
        assert decision.is_allowed
        assert decision.path == "/private/f.jpg"


def test_tag_that_the_caller_may_not_name_is_refused() -> None:
    require_tags(jwt_principal(), ["user-1", "user-2"])
    require_tags(jwt_principal(), [])
    error = refused(lambda: require_tags(jwt_principal(), ["user-1", "admin"]))
    assert error.code is ErrorCode.TAG_NOT_PERMITTED
    assert error.details == {"tag": "admin"}


def test_secret_operations_take_a_secret_key_only() -> None:
    with world() as opened:
        facts = opened.facts()
        secret_required(principal(facts))
        for other in (principal(facts, PUBLIC_ID), jwt_principal(), ANONYMOUS):
            error = refused(lambda p=other: secret_required(p))  # type: ignore[misc]  # as above
            assert error.code is ErrorCode.SECRET_KEY_REQUIRED


@pytest.mark.parametrize("facts_are_warm", [True, False])
@pytest.mark.parametrize("key_id", [SECRET_ID, PUBLIC_ID])
def test_key_that_is_still_enabled_may_write_in_the_transaction(
    key_id: str, facts_are_warm: bool
) -> None:
    with world() as opened:
        facts = opened.facts()
        asker = principal(facts, key_id)
        asking = guard(opened, facts if facts_are_warm else opened.facts())
        decision = in_transaction(opened, lambda conn: asking.require_in(conn, asker, CREATE, FILE))
        assert decision.is_allowed


@pytest.mark.parametrize(
    "values", [{"enabled": False}, {"expires_at_seconds": NOW}, {"expires_at_seconds": NOW - 1}]
)
def test_key_that_was_withdrawn_meanwhile_is_refused_in_the_transaction(
    values: dict[str, object],
) -> None:
    with world() as opened:
        facts = opened.facts()
        asker = principal(facts)
        change(opened, "api_keys", **values)
        asking = guard(opened, facts)
        error = refused(
            lambda: in_transaction(opened, lambda conn: asking.decide_in(conn, asker, CREATE, FILE))
        )
        assert error.code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED


def test_key_that_expires_without_any_change_is_refused_in_the_transaction() -> None:
    with world() as opened:
        change(opened, "api_keys", expires_at_seconds=NOW + 10)
        facts = opened.facts()
        asker = principal(facts)
        late = guard(opened, facts, now=NOW + 10)
        error = refused(
            lambda: in_transaction(opened, lambda conn: late.decide_in(conn, asker, CREATE, FILE))
        )
        assert error.code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED


def test_deleted_key_is_refused_in_the_transaction() -> None:
    with world() as opened:
        facts = opened.facts()
        asker = principal(facts)

        def remove(conn: Connection) -> None:
            conn.execute(delete(tables.api_keys))
            bump_epoch(conn, ACCOUNT)

        in_transaction(opened, remove)
        asking = guard(opened, facts)
        error = refused(
            lambda: in_transaction(opened, lambda conn: asking.decide_in(conn, asker, CREATE, FILE))
        )
        assert error.code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED


def test_permission_that_was_taken_away_meanwhile_is_missing_in_the_transaction() -> None:
    with world() as opened:
        facts = opened.facts()
        asker = principal(facts)
        change(opened, "api_keys", path_permissions="[]")
        asking = guard(opened, facts)
        decision = in_transaction(opened, lambda conn: asking.decide_in(conn, asker, CREATE, FILE))
        assert not decision.is_allowed
        error = refused(
            lambda: in_transaction(
                opened, lambda conn: asking.require_in(conn, asker, CREATE, FILE)
            )
        )
        assert error.code is ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED


def test_change_earlier_in_the_same_transaction_counts() -> None:
    with world() as opened:
        facts = opened.facts()
        asker = principal(facts)
        asking = guard(opened, facts)

        def work(conn: Connection) -> Decision:
            conn.execute(update(tables.api_keys).values(path_permissions="[]"))
            bump_epoch(conn, ACCOUNT)
            return asking.decide_in(conn, asker, CREATE, FILE)

        assert not in_transaction(opened, work).is_allowed


@pytest.mark.parametrize("facts_are_warm", [True, False])
def test_jwt_is_good_in_the_transaction_while_its_certificate_is_enabled(
    facts_are_warm: bool,
) -> None:
    with world() as opened:
        facts = opened.facts()
        if facts_are_warm:
            asyncio.run(facts.certificates(ACCOUNT))
        asking = guard(opened, facts)

        def decide(asker: Principal) -> Decision:
            return in_transaction(opened, lambda conn: asking.decide_in(conn, asker, CREATE, FILE))

        assert decide(jwt_principal()).is_allowed
        error = refused(lambda: decide(jwt_principal("cert0002")))
        assert error.code is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
        change(opened, "jwt_certificates", enabled=False)
        error = refused(lambda: decide(jwt_principal()))
        assert error.code is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID


def test_key_named_by_a_jwt_must_be_enabled_in_the_transaction() -> None:
    with world() as opened:
        facts = opened.facts()
        asking = guard(opened, facts)

        def decide() -> Decision:
            return in_transaction(
                opened,
                lambda conn: asking.decide_in(
                    conn, jwt_principal(), CREATE, FILE, bound_key_id=PUBLIC_ID
                ),
            )

        assert decide().is_allowed
        change(opened, "api_keys", enabled=False)
        assert refused(decide).code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED


def test_dashboard_user_is_good_in_the_transaction_while_there_is_one() -> None:
    with world() as opened:
        asker = Principal(
            PrincipalKind.DASHBOARD_USER, ACCOUNT, user=UserAccess("a@b.example", Role.OWNER)
        )
        asking = guard(opened, opened.facts())

        def decide() -> Decision:
            return in_transaction(opened, lambda conn: asking.decide_in(conn, asker, CREATE, FILE))

        assert refused(decide).code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED
        in_transaction(
            opened,
            lambda conn: create_user(
                conn, ACCOUNT, "a@b.example", Role.OWNER, password_hash=None, created_at=0
            ),
        )
        assert decide().is_allowed


def test_folder_that_became_private_meanwhile_refuses_in_the_transaction() -> None:
    with world() as opened:
        facts = opened.facts()
        asking = guard(opened, facts)

        def decide() -> Decision:
            return in_transaction(
                opened,
                lambda conn: asking.decide_in(
                    conn, ANONYMOUS, Action.DOWNLOAD_FILE, ("pub.jpg",), slug="raw"
                ),
            )

        assert decide().is_public
        change(opened, "folders", public_permissions="[]")
        assert not decide().is_allowed


def test_unknown_account_is_refused_in_the_transaction() -> None:
    with world() as opened:
        asking = guard(opened, opened.facts())
        key = new_api_key("B7xk3Qz", KeyKind.SECRET, "k", created_at=0).key
        asker = Principal(PrincipalKind.API_KEY, "B7xk3Qz", key=key.access)
        error = refused(
            lambda: in_transaction(opened, lambda conn: asking.decide_in(conn, asker, CREATE, FILE))
        )
        assert error.code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED
