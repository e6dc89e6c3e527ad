"""The answer to "may they?", which also is the answer to "why?".

A `Decision` keeps the rules that were consulted rather than texts about them, so that deciding
costs microseconds and words are made only for whoever reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from byteward.access.actions import Action
from byteward.access.causes import ALLOWING, CAUSES, Cause, RuleSource
from byteward.access.model import (
    KeyAccess,
    Principal,
    PrincipalKind,
    PublicPermissions,
    Segments,
    TokenAccess,
    UserAccess,
)
from byteward.access.rules import Grant, PathPattern, PathPermission, Scope


@dataclass(frozen=True, slots=True)
class Rule:
    """One stored rule, named so that a person can find and edit it.

    Attributes:
        source: which store.
        location: for people: "folder `/private`, publicPermissions, scope Children", "API key
            F91kfA1g, pathPermissions[2]", "JWT of `user-1`, access.pathPermissions[0]".
        pattern: the rule's path pattern in the dashboard's text form (`/my_folder/*`), if any.
        value: what the rule says: slug patterns, True or False; None when it is silent.
        defect: why it cannot be evaluated, if that is so.
    """

    source: RuleSource
    location: str
    pattern: str | None = None
    value: Grant | None = None
    defect: str | None = None


def printable(text: str) -> str:
    """The text with every invisible or terminal-active character escaped.

    SECURITY: a JWT's `sub` or a path may hold control or bidirectional characters that would
    change how an explanation looks in a terminal.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def value_text(value: Grant | None) -> str:
    """What a rule says, as JSON; `nothing` when it is silent."""
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{printable(pattern)}"' for pattern in value) + "]"
    return {True: "true", False: "false", None: "nothing"}[value]


def key_location(key: KeyAccess, member: str) -> str:
    """Where a member of an API key's settings stands, for people."""
    return f"API key {key.key_id}, {member}"


def token_location(token: TokenAccess, member: str) -> str:
    """Where a member of a JWT's `access` stands, for people."""
    return f"JWT of `{printable(token.subject)}`, access.{member}"


def user_location(user: UserAccess) -> str:
    """A dashboard user with its role, for people."""
    return f"dashboard user `{printable(user.email)}` with the role {user.role}"


def list_position(entry: PathPermission | None) -> str:
    """A rule in its list, with the positions of its duplicates: `pathPermissions[2]`."""
    if entry is None:
        return "pathPermissions"
    others = "".join(f" and [{index}]" for index in entry.duplicates)
    return f"pathPermissions[{entry.index}]{others}{' combined' if others else ''}"


