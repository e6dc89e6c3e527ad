from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.access.slugs import intersect_patterns, slug_matches, unite_patterns

PATTERN_LISTS = st.lists(st.text("ab*", max_size=4), max_size=4).map(tuple)
SLUGS = st.text("ab*", max_size=5)


@pytest.mark.parametrize(
    ("patterns", "slug", "is_match"),
    [
        (("*",), "raw", True),
        (("raw",), "raw", True),
        (("raw",), "Raw", False),
        (("thumbnail-*",), "thumbnail-sm", True),
        (("thumbnail-*",), "thumbnail-", True),
        (("thumbnail-*",), "thumbnail", False),
        (("image",), "images", False),
        (("im*ge",), "image", False),
        (("im*ge",), "im*ge", True),
        (("*image",), "image", False),
        (("raw", "image"), "image", True),
        ((), "raw", False),
        (("",), "raw", False),
    ],
)
def test_slug_matches_only_by_exact_text_or_one_trailing_star(
    patterns: tuple[str, ...], slug: str, is_match: bool
) -> None:
    assert slug_matches(patterns, slug) is is_match


@given(PATTERN_LISTS, PATTERN_LISTS, SLUGS)
def test_intersection_matches_what_both_match(
    left: tuple[str, ...], right: tuple[str, ...], slug: str
) -> None:
    both = slug_matches(left, slug) and slug_matches(right, slug)
    assert slug_matches(intersect_patterns(left, right), slug) is both


@given(PATTERN_LISTS, PATTERN_LISTS, SLUGS)
def test_union_matches_what_either_matches(
    left: tuple[str, ...], right: tuple[str, ...], slug: str
) -> None:
    either = slug_matches(left, slug) or slug_matches(right, slug)
    assert slug_matches(unite_patterns(left, right), slug) is either


def test_two_stars_do_not_cover_one() -> None:
    assert intersect_patterns(("*",), ("**",)) == ("**",)
