"""Crop files: a JSON file beside an image that says which part of it to show (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.paths import FilePath
from byteward.strict_json import StrictJsonError, parse

MAX_BYTES: Final = 65_536
MIME: Final = "application/json"
_MAX_SIDE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class CropFile:
    """What a crop file says.

    Attributes:
        source: the image that it crops.
        pairs: the crop as parameters; empty when there is none.
    """

    source: FilePath
    pairs: tuple[tuple[str, str], ...]


def parse_crop_file(body: bytes, at: FilePath) -> CropFile:
    """Read a crop file.

    Only crops count; other steps are left out, as clients expect.

    Args:
        body: the file's bytes.
        at: its path; a bare name of an image is looked for in the same folder.

    Raises:
        BytewardError: `corrupt_input` with the reason `invalid_crop_file`.
    """
    if len(body) > MAX_BYTES:
        raise _invalid("it is larger than 64 KB")
    try:
        document = parse(body)
    except StrictJsonError:
        raise _invalid("it is not JSON") from None
    if not isinstance(document, dict):
        raise _invalid("it is not an object")
    name = document.get("inputPath", document.get("input"))
    if not isinstance(name, str) or not name:
        raise _invalid("`inputPath` is missing")
    return CropFile(_source(name, at), _crop(document))


def _source(name: str, at: FilePath) -> FilePath:
    try:
        if name.startswith("/"):
            return FilePath.parse(name)
        return FilePath.parse("/" + "/".join((*at.parent.segments, name)))
    except BytewardError:
        raise _invalid("`inputPath` is not a path") from None


def _crop(document: dict[str, object]) -> tuple[tuple[str, str], ...]:
    pipeline = document.get("pipeline")
    steps = pipeline.get("steps") if isinstance(pipeline, dict) else None
    found: tuple[tuple[str, str], ...] = ()
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and step.get("type") == "crop":
            found = _rectangle(step.get("geometry"))
    return found


def _rectangle(geometry: object) -> tuple[tuple[str, str], ...]:
    offset = geometry.get("offset") if isinstance(geometry, dict) else None
    size = geometry.get("size") if isinstance(geometry, dict) else None
    if not isinstance(offset, dict) or not isinstance(size, dict):
        raise _invalid("a crop has no geometry")
    return (
        ("crop-x", _number(offset.get("x"), 0)),
        ("crop-y", _number(offset.get("y"), 0)),
        ("crop-w", _number(size.get("width"), 1)),
        ("crop-h", _number(size.get("height"), 1)),
    )


def _number(value: object, least: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid("a crop's geometry is not in numbers")
    if not least <= value <= _MAX_SIDE:
        raise _invalid("a crop's geometry is out of range")
    return str(round(value))


def _invalid(why: str) -> BytewardError:
    return BytewardError(
        ErrorCode.CORRUPT_INPUT,
        f"the crop file is not valid: {why}",
        details={"reason": "invalid_crop_file"},
    )
