"""R11 over HTTP: every rule for JWTs, with valid and invalid tokens, against a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import pytest

from tests.conformance.access_cases import (
    JwtRecipe,
    JwtRule,
    Verdict,
    load_fixture,
    load_jwt_rules,
)
from tests.conformance.access_tokens import make_signers, make_token
from tests.conformance.http_world import World
from tests.conformance.untouched import refusal_problems
from tests.e2e.server import Answer, serving
from tests.e2e.wire import Wire

RULES: Final = load_jwt_rules()
DETAILS: Final = b"/v2/accounts/A623uY2/files/details?filePath=/private/p.jpg"
FILE: Final = b"/A623uY2/raw/users/u1/f.jpg"
# So that an accepted cookie shows: what a recipe's token grants beside what the recipe is about.
READS: Final = {
    "pathPermissions": [
        {
            "match": {"path": "/users/u1", "scope": "Children"},
            "permissions": {"read": {"file": {"downloadFile": ["*"]}}},
        }
    ]
}
INVALID: Final = {
    "authentication_failed_jwt_invalid",
    "jwt_missing_account_id_field",
    "authentication_failed_no_credentials",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("jwt_rules") / "data") as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        yield made


def verdict_of(answer: Answer) -> Verdict:
    assert refusal_problems(answer) == []
    if answer.status == 403:
        return Verdict.VALID  # known, without the right, or from no allowed origin
    if answer.status == 431:
        return Verdict.INVALID  # longer than any header may be
    assert answer.status == 401
    if answer.code == "authentication_failed_jwt_expired":
        return Verdict.EXPIRED
    assert answer.code in INVALID
    return Verdict.INVALID


def by_header(world: World, wire: Wire, recipe: JwtRecipe, now: int) -> Verdict:
    token = make_token(recipe, world.signers, now).encode()
    headers = [(b"Authorization", b"Bearer " + token)]
    if recipe.beside is not None:
        key = world.fixture.keys[recipe.beside].text.encode()
        headers = [(b"Authorization", b"Bearer " + key), (b"Authorization-Token", token)]
    return verdict_of(wire.ask(b"GET", DETAILS, headers))


def by_cookie(world: World, wire: Wire, recipe: JwtRecipe, now: int) -> Verdict:
    reading = msgspec.structs.replace(recipe, claims={"access": READS, **recipe.claims})
    token = make_token(reading, world.signers, now).encode()
    answer = wire.ask(b"GET", FILE, [(b"Cookie", b"access-token-A623uY2=" + token)])
    assert answer.status in (200, 403)
    if answer.status == 200:
        return Verdict.VALID
    return recipe.verdict if recipe.verdict is not Verdict.VALID else Verdict.INVALID


def within_one_second(verdict_at: Callable[[int], Verdict]) -> Verdict:
    """Ask again if a second began meanwhile: some recipes are right to the second."""
    while True:
        now = int(time.time())
        verdict = verdict_at(now)
        if int(time.time()) == now:
            return verdict


def can_be_sent(recipe: JwtRecipe, world: World) -> bool:
    """A header holds visible characters; spaces before them are not part of the token."""
    token = make_token(recipe, world.signers, 0)
    return token.isascii() and token.isprintable() and " " not in token


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_the_server_gives_the_verdict(world: World, rule: JwtRule) -> None:
    seen = set()
    with Wire(world.server.api) as api, Wire(world.server.cdn) as cdn:
        for recipe in rule.recipes:
            if not can_be_sent(recipe, world):
                continue
            if recipe.place == "cookie":
                verdict = within_one_second(lambda now, r=recipe: by_cookie(world, cdn, r, now))  # type: ignore[misc]  # bound now
            else:
                verdict = within_one_second(lambda now, r=recipe: by_header(world, api, r, now))  # type: ignore[misc]  # bound now
            assert verdict is recipe.verdict, recipe.id
            seen.add(verdict)
    assert len(seen) > 1
