"""A verified token is remembered, but never longer than it is good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from byteward.errors import BytewardError
from byteward.identity import jwt_verifier
from byteward.identity.jwt import VerifiedJwt
from byteward.identity.jwt_cache import JwtCache
from byteward.identity.jwt_verifier import JwtVerifier
from tests.unit.identity.memory_facts import (
    ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    MemoryFacts,
    claims,
    memory_facts,
    token,
)


class Moment:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now: float = NOW

    def __call__(self) -> float:
        return self.now


def verify(verifier: JwtVerifier, text: str, account_id: str = ACCOUNT) -> str:
    return asyncio.run(verifier.verify(account_id, text)).subject


@pytest.fixture
def facts() -> MemoryFacts:
    return memory_facts()


def test_the_second_use_needs_no_verification(facts: MemoryFacts) -> None:
    verifier = JwtVerifier(facts, Moment())
    assert [verify(verifier, token()) for _ in range(3)] == ["u1"] * 3
    assert facts.certificate_reads == 1


def test_a_change_of_authority_drops_the_memory_at_once(facts: MemoryFacts) -> None:
    verifier = JwtVerifier(facts, Moment())
    verify(verifier, token())
    facts.all_certificates.clear()
    facts.bump()
    with pytest.raises(BytewardError):
        verify(verifier, token())


def test_the_memory_ends_after_a_minute_and_with_the_token(facts: MemoryFacts) -> None:
    clock = Moment()
    verifier = JwtVerifier(facts, clock)
    verify(verifier, token())
    clock.now = NOW + 59.9
    verify(verifier, token())
    assert facts.certificate_reads == 1
    clock.now = NOW + 60
    verify(verifier, token())
    assert facts.certificate_reads == 2
    short = token(claims(exp=NOW + 70))
    verify(verifier, short)
    clock.now = NOW + 70
    with pytest.raises(BytewardError) as refused:
        verify(verifier, short)
    assert refused.value.code == "authentication_failed_jwt_expired"


def test_what_one_account_knows_is_not_known_to_another(facts: MemoryFacts) -> None:
    verifier = JwtVerifier(facts, Moment())
    text = token(claims(accountId=None))
    verify(verifier, text)
    with pytest.raises(BytewardError):
        verify(verifier, text, OTHER_ACCOUNT)


def test_failures_are_not_remembered(facts: MemoryFacts) -> None:
    verifier = JwtVerifier(facts, Moment())
    certificates = list(facts.all_certificates)
    facts.all_certificates.clear()
    with pytest.raises(BytewardError):
        verify(verifier, token())
    facts.all_certificates.extend(certificates)
    assert verify(verifier, token()) == "u1"


def test_verification_leaves_the_event_loop_above_the_rate(
    facts: MemoryFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt_verifier, "INLINE_PER_SECOND", 2)
    handed_over: list[Callable[[], VerifiedJwt]] = []

    async def to_thread(work: Callable[[], VerifiedJwt]) -> VerifiedJwt:
        handed_over.append(work)
        return work()

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    clock = Moment()
    verifier = JwtVerifier(facts, clock)
    counts = []
    for n in range(5):
        clock.now = NOW + (n == 4)
        assert verify(verifier, token(claims(sub=f"u{n}"))) == f"u{n}"
        counts.append(len(handed_over))
    assert counts == [0, 0, 1, 2, 2]


def test_the_memory_is_bounded_and_forgets_the_least_used(facts: MemoryFacts) -> None:
    jwt = asyncio.run(JwtVerifier(facts, Moment()).verify(ACCOUNT, token()))
    cache = JwtCache(max_entries=2)
    for digest in (b"1", b"2"):
        cache.keep(ACCOUNT, digest, jwt, epoch=1, now=NOW)
    assert cache.find(ACCOUNT, b"1", epoch=1, now=NOW) is jwt
    cache.keep(ACCOUNT, b"3", jwt, epoch=1, now=NOW)
    assert len(cache) == 2
    assert cache.find(ACCOUNT, b"2", epoch=1, now=NOW) is None
    assert cache.find(ACCOUNT, b"1", epoch=2, now=NOW) is None
    assert len(cache) == 1
