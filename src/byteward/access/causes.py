"""The closed list of causes of a permission decision: what each decides, and how it reads.

A cause is the machine-readable half of an explanation: logs, metrics and tests name it. The list is
append-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RuleSource(StrEnum):
    """Where the rule that decided is stored."""

    PUBLIC_PERMISSIONS = "public_permissions"
    JWT = "jwt"
    API_KEY = "api_key"
    DASHBOARD_ROLE = "dashboard_role"
    DEFAULT = "default"


class Cause(StrEnum):
    """Why a decision is what it is."""

    PUBLIC = "public"
    DASHBOARD_USER = "dashboard_user"
    ROLE_DENIES = "role_denies"
    CREDENTIAL_CEILING = "credential_ceiling"
    JWT_ALLOWS = "jwt_allows"
    JWT_DENIES = "jwt_denies"
    JWT_UNREADABLE = "jwt_unreadable"
    KEY_ALLOWS = "key_allows"
    KEY_DENIES = "key_denies"
    KEY_UNREADABLE = "key_unreadable"
    PUBLIC_KEY_CAP = "public_key_cap"
    PUBLIC_UNREADABLE = "public_unreadable"
    SLUG_MISSING = "slug_missing"
    NOT_PUBLIC = "not_public"
    NO_GRANT = "no_grant"


@dataclass(frozen=True, slots=True)
class CauseInfo:
    """What the catalogue says about a cause.

    Attributes:
        is_allowed: the verdict that always goes with it.
        source: the store that holds the rule.
        sentence: the reason for people; `{location}` and `{value}` are the rule's, `{caller}` names
            the kind of credential and `{right}` the action.
    """

    is_allowed: bool
    source: RuleSource
    sentence: str


CAUSES: Final[Mapping[Cause, CauseInfo]] = {
    Cause.PUBLIC: CauseInfo(
        True, RuleSource.PUBLIC_PERMISSIONS, "{location} lets anybody download through {value}"
    ),
    Cause.DASHBOARD_USER: CauseInfo(
        True, RuleSource.DASHBOARD_ROLE, "{location} has {right} everywhere in the account"
    ),
    Cause.ROLE_DENIES: CauseInfo(
        False, RuleSource.DASHBOARD_ROLE, "{location} does not have {right}"
    ),
    Cause.CREDENTIAL_CEILING: CauseInfo(
        False, RuleSource.DEFAULT, "{caller} can download files and do nothing else"
    ),
    Cause.JWT_ALLOWS: CauseInfo(True, RuleSource.JWT, "{location} grants {right}"),
    Cause.JWT_DENIES: CauseInfo(
        False,
        RuleSource.JWT,
        "{location} says {value}, and what a JWT says goes before the API key",
    ),
    Cause.JWT_UNREADABLE: CauseInfo(
        False, RuleSource.JWT, "{location} cannot be evaluated, so nothing is granted"
    ),
    Cause.KEY_ALLOWS: CauseInfo(True, RuleSource.API_KEY, "{location} grants {right}"),
    Cause.KEY_DENIES: CauseInfo(False, RuleSource.API_KEY, "{location} says {value}"),
    Cause.KEY_UNREADABLE: CauseInfo(
        False, RuleSource.API_KEY, "{location} cannot be evaluated, so nothing is granted"
    ),
    Cause.PUBLIC_KEY_CAP: CauseInfo(
        False,
        RuleSource.API_KEY,
        "a public API key never grants {right} by itself, whatever is stored for it",
    ),
    Cause.PUBLIC_UNREADABLE: CauseInfo(
        False,
        RuleSource.PUBLIC_PERMISSIONS,
        "{location} cannot be evaluated, so nothing is public, and nothing else grants {right}",
    ),
    Cause.SLUG_MISSING: CauseInfo(
        False, RuleSource.DEFAULT, "a download is decided per transformation, and none was named"
    ),
    Cause.NOT_PUBLIC: CauseInfo(
        False,
        RuleSource.PUBLIC_PERMISSIONS,
        "{location} lets anybody download through {value} only, and {caller} has no other right",
    ),
    Cause.NO_GRANT: CauseInfo(
        False, RuleSource.DEFAULT, "no rule grants {right}, and what is not granted is denied"
    ),
}

ALLOWING: Final = frozenset(cause for cause, info in CAUSES.items() if info.is_allowed)
"""The causes that allow."""
