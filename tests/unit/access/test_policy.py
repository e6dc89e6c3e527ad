from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.access.actions import Action
from byteward.access.policy import (
    PolicyError,
    parse_path_permissions,
    parse_pattern_text,
    parse_public_permissions,
    parse_tag_permissions,
    parse_token_access,
    path_permissions_to_wire,
    public_permissions_to_wire,
)
from byteward.access.public import PublicEntries, PublicEntry
from byteward.access.rules import PathPattern, PathPermission, PathRules, Scope
from tests.unit.access.strategies import PATTERNS, SLUG_LISTS, grants

Json = dict[str, object]


def rule(path: object = "/a", scope: object = "Children", **permissions: object) -> Json:
    return {"match": {"path": path, "scope": scope}, "permissions": permissions}


def downloads(*patterns: object) -> Json:
    return {"file": {"downloadFile": list(patterns)}}


def of_token(value: object) -> tuple[PathPermission, ...]:
    return parse_path_permissions(value, is_token=True)


def of_key(value: object) -> tuple[PathPermission, ...]:
    return parse_path_permissions(value, is_token=False)


BOTH = pytest.mark.parametrize("parse", [of_token, of_key])
Parse = Callable[[object], tuple[PathPermission, ...]]


@BOTH
def test_every_field_of_the_protocol_is_read(parse: Parse) -> None:
    value = rule(
        read={
            "file": {"downloadFile": ["raw", "thumbnail-*"], "getFileDetails": True},
            "folder": {
                "getFolderDescription": True,
                "getFolderPublicPermissions": True,
                "getFolderStorageLayer": True,
                "listFolderChildren": True,
            },
        },
        write={
            "file": {"createFile": True, "deleteFile": True, "overwriteFile": True},
            "folder": {
                "createVirtualFolder": True,
                "deleteVirtualFolder": True,
                "setFolderDescription": True,
                "setFolderPublicPermissions": True,
                "setFolderStorageLayer": False,
            },
        },
    )
    (entry,) = parse([value])
    assert entry.pattern == PathPattern(("a",), Scope.CHILDREN)
    assert set(entry.grants) == set(Action)
    assert entry.grants[Action.DOWNLOAD_FILE] == ("raw", "thumbnail-*")
    assert entry.grants[Action.SET_FOLDER_STORAGE_LAYER] is False


@BOTH
def test_absent_and_null_mean_no_rule_and_no_word(parse: Parse) -> None:
    assert parse(None) == ()
    assert parse([]) == ()
    value = rule(read=None, write={"file": {"createFile": None}, "folder": None})
    (entry,) = parse([value])
    assert entry.grants == {}


@BOTH
def test_rules_know_their_position(parse: Parse) -> None:
    assert [entry.index for entry in parse([rule("/a"), rule("/b")])] == [0, 1]


FAULTS: list[tuple[object, str]] = [
    ({}, "pathPermissions"),
    ("/a/*", "pathPermissions"),
    ([rule(), "x"], "pathPermissions.$1"),
    ([rule("a")], "pathPermissions.$0.match.path"),
    ([rule("")], "pathPermissions.$0.match.path"),
    ([rule("/a/")], "pathPermissions.$0.match.path"),
    ([rule("//")], "pathPermissions.$0.match.path"),
    ([rule("/a/../b")], "pathPermissions.$0.match.path"),
    ([rule("/a\x00")], "pathPermissions.$0.match.path"),
    ([rule("/" + "a" * 512)], "pathPermissions.$0.match.path"),
    ([rule(7)], "pathPermissions.$0.match.path"),
    ([rule(None)], "pathPermissions.$0.match.path"),
    ([rule(scope="Everything")], "pathPermissions.$0.match.scope"),
    ([rule(scope="children")], "pathPermissions.$0.match.scope"),
    ([rule(scope=None)], "pathPermissions.$0.match.scope"),
    ([rule(scope=["Children"])], "pathPermissions.$0.match.scope"),
    ([{"match": "/a", "permissions": {}}], "pathPermissions.$0.match"),
    ([{"match": {"path": "/a", "scope": "This"}, "permissions": []}], ".$0.permissions"),
    ([rule(read=True)], "pathPermissions.$0.permissions.read"),
    ([rule(read={"file": ["downloadFile"]})], "pathPermissions.$0.permissions.read.file"),
    ([rule(read={"file": {"downloadFile": "*"}})], ".permissions.read.file.downloadFile"),
    ([rule(read={"file": {"downloadFile": True}})], ".permissions.read.file.downloadFile"),
    ([rule(read=downloads("raw", 1))], ".permissions.read.file.downloadFile.$1"),
    ([rule(read=downloads(*["raw"] * 11))], ".permissions.read.file.downloadFile"),
    ([rule(write={"file": {"createFile": 1}})], ".permissions.write.file.createFile"),
    ([rule(write={"file": {"createFile": "true"}})], ".permissions.write.file.createFile"),
    ([rule(write={"file": {"createFile": []}})], ".permissions.write.file.createFile"),
]


