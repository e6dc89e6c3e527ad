"""Crop files say which part of which image is shown, and can say nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError
from byteward.paths import FilePath
from byteward.transform.image.crop_file import CropFile, parse_crop_file

AT = FilePath.parse("/a/q.png.crop")
CROP = {
    "type": "crop",
    "geometry": {
        "offset": {"x": 200, "y": 150},
        "size": {"width": 200, "height": 100, "type": "widthxheight!"},
    },
}
PAIRS = (("crop-x", "200"), ("crop-y", "150"), ("crop-w", "200"), ("crop-h", "100"))


def crop_file(source: object, *steps: object) -> bytes:
    return json.dumps({"inputPath": source, "pipeline": {"steps": steps}}).encode()


@pytest.mark.parametrize(
    ("source", "path"), [("q.png", "/a/q.png"), ("/b/q.png", "/b/q.png"), ("c/q.png", "/a/c/q.png")]
)
def test_the_source_is_beside_it_or_absolute(source: str, path: str) -> None:
    assert parse_crop_file(crop_file(source, CROP), AT) == CropFile(FilePath.parse(path), PAIRS)


def test_other_steps_are_left_out_and_the_last_crop_counts() -> None:
    first = {"type": "crop", "geometry": {"offset": {"x": 1, "y": 1}, "size": CROP["geometry"]}}
    body = crop_file("q.png", {"type": "blur"}, CROP, {"type": "resize"})
    assert parse_crop_file(body, AT).pairs == PAIRS
    assert parse_crop_file(crop_file("q.png"), AT).pairs == ()
    with pytest.raises(BytewardError):
        parse_crop_file(crop_file("q.png", first), AT)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{bad", crop_file("../x"), crop_file(""), crop_file(7), crop_file("/a/../b"),
        crop_file("q.png", {"type": "crop"}), b" " * 65_537, b"{}",
        crop_file("q.png", {"type": "crop", "geometry": {
            "offset": {"x": -1, "y": 0}, "size": {"width": 1, "height": 1}}}),
        crop_file("q.png", {"type": "crop", "geometry": {
            "offset": {"x": True, "y": 0}, "size": {"width": 1, "height": 1}}}),
    ],
)  # fmt: skip
def test_what_is_no_crop_file_is_refused(body: bytes) -> None:
    with pytest.raises(BytewardError) as refused:
        parse_crop_file(body, AT)
    assert refused.value.code == "corrupt_input"
    assert refused.value.details == {"reason": "invalid_crop_file"}


@given(st.recursive(st.none() | st.integers() | st.text(), lambda each: st.dictionaries(
    st.sampled_from(["inputPath", "pipeline", "steps", "type", "geometry", "offset", "size", "x"]),
    each | st.lists(each))))  # fmt: skip
def test_any_json_is_a_crop_file_or_a_typed_refusal(document: object) -> None:
    try:
        parse_crop_file(json.dumps(document).encode(), AT)
        code = None
    except BytewardError as error:
        code = error.code.value
    assert code in {None, "corrupt_input"}
