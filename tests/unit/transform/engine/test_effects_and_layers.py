"""Effects, canvas and layers: colours against values measured on the engine they are defined by."""

from __future__ import annotations

import pytest

from byteward.errors import BytewardError
from tests.unit.transform.engine.pictures import make, near, opened, picture, pixel, solid


def on(colour: list[int], query: str) -> list[int]:
    found = pixel(make(bytes(solid(100, 100, colour).pngsave_buffer()), f"{query}&f=png"), 50, 50)
    return found if len(found) > 1 else found * 3


@pytest.mark.parametrize(
    ("query", "colour", "expected"),
    [
        ("tint=377DFF", [128, 128, 128], [51, 122, 251]),
        ("tint=377DFF", [255, 0, 0], [48, 121, 250]),
        ("tint=377DFF", [255, 255, 255], [255, 255, 255]), ("tint=377DFF", [0, 0, 0], [0, 0, 0]),
        ("grayscale=true", [255, 0, 0], [127] * 3), ("grayscale", [0, 255, 0], [220] * 3),
        ("grayscale=1", [0, 0, 255], [76] * 3), ("greyscale=true", [255, 255, 0], [247] * 3),
        ("brightness=10", [128, 128, 128], [199, 199, 199]),
        ("brightness=10", [200, 100, 60], [255, 171, 127]),
        ("brightness=-50", [128, 128, 128], [64, 64, 64]),
        ("brightness=-50", [200, 100, 60], [121, 33, 0]),
        ("saturation=-100", [200, 100, 60], [129, 128, 128]),
        ("saturation=10", [200, 100, 60], [226, 78, 16]), ("hue=90", [200, 100, 60], [70, 145, 61]),
        ("hue=180", [200, 100, 60], [0, 148, 197]), ("hue=180", [255, 0, 0], [0, 162, 243]),
        ("lightness=5", [128, 128, 128], [161, 161, 161]),
        ("lightness=5", [200, 100, 60], [239, 133, 91]), ("lightness=-20", [128] * 3, [9, 9, 10]),
        ("negative=true", [10, 20, 30], [245, 235, 225]), ("blur=500", [128] * 3, [128] * 3),
        ("contrast=100", [100, 128, 200], [0, 128, 255]),
        ("contrast=-100", [10, 128, 250], [128] * 3),
        ("gamma=2", [64, 64, 64], [128] * 3), ("exposure=50", [60, 60, 60], [120] * 3),
        ("sepia=100", [255, 255, 255], [255, 255, 239]), ("vibrance=0", [9, 8, 7], [9, 8, 7]),
        ("shadow=50", [255, 0, 0], [255, 0, 0]), ("median=3", [1, 2, 3], [1, 2, 3]),
        ("normalize=true", [9, 9, 9], [9, 9, 9]), ("pixelate=10", [7, 8, 9], [7, 8, 9]),
    ],
)  # fmt: skip
def test_an_effect_gives_its_colour(query: str, colour: list[int], expected: list[int]) -> None:
    assert near(on(colour, query), expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("blur=4", {45: 10, 49: 109, 50: 142, 55: 251}),
        ("blur=10", {40: 33, 45: 77, 49: 122, 50: 133, 55: 189, 60: 229}),
        ("blur=true", {48: 0, 49: 85, 50: 170, 51: 255}),
    ],
)
def test_a_blurred_step_is_a_ramp(query: str, expected: dict[int, int]) -> None:
    result = make("STEP", f"{query}&f=png")
    for x, level in expected.items():
        assert abs(pixel(result, x, 50)[0] - level) <= 3, x


def test_a_large_blur_is_nearly_flat() -> None:
    assert abs(pixel(make("STEP", "blur=60&f=png"), 50, 50)[0] - 128) <= 8


def test_sharpening_overshoots_at_an_edge() -> None:
    result = make("STEP", "sharpen=100&f=png")
    assert pixel(result, 49, 50)[0] <= 3
    assert pixel(result, 50, 50)[0] >= 252


