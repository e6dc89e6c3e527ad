from __future__ import annotations

import pytest

from byteward.access.actions import FLAG_ACTIONS, PUBLIC_KEY_CAP, Action
from byteward.access.causes import Cause
from byteward.access.decide import decide, decide_tag
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
from byteward.access.rules import PathPermission, PathRules
from tests.unit.access.builders import (
    ACCOUNT,
    ANONYMOUS,
    CREATE,
    DASHBOARD_USER,
    DELETE,
    DETAILS,
    DOWNLOAD,
    EVERYTHING,
    LIST,
    NOTHING,
    OVERWRITE,
    allows,
    ask,
    key,
    path_rules,
    principal,
    public_at,
    public_key,
    token,
)

FILE = "/users/u1/f.jpg"


@pytest.mark.parametrize("action", list(Action))
def test_what_nobody_grants_is_denied(action: Action) -> None:
    assert not allows(principal(key()), action, FILE)
    assert not allows(principal(token=token()), action, FILE)


@pytest.mark.parametrize("action", list(Action))
def test_secret_key_can_be_granted_every_action(action: Action) -> None:
    assert allows(principal(key(("/users/u1/*", EVERYTHING))), action, FILE)


@pytest.mark.parametrize("action", list(Action))
def test_public_key_is_granted_the_four_actions_of_its_cap_only(action: Action) -> None:
    decision = ask(principal(public_key(("/users/u1/*", EVERYTHING))), action, FILE)
    assert decision.is_allowed is (action in PUBLIC_KEY_CAP)
    assert decision.cause is (Cause.KEY_ALLOWS if decision.is_allowed else Cause.PUBLIC_KEY_CAP)


@pytest.mark.parametrize("action", list(Action))
def test_grants_of_a_jwt_are_not_capped_by_the_public_key_beside_it(action: Action) -> None:
    assert allows(principal(public_key(), token(("/users/u1/*", EVERYTHING))), action, FILE)


@pytest.mark.parametrize("action", list(Action))
def test_jwt_beside_a_public_key_that_is_silent_leaves_the_cap_in_place(action: Action) -> None:
    who = principal(public_key(("/users/u1/*", EVERYTHING)), token(("/users/u1/*", {})))
    assert allows(who, action, FILE) is (action in PUBLIC_KEY_CAP)


@pytest.mark.parametrize("action", list(Action))
def test_dashboard_user_may_do_everything(action: Action) -> None:
    assert ask(DASHBOARD_USER, action, FILE).cause is Cause.DASHBOARD_USER


def test_jwt_says_no_and_the_key_cannot_say_yes() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/users/u1/*", {CREATE: False})))
    assert ask(who, CREATE, FILE).cause is Cause.JWT_DENIES


def test_empty_download_list_of_a_jwt_overrides_the_key() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/users/u1/*", {DOWNLOAD: ()})))
    assert ask(who, DOWNLOAD, FILE).cause is Cause.JWT_DENIES


def test_field_that_the_winning_jwt_rule_omits_comes_from_the_key() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/users/u1/*", {CREATE: False})))
    assert ask(who, DELETE, FILE).cause is Cause.KEY_ALLOWS


def test_jwt_wins_over_a_more_specific_rule_of_the_key() -> None:
    who = principal(key((FILE, EVERYTHING)), token(("/*/**", {DELETE: False})))
    assert not allows(who, DELETE, FILE)
    other = principal(key((FILE, {DELETE: False})), token(("/*/**", {DELETE: True})))
    assert allows(other, DELETE, FILE)


def test_slug_lists_of_jwt_and_key_are_not_united() -> None:
    who = principal(
        key(("/users/u1/*", {DOWNLOAD: ("raw",)})), token(("/users/u1/*", {DOWNLOAD: ("image",)}))
    )
    assert allows(who, DOWNLOAD, FILE, "image")
    assert not allows(who, DOWNLOAD, FILE, "raw")


def test_specific_rule_hides_the_broad_one_of_the_same_source_whole() -> None:
    rules = (("/*/**", EVERYTHING), ("/users/u1/*", {DOWNLOAD: ("*",)}))
    for who in (principal(key(*rules)), principal(token=token(*rules))):
        assert allows(who, DOWNLOAD, FILE)
        assert not allows(who, DELETE, FILE)
        assert allows(who, DELETE, "/users/u2/f.jpg")


