from __future__ import annotations

from byteward.access.causes import RuleSource
from byteward.access.decide import decide
from byteward.access.decision import Decision
from byteward.access.explain import explain, smallest_grant
from byteward.access.model import KeyAccess, KeyKind, PrincipalKind, PublicPermissions
from byteward.access.rules import PathPattern, PathRules, Scope
from tests.unit.access.builders import (
    ANONYMOUS,
    CREATE,
    DELETE,
    DOWNLOAD,
    EVERYTHING,
    allows,
    ask,
    key,
    principal,
    public_at,
    public_key,
    token,
)

FILE = "/users/u1/f.jpg"


def remedy(decision: Decision) -> str:
    """The last line of the explanation."""
    return explain(decision)[-1].removeprefix("to allow it: ")


def test_allowed_decision_is_explained_without_a_remedy() -> None:
    who = principal(key(("/users/u1/*", EVERYTHING)), token(("/users/u1/*", {CREATE: True})))
    assert explain(ask(who, DELETE, FILE)) == [
        "allowed: write.file.deleteFile on `/users/u1/f.jpg`",
        "because API key F91kfA1g, pathPermissions[0] grants write.file.deleteFile",
        "decided by API key F91kfA1g, pathPermissions[0], `/users/u1/*`: says true",
        "consulted JWT of `user-1`, access.pathPermissions[0], `/users/u1/*`: says nothing",
    ]


def test_denied_download_names_folder_key_and_remedy() -> None:
    public = public_at("/users", grandchildren=("thumbnail-*",))
    assert explain(ask(principal(key(("/users/u1/*", {}))), DOWNLOAD, FILE, public=public)) == [
        "denied: read.file.downloadFile on `/users/u1/f.jpg` through `raw`",
        "because no rule grants read.file.downloadFile, and what is not granted is denied",
        "decided by built in",
        (
            "consulted folder `/users`, publicPermissions, scope Grandchildren+, `/users/*/**`: "
            'says ["thumbnail-*"]'
        ),
        "consulted API key F91kfA1g, pathPermissions[0], `/users/u1/*`: says nothing",
        (
            'to allow it: add `read.file.downloadFile: ["raw"]` to API key F91kfA1g, '
            "pathPermissions[0], `/users/u1/*`"
        ),
    ]


def test_anonymous_download_needs_a_slug_on_the_defining_folder() -> None:
    decision = ask(ANONYMOUS, DOWNLOAD, "/private/p.jpg", public=public_at("/private"))
    assert remedy(decision) == (
        'add `read.file.downloadFile: ["raw"]` to publicPermissions of folder `/private` '
        "scope Children"
    )
    deep = ask(ANONYMOUS, DOWNLOAD, "/private/a/p.jpg", public=public_at("/private"))
    assert remedy(deep).endswith("of folder `/private` scope Grandchildren+")


def test_anonymous_download_where_nothing_is_defined_needs_it_on_the_folder_itself() -> None:
    grant = smallest_grant(ask(ANONYMOUS, DOWNLOAD, FILE))
    assert grant is not None
    assert grant.is_new
    assert grant.pattern == PathPattern(("users", "u1"), Scope.CHILDREN)
    assert grant.source is RuleSource.PUBLIC_PERMISSIONS


def test_capped_action_needs_a_jwt() -> None:
    decision = ask(principal(public_key(("/users/u1/*", EVERYTHING))), DELETE, FILE)
    assert remedy(decision) == (
        "needs a JWT granting `write.file.deleteFile: true` on `/users/u1/f.jpg`, sent beside the "
        "API key in the Authorization-Token header"
    )


def test_capped_action_with_a_silent_jwt_needs_a_word_in_that_jwt() -> None:
    who = principal(public_key(), token(("/users/u1/*", {CREATE: True})))
    assert remedy(ask(who, DELETE, FILE)) == (
        "add `write.file.deleteFile: true` to JWT of `user-1`, access.pathPermissions[0], "
        "`/users/u1/*`"
    )


def test_explicit_denial_of_a_jwt_names_the_rule_to_change() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/x", {}), ("/users/u1/*", {DELETE: False})))
    assert remedy(ask(who, DELETE, FILE)) == (
        "change to `write.file.deleteFile: true` in JWT of `user-1`, access.pathPermissions[1], "
        "`/users/u1/*`"
    )


def test_explicit_denial_of_a_key_names_the_rule_to_change() -> None:
    decision = ask(principal(key(("/users/u1/*", {DELETE: False}))), DELETE, FILE)
    assert remedy(decision) == (
        "change to `write.file.deleteFile: true` in API key F91kfA1g, pathPermissions[0], "
        "`/users/u1/*`"
    )


def test_where_no_rule_matches_a_rule_for_the_path_alone_is_proposed() -> None:
    assert remedy(ask(principal(key()), DELETE, FILE)) == (
        "add a rule for `/users/u1/f.jpg`, scope This, with `write.file.deleteFile: true` to "
        "API key F91kfA1g, pathPermissions"
    )


def test_proposal_that_hides_nothing_keeps_other_rights() -> None:
    grant = smallest_grant(ask(principal(key(("/users/u1/*", {CREATE: True}))), DELETE, FILE))
    assert grant is not None
    assert not grant.is_new
    widened = principal(key((grant.pattern.text, {CREATE: True, DELETE: True})))
    assert allows(widened, DELETE, FILE)
    assert allows(widened, CREATE, FILE)


def test_credential_that_can_only_download_needs_another_credential() -> None:
    cookie = principal(token=token(("/users/u1/*", EVERYTHING)), kind=PrincipalKind.COOKIE)
    for who, name in ((ANONYMOUS, "an anonymous caller"), (cookie, "a cookie")):
        decision = ask(who, DELETE, FILE)
        assert smallest_grant(decision) is None
        assert decision.reason == f"{name} can download files and do nothing else"
        assert remedy(decision) == "send an API key or a JWT in the Authorization header"


def test_unreadable_rules_need_repair() -> None:
    broken = KeyAccess("F91kfA1g", KeyKind.SECRET, PathRules.unreadable("no list"))
    decision = ask(principal(broken), DELETE, FILE)
    assert smallest_grant(decision) is None
    assert remedy(decision) == "repair API key F91kfA1g, pathPermissions"


def test_unreadable_public_permissions_need_repair_unless_the_caller_has_a_credential() -> None:
    public = PublicPermissions(("users",), (), (), defect="no list")
    decision = ask(ANONYMOUS, DOWNLOAD, FILE, public=public)
    assert smallest_grant(decision) is None
    assert remedy(decision) == ("repair folder `/users`, publicPermissions, scope Grandchildren+")
    grant = smallest_grant(ask(principal(key()), DOWNLOAD, FILE, public=public))
    assert grant is not None
    assert grant.source is RuleSource.API_KEY


def test_download_needs_a_slug_and_a_file() -> None:
    assert remedy(decide(ANONYMOUS, DOWNLOAD, ("a",))) == "name the transformation slug"
    for public in (None, public_at("/", children=("*",))):
        decision = ask(ANONYMOUS, DOWNLOAD, "/", public=public)
        assert remedy(decision) == "name a file; the root folder is none"
