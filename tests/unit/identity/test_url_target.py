"""A raw target comes apart and together again without losing a byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError
from byteward.identity.url_target import RawPair, UrlTarget


@given(st.binary(max_size=60) | st.text(alphabet="a/?!&=%41", max_size=40).map(str.encode))
def test_parts_put_together_are_the_target(target: bytes) -> None:
    assert UrlTarget.parse(target).raw == target


@pytest.mark.parametrize(
    ("target", "path", "pairs"),
    [
        (b"/a", b"/a", []),
        (b"/a?", b"/a", []),
        (b"/a?b&&c=1", b"/a", [b"b", b"c=1"]),
        (b"/a?x=1!y?z", b"/a", [b"x=1!y?z"]),
        (b"/a!x=1&y=2", b"/a", [b"x=1", b"y=2"]),
        (b"/a!x=1?y=2?z&q", b"/a", [b"x=1", b"y=2?z", b"q"]),
        (b"/a%21b?c", b"/a%21b", [b"c"]),
    ],
)
def test_path_and_pairs(target: bytes, path: bytes, pairs: list[bytes]) -> None:
    parsed = UrlTarget.parse(target)
    assert parsed.path == path
    assert [pair.raw for pair in parsed.pairs()] == pairs


def test_names_and_values_are_decoded_once() -> None:
    pair = RawPair(b"%73i%67=%2541+b")
    assert (pair.name, pair.value) == ("sig", "%41+b")
    assert (RawPair(b"x").name, RawPair(b"x").value) == ("x", "")
    assert RawPair(b"a=b=c").value == "b=c"


def test_a_name_that_cannot_be_decoded_equals_no_name() -> None:
    assert RawPair(b"%zz=1").name is None
    assert RawPair(b"\xff=1").name is None
    with pytest.raises(BytewardError):
        _ = RawPair(b"a=%ff").value