def test_hidden_jwt_rule_does_not_deny_either() -> None:
    who = principal(
        key(("/*/**", EVERYTHING)), token(("/*/**", NOTHING), ("/users/u1/*", {CREATE: True}))
    )
    assert ask(who, DELETE, FILE).cause is Cause.KEY_ALLOWS


def test_order_of_rules_is_irrelevant() -> None:
    rules = [("/*/**", EVERYTHING), ("/users/u1/*", {CREATE: True}), (FILE, {DELETE: True})]
    for order in (rules, rules[::-1]):
        who = principal(key(*order))
        assert allows(who, DELETE, FILE)
        assert not allows(who, CREATE, FILE)


def test_duplicates_in_a_jwt_grant_only_what_both_grant() -> None:
    who = principal(
        key(("/*/**", EVERYTHING)),
        token(
            ("/users/u1/*", {CREATE: True, DELETE: True, DOWNLOAD: ("image*", "raw")}),
            ("/users/u1/*", {CREATE: True, DOWNLOAD: ("images",)}),
        ),
    )
    assert allows(who, CREATE, FILE)
    assert allows(who, DOWNLOAD, FILE, "images")
    assert not allows(who, DOWNLOAD, FILE, "raw")
    assert ask(who, DELETE, FILE).cause is Cause.JWT_DENIES
    assert ask(who, OVERWRITE, FILE).cause is Cause.KEY_ALLOWS


def test_listing_sub_folders_does_not_list_the_folder_itself() -> None:
    who = principal(token=token(("/users/u1/*", {LIST: True})))
    assert allows(who, LIST, "/users/u1/sub")
    assert not allows(who, LIST, "/users/u1")
    assert allows(principal(token=token(("/users/u1", {LIST: True}))), LIST, "/users/u1")


def test_grandchildren_of_the_root_are_not_its_children() -> None:
    who = principal(token=token(("/*/**", EVERYTHING)))
    assert not allows(who, DOWNLOAD, "/file.png")
    assert allows(who, DOWNLOAD, "/private/p.jpg")


def test_user_1_does_not_reach_user_10() -> None:
    who = principal(token=token(("/users/u1/*", EVERYTHING), ("/users/u1/*/**", EVERYTHING)))
    assert allows(who, DOWNLOAD, "/users/u1/f.jpg")
    assert not allows(who, DOWNLOAD, "/users/u10/f.jpg")
    assert not allows(who, DOWNLOAD, "/users/U1/f.jpg")
    assert not allows(who, DOWNLOAD, "/users/u1./f.jpg")
    assert not allows(who, DOWNLOAD, "/users/%751/f.jpg")


def test_public_floor_serves_everybody_whatever_the_jwt_says() -> None:
    public = public_at("/", children=("*",), grandchildren=("*",))
    blocked = principal(token=token(("/users/u1/*", NOTHING)))
    for who in (ANONYMOUS, blocked, principal(key()), DASHBOARD_USER):
        decision = ask(who, DOWNLOAD, FILE, public=public)
        assert decision.is_allowed
        assert decision.is_public


def test_floor_and_grant_are_asked_one_after_the_other() -> None:
    public = public_at("/users/u1", children=("thumbnail-*",))
    who = principal(token=token(("/users/u1/*", {DOWNLOAD: ("raw",)})))
    assert ask(who, DOWNLOAD, FILE, "thumbnail-sm", public).is_public
    assert ask(who, DOWNLOAD, FILE, "raw", public).cause is Cause.JWT_ALLOWS
    assert not allows(who, DOWNLOAD, FILE, "image", public)


@pytest.mark.parametrize("action", FLAG_ACTIONS)
def test_public_permissions_concern_downloads_only(action: Action) -> None:
    public = public_at("/", children=("*",), grandchildren=("*",))
    for who in (ANONYMOUS, principal(key()), principal(token=token())):
        decision = ask(who, action, FILE, public=public)
        assert not decision.is_allowed
        assert decision.public is None