@BOTH
@pytest.mark.parametrize(("value", "where"), FAULTS)
def test_fault_inside_a_known_member_is_an_error_with_its_position(
    parse: Parse, value: object, where: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(value)
    assert caught.value.where.endswith(where)
    assert str(caught.value) == f"{caught.value.where}: {caught.value.message}"


def test_ten_patterns_and_a_hundred_rules_are_allowed_in_a_jwt() -> None:
    assert len(of_token([rule(f"/a{n}", read=downloads(*["raw"] * 10)) for n in range(100)])) == 100


def test_a_hundred_and_one_rules_are_too_many_for_a_jwt_but_not_for_a_key() -> None:
    rules = [rule(f"/a{n}") for n in range(101)]
    with pytest.raises(PolicyError, match="at most 100"):
        of_token(rules)
    assert len(of_key(rules)) == 101


def test_jwt_ignores_members_it_does_not_know_at_every_level() -> None:
    value = {
        "match": {"path": "/a", "scope": "This", "note": 1},
        "permissions": {
            "read": {"file": {"downloadFile": ["raw"], "shareFile": "x"}, "disk": 1},
            "admin": True,
        },
        "pattern": "/b/*",
    }
    (entry,) = of_token([value])
    assert entry == PathPermission(
        PathPattern(("a",), Scope.THIS), {Action.DOWNLOAD_FILE: ("raw",)}, 0
    )


def test_jwt_rule_without_permissions_says_nothing_and_without_match_is_invalid() -> None:
    (entry,) = of_token([{"match": {"path": "/a", "scope": "This"}}])
    assert entry.grants == {}
    values: list[Json] = [
        {"permissions": {}},
        {"pattern": "/a/*", "permissions": {}},
        {"match": None},
    ]
    for value in values:
        with pytest.raises(PolicyError) as caught:
            of_token([value])
        assert caught.value.where == "pathPermissions.$0.match"


def test_jwt_may_repeat_a_pattern() -> None:
    assert len(of_token([rule(), rule()])) == 2


def test_jwt_pattern_outside_the_grammar_is_kept_and_matches_no_slug() -> None:
    (entry,) = of_token([rule(read=downloads("im*ge", "two words", ""))])
    assert entry.grants == {Action.DOWNLOAD_FILE: ("im*ge", "two words", "")}


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({**rule(), "note": 1}, "pathPermissions.$0.note"),
        (
            {"match": {"path": "/a", "scope": "This", "note": 1}, "permissions": {}},
            "pathPermissions.$0.match.note",
        ),
        (rule(admin={}), "pathPermissions.$0.permissions.admin"),
        (rule(read={"disk": {}}), "pathPermissions.$0.permissions.read.disk"),
        (rule(read={"file": {"createFile": True}}), ".permissions.read.file.createFile"),
        (rule(write={"file": {1: True}}), ".permissions.write.file.1"),
        ({"match": {"path": "/a", "scope": "This"}}, "pathPermissions.$0.permissions"),
        ({"permissions": {}}, "pathPermissions.$0"),
        ({**rule(), "pattern": "/a/*"}, "pathPermissions.$0"),
        ({"pattern": 7, "permissions": {}}, "pathPermissions.$0.pattern"),
        ({"pattern": "/a/*/b", "permissions": {}}, "pathPermissions.$0.pattern"),
        ({"pattern": "a/*", "permissions": {}}, "pathPermissions.$0.pattern"),
        (rule(read=downloads("im*ge")), ".downloadFile.$0"),
        (rule(read=downloads("raw", "")), ".downloadFile.$1"),
        (rule(read=downloads("two words")), ".downloadFile.$0"),
        (rule(read=downloads("raw\n")), ".downloadFile.$0"),
        (rule(read=downloads("räw")), ".downloadFile.$0"),
        (rule(read=downloads("a" * 101)), ".downloadFile.$0"),
    ],
)
def test_rule_of_a_key_is_read_strictly(value: object, where: str) -> None:
    with pytest.raises(PolicyError) as caught:
        of_key([value])
    assert caught.value.where.endswith(where)


