"""What a copy keeps of its source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.files.copy_rules import (
    AS_AT_SOURCE,
    Changes,
    MetadataChange,
    TagsChange,
    changed_metadata,
    changed_tags,
)
from byteward.files.metadata import decode_metadata, encode_metadata

VALUES = st.dictionaries(st.sampled_from("abc"), st.integers() | st.none(), max_size=3)
TAGS = st.lists(st.sampled_from(["x", "y", "z"]), max_size=4).map(tuple)


@given(VALUES, VALUES)
def test_merging_metadata_is_what_a_dictionary_does(
    source: dict[str, object], value: dict[str, object]
) -> None:
    stored = encode_metadata(source)
    merged = changed_metadata(stored, MetadataChange(True, value))
    assert decode_metadata(merged) == {**source, **value}
    assert decode_metadata(changed_metadata(stored, MetadataChange(False, value))) == value
    assert changed_metadata(stored, None) == stored


@given(TAGS, TAGS)
def test_tags_stand_once_and_the_sources_first(
    source: tuple[str, ...], value: tuple[str, ...]
) -> None:
    assert changed_tags(source, TagsChange(True, value)) == tuple(dict.fromkeys(source + value))
    assert changed_tags(source, TagsChange(False, value)) == tuple(dict.fromkeys(value))
    assert changed_tags(source, None) == source


def test_members_inside_are_replaced_whole() -> None:
    merged = changed_metadata('{"a":{"b":1}}', MetadataChange(True, {"a": {"c": 2}}))
    assert decode_metadata(merged) == {"a": {"c": 2}}


def test_results_that_are_too_large_are_refused() -> None:
    stored = encode_metadata({"a": "x" * 1500})
    with pytest.raises(BytewardError) as caught:
        changed_metadata(stored, MetadataChange(True, {"b": "y" * 1500}))
    assert caught.value.code is ErrorCode.INVALID_METADATA
    with pytest.raises(BytewardError) as caught:
        changed_tags(tuple(f"t{n}" for n in range(25)), TagsChange(True, ("one",)))
    assert caught.value.code is ErrorCode.TOO_MANY_TAGS


def test_only_tags_of_the_request_are_named() -> None:
    assert AS_AT_SOURCE.is_nothing
    assert AS_AT_SOURCE.named_tags == ()
    assert Changes(tags=TagsChange(True, ("y",))).named_tags == ("y",)
