"""The one place of precedence: who wins when several rules speak of the same path.

In this order, and the first that has something to say decides:

1. public permissions of the nearest defining folder, for downloads: a floor for everybody;
2. what the kind of credential can do at all: what its role says for a dashboard user, nothing but
   downloads for anonymous callers, cookies and secure URLs;
3. the JWT's most specific rule for the path, if it mentions the action, whatever the key says;
4. the API key's most specific rule for the path, but for a public key only the four actions that
   such a key can grant;
5. nobody: denied.

SECURITY: a rule that is stored but cannot be evaluated denies, and the decision says so. It is
never skipped: what comes after it might grant what it would have denied.
"""

from __future__ import annotations

from typing import Final

from byteward.access.actions import PUBLIC_KEY_CAP, Action
from byteward.access.causes import Cause
from byteward.access.decision import Decision, TagDecision
from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    PublicPermissions,
    Segments,
    TokenAccess,
)
from byteward.access.public import public_slugs
from byteward.access.roles import ROLE_ACTIONS, Role
from byteward.access.rules import Grant, PathPermission
from byteward.access.slugs import slug_matches

_DOWNLOAD: Final = Action.DOWNLOAD_FILE
_DOWNLOADS_ONLY: Final = frozenset(
    {PrincipalKind.ANONYMOUS, PrincipalKind.COOKIE, PrincipalKind.SECURE_URL}
)

_Word = tuple[Cause | None, PathPermission | None]
"""What a source says (None: it is silent) and its most specific rule for the path."""


def decide(
    principal: Principal,
    action: Action,
    segments: Segments,
    *,
    slug: str | None = None,
    public: PublicPermissions | None = None,
) -> Decision:
    """Decide whether the principal may do the action to the path.

    Args:
        principal: who asks.
        action: what is asked.
        segments: the file or folder, whichever the action speaks of.
        slug: the transformation slug of a download (`raw`, `image`, a preset); ignored for other
            actions. A download without one is denied.
        public: what `nearest_public` says for the folder of the file; ignored for other actions.
            None: nothing is public.
    """
    token_entry = key_entry = None
    if action is not _DOWNLOAD:
        slug = public = None
        cause = None
    else:
        cause = _floor(segments, slug, public)
    if cause is None:
        cause = _ceiling(principal, action)
    if cause is None and principal.token is not None:
        cause, token_entry = _token_word(principal.token, action, segments, slug)
    if cause is None and principal.key is not None:
        cause, key_entry = _key_word(principal.key, action, segments, slug)
    if cause is None:
        cause = _nobody(principal, public)
    return Decision(cause, principal, action, segments, slug, public, token_entry, key_entry)


def _floor(segments: Segments, slug: str | None, public: PublicPermissions | None) -> Cause | None:
    if slug is None:
        return Cause.SLUG_MISSING
    return Cause.PUBLIC if slug_matches(public_slugs(public, segments), slug) else None


def _nobody(principal: Principal, public: PublicPermissions | None) -> Cause:
    """Why it is denied when no source has anything to say."""
    if public is None:
        return Cause.NO_GRANT
    if public.defect is not None:
        return Cause.PUBLIC_UNREADABLE
    # For a caller without rights of its own, the folder's setting is what denied.
    has_rights = principal.key is not None or principal.token is not None
    return Cause.NO_GRANT if has_rights else Cause.NOT_PUBLIC


def _ceiling(principal: Principal, action: Action | None) -> Cause | None:
    """What the kind of credential decides; an action of None is to name a tag."""
    if principal.user is not None:
        role = principal.user.role
        may = role.includes(Role.MEMBER) if action is None else action in ROLE_ACTIONS[role]
        return Cause.DASHBOARD_USER if may else Cause.ROLE_DENIES
    if action is not _DOWNLOAD and principal.kind in _DOWNLOADS_ONLY:
        return Cause.CREDENTIAL_CEILING
    return None


def _token_word(token: TokenAccess, action: Action, segments: Segments, slug: str | None) -> _Word:
    if token.rules.defect is not None:
        return Cause.JWT_UNREADABLE, None
    entry = token.rules.resolve(segments)
    grant = None if entry is None else entry.grants.get(action)
    if grant is None:
        return None, entry
    return _read(grant, slug, Cause.JWT_ALLOWS, Cause.JWT_DENIES, Cause.JWT_UNREADABLE), entry


def _key_word(key: KeyAccess, action: Action, segments: Segments, slug: str | None) -> _Word:
    if key.rules.defect is not None:
        return Cause.KEY_UNREADABLE, None
    entry = key.rules.resolve(segments)
    # INVARIANT: the cap is on what the key contributes; a JWT beside it was asked before.
    if key.kind is not KeyKind.SECRET and action not in PUBLIC_KEY_CAP:
        return Cause.PUBLIC_KEY_CAP, entry
    grant = None if entry is None else entry.grants.get(action)
    if grant is None:
        return None, entry
    return _read(grant, slug, Cause.KEY_ALLOWS, Cause.KEY_DENIES, Cause.KEY_UNREADABLE), entry


def _read(grant: Grant, slug: str | None, allows: Cause, denies: Cause, unreadable: Cause) -> Cause:
    """Which of the causes the grant means; `slug` is None unless a download is asked."""
    if slug is None:
        if isinstance(grant, bool):
            return allows if grant else denies
    elif isinstance(grant, tuple):
        return allows if slug_matches(grant, slug) else denies
    return unreadable


def decide_tag(principal: Principal, tag: str) -> TagDecision:
    """Decide whether the principal may name the tag in a write; the right to write is apart.

    The JWT's tag patterns replace the key's when it has any, even none (`[]`). Tags that a key's
    own settings add are not asked about.
    """
    cause = _ceiling(principal, None)
    token, key = principal.token, principal.key
    if cause is None and token is not None and token.tag_patterns is not None:
        is_match = slug_matches(token.tag_patterns, tag)
        cause = Cause.JWT_ALLOWS if is_match else Cause.JWT_DENIES
    if cause is None and key is not None:
        cause = Cause.KEY_ALLOWS if slug_matches(key.tag_patterns, tag) else Cause.KEY_DENIES
    return TagDecision(cause or Cause.NO_GRANT, principal, tag)
