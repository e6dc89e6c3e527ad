from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.access.policy import parse_pattern_text
from byteward.access.rules import (
    PathPattern,
    PathPermission,
    PathRules,
    PatternTree,
    Scope,
    combine_restrictively,
)
from byteward.paths import parse_segments
from tests.unit.access.builders import CREATE, DELETE, DOWNLOAD, path_rules
from tests.unit.access.strategies import PATHS, PATTERNS, entries


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("/my_folder/*", "/my_folder/a.jpg", True),
        ("/my_folder/*", "/my_folder/sub", True),
        ("/my_folder/*", "/my_folder/sub/a.jpg", False),
        ("/my_folder/*", "/my_folder", False),
        ("/my_folder/*/**", "/my_folder/sub/a.jpg", True),
        ("/my_folder/*/**", "/my_folder/x/y/z", True),
        ("/my_folder/*/**", "/my_folder/a.jpg", False),
        ("/my_folder", "/my_folder", True),
        ("/my_folder", "/my_folder/a.jpg", False),
        ("/my_folder", "/my_folder2", False),
        ("/my_folder/*", "/my_folder2/a.jpg", False),
        ("/my_folder/*", "/My_folder/a.jpg", False),
        ("/*", "/a.jpg", True),
        ("/*", "/", False),
        ("/*", "/x/a.jpg", False),
        ("/*/**", "/x/a.jpg", True),
        ("/*/**", "/a.jpg", False),
        ("/", "/", True),
        ("/", "/a", False),
        ("/a/*", "/a/", True),
        ("/a/*", "/a//b", False),
        ("/a/*/**", "/a//b", True),
        ("/a//b", "/a//b", True),
        ("/a//b", "/a/b", False),
    ],
)
def test_pattern_matches_by_segment(pattern: str, path: str, is_match: bool) -> None:
    assert parse_pattern_text(pattern).matches(parse_segments(path)) is is_match


@given(PATHS, PATHS)
def test_scopes_of_one_base_are_disjoint_and_cover_everything_below(
    base: tuple[str, ...], target: tuple[str, ...]
) -> None:
    hits = [scope for scope in Scope if PathPattern(base, scope).matches(target)]
    assert len(hits) == (1 if target[: len(base)] == base else 0)


def longest_match(rules: PathRules, path: tuple[str, ...]) -> PathPermission | None:
    """`resolve` by looking at every rule."""
    hits = [entry for entry in rules.entries if entry.pattern.matches(path)]
    depth = max((len(entry.pattern.base) for entry in hits), default=0)
    best = None
    for entry in hits:
        if len(entry.pattern.base) == depth:
            best = entry if best is None else combine_restrictively(best, entry)
    return best


@given(entries(unique=False), PATHS)
def test_resolve_equals_a_scan_of_all_rules(
    listed: tuple[PathPermission, ...], path: tuple[str, ...]
) -> None:
    rules = PathRules(listed)
    assert rules.resolve(path) == longest_match(rules, path)


@given(entries(), st.randoms(use_true_random=False), PATHS)
def test_order_of_rules_is_irrelevant(
    listed: tuple[PathPermission, ...], random: Random, path: tuple[str, ...]
) -> None:
    shuffled = random.sample(listed, len(listed))
    assert PathRules(shuffled).resolve(path) == PathRules(listed).resolve(path)


@given(PATTERNS)
def test_pattern_text_is_read_back_as_the_same_pattern(pattern: PathPattern) -> None:
    if pattern.base and not pattern.base[-1]:
        return
    assert parse_pattern_text(pattern.text) == pattern


@pytest.mark.parametrize(
    ("base", "scope", "text"),
    [
        ((), Scope.THIS, "/"),
        ((), Scope.CHILDREN, "/*"),
        ((), Scope.GRANDCHILDREN, "/*/**"),
        (("a", "b"), Scope.THIS, "/a/b"),
        (("a", "b"), Scope.CHILDREN, "/a/b/*"),
        (("a", "b"), Scope.GRANDCHILDREN, "/a/b/*/**"),
        (("a", "*"), Scope.THIS, "{path: /a/*, scope: This}"),
        (("a*b",), Scope.CHILDREN, "{path: /a*b, scope: Children}"),
    ],
)
def test_text_of_a_pattern_means_one_pattern(
    base: tuple[str, ...], scope: Scope, text: str
) -> None:
    assert PathPattern(base, scope).text == text


def test_combined_rule_denies_what_only_one_mentions_and_is_silent_where_both_are() -> None:
    rules = path_rules(
        ("/a/*", {CREATE: True, DELETE: True, DOWNLOAD: ("raw",)}), ("/a/*", {CREATE: True})
    )
    combined = rules.resolve(("a", "b"))
    assert combined is not None
    assert combined.grants == {CREATE: True, DELETE: False, DOWNLOAD: ()}
    assert (combined.index, combined.duplicates) == (0, (1,))


def test_combined_rule_of_three_names_all_positions() -> None:
    combined = path_rules(("/a", {}), ("/a", {}), ("/a", {CREATE: True})).resolve(("a",))
    assert combined is not None
    assert combined.grants == {CREATE: False}
    assert (combined.index, combined.duplicates) == (0, (1, 2))


def test_grants_of_a_rule_cannot_be_changed_from_outside() -> None:
    grants = {CREATE: False}
    entry = PathPermission(PathPattern((), Scope.THIS), grants)
    grants[CREATE] = True
    assert entry.grants[CREATE] is False
    with pytest.raises(TypeError):
        entry.grants[CREATE] = True  # type: ignore[index] # the point of the test


def test_rules_are_equal_and_hash_alike_when_their_entries_are() -> None:
    first, second = (path_rules(("/a/*", {CREATE: True, DOWNLOAD: ("raw",)})) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != path_rules(("/a/*", {CREATE: False}))
    assert first != PathRules(first.entries, defect="broken")
    assert first != "rules"
    assert "PathRules(" in repr(first)


def test_patterns_are_listed_once_each() -> None:
    rules = path_rules(("/a", {}), ("/a", {}), ("/b", {}))
    assert [pattern.text for pattern in rules.patterns] == ["/a", "/b"]


def test_deep_path_without_deep_rules_stops_where_the_rules_end() -> None:
    tree = PatternTree({PathPattern((), Scope.GRANDCHILDREN): "broad"})
    assert tree.find(("a",) * 512) == "broad"
    assert PatternTree[str]({}).find(("a",) * 512) is None
