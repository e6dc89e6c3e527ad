"""Filters that are kept answer like filters that are made anew."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from byteward.access.actions import FLAG_ACTIONS, Action
from byteward.access.listing import reachable
from byteward.access.model import KeyAccess, KeyKind, Principal, PrincipalKind, UserAccess
from byteward.access.roles import Role
from byteward.access.rules import PathPattern, PathPermission, PathRules, Scope
from byteward.permissions.path_filters import AREAS, PathFilters
from tests.unit.access.strategies import PATHS, principals

LIST = Action.LIST_FOLDER_CHILDREN


def key(*bases: str) -> KeyAccess:
    entries = [PathPermission(PathPattern((base,), Scope.THIS), {LIST: True}) for base in bases]
    return KeyAccess("F91kfA1g", KeyKind.SECRET, PathRules(entries))


def holder(access: KeyAccess) -> Principal:
    return Principal(PrincipalKind.API_KEY, "A623uY2", access)


@given(
    st.lists(principals(), min_size=1, max_size=4), st.sampled_from(FLAG_ACTIONS), st.lists(PATHS)
)
def test_a_kept_filter_is_the_filter(
    asking: list[Principal], action: Action, paths: list[tuple[str, ...]]
) -> None:
    filters = PathFilters()
    for principal in asking * 2:
        fresh = reachable(principal, action)
        for path in paths:
            assert filters.of(principal, action).allows(path) == fresh.allows(path)


def test_users_of_different_roles_do_not_share_a_filter() -> None:
    filters = PathFilters()
    for role in Role:
        user = UserAccess("ana@example.test", role)
        asking = Principal(PrincipalKind.DASHBOARD_USER, "A623uY2", user=user)
        may = filters.of(asking, Action.DELETE_FILE).allows(("a.txt",))
        assert may is (role is not Role.VIEWER)


def test_a_filter_is_made_once_while_the_rules_are_the_same_object() -> None:
    filters = PathFilters()
    access = key("a")
    first = filters.of(holder(access), LIST)
    assert filters.of(replace(holder(access), expires_at=7.0), LIST) is first
    assert filters.of(holder(access), Action.GET_FOLDER_DESCRIPTION) is not first


def test_changed_rules_have_another_filter() -> None:
    filters = PathFilters()
    assert filters.of(holder(key("a")), LIST).allows(("a",))
    assert not filters.of(holder(key("b")), LIST).allows(("a",))


def test_rules_beyond_the_budget_are_answered_all_the_same() -> None:
    filters = PathFilters()
    access = key(*(f"f{n}" for n in range(AREAS + 1)))
    assert filters.of(holder(access), LIST).allows(("f7",))
    assert filters.of(holder(access), LIST) is not filters.of(holder(access), LIST)
