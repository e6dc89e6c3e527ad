"""Cases that take several requests, or a look at more than a few pixels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import pyvips

from tests.conformance.images.world import CROP, World, opened_world
from tests.e2e.server import request
from tests.unit.transform.engine.pictures import near, opened

RED, GREEN, YELLOW = [255, 0, 0], [0, 255, 0], [255, 255, 0]
FONT: Final = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
SAMPLE: Final = (
    "w=900&h=600&fit=crop&f=webp&text=Hello&font-size=60&color=ffffff&gravity=top"
    "&text=World&font-size=60&color=000000&gravity=bottom"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened_world(tmp_path_factory.mktemp("pictures")) as started:
        yield started


def image_of(world: World, name: str, query: str) -> pyvips.Image:
    answer = world.get(name, query)
    assert answer.status == 200, answer.body
    return opened(answer.body)


def pixel(image: pyvips.Image, x: int, y: int) -> list[int]:
    return [round(channel) for channel in image(x, y)][:3]


def ink(image: pyvips.Image, band: int = 0) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is brighter than the brown picture in a channel."""
    bright = image.extract_band(band) > (230 if band == 0 else 180)
    left, top, width, height = bright.find_trim(threshold=10, background=[0])
    assert width > 0
    return left, top, left + width, top + height


def crop_file(world: World, name: str, **changed: object) -> str:
    world.store(name, json.dumps(CROP | changed).encode(), "application/json")
    return name


def test_057_to_059_a_crop_file_shows_a_part_of_its_picture(world: World) -> None:
    plain = world.get("QUAD.crop")
    assert plain.headers["content-type"] == "image/png"
    image = opened(plain.body)
    assert (image.width, image.height) == (200, 150)
    assert near(pixel(image, 5, 5), YELLOW)
    assert near(pixel(image, 194, 144), YELLOW)
    small = world.get("QUAD.crop", "w=100&f=webp")
    assert (small.headers["content-type"], opened(small.body).width) == ("image/webp", 100)
    absolute = crop_file(world, "abs.crop", inputPath="/QUAD")
    assert world.get(absolute).body == plain.body


def test_060_061_only_the_crop_of_a_crop_file_counts_and_a_url_replaces_it(world: World) -> None:
    steps = CROP["pipeline"]["steps"]  # type: ignore[index] # JSON
    more = [{"type": "blur", "sigma": 30}, *steps, {"type": "resize", "width": 5}]
    busy = crop_file(world, "busy.crop", pipeline={"steps": more})
    assert world.get(busy).body == world.get("QUAD.crop").body
    other = image_of(world, "QUAD.crop", "crop-x=0&crop-y=0&crop-w=10&crop-h=10&f=png")
    assert (other.width, other.height) == (10, 10)
    assert near(pixel(other, 9, 9), RED)


def test_062_to_064_crop_files_that_cannot_be_and_their_raw_bytes(world: World) -> None:
    world.store("other.json", b'{"a":1}', "application/json")
    world.store("large.json", b" " * 66_000 + b"{}", "application/json")
    for name in (crop_file(world, "up.crop", inputPath="../x"), "other.json", "large.json"):
        answer = world.get(name)
        assert answer.status == 422
        assert answer.json["error"]["details"]["reason"] == "invalid_crop_file"
    gone = world.get(crop_file(world, "gone.crop", inputPath="nothing"))
    assert (gone.status, gone.code) == (404, "file_not_found")
    raw = world.get("QUAD.crop", slug="raw")
    assert (raw.json, raw.headers["content-type"]) == (CROP, "application/json")


def test_090_the_order_of_parameters_changes_no_byte(world: World) -> None:
    names = ["w=120", "h=80", "fit=crop", "blur=3", "tint=377DFF", "q=80"]
    first = world.get("QUADJ", "&".join(names)).body
    assert world.get("QUADJ", "&".join(reversed(names))).body == first
    assert world.get("QUADJ", "&".join(names[3:] + names[:3])).body == first


