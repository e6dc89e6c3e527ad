"""The parameters of an image URL as one value (pure).

`parse_params` is the only reader of names. Everything in `ImageParams` is checked as far as it can
be without the image; equal parameters in another order make equal values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeVar

from byteward.transform.image.colour import Colour
from byteward.transform.image.formats import OutputFormat, Report
from byteward.transform.image.geometry import Anchor, Fit
from byteward.transform.image.layers import (
    MAX_SIDE,
    SCOPED,
    STARTS,
    Layer,
    Sides,
    parse_layers,
    parse_sides,
)
from byteward.transform.image.values import (
    NOT_ALLOWED,
    Length,
    Values,
    canonical_name,
    refuse,
)

N = TypeVar("N", int, Fraction)

COMMON: Final = frozenset(
    {
        "cache", "cache-ttl", "cache-ttl-404", "cache-ttl-not-found", "cache-perm", "cache-only",
        "version", "v", "download", "exp", "artifact", "a", "auth", "sig", "enc", "path",
    }
)  # fmt: skip
"""Names of every delivery URL; they never belong to an image or to a layer."""

_FIT_ALIASES: Final = {
    "cover": Fit.CROP, "contain": Fit.MAX, "inside": Fit.MAX, "clip": Fit.MAX, "outside": Fit.MIN,
    "fill": Fit.STRETCH, "scale": Fit.STRETCH, "force": Fit.STRETCH, "scale-down": Fit.SHRINK,
    "limit": Fit.SHRINK,
}  # fmt: skip


class Focus(StrEnum):
    """What a crop keeps: a place, or what it finds."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"
    FOCAL = "focal"
    SMART = "smart"
    SMART_ENTROPY = "smart-entropy"

    @property
    def anchor(self) -> Anchor | None:
        """The place; None for what has to be found."""
        return _ANCHORS.get(self.value)


_ANCHORS: Final = {anchor.value: anchor for anchor in Anchor}
_FOCUS_ALIASES: Final = {
    "north": Focus.TOP, "south": Focus.BOTTOM, "west": Focus.LEFT, "east": Focus.RIGHT,
    "northwest": Focus.TOP_LEFT, "northeast": Focus.TOP_RIGHT, "southwest": Focus.BOTTOM_LEFT,
    "southeast": Focus.BOTTOM_RIGHT, "centre": Focus.CENTER, "auto": Focus.SMART,
    "attention": Focus.SMART, "entropy": Focus.SMART_ENTROPY,
}  # fmt: skip


class Flip(StrEnum):
    """Mirrors."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"
    BOTH = "both"


_FLIP_ALIASES: Final = {
    "h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH, "vh": Flip.BOTH,
}  # fmt: skip


class Kernel(StrEnum):
    """How pixels between pixels are computed; the names of libvips."""

    NEAREST = "nearest"
    LINEAR = "linear"
    CUBIC = "cubic"
    MITCHELL = "mitchell"
    LANCZOS2 = "lanczos2"
    LANCZOS3 = "lanczos3"


class ExtendMode(StrEnum):
    """What fills an extended canvas."""

    COLOR = "color"
    EDGE = "edge"
    MIRROR = "mirror"
    REPEAT = "repeat"
    BLUR = "blur"


class InputHint(StrEnum):
    """What the client says the file is; it can only narrow what its bytes say."""

    IMAGE = "image"
    DOCUMENT = "document"
    VIDEO = "video"


class ColourModel(StrEnum):
    """The colour model of the result's pixels."""

    AUTO = "auto"
    CMYK = "cmyk"
    GRAY = "gray"
    P3 = "p3"
    SRGB = "srgb"


class Profile(StrEnum):
    """The ICC profile of the result."""

    KEEP = "keep"
    P3 = "p3"
    SRGB = "srgb"
    STRIP = "strip"


class Intent(StrEnum):
    """How colours are mapped between profiles."""

    PERCEPTUAL = "perceptual"
    RELATIVE = "relative"
    SATURATION = "saturation"
    ABSOLUTE = "absolute"


class Metadata(StrEnum):
    """Kinds of metadata that `keep` names."""

    COPYRIGHT = "copyright"
    EXIF = "exif"
    GPS = "gps"
    ICC = "icc"
    IPTC = "iptc"
    XMP = "xmp"


@dataclass(frozen=True, slots=True)
class SourceParams:
    """Which picture of the file: its page or frame, and how finely vectors are drawn."""

    hint: InputHint | None = None
    page: int | None = None
    dpi: int | None = None
    is_animated: bool = True


