"""Rights that are kept with a job are the same rights when they are read again."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from byteward.access.decide import decide, decide_tag
from byteward.access.model import KeyAccess, KeyKind, Principal, PrincipalKind
from byteward.access.rules import PathRules
from byteward.permissions.authority import Authority
from byteward.permissions.frozen import freeze, thaw
from tests.unit.access.strategies import ACTIONS, PATHS, SLUGS, principals


@given(principal=principals(), path=PATHS, action=ACTIONS, slug=SLUGS, tag=SLUGS)
def test_every_decision_is_the_same_after_freezing(
    principal: Principal, path: tuple[str, ...], action: object, slug: str, tag: str
) -> None:
    thawed = thaw(principal.account_id, freeze(Authority(principal, "key00001")))
    assert (thawed.is_frozen, thawed.bound_key_id) == (True, "key00001")
    again = thawed.principal
    assert (again.kind, again.user, again.account_id) == (
        principal.kind,
        principal.user,
        principal.account_id,
    )
    for rules in (part.rules for part in (again.key, again.token) if part is not None):
        # Rules that no key or token can have are not read again, and then nothing is allowed.
        assume(rules.defect is None)
    before = decide(principal, action, path, slug=slug)  # type: ignore[arg-type] # sampled
    after = decide(again, action, path, slug=slug)  # type: ignore[arg-type] # sampled
    assert after.is_allowed == before.is_allowed
    assert decide_tag(again, tag).is_allowed == decide_tag(principal, tag).is_allowed


def test_rules_that_could_not_be_read_deny_after_freezing_too() -> None:
    key = KeyAccess("F91kfA1g", KeyKind.SECRET, PathRules.unreadable("broken"))
    principal = Principal(PrincipalKind.API_KEY, "A623uY2", key)
    thawed = thaw("A623uY2", freeze(Authority(principal))).principal
    assert thawed.key is not None
    assert thawed.key.rules.defect == "broken"


@given(st.binary(max_size=40))
def test_what_was_not_frozen_here_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        thaw("A623uY2", data)


def test_nothing_frozen_is_a_credential() -> None:
    key = KeyAccess("F91kfA1g", KeyKind.SECRET, PathRules(()))
    frozen = freeze(Authority(Principal(PrincipalKind.API_KEY, "A623uY2", key)))
    assert b"secret_" not in frozen