def test_103_104_texts_stand_at_their_gravity(world: World) -> None:
    image = image_of(world, "BASE", "text=WATERMARK&font-size=40&color=ffffff&gravity=bottom&f=png")
    left, top, right, _ = ink(image, 2)
    assert top > 200
    assert abs((left + right) / 2 - 200) <= 3
    both = "text=A&gravity=top-left&color=ff0000&font-size=40"
    both += "&text=B&gravity=bottom-right&color=00ff00&font-size=40&f=png"
    image = image_of(world, "BASE", both)
    _, _, right, bottom = ink(image, 0)
    assert (right < 200, bottom < 150) == (True, True)
    left, top, _, _ = ink(image, 1)
    assert (left > 200, top > 150) == (True, True)


def test_105_108_109_texts_fill_their_width_and_are_no_markup(world: World) -> None:
    left, _, right, _ = ink(image_of(world, "BASE", "text=Chicago&padding-x=50&color=fff&f=png"), 2)
    assert abs(right - left - 300) <= 6
    assert world.get("BASE", "text=%3Cb%3Ex%3C/b%3E%26&font-size=20").status == 200
    assert world.get("BASE", "text=&f=png").body == world.get("BASE", "f=png").body


def test_106_a_font_of_the_account_is_used(world: World) -> None:
    world.store("fonts/f.ttf", FONT.read_bytes().replace(b"DejaVu", b"Private"), "font/ttf")
    plain = world.get("BASE", "text=X&font-size=60&f=png")
    own = world.get("BASE", "text=X&font=/fonts/f.ttf&font-size=60&f=png")
    assert (own.status, plain.status) == (200, 200)
    missing = world.get("BASE", "text=X&font=/fonts/none.ttf&font-size=60")
    assert (missing.status, missing.code) == (404, "file_not_found")


def test_107_110_tiles_and_the_sample_of_two_texts(world: World) -> None:
    tiles = "padding=10&font-size=30&repeat=true&layer-rotate=45&layer-opacity=30&q=80&text=Hi"
    assert world.get("BASE", f"{tiles}&color=ffffff").status == 200
    answer = world.get("PHOTO", SAMPLE)
    image = opened(answer.body)
    assert (answer.headers["content-type"], image.width, image.height) == ("image/webp", 900, 600)
    plain = image_of(world, "PHOTO", "w=900&h=600&fit=crop&f=webp")
    changed = ((image - plain).abs() > 40).extract_band(0)
    assert changed.crop(0, 0, 900, 200).max() > 0
    assert changed.crop(0, 400, 900, 200).max() > 0


def test_115_117_to_120_formats_and_quality(world: World) -> None:
    assert world.get("QUAD", "f=jpg").body == world.get("QUAD", "f=jpeg").body
    sizes = [len(world.get("LG", f"f=webp&w=1200&q={q}").body) for q in (10, 50, 100)]
    assert sizes == sorted(set(sizes))
    assert world.get("LG", "w=400&f=png&q=70").body[25] == 3  # a palette
    assert world.get("LG", "w=400&f=png").body[25] == 2
    assert world.get("LG", "w=400&f=png&q=100").body[25] == 2
    quick, careful = (world.get("QUAD", f"f=webp&c={c}").body for c in (1, 100))
    assert len(careful) <= len(quick) * 1.02


def test_130_134_nothing_private_and_eight_bits_leave(world: World) -> None:
    body = world.get("EX1").body
    assert b"Exif" not in body
    assert b"Camera" not in body
    assert opened(world.get("P16", "f=png").body).format == "uchar"
    assert opened(world.get("P16", "f=jpg").body).format == "uchar"


def test_135_136_175_what_is_told_of_a_picture(world: World) -> None:
    told = world.get("QUAD", "f=meta").json
    assert (told["width"], told["height"], told["format"]) == (400, 300, "png")
    assert told["hasAlpha"] is False
    turned = world.get("EX6", "f=meta&w=150").json
    assert (turned["width"], turned["height"], turned["orientation"]) == (300, 400, 6)
    assert (turned["output"]["width"], turned["output"]["height"]) == (150, 200)
    assert "gps" not in turned
    blurhash = world.get("QUAD", "f=blurhash")
    assert blurhash.headers["content-type"].startswith("text/plain")
    assert len(blurhash.body) == 28


