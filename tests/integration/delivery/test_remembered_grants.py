"""What was allowed a moment ago is decided anew as soon as anything it came from has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from sqlalchemy import Connection, update

from byteward.accounts.service import bump_epoch
from byteward.db import tables
from tests.integration.delivery.cdn_plane import ACCOUNT, KEY_ID, CdnPlane, public

SECRET: Final = f"/{ACCOUNT}/raw/private/secret.txt"
OTHER_FILE: Final = f"/{ACCOUNT}/raw/private/does-not-exist"


def change(cdn: CdnPlane, *statements: object) -> None:
    """Change rows as the product does: with the account's epoch."""

    def work(conn: Connection) -> None:
        for statement in statements:
            conn.execute(statement)  # type: ignore[call-overload] # statements
        bump_epoch(conn, ACCOUNT)

    cdn.runner.run(cdn.parts.backend.database.write(work))


def disable_key(cdn: CdnPlane) -> None:
    keys = tables.api_keys
    change(cdn, update(keys).where(keys.c.key_id == KEY_ID).values(enabled=False))


def take_rules_away(cdn: CdnPlane) -> None:
    keys = tables.api_keys
    refusing = (
        '[{"match":{"path":"/private","scope":"Children"},'
        '"permissions":{"read":{"file":{"downloadFile":[]}}}}]'
    )
    change(cdn, update(keys).where(keys.c.key_id == KEY_ID).values(path_permissions=refusing))


def bind_to_an_origin(cdn: CdnPlane) -> None:
    keys = tables.api_keys
    origins = '["https://app.example"]'
    change(cdn, update(keys).where(keys.c.key_id == KEY_ID).values(allowed_origins=origins))


@pytest.mark.parametrize(
    ("withdraw", "status"),
    [(disable_key, 401), (take_rules_away, 403), (bind_to_an_origin, 403)],
)
def test_a_key_that_is_changed_counts_from_the_next_request(
    own_cdn: CdnPlane, withdraw: Callable[[CdnPlane], None], status: int
) -> None:
    key = own_cdn.bearer("SK")
    for _ in range(3):
        assert own_cdn.get(SECRET, key).status == 200
    withdraw(own_cdn)
    for _ in range(2):
        assert own_cdn.get(SECRET, key).status == status


def test_a_certificate_that_is_disabled_ends_its_tokens(own_cdn: CdnPlane) -> None:
    token = {"authorization": f"Bearer {own_cdn.jwt('/private', accountId=ACCOUNT)}"}
    cookie = {"cookie": f"access-token-{ACCOUNT}={own_cdn.jwt('/private')}"}
    for lines in (token, cookie):
        for _ in range(3):
            assert own_cdn.get(SECRET, lines).status == 200
    certificates = tables.jwt_certificates
    change(own_cdn, update(certificates).values(enabled=False))
    assert own_cdn.get(SECRET, token).status == 401
    assert own_cdn.get(SECRET, cookie).status in {401, 403}


def test_a_token_ends_at_its_own_time(own_cdn: CdnPlane) -> None:
    token = own_cdn.jwt("/private", seconds=30, accountId=ACCOUNT)
    lines = {"authorization": f"Bearer {token}"}
    for _ in range(3):
        assert own_cdn.get(SECRET, lines).status == 200
    own_cdn.now += 29
    assert own_cdn.get(SECRET, lines).status == 200
    own_cdn.now += 2 + 60  # and the leeway that clocks are given
    assert own_cdn.get(SECRET, lines).status == 401


def test_a_folder_that_becomes_private_is_private_for_those_who_read_it(own_cdn: CdnPlane) -> None:
    target = f"/{ACCOUNT}/raw/private/open/o.jpg"
    stranger = {"authorization": own_cdn.bearer("SKR")["authorization"]}
    for _ in range(3):
        assert own_cdn.get(target).status == 200
        assert own_cdn.get(target, stranger).status == 200
    own_cdn.set_public("/private/open", [])
    assert own_cdn.get(target).status == 403
    assert own_cdn.get(target, stranger).status == 403
    own_cdn.set_public("/private/open", public(["*"], ["*"]))
    assert own_cdn.get(target).status == 200


def test_a_grant_is_for_its_own_caller_file_origin_and_way(own_cdn: CdnPlane) -> None:
    key = own_cdn.bearer("SK")
    for _ in range(3):
        assert own_cdn.get(SECRET, key).status == 200
    assert own_cdn.get(SECRET).status == 403
    assert own_cdn.get(SECRET, own_cdn.bearer("SKR")).status == 403
    assert own_cdn.get(SECRET, own_cdn.bearer("SKB")).status == 401
    assert own_cdn.get(OTHER_FILE).status == 403
    tampered = {"authorization": key["authorization"][:-1] + "x"}
    assert own_cdn.get(SECRET, tampered).status == 401
    both = [("authorization", key["authorization"])] * 2
    assert own_cdn.get(SECRET, both).status in {400, 401}


def test_a_key_that_is_bound_to_an_origin_is_asked_for_it_every_time(own_cdn: CdnPlane) -> None:
    bind_to_an_origin(own_cdn)
    key = own_cdn.bearer("SK")
    right, wrong = {"origin": "https://app.example"}, {"origin": "https://bad.example"}
    for _ in range(3):
        assert own_cdn.get(SECRET, {**key, **right}).status == 200
        assert own_cdn.get(SECRET, {**key, **wrong}).status == 403
        assert own_cdn.get(SECRET, key).status == 403