@pytest.mark.parametrize("action", FLAG_ACTIONS)
@pytest.mark.parametrize("kind", [PrincipalKind.COOKIE, PrincipalKind.SECURE_URL])
def test_cookies_and_secure_urls_only_download(kind: PrincipalKind, action: Action) -> None:
    if kind is PrincipalKind.COOKIE:
        who = principal(token=token(("/users/u1/*", EVERYTHING)), kind=kind)
    else:
        who = principal(key(("/users/u1/*", EVERYTHING)), kind=kind)
    assert ask(who, action, FILE).cause is Cause.CREDENTIAL_CEILING
    assert allows(who, DOWNLOAD, FILE)


@pytest.mark.parametrize("action", FLAG_ACTIONS)
def test_anonymous_callers_only_download(action: Action) -> None:
    assert ask(ANONYMOUS, action, FILE).cause is Cause.CREDENTIAL_CEILING


def test_secure_url_has_what_its_key_may_download() -> None:
    reports = principal(key(("/reports/*", EVERYTHING)), kind=PrincipalKind.SECURE_URL)
    assert allows(reports, DOWNLOAD, "/reports/r.pdf")
    assert not allows(reports, DOWNLOAD, "/private/p.jpg")


def test_uploading_into_a_private_folder_needs_no_right_to_read() -> None:
    who = principal(public_key(("/*", {CREATE: True}), ("/*/**", {CREATE: True})))
    private = public_at("/private")
    assert allows(who, CREATE, "/private/n.jpg")
    assert not allows(who, DOWNLOAD, "/private/n.jpg", public=private)
    assert not allows(ANONYMOUS, DOWNLOAD, "/private/n.jpg", public=private)


def test_creating_is_not_overwriting() -> None:
    who = principal(public_key(("/users/u1/*", {CREATE: True, OVERWRITE: True})))
    assert allows(who, CREATE, FILE)
    assert not allows(who, OVERWRITE, FILE)


def test_public_key_may_read_details_if_configured() -> None:
    assert allows(principal(public_key(("/users/u1/*", {DETAILS: True}))), DETAILS, FILE)


def test_secret_key_and_jwt_merge_like_a_public_key_and_jwt() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/users/u1/*", {DELETE: False})))
    assert not allows(who, DELETE, FILE)
    assert allows(who, CREATE, FILE)


def test_jwt_only_upload_is_allowed_when_the_jwt_grants_it() -> None:
    assert allows(principal(token=token(("/users/u1/*", {CREATE: True}))), CREATE, FILE)


def test_download_without_a_slug_is_denied() -> None:
    public = public_at("/", children=("*",), grandchildren=("*",))
    decision = decide(DASHBOARD_USER, DOWNLOAD, ("a", "b"), public=public)
    assert decision.cause is Cause.SLUG_MISSING
    assert not decision.is_allowed


def test_slug_is_no_part_of_other_actions() -> None:
    decision = ask(principal(key(("/users/u1/*", EVERYTHING))), DELETE, FILE, "raw")
    assert decision.is_allowed
    assert decision.slug is None


def test_unreadable_jwt_rules_deny_what_the_key_grants() -> None:
    broken = TokenAccess("user-1", "cert0001", PathRules.unreadable("no list"))
    decision = ask(principal(key(("/*/**", EVERYTHING)), broken), DELETE, FILE)
    assert decision.cause is Cause.JWT_UNREADABLE
    assert not decision.is_allowed
    assert "no list" in decision.reason


def test_unreadable_key_rules_deny() -> None:
    broken = KeyAccess("F91kfA1g", KeyKind.SECRET, PathRules.unreadable("no list"))
    decision = ask(principal(broken), DELETE, FILE)
    assert decision.cause is Cause.KEY_UNREADABLE
    assert not decision.is_allowed
    assert "no list" in decision.reason


def test_jwt_grant_stands_beside_unreadable_key_rules() -> None:
    broken = KeyAccess("F91kfA1g", KeyKind.SECRET, PathRules.unreadable("no list"))
    who = principal(broken, token(("/users/u1/*", {DELETE: True})))
    assert allows(who, DELETE, FILE)
    assert not allows(who, CREATE, FILE)


