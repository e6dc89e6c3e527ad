"""Which results a reset pattern names."""

from __future__ import annotations

import pytest

from byteward.transform.reset import parse_reset_pattern

ACCOUNT = "A623uY2"


@pytest.mark.parametrize(
    ("pattern", "slug", "path", "matches"),
    [
        ("/image/a.jpg", "image", "/a.jpg", True), ("/image/a.jpg", "image", "/a.jpg2", False),
        ("/image/a.jpg", "raw", "/a.jpg", False), ("/image/x/*", "image", "/x/y/z.jpg", True),
        ("/image/x/*", "image", "/xy.jpg", False), ("/*", "thumbnail", "/a.jpg", True),
        ("/thumbnail/*", "thumbnail", "/a.jpg", True),
        ("/image/a%20b.jpg", "image", "/a b.jpg", True),
        ("/image/a b.jpg", "image", "/a b.jpg", True),
        ("/image/a%20b.jpg", "image", "/a%20b.jpg", True),
        ("/image/%zz*", "image", "/%zzz", True), ("/im*", "image", "/a.jpg", True),
    ],
)  # fmt: skip
def test_a_pattern_matches_paths_below_the_account(
    pattern: str, slug: str, path: str, matches: bool
) -> None:
    parsed = parse_reset_pattern(pattern, ACCOUNT)
    assert parsed is not None
    assert parsed.matches(slug, path) is matches


@pytest.mark.parametrize("pattern", ["", "raw/*", "/a*b", "/**", "*", "/A623uY2/raw/x", "/"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    assert parse_reset_pattern(pattern, ACCOUNT) is None