def test_pattern_of_the_longest_length_and_all_characters_is_accepted() -> None:
    patterns = ["a" * 99 + "*", "aZ09-_.+=@~;%*", "*"]
    (entry,) = of_key([rule(read=downloads(*patterns))])
    assert entry.grants[Action.DOWNLOAD_FILE] == tuple(patterns)


def test_key_rule_may_be_written_with_the_pattern_text() -> None:
    (entry,) = of_key([{"pattern": "/my_folder/*", "permissions": {}}])
    assert entry.pattern == PathPattern(("my_folder",), Scope.CHILDREN)


def test_second_rule_of_a_key_for_the_same_pattern_is_an_error_naming_both() -> None:
    with pytest.raises(PolicyError) as caught:
        of_key([rule("/a"), rule("/b"), {"pattern": "/a/*", "permissions": {}}])
    assert caught.value.where == "pathPermissions.$2"
    assert "pathPermissions.$0" in caught.value.message
    assert len(of_key([rule("/a", "This"), rule("/a", "Children")])) == 2


def test_position_begins_with_where_the_caller_says() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_path_permissions({}, where="apiKeys.$3.pathPermissions", is_token=False)
    assert caught.value.where == "apiKeys.$3.pathPermissions"


class TestPatternText:
    @pytest.mark.parametrize(
        ("text", "base", "scope"),
        [
            ("/", (), Scope.THIS),
            ("/*", (), Scope.CHILDREN),
            ("/*/**", (), Scope.GRANDCHILDREN),
            ("/my_folder", ("my_folder",), Scope.THIS),
            ("/my_folder/*", ("my_folder",), Scope.CHILDREN),
            ("/my_folder/*/**", ("my_folder",), Scope.GRANDCHILDREN),
            ("/a/b/*", ("a", "b"), Scope.CHILDREN),
        ],
    )
    def test_means_a_path_and_a_scope(self, text: str, base: tuple[str, ...], scope: Scope) -> None:
        assert parse_pattern_text(text) == PathPattern(base, scope)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "*",
            "/**",
            "/a/**",
            "/a*",
            "/a/*.jpg",
            "/*/a",
            "/*/*",
            "/a/*/*/**",
            "/a//*",
            "/a/",
            "//*",
            "a/*",
            "/a/../b/*",
            "/a/*/",
        ],
    )
    def test_any_other_star_or_path_is_an_error(self, text: str) -> None:
        with pytest.raises(PolicyError) as caught:
            parse_pattern_text(text)
        assert caught.value.where == "pattern"


class TestTokenAccess:
    @pytest.mark.parametrize(
        "value", [None, {}, {"pathPermissions": None, "tagPermissions": None}, {"note": 1}]
    )
    def test_absent_or_empty_grants_nothing(self, value: object) -> None:
        assert parse_token_access(value) == (PathRules(), None)

    def test_rules_and_tags_are_read(self) -> None:
        rules, tags = parse_token_access(
            {"pathPermissions": [rule()], "tagPermissions": {"write": ["user-*"]}}
        )
        assert [entry.pattern.text for entry in rules.entries] == ["/a/*"]
        assert tags == ("user-*",)

    @pytest.mark.parametrize(
        ("value", "where"),
        [
            ([], "access"),
            ("all", "access"),
            ({"pathPermissions": {}}, "access.pathPermissions"),
            ({"pathPermissions": [1]}, "access.pathPermissions.$0"),
            ({"tagPermissions": []}, "access.tagPermissions"),
            ({"tagPermissions": {"write": "x"}}, "access.tagPermissions.write"),
            ({"tagPermissions": {"write": [1]}}, "access.tagPermissions.write.$0"),
            ({"tagPermissions": {"write": ["x"] * 11}}, "access.tagPermissions.write"),
        ],
    )
    def test_anything_wrong_inside_makes_it_invalid(self, value: object, where: str) -> None:
        with pytest.raises(PolicyError) as caught:
            parse_token_access(value)
        assert caught.value.where == where


