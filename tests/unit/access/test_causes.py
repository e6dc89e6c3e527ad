from __future__ import annotations

from byteward.access.causes import ALLOWING, CAUSES, Cause


def test_every_cause_is_in_the_catalogue() -> None:
    assert set(CAUSES) == set(Cause)


def test_only_these_causes_allow() -> None:
    assert {Cause.PUBLIC, Cause.DASHBOARD_USER, Cause.JWT_ALLOWS, Cause.KEY_ALLOWS} == ALLOWING