def test_grey_stays_one_channel() -> None:
    body = make("QUAD", "grayscale=true&f=png").body
    assert body[25] == 0  # PNG colour type: greyscale


def test_alpha_is_left_alone_unless_named() -> None:
    assert pixel(make("ALPHA", "negative=true&f=png"), 10, 10) == [0, 255, 255, 255]
    assert pixel(make("ALPHA", "negative-alpha=true&f=png"), 10, 10)[3] == 0


def test_an_extended_canvas_has_its_colour() -> None:
    below = make("HD", "w=1200&fit=width&extend-bottom=120&extend-color=#FFFFFF")
    assert (below.width, below.height) == (1200, 795)
    assert near(pixel(below, 600, 700), [255, 255, 255])
    result = make("BASE", "extend-y=10&extend-color=ff0000&f=png")
    assert (result.width, result.height) == (400, 320)
    assert pixel(result, 5, 9) == pixel(result, 5, 310) == [255, 0, 0]
    assert pixel(result, 5, 10) == [200, 100, 50]
    assert make("BASE", "extend=5&extend-left=20").width == 425
    assert pixel(make("BASE", "extend=5&f=png"), 1, 1)[3] == 0
    assert near(pixel(make("BASE", "extend=40&f=jpg"), 1, 1), [255, 255, 255])


@pytest.mark.parametrize("mode", ["edge", "mirror", "repeat", "blur"])
def test_an_extended_canvas_may_go_on_with_the_image(mode: str) -> None:
    result = make("BASE", f"extend=7&extend-mode={mode}&f=png")
    assert (result.width, result.height) == (414, 314)
    assert near(pixel(result, 1, 1), [200, 100, 50])


def test_borders_radius_and_opacity() -> None:
    framed = make("BASE", "border=3&border-color=00ff00&f=png")
    assert (framed.width, framed.height) == (406, 306)
    assert pixel(framed, 1, 1) == [0, 255, 0]
    round_ = make("QUAD", "radius=max&f=png")
    assert pixel(round_, 0, 0)[3] == 0
    assert pixel(round_, 200, 149)[3] == 255
    corner = make("QUAD", "radius=0,50,0,0&f=png")
    assert pixel(corner, 0, 0)[3] == 255
    assert pixel(corner, 399, 0)[3] == 0
    assert pixel(corner, 0, 299)[3] == 255
    assert abs(pixel(make("QUAD", "opacity=50&f=png"), 5, 5)[3] - 128) <= 1
    assert near(pixel(make("QUAD", "radius=max&f=jpg&bg=00ff00"), 0, 0), [0, 255, 0])


def test_padding_to_a_box() -> None:
    result = make("QUAD", "w=400&h=400&fit=pad&bg=0000ff&f=png")
    assert pixel(result, 5, 5) == [0, 0, 255]
    assert pixel(result, 5, 55) == [255, 0, 0]