class TestTagPermissions:
    def test_empty_list_is_not_silence(self) -> None:
        assert parse_tag_permissions({"write": []}, is_token=True) == ()
        assert parse_tag_permissions({"write": None}, is_token=True) is None
        assert parse_tag_permissions({}, is_token=False) is None
        assert parse_tag_permissions(None, is_token=False) is None

    def test_of_a_key_are_read_strictly(self) -> None:
        assert parse_tag_permissions({"write": ["a/b.c,=_+-*"]}, is_token=False) == ("a/b.c,=_+-*",)
        values: list[Json] = [
            {"write": ["a b"]},
            {"write": ["a*b"]},
            {"write": [""]},
            {"read": []},
        ]
        for value in values:
            with pytest.raises(PolicyError):
                parse_tag_permissions(value, is_token=False)

    def test_of_a_jwt_ignore_what_they_do_not_know(self) -> None:
        assert parse_tag_permissions({"write": ["a b"], "read": 1}, is_token=True) == ("a b",)


class TestPublicPermissions:
    def test_are_read_entry_by_entry(self) -> None:
        value = [
            {"scope": "Children", "permissions": downloads("image", "thumbnail-*")},
            {"scope": "This", "permissions": downloads()},
        ]
        assert parse_public_permissions(value) == PublicEntries(
            (
                PublicEntry(Scope.CHILDREN, ("image", "thumbnail-*")),
                PublicEntry(Scope.THIS, ()),
            )
        )

    def test_empty_list_is_a_setting(self) -> None:
        assert parse_public_permissions([]) == PublicEntries()

    @pytest.mark.parametrize(
        ("value", "where"),
        [
            (None, "publicPermissions"),
            ({}, "publicPermissions"),
            ([[]], "publicPermissions.$0"),
            ([{}], "publicPermissions.$0.scope"),
            ([{"scope": "All", "permissions": downloads()}], "publicPermissions.$0.scope"),
            ([{"scope": "This"}], "publicPermissions.$0.permissions"),
            ([{"scope": "This", "permissions": {}}], "publicPermissions.$0.permissions.file"),
            (
                [{"scope": "This", "permissions": {"file": {}}}],
                "publicPermissions.$0.permissions.file.downloadFile",
            ),
            (
                [{"scope": "This", "permissions": {"file": {"getFileDetails": True}}}],
                "publicPermissions.$0.permissions.file.getFileDetails",
            ),
            (
                [{"scope": "This", "permissions": {**downloads(), "folder": {}}}],
                "publicPermissions.$0.permissions.folder",
            ),
            (
                [{"scope": "This", "permissions": downloads(), "path": "/"}],
                "publicPermissions.$0.path",
            ),
            (
                [{"scope": "This", "permissions": downloads(*["raw"] * 11)}],
                "publicPermissions.$0.permissions.file.downloadFile",
            ),
            (
                [{"scope": "This", "permissions": downloads("a b")}],
                "publicPermissions.$0.permissions.file.downloadFile.$0",
            ),
            ([{"scope": "This", "permissions": downloads()}] * 101, "publicPermissions"),
        ],
    )
    def test_fault_is_an_error_with_its_position(self, value: object, where: str) -> None:
        with pytest.raises(PolicyError) as caught:
            parse_public_permissions(value)
        assert caught.value.where == where

    @given(st.lists(st.tuples(st.sampled_from(list(Scope)), SLUG_LISTS), max_size=5))
    def test_written_and_read_are_the_same(
        self, pairs: list[tuple[Scope, tuple[str, ...]]]
    ) -> None:
        entries = PublicEntries(tuple(PublicEntry(scope, slugs) for scope, slugs in pairs))
        assert parse_public_permissions(public_permissions_to_wire(entries)) == entries


@st.composite
def writable_entries(draw: st.DrawFn) -> tuple[PathPermission, ...]:
    patterns = draw(
        st.lists(
            PATTERNS.filter(lambda pattern: not pattern.base or pattern.base[-1] != ""),
            max_size=4,
            unique=True,
        )
    )
    return tuple(
        PathPermission(pattern, draw(grants()), index) for index, pattern in enumerate(patterns)
    )


@BOTH
@given(entries=writable_entries())
def test_rules_written_and_read_are_the_same(
    parse: Parse, entries: tuple[PathPermission, ...]
) -> None:
    assert parse(path_permissions_to_wire(entries)) == entries


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["match", "path", "scope", "permissions", "read", "file", "downloadFile", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON_LIKE)
def test_any_json_is_read_or_refused_and_nothing_else_happens(value: object) -> None:
    for parse in (of_token, of_key, parse_token_access, parse_public_permissions):
        with suppress(PolicyError):
            parse(value)