@dataclass(frozen=True, slots=True)
class CropParams:
    """A rectangle cut from the oriented image before anything is scaled."""

    x: Length | None = None
    y: Length | None = None
    width: Length | None = None
    height: Length | None = None
    ratio: Fraction | None = None

    @property
    def is_rectangle(self) -> bool:
        """Whether any of the four numbers is given."""
        return any(side is not None for side in (self.x, self.y, self.width, self.height))


@dataclass(frozen=True, slots=True)
class ResizeParams:
    """The box and how the image meets it."""

    width: Length | None = None
    height: Length | None = None
    fit: Fit | None = None
    focus: Focus = Focus.CENTER
    focal_x: Fraction = Fraction(1, 2)
    focal_y: Fraction = Fraction(1, 2)
    focal_zoom: Fraction = Fraction(1)
    may_enlarge: bool = True
    kernel: Kernel = Kernel.LANCZOS3
    pad_gravity: Anchor = Anchor.CENTER


@dataclass(frozen=True, slots=True)
class EffectParams:
    """Changes of pixels in place; a value that does nothing is None or False.

    Attributes:
        blur: 1…100; 0 for the mild box of `blur=true`.
        sharpen: 1…100; 0 for the mild kernel of `sharpen=true`.
        brightness: -100…100, as are `saturation`, `lightness`, `contrast`, `exposure`,
            `vibrance`, `shadow` and `highlight`.
        hue: degrees.
        gamma: exponent; above 1 is lighter.
        sepia: 0…100.
        pixelate: side of a block in pixels.
        median: side of the window in pixels.
        tint: colour of the middle tones.
    """

    negative: bool = False
    negative_alpha: bool = False
    grayscale: bool = False
    normalize: bool = False
    median: int | None = None
    pixelate: int | None = None
    blur: int | None = None
    sharpen: int | None = None
    brightness: int | None = None
    saturation: int | None = None
    lightness: int | None = None
    hue: int | None = None
    contrast: int | None = None
    exposure: int | None = None
    vibrance: int | None = None
    shadow: int | None = None
    highlight: int | None = None
    gamma: Fraction | None = None
    sepia: int | None = None
    tint: Colour | None = None


_NO_SIDES: Final = Sides()


@dataclass(frozen=True, slots=True)
class CanvasParams:
    """What is put around the image, and the shape it is cut to."""

    extend: Sides = _NO_SIDES
    extend_colour: Colour | None = None
    extend_mode: ExtendMode = ExtendMode.COLOR
    border: int = 0
    border_colour: Colour | None = None
    background: Colour | None = None
    radius: tuple[int, int, int, int] | None = None
    is_ellipse: bool = False
    opacity: int = 100


@dataclass(frozen=True, slots=True)
class OutputParams:
    """How the result is written.

    Attributes:
        formats: `f`, `f2`, …; empty for that of the file.
        is_automatic: `f=auto`.
        report: what is told about the image instead of showing it.
        quality: 1…100; None for the format's default.
        effort: 1…100; None for the encoder's default.
        keep: kinds of metadata that stay.
    """

    formats: tuple[OutputFormat, ...] = ()
    is_automatic: bool = False
    report: Report | None = None
    is_full_report: bool = False
    quality: int | None = None
    effort: int | None = None
    is_lossless: bool = False
    is_progressive: bool = True
    keep: frozenset[Metadata] = frozenset({Metadata.ICC})
    colour_model: ColourModel = ColourModel.AUTO
    profile: Profile = Profile.KEEP
    ignores_input_profile: bool = False
    intent: Intent = Intent.PERCEPTUAL
    palette_colours: int = 6
    blurhash_x: int = 4
    blurhash_y: int = 3

    @property
    def is_negotiated(self) -> bool:
        """Whether the answer depends on what the client accepts."""
        return self.is_automatic or len(self.formats) > 1


@dataclass(frozen=True, slots=True)
class ImageParams:
    """Everything that an image URL asks for.

    Attributes:
        trim: threshold 1…100 below which a border counts as empty; None for no trimming.
        trim_colour: colour of the border; None for that of the top left pixel.
        rotate: degrees clockwise, 0…359, after the orientation that the file asks for.
        rotate_colour: of corners that a rotation opens.
        ignored: names that mean nothing here, in the order of the URL.
    """

    source: SourceParams = SourceParams()
    trim: int | None = None
    trim_colour: Colour | None = None
    crop: CropParams = CropParams()
    rotate: int = 0
    rotate_colour: Colour | None = None
    flip: Flip | None = None
    resize: ResizeParams = ResizeParams()
    effects: EffectParams = EffectParams()
    canvas: CanvasParams = CanvasParams()
    layers: tuple[Layer, ...] = ()
    output: OutputParams = OutputParams()
    ignored: tuple[str, ...] = field(default=(), compare=False)


