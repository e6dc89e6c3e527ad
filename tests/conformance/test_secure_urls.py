"""Secure URLs: published vectors, and the cases 139 to 160 as far as opening the URL goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import lru_cache

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from byteward.errors import BytewardError
from byteward.identity.secure_url import OpenedUrl, SecureUrls
from byteward.identity.signed_url import sign
from byteward.identity.url_target import UrlTarget
from tests.conformance.access_cases import (
    DATA,
    Case,
    Json,
    Request,
    fill,
    load_cases,
    load_fixture,
)
from tests.conformance.access_facts import fixture_facts
from tests.conformance.access_secure_urls import encrypted_target, signed_target
from tests.conformance.access_tokens import make_signers
from tests.unit.identity.memory_facts import MemoryFacts, api_key, memory_facts

NOW = 1_800_000_000
EARLY = 1_700_000_000
FIXTURE = load_fixture()
VECTORS: Json = yaml.safe_load((DATA / "secure_url_vectors.yaml").read_text(encoding="utf-8"))
KEY = bytes(range(32))
KEY_ID = str(VECTORS["key"]["id"])
HOST = "cdn.example"


def open_url(
    facts: MemoryFacts, host: str, target: str, *, now: float, allow_unbound: bool = False
) -> OpenedUrl:
    account_id = target.split("/")[1]
    urls = SecureUrls(facts, lambda: now, allow_unbound=allow_unbound)
    return asyncio.run(urls.open(account_id, UrlTarget.parse(target.encode()), host, "192.0.2.1"))


def vector_facts(account_id: str) -> MemoryFacts:
    return memory_facts(api_key(KEY_ID, account_id=account_id))


@pytest.mark.parametrize("vector", VECTORS["signed"], ids=lambda vector: str(vector["message"]))
def test_published_mac_is_made_and_accepted(vector: Json) -> None:
    message = str(vector["message"])
    value = sign(message, key_id=KEY_ID, key=KEY)
    assert value == f"1.{KEY_ID}.{vector['mac']}"
    host, _, rest = message.partition("/")
    opened = open_url(
        vector_facts(rest.split("/")[0]), host.upper(), f"/{rest}&sig={value}", now=EARLY
    )
    assert opened.caller is not None
    assert opened.caller.key is not None
    assert opened.caller.key.key_id == KEY_ID


@pytest.mark.parametrize("vector", VECTORS["encrypted"], ids=lambda vector: vector["ciphertext"])
@pytest.mark.parametrize("allow_unbound", [False, True])
def test_published_ciphertext_is_opened_if_it_may_be(vector: Json, allow_unbound: bool) -> None:
    path = "/" + str(vector["aad"] or "upcdn.io/A623uY2/image/photo.jpg").partition("/")[2]
    target = f"{path}?enc=1.{KEY_ID}.{vector['iv']}.{vector['ciphertext']}"
    has_path = "path=" in vector["plaintext"]
    facts = vector_facts("A623uY2")
    if not (vector["accepted"] or (allow_unbound and has_path)):
        with pytest.raises(BytewardError) as refused:
            open_url(facts, "upcdn.io", target, now=EARLY, allow_unbound=allow_unbound)
        assert refused.value.code == "url_signature_invalid"
        return
    opened = open_url(facts, "upcdn.io", target, now=EARLY, allow_unbound=allow_unbound)
    assert opened.target.raw == f"{path}?{vector['plaintext']}".encode()


@lru_cache(maxsize=1)
def signers() -> dict[str, rsa.RSAPrivateKey]:
    return make_signers(FIXTURE)


def target_of(request: Request) -> str:
    host = request.host or HOST
    if request.sign is not None:
        return signed_target(request.sign, FIXTURE, host, NOW)
    if request.encrypt is not None:
        return encrypted_target(request.encrypt, FIXTURE)
    return fill(str(request.target), lambda _, argument: str(NOW + int(argument or 0)))


def disable(facts: MemoryFacts, name: str) -> None:
    key_id = FIXTURE.keys[name].id
    facts.keys = [replace(k, enabled=k.enabled and k.key_id != key_id) for k in facts.keys]


def play(facts: MemoryFacts, request: Request, status: int, code: str | None) -> None:
    """A refusal of the URL itself must show when it is opened; what is served must open."""
    host, target = request.host or HOST, target_of(request)
    if code in {"url_expired", "url_signature_invalid", "invalid_parameter"}:
        with pytest.raises(BytewardError) as refused:
            open_url(facts, host, target, now=NOW)
        assert (refused.value.status, refused.value.code) == (status, code)
        return
    opened = open_url(facts, host, target, now=NOW)
    signed_by = request.sign or request.encrypt
    if signed_by is None:
        assert opened.caller is None
    else:
        assert opened.caller is not None
        assert opened.caller.principal.key is not None
        assert opened.caller.principal.key.key_id == FIXTURE.keys[signed_by.key].id


SECURE_CASES = load_cases("7_secure_urls")


@pytest.mark.parametrize("case", SECURE_CASES, ids=[case.id for case in SECURE_CASES])
def test_case_opens_or_is_refused(case: Case) -> None:
    facts = fixture_facts(FIXTURE, signers())
    play(facts, case.request, case.expect.status, case.expect.code)
    for step in case.then:
        if step.action is not None and step.action.disable_key is not None:
            disable(facts, step.action.disable_key)
        if step.request is not None and step.expect is not None:
            play(facts, step.request, step.expect.status, step.expect.code)