def blue_box(query: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is blue."""
    image = opened(make("BASE", f"{query}&f=png").body).extract_band(2)
    left, top, width, height = (image > 200).find_trim(threshold=10, background=[0])
    return left, top, left + width - 1, top + height - 1


@pytest.mark.parametrize(
    ("query", "box"),
    [
        ("image=/LOGO.png&gravity=bottom-right&padding=10", (370, 270, 389, 289)),
        ("image=/LOGO.png&layer-x=5&layer-y=7", (5, 7, 24, 26)),
        ("image=/LOGO.png", (190, 140, 209, 159)),
        ("image=/LOGO.png&layer-w=40&layer-h=40", (180, 130, 219, 169)),
        ("extend-bottom=100&image=/LOGO.png&gravity=bottom", (190, 380, 209, 399)),
        ("image=/BIG.png", (0, 0, 399, 299)),
        ("image=/LOGO.png&layer-x=-10&layer-y=295", (0, 295, 9, 299)),
    ],
)
def test_an_image_layer_stands_in_its_place(query: str, box: tuple[int, int, int, int]) -> None:
    # An extended canvas is transparent: give it a colour without blue.
    assert blue_box(f"extend-color=c86432&{query}") == box


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("source-over", [149, 125, 150]), ("multiply", [119, 64, 37]), ("screen", [205, 122, 100]),
        ("overlay", [183, 79, 49]), ("darken", [124, 87, 50]), ("lighten", [200, 100, 87]),
        ("soft-light", [186, 87, 49]), ("difference", [174, 62, 62]),
        ("exclusion", [185, 108, 88]), ("add", [250, 175, 175]), ("color-dodge", [224, 121, 74]),
        ("color-burn", [99, 49, 24]), ("hard-light", [139, 79, 49]),
        ("destination-out", [200, 100, 50, 126]),
    ],
)  # fmt: skip
def test_a_blend_mode_gives_its_colour(mode: str, expected: list[int]) -> None:
    found = pixel(make("BASE", f"image=/LOGO2.png&blend={mode}&f=png"), 200, 150)
    assert near(found, expected), found


@pytest.mark.parametrize(
    ("opacity", "expected"), [(25, [150, 75, 100]), (50, [100, 50, 152]), (80, [39, 19, 214])]
)
def test_opacity_thins_a_layer(opacity: int, expected: list[int]) -> None:
    query = f"image=/LOGO.png&layer-opacity={opacity}&f=png"
    assert near(pixel(make("BASE", query), 200, 150), expected)


def test_a_second_layer_lies_on_the_first() -> None:
    result = make("BASE", "image=/LOGO.png&image=/LOGO2.png&f=png")
    assert near(pixel(result, 200, 150), [50, 75, 252], 4)


def test_tiles_have_their_padding_on_each_side() -> None:
    result = make("BASE", "image=/LOGO.png&repeat=true&padding=5&f=png")
    for x, y in ((15, 15), (45, 15), (45, 45), (375, 285)):
        assert pixel(result, x, y) == [0, 0, 255], (x, y)
    for x, y in ((0, 0), (28, 15)):
        assert pixel(result, x, y) == [200, 100, 50], (x, y)


def ink(query: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what was written in white on black."""
    black = bytes(solid(400, 300, [0, 0, 0]).pngsave_buffer())
    image = opened(make(black, f"{query}&color=ffffff&f=png").body).extract_band(0)
    left, top, width, height = (image > 60).find_trim(threshold=10, background=[0])
    assert width > 0, "nothing was written"
    return left, top, left + width, top + height


def test_a_text_stands_at_its_gravity() -> None:
    left, top, right, bottom = ink("text=WATERMARK&font-size=40&gravity=bottom")
    assert top > 200
    assert abs((left + right) / 2 - 200) <= 3
    assert 250 < bottom <= 300


def test_a_text_without_a_size_fills_its_space() -> None:
    left, _, right, _ = ink("text=Chicago&padding-x=50")
    assert abs(right - left - 300) <= 6
    assert abs((left + right) / 2 - 200) <= 3


def test_markup_is_text() -> None:
    plain = make("BASE", "text=<b>x</b>&&font-size=40".replace("&&", "%26&").replace("%26", "&"))
    assert plain.width == 400
    left, _, right, _ = ink("text=<b>x</b>&font-size=40")
    narrow_left, _, narrow_right, _ = ink("text=x&font-size=40")
    assert right - left > 4 * (narrow_right - narrow_left)


def test_an_empty_text_changes_nothing() -> None:
    assert make("BASE", "text=").body == make("BASE", "").body


def test_the_order_of_parameters_does_not_change_a_byte() -> None:
    one = make("QUAD", "w=100&h=80&fit=crop&blur=3&tint=377DFF&q=70&f=jpg").body
    other = make("QUAD", "f=jpg&q=70&tint=377DFF&blur=3&fit=crop&h=80&w=100").body
    assert one == other


def test_a_layer_that_is_no_image_is_refused() -> None:
    with pytest.raises(BytewardError) as refused:
        make("BASE", "image=/x.txt", layers={"/x.txt": b"text"})
    assert refused.value.code == "unsupported_input_format"


def test_every_picture_is_there() -> None:
    assert len(picture("LOGO")) > 50