def test_unreadable_public_permissions_make_nothing_public_and_say_so() -> None:
    public = PublicPermissions((), ("*",), ("*",), defect="no list")
    decision = ask(ANONYMOUS, DOWNLOAD, FILE, public=public)
    assert decision.cause is Cause.PUBLIC_UNREADABLE
    assert not decision.is_allowed
    assert "no list" in decision.reason
    assert allows(principal(key(("/users/u1/*", EVERYTHING))), DOWNLOAD, FILE, public=public)


def test_grant_of_the_wrong_type_denies_and_does_not_fall_through() -> None:
    wrong = path_rules(("/users/u1/*", {DELETE: ("*",), DOWNLOAD: True}))
    for action in (DELETE, DOWNLOAD):
        by_token = principal(key(("/*/**", EVERYTHING)), TokenAccess("user-1", "cert0001", wrong))
        assert ask(by_token, action, FILE).cause is Cause.JWT_UNREADABLE
        by_key = principal(KeyAccess("F91kfA1g", KeyKind.SECRET, wrong))
        assert ask(by_key, action, FILE).cause is Cause.KEY_UNREADABLE


def test_decision_keeps_the_rules_it_consulted() -> None:
    who = principal(
        key(("/*/**", EVERYTHING), ("/x", {})), token(("/x", {}), ("/users/u1/*", {CREATE: True}))
    )
    decision = ask(who, DELETE, FILE)
    assert decision.token_entry is not None
    assert decision.token_entry.index == 1
    assert decision.key_entry is not None
    assert decision.key_entry.index == 0


def test_rules_are_not_consulted_after_one_has_decided() -> None:
    who = principal(key(("/*/**", EVERYTHING)), token(("/users/u1/*", {CREATE: True})))
    assert ask(who, CREATE, FILE).key_entry is None


class TestTags:
    def test_tags_of_the_jwt_replace_those_of_the_key(self) -> None:
        who = principal(key(tags=("*",)), token(tags=("user-*",)))
        assert decide_tag(who, "user-1").cause is Cause.JWT_ALLOWS
        assert decide_tag(who, "admin").cause is Cause.JWT_DENIES

    def test_jwt_without_tag_permissions_leaves_them_to_the_key(self) -> None:
        who = principal(key(tags=("x",)), token())
        assert decide_tag(who, "x").cause is Cause.KEY_ALLOWS
        assert decide_tag(who, "y").cause is Cause.KEY_DENIES

    def test_empty_list_of_the_jwt_forbids_all_tags(self) -> None:
        assert not decide_tag(principal(key(tags=("*",)), token(tags=())), "x").is_allowed

    def test_jwt_alone_without_tag_permissions_may_name_none(self) -> None:
        assert decide_tag(principal(token=token()), "x").cause is Cause.NO_GRANT

    def test_dashboard_user_may_name_any_tag(self) -> None:
        assert decide_tag(DASHBOARD_USER, "x").is_allowed

    def test_credentials_that_cannot_write_may_name_none(self) -> None:
        cookie = principal(token=token(tags=("*",)), kind=PrincipalKind.COOKIE)
        url = principal(key(tags=("*",)), kind=PrincipalKind.SECURE_URL)
        for who in (ANONYMOUS, cookie, url):
            assert decide_tag(who, "x").cause is Cause.CREDENTIAL_CEILING

    def test_tags_are_case_sensitive(self) -> None:
        assert not decide_tag(principal(key(tags=("user-*",))), "User-1").is_allowed


def test_rules_of_the_same_source_are_read_from_one_entry() -> None:
    entry = PathPermission(path_rules(("/a/*", {})).entries[0].pattern, {CREATE: True})
    rules = PathRules([entry])
    assert rules.resolve(("a", "b")) is entry


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_has_its_own_actions_everywhere_and_no_other(role: Role, action: Action) -> None:
    who = Principal(
        PrincipalKind.DASHBOARD_USER, ACCOUNT, user=UserAccess("owner@example.com", role)
    )
    reads = action.value.startswith("read.")
    guards = action in {Action.SET_FOLDER_PUBLIC_PERMISSIONS, Action.SET_FOLDER_STORAGE_LAYER}
    expected = {Role.VIEWER: reads, Role.MEMBER: not guards}.get(role, True)
    assert allows(who, action, FILE) is expected
    assert decide_tag(who, "x").is_allowed is (role is not Role.VIEWER)
    assert who.has_secret_authority is (role is not Role.VIEWER)
