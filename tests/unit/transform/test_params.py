"""Parameters: every spelling, every refusal, and the order that must not matter."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.colour import Colour
from byteward.transform.image.formats import OutputFormat, Report
from byteward.transform.image.geometry import Anchor, Fit
from byteward.transform.image.layers import STARTS, Blend
from byteward.transform.image.params import (
    Flip,
    Focus,
    ImageParams,
    Metadata,
    canonical_pairs,
    parse_params,
)
from byteward.transform.image.values import Length


def parse(query: str, *, max_layers: int = 20) -> ImageParams:
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]
    return parse_params(pairs if query else [], max_layers=max_layers)


def px(value: int) -> Length:
    return Length(Fraction(value))


def test_no_parameters_mean_the_defaults() -> None:
    assert parse("") == ImageParams()


@pytest.mark.parametrize(
    ("query", "width"),
    [
        ("w=100", px(100)), ("W=100", px(100)), ("width=100", px(100)), ("w=100&w=200", px(200)),
        ("w=133.5", Length(Fraction(267, 2))), ("w=50p", Length(Fraction(1, 2), is_share=True)),
        ("w=50%", Length(Fraction(1, 2), is_share=True)), ("w=&h=", None), ("w=100&dpr=2", px(200)),
    ],
)  # fmt: skip
def test_a_width_is_read_in_every_spelling(query: str, width: Length | None) -> None:
    assert parse(query).resize.width == width


@pytest.mark.parametrize(
    ("query", "name", "reason"),
    [
        ("w=0", "w", "out_of_range"), ("w=-1", "w", "out_of_range"), ("w=abc", "w", "malformed"),
        ("w=1e3", "w", "malformed"), ("w=nan", "w", "malformed"), ("w=10001", "w", "out_of_range"),
        ("w=5001&dpr=2", "w", "out_of_range"), ("h=٣", "h", "malformed"),
        ("crop-w=0", "crop-w", "out_of_range"), ("crop-x=-5", "crop-x", "out_of_range"),
        ("fit=bogus", "fit", "not_allowed"), ("f=bogus", "f", "not_allowed"),
        ("f2=blurhash", "f2", "not_allowed"), ("crop=nonsense", "crop", "not_allowed"),
        ("tint=xyz", "tint", "malformed"), ("grayscale=maybe", "grayscale", "malformed"),
        ("page=-1", "page", "out_of_range"), ("ar=0:1", "ar", "out_of_range"),
        ("text=a&blend=sum", "blend", "not_allowed"), ("radius=1,2", "radius", "not_allowed"),
        ("keep=soul", "keep", "not_allowed"), ("text=" + "x" * 2001, "text", "too_long"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_name(query: str, name: str, reason: str) -> None:
    with pytest.raises(BytewardError) as refused:
        parse(query)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    details = refused.value.details
    assert details is not None
    assert (details["parameter"], details["reason"]) == (name, reason)


def test_a_refused_format_tells_which_there_are() -> None:
    with pytest.raises(BytewardError) as refused:
        parse("f=bogus")
    details = refused.value.details
    assert details is not None
    assert {"avif", "gif", "jpeg", "jpg", "png", "webp", "auto", "meta"} <= set(details["allowed"])


@pytest.mark.parametrize(
    ("query", "fit"),
    [
        ("fit=cover", Fit.CROP), ("fit=contain", Fit.MAX), ("fit=inside", Fit.MAX),
        ("fit=outside", Fit.MIN), ("fit=fill", Fit.STRETCH), ("fit=scale-down", Fit.SHRINK),
        ("fit=shrink_cover", None), ("w=1&h=1&crop=top", Fit.CROP), ("w=1&crop=top", None),
        ("fit=enlarge-cover", Fit.ENLARGE_COVER), ("fit=PAD", Fit.PAD),
    ],
)  # fmt: skip
def test_fit_has_aliases_and_is_implied_by_a_crop(query: str, fit: Fit | None) -> None:
    if query == "fit=shrink_cover":
        with pytest.raises(BytewardError):
            parse(query)
        return
    assert parse(query).resize.fit is fit


@pytest.mark.parametrize(
    ("query", "blur"),
    [
        ("blur=true", 0),
        ("blur", 0),
        ("blur=", 0),
        ("blur=7", 7),
        ("blur=500", 100),
        ("blur=0", None),
    ],
)
def test_blur_is_mild_strong_or_off(query: str, blur: int | None) -> None:
    assert parse(query).effects.blur == blur


def test_words_that_mean_something_are_read() -> None:
    params = parse(
        "crop=smart&flip=hv&rotate=450&r=-90&greyscale&invert=1&tint=377DFF&f=webp&f2=jpg&q=70&c=9"
        "&keep=exif,gps&bg=white&radius=1,2,3,4&ar=16:9&trim=10&page=0&hue=180"
    )  # fmt: skip
    assert params.resize.focus is Focus.SMART
    assert params.flip is Flip.BOTH
    assert params.rotate == 270
    assert params.effects.grayscale
    assert params.effects.negative
    assert params.effects.tint == Colour(55, 125, 255)
    assert params.output.formats == (OutputFormat.WEBP, OutputFormat.JPEG)
    assert (params.output.quality, params.output.effort) == (70, 9)
    assert params.output.keep == {Metadata.EXIF, Metadata.GPS}
    assert params.canvas.radius == (1, 2, 3, 4)
    assert params.crop.ratio == Fraction(16, 9)
    assert (params.trim, params.source.page) == (10, 1)


def test_a_report_needs_no_format() -> None:
    assert parse("f=json").output.report is Report.META
    assert parse("f=auto").output.is_automatic


def test_unknown_names_are_ignored_and_told() -> None:
    assert parse("utm_source=x&w=100&font=lost").ignored == ("utm-source",)


def test_names_of_every_delivery_url_belong_to_no_layer() -> None:
    params = parse("text=A&font-size=20&cache_ttl=60&v=1.0&cache_perm=auto&artifact=/&auth=true")
    assert params.ignored == ()
    assert [layer.text for layer in params.layers] == ["A"]


def test_layer_parameters_follow_their_start() -> None:
    params = parse(
        "w=900&f=webp&text=WATERMARK&layer-opacity=80&blend=overlay&layer-rotate=315&font-size=100"
        "&padding=10&font-weight=900&color=ffffff&repeat=true&q=50&text=Chicago&gravity=bottom"
        "&padding-x=50&padding-bottom=20&font=/example/fonts/Lobster.ttf&color=ffe400"
    )  # fmt: skip
    first, second = params.layers
    assert (first.text, first.opacity, first.blend, first.rotate) == (
        "WATERMARK", 80, Blend.OVERLAY, 315,
    )  # fmt: skip
    assert first.repeat is not None
    assert (first.style.size, first.style.weight) == (Fraction(100), 900)
    assert first.padding.left == px(10)
    assert (second.gravity, second.padding.left, second.padding.bottom) == (
        Anchor.BOTTOM, px(50), px(20),
    )  # fmt: skip
    assert second.padding.top == px(0)
    assert second.style.font == "/example/fonts/Lobster.ttf"
    assert second.repeat is None
    assert params.output.quality == 50


def test_layer_parameters_before_the_first_start_are_its_own() -> None:
    params = parse("padding=10&font-size=350&repeat=true&layer-rotate=45&text=Hi&text=There")
    assert params.layers[0].style.size == 350
    assert params.layers[1].style.size is None


def test_an_empty_text_is_no_layer_and_parameters_alone_are_none() -> None:
    assert parse("text=").layers == ()
    assert parse("padding=10").layers == ()


def test_too_many_layers_are_refused() -> None:
    assert len(parse("text=a&text=b", max_layers=2).layers) == 2
    with pytest.raises(BytewardError):
        parse("text=a&text=b&text=c", max_layers=2)


GLOBAL = st.lists(
    st.sampled_from(
        ["w=300", "h=200", "fit=crop", "crop=top", "blur=3", "tint=377DFF", "q=70", "f=webp",
         "f2=png", "extend=5", "extend-left=20", "rotate=45", "flip=h", "dpr=2", "page=2"]
    ),
    unique_by=lambda pair: pair.partition("=")[0],
)  # fmt: skip


@given(GLOBAL, st.randoms())
def test_the_order_of_parameters_outside_layers_does_not_matter(
    parts: list[str], random: object
) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as object here
    assert parse("&".join(shuffled)) == parse("&".join(parts))


@given(GLOBAL, st.randoms())
def test_equal_requests_have_one_spelling(parts: list[str], random: object) -> None:
    shuffled = [*parts, "utm_source=x", "cache=false", "v=7", "padding=3"]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as object here
    pairs = [tuple(part.split("=")) for part in parts]
    canonical = canonical_pairs(tuple(part.split("=")) for part in shuffled)  # type: ignore[misc]
    assert canonical == canonical_pairs(pairs)  # type: ignore[arg-type]
    assert parse_params(canonical) == parse("&".join(parts))


def test_layers_keep_their_order_in_the_one_spelling() -> None:
    pairs = [("text", "b"), ("W", "5"), ("font_size", "7"), ("text", "a"), ("q", "3")]
    assert canonical_pairs(pairs) == (
        ("q", "3"), ("w", "5"), ("text", "b"), ("font-size", "7"), ("text", "a"),
    )  # fmt: skip


NAMES = st.sampled_from(
    [*STARTS, "w", "h", "fit", "crop", "crop-x", "blur", "f", "q", "radius", "keep", "dpr", "page",
     "gravity", "padding", "font-size", "layer-w", "ar", "rotate", "trim", "x"]
)  # fmt: skip


@given(st.lists(st.tuples(NAMES, st.text(max_size=12)), max_size=12))
def test_any_pairs_are_parameters_or_a_typed_refusal(pairs: list[tuple[str, str]]) -> None:
    try:
        parse_params(pairs)
        code = None
    except BytewardError as error:
        code = error.code
    assert code in {None, ErrorCode.INVALID_PARAMETER}
