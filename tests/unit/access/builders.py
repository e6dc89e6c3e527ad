"""Short ways to write rules, principals and questions for tests of the permission decision."""

from __future__ import annotations

from collections.abc import Mapping

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.decision import Decision
from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    PublicPermissions,
    TokenAccess,
    UserAccess,
)
from byteward.access.policy import parse_pattern_text
from byteward.access.roles import Role
from byteward.access.rules import Grant, PathPermission, PathRules
from byteward.paths import parse_segments

ACCOUNT = "A623uY2"
KEY_ID = "F91kfA1g"
DOWNLOAD = Action.DOWNLOAD_FILE
CREATE = Action.CREATE_FILE
DELETE = Action.DELETE_FILE
OVERWRITE = Action.OVERWRITE_FILE
LIST = Action.LIST_FOLDER_CHILDREN
DETAILS = Action.GET_FILE_DETAILS
EVERYTHING: Mapping[Action, Grant] = {
    action: ("*",) if action is DOWNLOAD else True for action in Action
}
NOTHING: Mapping[Action, Grant] = {action: () if action is DOWNLOAD else False for action in Action}

RuleList = list[tuple[str, Mapping[Action, Grant]]]
"""Rules as pairs of the dashboard's pattern text and what the rule grants."""


def path_rules(*rules: tuple[str, Mapping[Action, Grant]]) -> PathRules:
    return PathRules(
        PathPermission(parse_pattern_text(text), grants, index)
        for index, (text, grants) in enumerate(rules)
    )


def key(
    *rules: tuple[str, Mapping[Action, Grant]],
    kind: KeyKind = KeyKind.SECRET,
    tags: tuple[str, ...] = (),
) -> KeyAccess:
    return KeyAccess(KEY_ID, kind, path_rules(*rules), tags)


def public_key(*rules: tuple[str, Mapping[Action, Grant]]) -> KeyAccess:
    return key(*rules, kind=KeyKind.PUBLIC)


def token(
    *rules: tuple[str, Mapping[Action, Grant]], tags: tuple[str, ...] | None = None
) -> TokenAccess:
    return TokenAccess("user-1", "cert0001", path_rules(*rules), tags)


def principal(
    key: KeyAccess | None = None,
    token: TokenAccess | None = None,
    kind: PrincipalKind | None = None,
) -> Principal:
    """A principal of the kind that its parts suggest, unless one is given."""
    kinds = {
        (False, False): PrincipalKind.ANONYMOUS,
        (True, False): PrincipalKind.API_KEY,
        (False, True): PrincipalKind.JWT,
        (True, True): PrincipalKind.API_KEY_AND_JWT,
    }
    suggested = kinds[key is not None, token is not None]
    return Principal(kind or suggested, ACCOUNT, key, token)


ANONYMOUS = principal()
DASHBOARD_USER = Principal(
    PrincipalKind.DASHBOARD_USER, ACCOUNT, user=UserAccess("owner@example.com", Role.OWNER)
)


def ask(
    who: Principal,
    action: Action,
    path: str,
    slug: str | None = None,
    public: PublicPermissions | None = None,
) -> Decision:
    """`decide` for a path as text; downloads are of `raw` unless a slug is given."""
    if action is DOWNLOAD and slug is None:
        slug = "raw"
    return decide(who, action, parse_segments(path), slug=slug, public=public)


def allows(
    who: Principal,
    action: Action,
    path: str,
    slug: str | None = None,
    public: PublicPermissions | None = None,
) -> bool:
    return ask(who, action, path, slug, public).is_allowed


def public_at(
    folder: str, children: tuple[str, ...] = (), grandchildren: tuple[str, ...] = ()
) -> PublicPermissions:
    return PublicPermissions(parse_segments(folder), children, grandchildren)
