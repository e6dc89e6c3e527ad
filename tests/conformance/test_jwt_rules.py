"""R11: every rule for JWTs, with valid and invalid tokens, through the whole authentication."""

from __future__ import annotations

import asyncio
import builtins
import socket
from collections.abc import Iterator
from functools import lru_cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from byteward.access.model import PrincipalKind
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller
from byteward.identity.jwt import explain_jwt, verify_jwt
from tests.conformance.access_cases import JwtRecipe, Verdict, load_fixture, load_jwt_rules
from tests.conformance.access_facts import fixture_facts
from tests.conformance.access_tokens import make_signers, make_token
from tests.unit.identity.memory_facts import MemoryFacts

NOW = 1_800_000_000
ACCOUNT = "A623uY2"
FIXTURE = load_fixture()
RECIPES = [recipe for rule in load_jwt_rules() for recipe in rule.recipes]
# In the header, more spaces than one may stand before the value: they are not part of the token.
AUTHENTICATED = [recipe for recipe in RECIPES if recipe.id != "space-before"]
INVALID_CODES = {
    ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
    ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD,
    ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS,
}


@lru_cache(maxsize=1)
def signers() -> dict[str, rsa.RSAPrivateKey]:
    return make_signers(FIXTURE)


@pytest.fixture(scope="module")
def facts() -> MemoryFacts:
    return fixture_facts(FIXTURE, signers())


def verdict_of(error: BytewardError) -> Verdict:
    assert error.status == 401
    if error.code is ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED:
        return Verdict.EXPIRED
    assert error.code in INVALID_CODES
    return Verdict.INVALID


def api_verdict(facts: MemoryFacts, headers: list[tuple[bytes, bytes]]) -> Verdict:
    authenticator = Authenticator(facts, lambda: NOW)
    try:
        caller = asyncio.run(authenticator.authenticate_api(ACCOUNT, headers, "192.0.2.1"))
    except BytewardError as error:
        # The token is fine, the page that sent it is not on its list; who comes before from where.
        return Verdict.VALID if error.code is ErrorCode.ORIGIN_NOT_ALLOWED else verdict_of(error)
    assert caller.jwt is not None
    return Verdict.VALID


def cookie_is_accepted(facts: MemoryFacts, token: bytes) -> bool:
    authenticator = Authenticator(facts, lambda: NOW)
    headers = [(b"cookie", b"access-token-A623uY2=" + token)]
    caller = asyncio.run(authenticator.authenticate_cdn(ACCOUNT, headers, "192.0.2.1"))
    assert isinstance(caller, Caller)
    return caller.principal.kind is PrincipalKind.COOKIE


@pytest.mark.parametrize("recipe", AUTHENTICATED, ids=[recipe.id for recipe in AUTHENTICATED])
def test_authentication_gives_the_verdict(facts: MemoryFacts, recipe: JwtRecipe) -> None:
    token = make_token(recipe, signers(), NOW).encode()
    if recipe.place == "cookie":
        assert cookie_is_accepted(facts, token) is (recipe.verdict is Verdict.VALID)
        return
    if recipe.beside is None:
        headers = [(b"authorization", b"Bearer " + token)]
    else:
        key = FIXTURE.keys[recipe.beside].text.encode()
        headers = [(b"authorization", b"Bearer " + key), (b"authorization-token", token)]
    assert api_verdict(facts, headers) is recipe.verdict


@pytest.mark.parametrize(
    "recipe",
    [recipe for recipe in RECIPES if recipe.stage == "token"],
    ids=[recipe.id for recipe in RECIPES if recipe.stage == "token"],
)
def test_verification_and_explanation_agree_with_the_verdict(
    facts: MemoryFacts, recipe: JwtRecipe
) -> None:
    token = make_token(recipe, signers(), NOW)
    certificates = asyncio.run(facts.certificates(ACCOUNT))
    needs_account_id = recipe.place == "authorization" and recipe.beside is None
    try:
        verify_jwt(
            token,
            certificates,
            account_id=ACCOUNT,
            now=NOW,
            needs_account_id=needs_account_id,
        )
        verdict = Verdict.VALID
    except BytewardError as error:
        verdict = verdict_of(error)
        if error.code is ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD:
            assert recipe.verdict is Verdict.INVALID
            return
    assert verdict is recipe.verdict
    results = explain_jwt(token, certificates, account_id=ACCOUNT, now=NOW)
    assert all(result.passed for result in results[:-1])
    assert results[-1].passed is (verdict is Verdict.VALID)
    assert (results[-1].check.value == "expiry") is (verdict is not Verdict.INVALID)


def test_there_are_enough_rules_and_both_verdicts_for_each() -> None:
    assert len(RECIPES) >= 150
    for rule in load_jwt_rules():
        verdicts = {recipe.verdict for recipe in rule.recipes}
        assert Verdict.VALID in verdicts, rule.rule
        assert Verdict.INVALID in verdicts, rule.rule


@pytest.fixture
def no_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Records every attempt to open a file or to make a socket."""
    attempts: list[str] = []

    def refuse(*arguments: object, **_: object) -> None:
        attempts.append(str(arguments[:1]))
        raise OSError("nothing outside may be touched")

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", refuse)
        patch.setattr(socket, "socket", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield attempts


def test_verification_opens_no_file_and_no_connection(
    facts: MemoryFacts, no_outside: list[str]
) -> None:
    certificates = facts.all_certificates
    for name, value in {
        "jku": "http://127.0.0.1:9/keys",
        "x5u": "file:///etc/passwd",
        "x5c": ["AAAA"],
        "kid": "../../etc/passwd",
        "jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"},
    }.items():
        recipe = JwtRecipe(id=name, verdict=Verdict.VALID, header={name: value})
        token = make_token(recipe, signers(), NOW)
        assert verify_jwt(token, certificates, account_id=ACCOUNT, now=NOW).subject == "u1"
    assert no_outside == []
