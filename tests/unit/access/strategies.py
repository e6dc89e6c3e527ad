"""Hypothesis strategies for rules, paths and principals whose paths nearly collide."""

from __future__ import annotations

from hypothesis import strategies as st

from byteward.access.actions import Action
from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    PublicPermissions,
    TokenAccess,
    UserAccess,
)
from byteward.access.roles import Role
from byteward.access.rules import Grant, PathPattern, PathPermission, PathRules, Scope

# Twins by prefix, case, dot, percent escape and Unicode form; and the empty segment.
SEGMENTS = st.sampled_from(["a", "ab", "A", "a.", "%61", "é", "e\u0301", ""])
PATHS = st.lists(SEGMENTS, max_size=5).map(tuple).filter(lambda path: path[:1] != ("",))
SLUGS = st.sampled_from(["raw", "image", "images", "thumbnail", "thumbnail-", "thumbnail-sm"])
SLUG_LISTS = st.lists(
    st.sampled_from(["*", "raw", "image", "image*", "thumbnail-*", "thumbnail*", "t*"]), max_size=3
).map(tuple)
ACTIONS = st.sampled_from(
    [Action.DOWNLOAD_FILE, Action.CREATE_FILE, Action.DELETE_FILE, Action.LIST_FOLDER_CHILDREN]
)
PATTERNS = st.builds(
    PathPattern,
    st.lists(SEGMENTS, max_size=3).map(tuple).filter(lambda path: path[:1] != ("",)),
    st.sampled_from(list(Scope)),
)


@st.composite
def grants(draw: st.DrawFn) -> dict[Action, Grant]:
    """Any of the four actions, each granted, denied or left out."""
    chosen: dict[Action, Grant] = {}
    for action in draw(st.lists(ACTIONS, unique=True)):
        is_download = action is Action.DOWNLOAD_FILE
        chosen[action] = draw(SLUG_LISTS) if is_download else draw(st.booleans())
    return chosen


@st.composite
def entries(draw: st.DrawFn, unique: bool = True) -> tuple[PathPermission, ...]:
    """Rules in any order; with `unique`, no pattern occurs twice."""
    patterns = draw(st.lists(PATTERNS, max_size=6, unique=unique))
    return tuple(
        PathPermission(pattern, draw(grants()), index) for index, pattern in enumerate(patterns)
    )


TAGS = st.none() | SLUG_LISTS


@st.composite
def principals(draw: st.DrawFn, unique: bool = True) -> Principal:
    """Any kind of principal; `unique` is about the JWT's rules, a key's always are."""
    kind = draw(st.sampled_from(list(PrincipalKind)))
    has_key = kind in {
        PrincipalKind.API_KEY,
        PrincipalKind.API_KEY_AND_JWT,
        PrincipalKind.SECURE_URL,
    }
    has_token = kind in {
        PrincipalKind.API_KEY_AND_JWT,
        PrincipalKind.JWT,
        PrincipalKind.COOKIE,
    }
    key = token = None
    if has_key:
        key = KeyAccess(
            "F91kfA1g", draw(st.sampled_from(list(KeyKind))), PathRules(draw(entries()))
        )
    if has_token:
        token = TokenAccess("user-1", "cert0001", PathRules(draw(entries(unique))), draw(TAGS))
    is_user = kind is PrincipalKind.DASHBOARD_USER
    user = UserAccess("owner@example.com", draw(st.sampled_from(Role))) if is_user else None
    return Principal(kind, "A623uY2", key, token, user)


PUBLIC = st.builds(
    PublicPermissions,
    st.lists(SEGMENTS, max_size=3).map(tuple).filter(lambda path: path[:1] != ("",)),
    SLUG_LISTS,
    SLUG_LISTS,
    st.sampled_from([None, None, None, "not a list"]),
)