_CALLERS: Final[Mapping[PrincipalKind, str]] = {
    PrincipalKind.ANONYMOUS: "an anonymous caller",
    PrincipalKind.API_KEY: "an API key",
    PrincipalKind.API_KEY_AND_JWT: "an API key with a JWT",
    PrincipalKind.JWT: "a JWT",
    PrincipalKind.COOKIE: "a cookie",
    PrincipalKind.SECURE_URL: "a signed or encrypted URL",
    PrincipalKind.DASHBOARD_USER: "a dashboard user",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with everything needed to explain it; `check`, `list` and `explain` share it.

    Attributes:
        cause: why; the verdict follows from it.
        principal: who asked.
        action: what was asked.
        segments: the path that was asked about.
        slug: the transformation slug of a download, else None.
        public: the folder setting that was given for the path, if any.
        token_entry: the JWT's most specific rule for the path, if it was consulted and has one.
        key_entry: the same of the API key.
    """

    cause: Cause
    principal: Principal
    action: Action
    segments: Segments
    slug: str | None = None
    public: PublicPermissions | None = None
    token_entry: PathPermission | None = None
    key_entry: PathPermission | None = None

    @property
    def is_allowed(self) -> bool:
        """The verdict."""
        return self.cause in ALLOWING

    @property
    def is_public(self) -> bool:
        """Whether the public floor allows it, whoever asks."""
        return self.cause is Cause.PUBLIC

    @property
    def path(self) -> str:
        """The path as text."""
        return "/" + "/".join(self.segments)

    @property
    def details(self) -> Mapping[str, str]:
        """What an API error tells about a denial."""
        return {"path": self.path, "permission": self.action.value}

    @property
    def rule(self) -> Rule:
        """The rule that decided, and where it is stored."""
        source = CAUSES[self.cause].source
        principal = self.principal
        if source is RuleSource.PUBLIC_PERMISSIONS and self.public is not None:
            return public_rule(self.public, self.segments)
        if source is RuleSource.JWT and principal.token is not None:
            return self._entry_rule(source, principal.token, self.token_entry)
        if source is RuleSource.API_KEY and principal.key is not None:
            return self._entry_rule(source, principal.key, self.key_entry)
        if source is RuleSource.DASHBOARD_ROLE and principal.user is not None:
            return Rule(source, user_location(principal.user))
        return Rule(RuleSource.DEFAULT, "built in")

    def _entry_rule(
        self, source: RuleSource, holder: TokenAccess | KeyAccess, entry: PathPermission | None
    ) -> Rule:
        member = list_position(entry)
        return Rule(
            source=source,
            location=(
                token_location(holder, member)
                if isinstance(holder, TokenAccess)
                else key_location(holder, member)
            ),
            pattern=None if entry is None else entry.pattern.text,
            value=None if entry is None else entry.grants.get(self.action),
            defect=holder.rules.defect,
        )

    @property
    def token_rule(self) -> Rule | None:
        """The rule of the JWT that was consulted, if one matched."""
        token = self.principal.token
        if token is None or self.token_entry is None:
            return None
        return self._entry_rule(RuleSource.JWT, token, self.token_entry)

    @property
    def key_rule(self) -> Rule | None:
        """The rule of the API key that was consulted, if one matched."""
        key = self.principal.key
        if key is None or self.key_entry is None:
            return None
        return self._entry_rule(RuleSource.API_KEY, key, self.key_entry)

    @property
    def reason(self) -> str:
        """One line for people."""
        return _sentence(self.cause, self.rule, self.principal, self.action.value)


@dataclass(frozen=True, slots=True)
class TagDecision:
    """Whether the principal may put a tag on a file that it writes.

    Attributes:
        cause: why; the verdict follows from it.
        principal: who asked.
        tag: the tag.
    """

    cause: Cause
    principal: Principal
    tag: str

    @property
    def is_allowed(self) -> bool:
        """The verdict."""
        return self.cause in ALLOWING

    @property
    def rule(self) -> Rule:
        """The rule that decided, and where it is stored."""
        source = CAUSES[self.cause].source
        token, key = self.principal.token, self.principal.key
        if source is RuleSource.JWT and token is not None:
            location = token_location(token, "tagPermissions.write")
            return Rule(source, location, value=token.tag_patterns)
        if source is RuleSource.API_KEY and key is not None:
            return Rule(source, key_location(key, "tagPermissions.write"), value=key.tag_patterns)
        if source is RuleSource.DASHBOARD_ROLE and self.principal.user is not None:
            return Rule(source, user_location(self.principal.user))
        return Rule(RuleSource.DEFAULT, "built in")

    @property
    def reason(self) -> str:
        """One line for people."""
        return _sentence(self.cause, self.rule, self.principal, f"tag `{printable(self.tag)}`")


def public_rule(public: PublicPermissions, file: Segments) -> Rule:
    """The part of a folder's setting that concerns a file below it."""
    is_child = len(file) - len(public.folder) == 1
    pattern = PathPattern(public.folder, Scope.CHILDREN if is_child else Scope.GRANDCHILDREN)
    return Rule(
        source=RuleSource.PUBLIC_PERMISSIONS,
        location=f"folder `{printable(pattern.base_text)}`, publicPermissions, scope "
        f"{pattern.scope}",
        pattern=pattern.text,
        value=public.children if is_child else public.grandchildren,
        defect=public.defect,
    )


def _sentence(cause: Cause, rule: Rule, principal: Principal, right: str) -> str:
    text = CAUSES[cause].sentence.format(
        location=rule.location,
        value=value_text(rule.value),
        caller=_CALLERS[principal.kind],
        right=right,
    )
    return text if rule.defect is None else f"{text}: {printable(rule.defect)}"
