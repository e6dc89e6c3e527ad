from __future__ import annotations

from byteward.access.listing import reachable
from byteward.access.rules import PathPattern, Scope
from tests.unit.access.builders import (
    ANONYMOUS,
    CREATE,
    DASHBOARD_USER,
    DELETE,
    DOWNLOAD,
    EVERYTHING,
    NOTHING,
    key,
    path_rules,
    principal,
    public_at,
    token,
)


def test_areas_hold_every_path_most_specific_first() -> None:
    listed = reachable(principal(key(("/a/b/*", EVERYTHING), ("/a", {}))), CREATE)
    assert [area.pattern.text for area in listed.areas] == ["/a/b/*", "/a", "/", "/*", "/*/**"]
    assert [area.pattern.text for area in listed.allowed] == ["/a/b/*"]


def test_area_carries_the_decision_that_explains_it() -> None:
    (area,) = reachable(principal(key(("/a/b/*", EVERYTHING))), CREATE).allowed
    assert area.decision.rule.location == "API key F91kfA1g, pathPermissions[0]"


def test_denying_jwt_rule_cuts_a_hole_into_what_the_key_grants() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/private/*", NOTHING)))
    listed = reachable(who, DELETE)
    assert listed.allows(("open", "f"))
    assert not listed.allows(("private", "f"))
    assert listed.allows(("private", "deep", "f"))


def test_dashboard_user_reaches_everything() -> None:
    assert all(area.decision.is_allowed for area in reachable(DASHBOARD_USER, DELETE).areas)


def test_public_settings_are_areas_of_their_own() -> None:
    public = [public_at("/", ("*",), ("*",)), public_at("/private")]
    listed = reachable(ANONYMOUS, DOWNLOAD, slug="raw", public=public)
    assert listed.allows(("pub.jpg",))
    assert not listed.allows(("private", "p.jpg"))
    assert not listed.allows(("private", "deep", "q.jpg"))
    assert listed.allows(("privateer", "p.jpg"))
    assert not listed.allows(())


def test_rule_for_one_path_does_not_stand_for_its_neighbours() -> None:
    names = ["x", "xx", "xxx"]
    who = principal(key(*((f"/{name}", EVERYTHING) for name in names)))
    listed = reachable(who, CREATE)
    assert listed.allows(("xx",))
    assert not listed.allows(("xxxx",))
    assert not listed.allows(("x", "xx"))


def test_duplicates_make_one_area() -> None:
    rules = path_rules(("/a", {CREATE: True}), ("/a", {CREATE: True}))
    assert rules.patterns == (PathPattern(("a",), Scope.THIS),)
    who = principal(token=token(("/a", {CREATE: True}), ("/a", {})))
    assert not any(reachable(who, CREATE).allowed)
