"""A decision in words, and the smallest grant that would turn a denial round.

Everything is read off the `Decision`: which rules were consulted, and which of them decided. No
precedence is worked out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from byteward.access.causes import Cause, RuleSource
from byteward.access.decision import (
    Decision,
    Rule,
    key_location,
    list_position,
    printable,
    public_rule,
    token_location,
    value_text,
)
from byteward.access.model import KeyAccess, TokenAccess
from byteward.access.rules import Grant, PathPattern, PathPermission, Scope

_GRANTABLE: Final = frozenset(
    {
        Cause.JWT_DENIES,
        Cause.KEY_DENIES,
        Cause.PUBLIC_KEY_CAP,
        Cause.PUBLIC_UNREADABLE,
        Cause.NOT_PUBLIC,
        Cause.NO_GRANT,
    }
)


@dataclass(frozen=True, slots=True)
class SmallestGrant:
    """The least that must be added for the same request to be allowed.

    Attributes:
        source: the store to edit.
        pattern: the rule to edit, or to add when `is_new`.
        is_new: whether there is no such rule yet.
        value: what must be granted: True, or the slug.
        text: one line for people.
    """

    source: RuleSource
    pattern: PathPattern
    is_new: bool
    value: Grant
    text: str

    def __str__(self) -> str:
        return self.text


def explain(decision: Decision) -> list[str]:
    """The decision, its reason, each rule that was consulted, and what would change it."""
    through = "" if decision.slug is None else f" through `{printable(decision.slug)}`"
    verdict = "allowed" if decision.is_allowed else "denied"
    path = printable(decision.path)
    lines = [
        f"{verdict}: {decision.action} on `{path}`{through}",
        f"because {decision.reason}",
        f"decided by {_rule_text(decision.rule)}",
    ]
    lines += [f"consulted {_rule_text(rule)}" for rule in _consulted(decision)]
    if not decision.is_allowed:
        grant = smallest_grant(decision)
        lines.append(f"to allow it: {_other_remedy(decision) if grant is None else grant}")
    return lines


def _consulted(decision: Decision) -> list[Rule]:
    """The rules that were asked before the one that decided, or instead of it."""
    rules = [decision.token_rule, decision.key_rule]
    if decision.public is not None:
        rules.insert(0, public_rule(decision.public, decision.segments))
    decided = decision.rule
    return [rule for rule in rules if rule is not None and rule != decided]


def _rule_text(rule: Rule) -> str:
    text = rule.location if rule.pattern is None else f"{rule.location}, `{rule.pattern}`"
    if rule.pattern is None and rule.value is None:
        return text
    return f"{text}: says {value_text(rule.value)}"


def smallest_grant(decision: Decision) -> SmallestGrant | None:
    """The smallest grant that would change a denial.

    A rule that matched is widened rather than a narrower one added: the narrower rule would hide it
    and so take away what else it grants. Where both a JWT and an API key could grant, it is the
    JWT, which serves one user for a while.

    Returns:
        None when the decision allows, or when no grant would help because something else is in the
        way (the kind of credential, rules that cannot be evaluated, a slug that was not named).
    """
    if decision.cause not in _GRANTABLE:
        return None
    token, key = decision.principal.token, decision.principal.key
    if token is not None:
        return _entry_grant(decision, RuleSource.JWT, token, decision.token_entry)
    if decision.cause is Cause.PUBLIC_KEY_CAP:
        return _companion_grant(decision)
    if key is not None:
        return _entry_grant(decision, RuleSource.API_KEY, key, decision.key_entry)
    is_publishable = decision.cause is not Cause.PUBLIC_UNREADABLE and decision.segments != ()
    return _public_grant(decision) if is_publishable else None


def _needed(decision: Decision) -> Grant:
    return True if decision.slug is None else (decision.slug,)


def _right(decision: Decision) -> str:
    return f"`{decision.action}: {value_text(_needed(decision))}`"


def _path(pattern: PathPattern) -> str:
    return printable(pattern.base_text)


def _companion_grant(decision: Decision) -> SmallestGrant:
    pattern = PathPattern(decision.segments, Scope.THIS)
    text = (
        f"needs a JWT granting {_right(decision)} on `{_path(pattern)}`, sent beside the API key "
        "in the Authorization-Token header"
    )
    return SmallestGrant(RuleSource.JWT, pattern, True, _needed(decision), text)


def _entry_grant(
    decision: Decision,
    source: RuleSource,
    holder: TokenAccess | KeyAccess,
    entry: PathPermission | None,
) -> SmallestGrant:
    member = list_position(entry)
    place = (
        token_location(holder, member)
        if isinstance(holder, TokenAccess)
        else key_location(holder, member)
    )
    right = _right(decision)
    if entry is None:
        pattern = PathPattern(decision.segments, Scope.THIS)
        text = f"add a rule for `{_path(pattern)}`, scope This, with {right} to {place}"
    else:
        pattern = entry.pattern
        is_widened = decision.slug is not None or decision.action not in entry.grants
        verb = f"add {right} to" if is_widened else f"change to {right} in"
        text = f"{verb} {place}, `{printable(pattern.text)}`"
    return SmallestGrant(source, pattern, entry is None, _needed(decision), text)


def _public_grant(decision: Decision) -> SmallestGrant:
    public = decision.public
    folder = decision.segments[:-1] if public is None else public.folder
    is_child = len(decision.segments) - len(folder) == 1
    pattern = PathPattern(folder, Scope.CHILDREN if is_child else Scope.GRANDCHILDREN)
    text = (
        f"add {_right(decision)} to publicPermissions of folder `{_path(pattern)}` "
        f"scope {pattern.scope}"
    )
    return SmallestGrant(
        RuleSource.PUBLIC_PERMISSIONS, pattern, public is None, _needed(decision), text
    )


_REMEDIES: Final[Mapping[Cause, str]] = {
    Cause.CREDENTIAL_CEILING: "send an API key or a JWT in the Authorization header",
    Cause.ROLE_DENIES: "give the user a role that has the right",
    Cause.SLUG_MISSING: "name the transformation slug",
    Cause.NOT_PUBLIC: "name a file; the root folder is none",
    Cause.NO_GRANT: "name a file; the root folder is none",
}


def _other_remedy(decision: Decision) -> str:
    """What to do about a denial that no grant changes."""
    return _REMEDIES.get(decision.cause, f"repair {decision.rule.location}")
