"""Formats, quality, animation, metadata, reports and limits of results."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from byteward.errors import BytewardError
from byteward.transform.image.formats import InputFormat, sniff
from byteward.transform.image.limits import ImageLimits
from tests.unit.transform.engine.pictures import (
    gradient,
    make,
    near,
    opened,
    picture,
    pixel,
    solid,
)


@pytest.mark.parametrize(
    ("name", "query", "mime"),
    [
        ("QUAD", "", "image/png"), ("QUADJ", "", "image/jpeg"), ("SVG1", "", "image/jpeg"),
        ("TIF1", "", "image/jpeg"), ("AVIF1", "", "image/avif"), ("W4", "page=1", "image/webp"),
        ("G4", "page=1", "image/gif"), ("QUAD", "f=webp", "image/webp"),
        ("QUAD", "f=avif", "image/avif"), ("QUAD", "f=gif", "image/gif"),
        ("QUAD", "f=jpg", "image/jpeg"), ("WIDE", "f=webp&f2=png", "image/png"),
    ],
)  # fmt: skip
def test_the_format_is_the_asked_one_or_that_of_the_file(name: str, query: str, mime: str) -> None:
    result = make(name, query)
    found = sniff(result.body[:1024])
    assert found is not None
    assert f"image/{found.value}" == result.mime == mime


def test_two_names_of_a_format_give_one_result() -> None:
    assert make("QUAD", "f=jpg").body == make("QUAD", "f=jpeg").body


def test_quality_is_size() -> None:
    sizes = [len(make("HD", f"f=webp&q={q}").body) for q in (10, 50, 100)]
    assert sizes == sorted(set(sizes))


def test_a_png_has_a_palette_below_full_quality_only() -> None:
    colour_types = [make("HD", f"w=200&f=png{q}").body[25] for q in ("&q=70", "", "&q=100")]
    assert colour_types == [3, 2, 2]


def test_effort_is_paid_in_time_not_in_pixels() -> None:
    fast, slow = (make("HD", f"w=1500&f=webp&c={c}").body for c in (1, 100))
    assert len(slow) <= len(fast) * 1.02


@pytest.mark.parametrize(
    ("query", "accept", "mime"),
    [
        ("f=webp&f2=jpg", "image/webp,*/*", "image/webp"),
        ("f=webp&f2=jpg", "image/png,*/*;q=0.8", "image/jpeg"),
        ("f=webp&f2=jpg", None, "image/jpeg"),
        ("f=webp", "image/jpeg", "image/webp"), ("f=auto", "image/avif,image/webp", "image/avif"),
        ("f=auto", "image/webp", "image/webp"), ("f=auto", None, "image/png"),
    ],
)  # fmt: skip
def test_a_client_gets_what_it_shows(query: str, accept: str | None, mime: str) -> None:
    assert make("ALPHA", query, accept=accept).mime == mime


def test_what_is_clear_becomes_white_or_the_background() -> None:
    assert near(pixel(make("TR", "f=jpg"), 4, 4), [255, 255, 255])
    assert near(pixel(make("TR", "f=jpg&bg=00ff00"), 4, 4), [0, 255, 0])


@pytest.mark.parametrize("output", ["webp", "png", "avif", "gif"])
def test_alpha_survives_where_the_format_has_it(output: str) -> None:
    result = make("ALPHA", f"f={output}")
    assert pixel(result, 290, 10)[3] == 0
    assert near(pixel(result, 10, 10), [255, 0, 0, 255], 8)


def test_no_metadata_leaves_with_the_image_unless_asked() -> None:
    assert b"Camera" not in make("EX1").body
    kept = make("EX6", "keep=exif").body
    assert b"Camera" in kept
    assert opened(kept).get("exif-ifd0-Orientation").startswith("1 ")
    assert opened(kept).width == 300


def test_sixteen_bits_become_eight() -> None:
    for query in ("f=jpg", "f=png"):
        assert opened(make("P16", query).body).format == "uchar"


def frames(body: bytes) -> tuple[int, list[int], int, int, int]:
    image = opened(body, n=-1)
    height = image.get("page-height")
    return image.get("n-pages"), image.get("delay"), image.get("loop"), image.width, height


@pytest.mark.parametrize("name", ["G4", "W4"])
@pytest.mark.parametrize("output", ["gif", "webp"])
def test_an_animation_stays_one(name: str, output: str) -> None:
    delays = [100, 200, 100, 300]
    assert frames(make(name, f"f={output}").body) == (4, delays, 3, 50, 40)
    assert frames(make(name, f"w=25&f={output}").body) == (4, delays, 3, 25, 20)


def test_a_page_of_an_animation_is_a_still() -> None:
    assert near(pixel(make("G4", "page=3&f=png"), 5, 5)[:3], [160, 0, 0])
    assert near(pixel(make("G4", "f=jpg"), 5, 5), [0, 0, 0])
    assert opened(make("G4", "animated=false").body).get("n-pages") == 1


def test_blur_does_not_bleed_between_frames() -> None:
    image = opened(make("G4", "blur=10&f=webp&lossless=true").body, n=-1)
    assert [round(image(25, 40 * frame + 1)[0]) for frame in range(4)] == pytest.approx(
        [0, 80, 160, 240], abs=3
    )


def test_an_animation_that_is_too_large_shows_its_first_frame() -> None:
    limits = replace(ImageLimits(), max_frames=3)
    result = make("G4", "f=webp", limits=limits)
    assert result.is_reduced
    assert opened(result.body).get_typeof("n-pages") == 0


def report(name: str, query: str) -> dict[str, object]:
    result = make(name, query)
    assert result.mime == "application/json"
    found: dict[str, object] = json.loads(result.body)
    return found


def test_metadata_is_json() -> None:
    found = report("QUAD", "f=meta")
    assert (found["width"], found["height"], found["format"]) == (400, 300, "png")
    assert found["hasAlpha"] is False
    turned = report("EX6", "f=meta&w=150")
    assert (turned["width"], turned["height"], turned["orientation"]) == (300, 400, 6)
    assert turned["output"] == {"width": 150, "height": 200, "format": "jpeg"}
    assert turned["exif"] == {"Make": "Camera"} | dict(turned["exif"])  # type: ignore[call-overload]
    assert "gps" not in turned
    full = report("G4", "f=json&meta=full")
    assert (full["frames"], full["duration"], full["loop"]) == (4, 700, 3)
    assert isinstance(full["palette"], list)


def test_placeholders_are_texts() -> None:
    assert len(make("QUAD", "f=blurhash").body) == 28
    assert len(make("QUAD", "f=blurhash&blurhash-x=1&blurhash-y=1").body) == 6
    assert 10 < len(base64.b64decode(make("ALPHA", "f=thumbhash").body)) < 40
    assert make("HD", "f=lqip").body.startswith(b"data:image/webp;base64,")
    assert report("POP", "f=color")["dominant"] == "787878"
    palette = report("QUAD", "f=palette&colors=4")["colors"]
    assert isinstance(palette, list)
    primaries = {"".join("f" if digit in "ef" else "0" for digit in each[::2]) for each in palette}
    assert primaries == {"f00", "0f0", "00f", "ff0"}
    svg = make("BASE", "f=svg-color&w=40").body
    assert svg.startswith(b"<svg")
    assert b'width="40" height="30"' in svg
    assert b"#c86432" in svg


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (replace(ImageLimits(), max_pixels=100_000), "transformation_failed"),
        (replace(ImageLimits(), max_side=399), "transformation_failed"),
        (replace(ImageLimits(), max_output_side=800), "invalid_parameter"),
        (replace(ImageLimits(), max_output_pixels=400_000), "invalid_parameter"),
        (replace(ImageLimits(), max_result_bytes=10), "invalid_parameter"),
    ],
)
def test_a_limit_is_a_typed_refusal(limits: ImageLimits, code: str) -> None:
    assert make("QUAD", "w=801").width == 801
    with pytest.raises(BytewardError) as refused:
        make("QUAD", "w=801", limits=limits)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["QUADJ", "QUAD", "W4", "AVIF1", "TIF1"])
def test_a_file_cut_short_is_refused_as_damaged(name: str) -> None:
    body = picture(name)
    with pytest.raises(BytewardError) as refused:
        make(body[: len(body) // 3], "f=png")
    assert refused.value.code == "corrupt_input"


def test_a_text_is_no_image() -> None:
    with pytest.raises(BytewardError) as refused:
        make(b"just words")
    assert refused.value.code == "unsupported_input_format"


def test_a_grey_image_stays_grey_where_it_can() -> None:
    grey = bytes(gradient(60, 40).colourspace("b-w").pngsave_buffer())
    assert sniff(grey) is InputFormat.PNG
    for output in ("jpg", "png", "webp", "avif", "gif"):
        assert opened(make(grey, f"w=30&f={output}").body).width == 30


def test_a_width_too_long_for_the_only_format_is_refused() -> None:
    with pytest.raises(BytewardError) as refused:
        make("WIDE", "f=webp")
    assert refused.value.details is not None
    assert refused.value.details["reason"] == "output_too_large"
    assert len(solid(1, 1, [0]).pngsave_buffer()) > 0