def parse_params(pairs: Iterable[tuple[str, str]], *, max_layers: int = 20) -> ImageParams:
    """Read the decoded pairs of a query.

    Raises:
        BytewardError: `invalid_parameter`, with the name and what it may be.
    """
    named = [(canonical_name(name), value) for name, value in pairs]
    named = [(name, value) for name, value in named if name not in COMMON]
    ratio = Values(named).number("dpr", 0, 5) or Fraction(1)
    ratio = max(ratio, Fraction(1, 2))
    in_layers = [pair for pair in named if pair[0] in STARTS or pair[0] in SCOPED]
    values = Values((pair for pair in named if pair not in in_layers), ratio)
    values.text("dpr")
    trim = values.integer("trim", 1, 100)
    return ImageParams(
        source=_source(values),
        trim=trim,
        trim_colour=values.colour("trim-color"),
        crop=_crop(values),
        rotate=_rotate(values),
        rotate_colour=values.colour("rotate-bg"),
        flip=values.choice("flip", Flip, _FLIP_ALIASES),
        resize=_resize(values),
        effects=_effects(values),
        canvas=_canvas(values),
        layers=parse_layers(in_layers, ratio, max_layers=max_layers),
        output=_output(values),
        ignored=values.unknown,  # last: by now every name that means something was asked for
    )