@pytest.mark.parametrize("query", ["", "w=25&f=webp"])
def test_137_138_an_animation_stays_one(world: World, query: str) -> None:
    image = opened(world.get("G4", query).body, n=-1)
    assert (image.get("n-pages"), image.get("loop")) == (4, 3)
    assert image.get("delay") == [100, 200, 100, 300]
    assert image.width == (25 if query else 50)


def test_152_to_154_156_every_way_to_write_a_url(world: World) -> None:
    base = f"{world.server.cdn}/{world.server.account_id}/image"
    first = world.get("QUAD", "w=100")
    assert request("GET", f"{base}/QUAD!w=100").body == first.body
    query = "w=100&version=50&cache_perm=auto&artifact=/"
    assert world.get("QUAD", query).body == first.body
    world.store("a!b.png", world.get("QUAD", "w=50").body)
    assert request("GET", f"{base}/a%21b.png?w=10").status == 200
    download = world.get("QUAD", "w=100&download=true")
    assert download.headers["content-disposition"].startswith("attachment")


def test_155_158_what_is_cached_and_for_how_long(world: World) -> None:
    cold = world.get("QUAD", "w=101&cache-only=true")
    assert (cold.status, cold.code) == (404, "not_cached")
    assert world.get("QUAD", "w=101").headers["x-cache"] == "MISS"
    warm = world.get("QUAD", "w=101&cache-only=true")
    assert (warm.status, warm.headers["x-cache"]) == (200, "HIT")
    text = world.get("QUAD", "text=A&font-size=20&cache_ttl=60&v=1.0")
    assert "max-age=60" in text.headers["cache-control"]
    refused = world.get("QUAD", "w=101&cache-perm=maybe")
    assert (refused.status, refused.code) == (400, "invalid_parameter")


def test_permanent_results_stay_until_permanent_results_are_reset(world: World) -> None:
    assert world.get("QUAD", "w=102&cache-perm=true").headers["x-cache"] == "MISS"
    assert world.get("QUAD", "w=102").headers["x-cache"] == "PERMA"
    assert world.get("QUAD", "w=102&cache-perm=false").headers["x-cache"] == "MISS"
    assert world.get("QUAD", "w=102").headers["x-cache"] == "HIT"


def test_159_to_161_validators_head_and_what_was_ignored(world: World) -> None:
    first = world.get("QUAD", "w=100&utm_source=x&nonsense=1")
    assert first.headers["x-image-ignored-params"] == "utm-source,nonsense"
    told = [first.headers[f"x-image-{name}"] for name in ("width", "height", "format")]
    assert told == ["100", "75", "png"]
    plain = world.get("QUAD", "w=100")
    assert plain.body == first.body
    assert "x-image-ignored-params" not in plain.headers
    url = f"{world.server.cdn}/{world.server.account_id}/image/QUAD?w=100"
    again = request("GET", url, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    head = request("HEAD", url)
    varying = {"date", "x-request-id", "x-cache"}
    assert head.body == b""
    assert {n: v for n, v in head.headers.items() if n not in varying} == {
        n: v for n, v in plain.headers.items() if n not in varying
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_167_images_are_for_reading(world: World, method: str) -> None:
    url = f"{world.server.cdn}/{world.server.account_id}/image/QUAD?w=100"
    assert request(method, url, body=b"").status == 405


def test_047_an_entropy_crop_holds_what_stands_out(world: World) -> None:
    image = image_of(world, "POP", "w=300&h=300&fit=crop&crop=smart-entropy&f=png")
    red = (image.extract_band(0) > 200) & (image.extract_band(1) < 80)
    assert round(red.avg() * 300 * 300 / 255) == 80 * 80
    middle = image_of(world, "POP", "w=300&h=300&fit=crop&crop=center&f=png")
    assert middle.extract_band(0).max() < 130
    assert near(pixel(image_of(world, "QUAD", "crop-x=200&f=png"), 10, 10), GREEN)
