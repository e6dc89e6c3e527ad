"""The permission cases against the pure decision: check, list and explain of each.

The same cases run against services and over HTTP elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from byteward.access.actions import Action
from byteward.access.decide import decide, decide_tag
from byteward.access.explain import explain
from byteward.access.listing import reachable
from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    PublicPermissions,
    Segments,
    TokenAccess,
)
from byteward.access.origins import origin_allowed
from byteward.access.policy import (
    parse_path_permissions,
    parse_public_permissions,
    parse_tag_permissions,
    parse_token_access,
)
from byteward.access.public import PublicEntries, nearest_public
from byteward.access.rules import PathRules
from byteward.paths import parse_segments
from tests.conformance.access_cases import Case, Check, load_cases, load_fixture

FIXTURE = load_fixture()
CASES = load_cases()
CHECKS = [
    pytest.param(check, id=f"{case.id}-{number}")
    for case in CASES
    for number, check in enumerate(case.decision)
]
ORIGIN_CASES = [pytest.param(case, id=case.id) for case in CASES if case.origin is not None]
ACTIONS = set(Action)


def claims_of(name: str) -> dict[str, object]:
    template = FIXTURE.jwts[name]
    inherited = {} if template.based_on is None else claims_of(template.based_on)
    claims = {**inherited, **template.claims}
    return {member: value for member, value in claims.items() if member not in template.omit}


def key_access(name: str) -> KeyAccess:
    key = FIXTURE.keys[name]
    return KeyAccess(
        key.id,
        KeyKind(key.kind),
        PathRules(parse_path_permissions(key.path_permissions, is_token=False)),
        parse_tag_permissions(key.tag_permissions, is_token=False) or (),
    )


def token_access(name: str) -> TokenAccess:
    rules, tags = parse_token_access(claims_of(name).get("access"))
    return TokenAccess("user-1", "cert0001", rules, tags)


def principal_kind(check: Check) -> PrincipalKind:
    key, jwt = check.principal.key, check.principal.jwt
    # A credential that is refused where it may not be (an expired cookie) leaves nobody.
    if check.via == "none" or (key is None and jwt is None):
        return PrincipalKind.ANONYMOUS
    if check.via == "header":
        if key is None:
            return PrincipalKind.JWT
        return PrincipalKind.API_KEY if jwt is None else PrincipalKind.API_KEY_AND_JWT
    return PrincipalKind(check.via)


def principal_of(check: Check) -> Principal:
    key, jwt = check.principal.key, check.principal.jwt
    return Principal(
        principal_kind(check),
        check.account,
        None if key is None else key_access(key),
        None if jwt is None else token_access(jwt),
    )


@cache
def public_levels(account_id: str) -> dict[Segments, PublicEntries]:
    stored = FIXTURE.account(account_id).public_permissions
    return {
        parse_segments(folder): parse_public_permissions(value) for folder, value in stored.items()
    }


def public_facts(account_id: str) -> Iterator[PublicPermissions]:
    for folder, entries in public_levels(account_id).items():
        yield entries.at(folder)


def is_allowed(check: Check) -> bool:
    """The verdict of `decide`, after checking that list and explain agree with it."""
    principal = principal_of(check)
    if check.tag is not None:
        return decide_tag(principal, check.tag).is_allowed
    if check.field not in ACTIONS:
        return principal.has_secret_authority
    action = Action(check.field)
    segments = parse_segments(check.path or "")
    public = nearest_public(public_levels(check.account).items(), segments[:-1])
    decision = decide(principal, action, segments, slug=check.slug, public=public)
    listed = reachable(
        principal, action, slug=check.slug, public=tuple(public_facts(check.account))
    )
    assert listed.allows(segments) is decision.is_allowed
    assert explain(decision)[0].startswith("allowed" if decision.is_allowed else "denied")
    return decision.is_allowed


@pytest.mark.parametrize("check", CHECKS)
def test_decision_is_the_one_the_case_states(check: Check) -> None:
    assert is_allowed(check) is check.allow


@pytest.mark.parametrize("case", ORIGIN_CASES)
def test_origin_is_judged_as_the_case_states(case: Case) -> None:
    check = case.origin
    assert check is not None
    if check.credential in FIXTURE.keys:
        allowed: object = FIXTURE.keys[check.credential].allowed_origins or None
    else:
        allowed = claims_of(check.credential).get("allowedOrigins")
    listed = tuple(str(item) for item in allowed) if isinstance(allowed, list) else None
    headers = check.headers
    verdict = origin_allowed(listed, headers.get("Origin"), headers.get("Referer"))
    assert verdict is check.allow