def canonical_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same request in its one spelling: equal results have equal pairs.

    What belongs to no image is left out, of a repeated name the last stays, and names outside
    layers are sorted. Layers keep their order.
    """
    named = [(canonical_name(name), value) for name, value in pairs]
    in_layers = [pair for pair in named if pair[0] in STARTS or pair[0] in SCOPED]
    if not any(name in STARTS for name, _ in in_layers):
        in_layers = []
    rest = {
        name: value
        for name, value in named
        if name not in COMMON and name not in STARTS and name not in SCOPED
    }
    ignored = set(parse_params(rest.items()).ignored)
    kept = sorted((name, value) for name, value in rest.items() if name not in ignored)
    return (*kept, *in_layers)


def _source(values: Values) -> SourceParams:
    page = values.integer("page", 0, 1_000_000, clamps=False)
    animated = values.switch("animated")
    return SourceParams(
        hint=values.choice("input", InputHint),
        page=None if page is None else max(1, page),
        dpi=values.integer("dpi", 36, 600),
        is_animated=animated is not False,
    )


def _crop(values: Values) -> CropParams:
    return CropParams(
        x=values.share("crop-x", 0),
        y=values.share("crop-y", 0),
        width=values.share("crop-w", 1),
        height=values.share("crop-h", 1),
        ratio=values.ratio("ar"),
    )


def _rotate(values: Values) -> int:
    if values.text("rotate") in {None, "auto"}:
        return 0
    return (values.integer("rotate", -360, 360, clamps=False) or 0) % 360


def _resize(values: Values) -> ResizeParams:
    width, height = values.length("w", 1, MAX_SIDE), values.length("h", 1, MAX_SIDE)
    fit = values.choice("fit", Fit, _FIT_ALIASES)
    focus = values.choice("crop", Focus, _FOCUS_ALIASES)
    if fit is None and focus is not None and width is not None and height is not None:
        fit = Fit.CROP
    return ResizeParams(
        width=width,
        height=height,
        fit=fit,
        focus=focus or Focus.CENTER,
        focal_x=_or(values.number("focal-x", 0, 1), Fraction(1, 2)),
        focal_y=_or(values.number("focal-y", 0, 1), Fraction(1, 2)),
        focal_zoom=_or(values.number("focal-z", 1, 10), Fraction(1)),
        may_enlarge=values.switch("enlarge") is not False,
        kernel=values.choice("kernel", Kernel) or Kernel.LANCZOS3,
        pad_gravity=values.choice("pad-gravity", Anchor) or Anchor.CENTER,
    )


def _effects(values: Values) -> EffectParams:
    return EffectParams(
        negative=values.flag("negative"),
        negative_alpha=values.flag("negative-alpha"),
        grayscale=values.flag("grayscale"),
        normalize=values.flag("normalize"),
        median=values.integer("median", 1, 15),
        pixelate=values.pixels("pixelate", 1, MAX_SIDE),
        blur=_strength(values, "blur"),
        sharpen=_strength(values, "sharpen"),
        brightness=_percent(values, "brightness"),
        saturation=_percent(values, "saturation"),
        lightness=_percent(values, "lightness"),
        hue=values.integer("hue", -360, 360) or None,
        contrast=_percent(values, "contrast"),
        exposure=_percent(values, "exposure"),
        vibrance=_percent(values, "vibrance"),
        shadow=_percent(values, "shadow"),
        highlight=_percent(values, "highlight"),
        gamma=values.number("gamma", 0, 10) or None,
        sepia=values.integer("sepia", 0, 100) or None,
        tint=values.colour("tint"),
    )


def _strength(values: Values, name: str) -> int | None:
    """1…100; 0 stands for the mild form that the word `true` asks for."""
    if values.text(name) is None:
        return 0 if values.flag(name) else None
    if (values.text(name) or "").lower() in {"true", "yes", "on"}:
        return 0
    if (values.text(name) or "").lower() in {"false", "no", "off", "0"}:
        return None
    return values.integer(name, 1, 100)


def _percent(values: Values, name: str) -> int | None:
    return values.integer(name, -100, 100) or None


def _canvas(values: Values) -> CanvasParams:
    radius, is_ellipse = _radius(values)
    return CanvasParams(
        extend=parse_sides(values, "extend"),
        extend_colour=values.colour("extend-color"),
        extend_mode=values.choice("extend-mode", ExtendMode) or ExtendMode.COLOR,
        border=values.pixels("border", 0, 1_000) or 0,
        border_colour=values.colour("border-color"),
        background=values.colour("bg"),
        radius=radius,
        is_ellipse=is_ellipse,
        opacity=_or(values.integer("opacity", 0, 100), 100),
    )


_CORNERS: Final = 4


def _radius(values: Values) -> tuple[tuple[int, int, int, int] | None, bool]:
    """One radius, four from the top left clockwise, or `max` for an ellipse."""
    text = values.text("radius")
    if text is None:
        return None, False
    if text.lower() == "max":
        return None, True
    parts = text.split(",")
    if len(parts) not in {1, _CORNERS}:
        raise refuse("radius", NOT_ALLOWED, text, allowed=["n", "tl,tr,br,bl", "max"])
    radii = [values.scaled("radius", part, 0, MAX_SIDE) for part in parts] * _CORNERS
    top_left, top_right, bottom_right, bottom_left = radii[:_CORNERS]
    return (top_left, top_right, bottom_right, bottom_left), False


def _output(values: Values) -> OutputParams:
    formats, is_automatic, report = _formats(values)
    return OutputParams(
        formats=formats,
        is_automatic=is_automatic,
        report=report,
        is_full_report=values.text("meta") == "full",
        quality=values.integer("q", 1, 100),
        effort=values.integer("c", 1, 100),
        is_lossless=values.flag("lossless"),
        is_progressive=values.switch("progressive") is not False,
        keep=_keep(values),
        colour_model=values.choice("cm", ColourModel, {"rgb": ColourModel.SRGB})
        or ColourModel.AUTO,
        profile=values.choice("icc", Profile) or Profile.KEEP,
        ignores_input_profile=values.text("icc-input") == "ignore",
        intent=values.choice("icc-intent", Intent) or Intent.PERCEPTUAL,
        palette_colours=_or(values.integer("colors", 1, 16), 6),
        blurhash_x=_or(values.integer("blurhash-x", 1, 9), 4),
        blurhash_y=_or(values.integer("blurhash-y", 1, 9), 3),
    )


_WORDS: Final = {"jpg": "jpeg", "json": "meta"}


def _formats(values: Values) -> tuple[tuple[OutputFormat, ...], bool, Report | None]:
    """`f` with its fallbacks `f2`, `f3` and `f4`."""
    formats: list[OutputFormat] = []
    is_automatic = False
    for name in ("f", "f2", "f3", "f4"):
        text = values.text(name)
        if text is None:
            continue
        word = _WORDS.get(text.lower(), text.lower())
        if name == "f" and word in set(Report):
            return (), False, Report(word)
        if name == "f" and word == "auto":
            is_automatic = True
        elif word in set(OutputFormat):
            formats.append(OutputFormat(word))
        else:
            allowed = sorted({*OutputFormat, "jpg", "auto", *Report})
            raise refuse(name, NOT_ALLOWED, text, allowed=allowed)
    return tuple(dict.fromkeys(formats)), is_automatic, None


def _keep(values: Values) -> frozenset[Metadata]:
    strips = values.switch("strip")
    text = values.text("keep")
    if text is None:
        return _DEFAULT_KEEP if strips is not False else frozenset(Metadata) - {Metadata.GPS}
    words = [word for word in text.lower().split(",") if word]
    if words == ["all"]:
        return frozenset(Metadata)
    if words == ["none"]:
        return frozenset()
    if not set(words) <= set(Metadata):
        raise refuse("keep", NOT_ALLOWED, text, allowed=["all", "none", *Metadata])
    return frozenset(Metadata(word) for word in words)


_DEFAULT_KEEP: Final = frozenset({Metadata.ICC})


def _or(value: N | None, default: N) -> N:
    return default if value is None else value
