"""The permission cases on the service: the fixture in a real database, read back for each decision.

The second depth. The account document is applied, the credential is authenticated from stored
facts, and the guard decides; nothing here is built by hand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest

from byteward.access.actions import Action
from byteward.access.decide import decide_tag
from byteward.access.model import Principal, PrincipalKind
from byteward.accounts.key_store import KeyStore
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller
from byteward.paths import parse_segments
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from tests.conformance.access_cases import Check, Fixture, load_cases, load_fixture
from tests.conformance.access_tokens import Signers, make_signers, sign_template
from tests.conformance.http_world import account_document
from tests.integration.configuration.stored import stored

CHECKS = [
    pytest.param(check, id=f"{case.id}-{number}")
    for case in load_cases()
    for number, check in enumerate(case.decision)
]


@dataclass(frozen=True)
class World:
    """The fixture as it comes out of the database."""

    fixture: Fixture
    signers: Signers
    facts: Facts
    keys: KeyStore

    async def principal(self, check: Check) -> Principal:
        """Whoever the check speaks of, authenticated as a request would be."""
        if check.via == "none":
            return Principal(PrincipalKind.ANONYMOUS, check.account)
        named = check.principal
        key = None if named.key is None else self.fixture.keys[named.key]
        if check.via == "secure_url" and key is not None:
            found = await self.facts.key_by_id(check.account, key.id)
            assert found is not None
            return Principal(PrincipalKind.SECURE_URL, check.account, found.access)
        token = ""
        if named.jwt is not None:
            token = sign_template(self.fixture, named.jwt, self.signers, int(time.time()))
        # Origins are decided before permissions, and have cases of their own.
        headers = [("origin", "https://app.example.com")]
        if check.via == "cookie":
            headers.append(("cookie", f"access-token-{check.account}={token}"))
        elif key is None:
            headers.append(("authorization", f"Bearer {token}"))
        else:
            headers.append(("authorization", f"Bearer {key.text}"))
            headers.append(("authorization-token", token))
        caller = await Authenticator(self.facts).authenticate_cdn(
            check.account, [(name.encode(), value.encode()) for name, value in headers], ""
        )
        if isinstance(caller, Caller):
            return caller.principal
        return Principal(PrincipalKind.ANONYMOUS, check.account)  # refused unless it is public

    async def allows(self, check: Check) -> bool:
        """What the service says."""
        self.facts.refresh()
        principal = await self.principal(check)
        if check.tag is not None:
            return decide_tag(principal, check.tag).is_allowed
        if check.field in ("account.jobs", "account.cache"):
            return principal.has_secret_authority
        guard = Guard(self.facts, self.keys, time.time, tells_details=True)
        segments = parse_segments(check.path or "/")
        decision = await guard.allows(
            principal, Action(str(check.field)), segments, slug=check.slug
        )
        return decision.is_allowed


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    fixture = load_fixture()
    signers = make_signers(fixture)
    document = msgspec.json.encode(account_document(fixture, signers)).decode()
    with stored(document) as database:
        yield World(fixture, signers, database.facts(), database.keys)


@pytest.mark.parametrize("check", CHECKS)
def test_case_on_the_service(world: World, check: Check) -> None:
    assert asyncio.run(world.allows(check)) is check.allow
