from __future__ import annotations

from byteward.access.causes import RuleSource
from byteward.access.decide import decide, decide_tag
from byteward.access.decision import Rule, printable
from byteward.access.model import KeyAccess, KeyKind, TokenAccess
from byteward.access.rules import PathRules
from tests.unit.access.builders import (
    ANONYMOUS,
    CREATE,
    DASHBOARD_USER,
    DELETE,
    DOWNLOAD,
    EVERYTHING,
    ask,
    key,
    principal,
    public_at,
    public_key,
    token,
)

FILE = "/users/u1/f.jpg"


def test_rule_of_a_key_is_named_by_key_and_position() -> None:
    decision = ask(principal(key(("/x", {}), ("/users/u1/*", EVERYTHING))), DELETE, FILE)
    assert decision.rule == Rule(
        RuleSource.API_KEY, "API key F91kfA1g, pathPermissions[1]", "/users/u1/*", True
    )
    assert decision.reason == ("API key F91kfA1g, pathPermissions[1] grants write.file.deleteFile")


def test_rule_of_a_jwt_is_named_by_subject_and_position() -> None:
    who = principal(token=token(("/users/u1/*", {DOWNLOAD: ("image", "t*")})))
    decision = ask(who, DOWNLOAD, FILE)
    assert decision.rule == Rule(
        RuleSource.JWT, "JWT of `user-1`, access.pathPermissions[0]", "/users/u1/*", ("image", "t*")
    )
    assert decision.reason == (
        'JWT of `user-1`, access.pathPermissions[0] says ["image", "t*"], and what a JWT says goes '
        "before the API key"
    )


def test_combined_duplicates_are_all_named() -> None:
    who = principal(token=token(("/a", {CREATE: True}), ("/b", {}), ("/a", {}), ("/a", {})))
    rule = ask(who, CREATE, "/a").rule
    assert rule.location == "JWT of `user-1`, access.pathPermissions[0] and [2] and [3] combined"
    assert rule.value is False


def test_public_rule_is_named_by_folder_and_scope() -> None:
    public = public_at("/private", grandchildren=("raw",))
    decision = ask(ANONYMOUS, DOWNLOAD, "/private/a/b.jpg", public=public)
    assert decision.rule == Rule(
        RuleSource.PUBLIC_PERMISSIONS,
        "folder `/private`, publicPermissions, scope Grandchildren+",
        "/private/*/**",
        ("raw",),
    )


def test_dashboard_user_and_default_are_named() -> None:
    assert ask(DASHBOARD_USER, DELETE, FILE).rule.location.endswith(" with the role owner")
    decision = ask(principal(key()), DELETE, FILE)
    assert decision.rule == Rule(RuleSource.DEFAULT, "built in")
    assert decision.reason == (
        "no rule grants write.file.deleteFile, and what is not granted is denied"
    )


def test_capped_action_names_the_rule_that_has_no_effect() -> None:
    decision = ask(principal(public_key(("/users/u1/*", EVERYTHING))), DELETE, FILE)
    assert decision.rule.pattern == "/users/u1/*"
    assert decision.rule.value is True
    assert decision.reason == (
        "a public API key never grants write.file.deleteFile by itself, whatever is stored for it"
    )


def test_unreadable_rules_are_named_with_their_defect() -> None:
    rules = PathRules.unreadable("pathPermissions.$0: must be an object")
    by_key = ask(principal(KeyAccess("F91kfA1g", KeyKind.SECRET, rules)), DELETE, FILE)
    assert by_key.reason == (
        "API key F91kfA1g, pathPermissions cannot be evaluated, so nothing is granted: "
        "pathPermissions.$0: must be an object"
    )
    by_token = ask(principal(token=TokenAccess("u", "c", rules)), DELETE, FILE)
    assert by_token.rule.location == "JWT of `u`, access.pathPermissions"
    assert by_token.rule.defect == "pathPermissions.$0: must be an object"


def test_what_could_rearrange_a_terminal_is_escaped() -> None:
    assert printable("a\x1b[2Jb\u202e/\u00e9\n") == "a\\x1b[2Jb\\u202e/\u00e9\\n"
    hostile = TokenAccess("u\x1b[31m", "c", token(("/a", {CREATE: True})).rules)
    assert ask(principal(token=hostile), CREATE, "/a").reason.isprintable()


def test_details_are_path_and_permission() -> None:
    decision = ask(principal(key()), DELETE, FILE)
    assert decision.path == FILE
    assert decision.details == {"path": FILE, "permission": "write.file.deleteFile"}


def test_root_is_shown_as_a_slash() -> None:
    assert decide(ANONYMOUS, CREATE, ()).path == "/"


def test_consulted_rules_are_there_when_they_matched() -> None:
    who = principal(key(("/users/u1/*", {})), token(("/users/u1/*", {})))
    decision = ask(who, DELETE, FILE)
    assert decision.token_rule is not None
    assert decision.token_rule.value is None
    assert decision.key_rule is not None
    assert decision.key_rule.location == "API key F91kfA1g, pathPermissions[0]"
    silent = ask(principal(key(), token()), DELETE, FILE)
    assert silent.token_rule is None
    assert silent.key_rule is None
    nobody = ask(ANONYMOUS, DELETE, FILE)
    assert nobody.token_rule is None
    assert nobody.key_rule is None


def test_tag_decisions_name_their_rule() -> None:
    who = principal(key(tags=("x",)), token(tags=("user-*",)))
    denied = decide_tag(who, "admin")
    assert denied.rule == Rule(
        RuleSource.JWT, "JWT of `user-1`, access.tagPermissions.write", value=("user-*",)
    )
    assert denied.reason == (
        'JWT of `user-1`, access.tagPermissions.write says ["user-*"], and what a JWT says goes '
        "before the API key"
    )
    granted = decide_tag(principal(key(tags=("x",))), "x")
    assert granted.reason == "API key F91kfA1g, tagPermissions.write grants tag `x`"
    assert decide_tag(DASHBOARD_USER, "x").rule.source is RuleSource.DASHBOARD_ROLE
    assert decide_tag(ANONYMOUS, "x").rule.source is RuleSource.DEFAULT
