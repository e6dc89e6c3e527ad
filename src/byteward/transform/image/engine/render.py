"""One transformation from a file's bytes to a result's: the stages in their fixed order.

Orient, import colours, trim, crop, rotate, flip, resize, crop again, effects, extend and border,
layers, shape, flatten, encode. The order never depends on the order of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final

import pyvips

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image import geometry
from byteward.transform.image.colour import TRANSPARENT, WHITE, Colour
from byteward.transform.image.engine import canvas as canvas_stage
from byteward.transform.image.engine import encode as encoder
from byteward.transform.image.engine import library
from byteward.transform.image.engine.colours import export_colours, import_colours, to_rgb
from byteward.transform.image.engine.effects import apply_effects
from byteward.transform.image.engine.layering import Painter, rotated, scaled
from byteward.transform.image.engine.reporting import report
from byteward.transform.image.engine.source import Header, Selection, decode, read_header, select
from byteward.transform.image.formats import (
    FACTS,
    InputFormat,
    OutputFormat,
    automatic,
    default_output,
    negotiate,
    sniff,
)
from byteward.transform.image.geometry import Box, Fit, Resize, Size
from byteward.transform.image.limits import ImageLimits, check_output, fits_format
from byteward.transform.image.params import EffectParams, Flip, Focus, ImageParams, InputHint
from byteward.transform.image.values import refuse

_GRAPHIC: Final = frozenset({InputFormat.PNG, InputFormat.GIF, InputFormat.SVG})
_VECTOR: Final = frozenset({InputFormat.SVG, InputFormat.PDF})
_PLAIN_DPI: Final = 72
_READABLE_DPI: Final = 150
_SHRINKS: Final = (8, 4, 2)
_OPAQUE: Final = 255


@dataclass(frozen=True, slots=True)
class Job:
    """What a transformation works on.

    Attributes:
        data: the file's bytes; anything with the buffer protocol.
        params: what is asked for.
        accepted: formats that the client shows.
        limits: bounds.
        secondary: bytes of the images and fonts that layers name, by the name in the parameter.
        font_files: local files of fonts, by the name in the parameter.
    """

    data: memoryview
    params: ImageParams
    accepted: frozenset[OutputFormat]
    limits: ImageLimits
    secondary: Mapping[str, memoryview]
    font_files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out.

    Attributes:
        mime: media type.
        body: the bytes.
        width: in pixels; 0 for texts.
        height: in pixels; 0 for texts.
        is_reduced: an animation was too large, so that only its first frame is shown.
    """

    mime: str
    body: bytes
    width: int
    height: int
    is_reduced: bool = False


def render(job: Job) -> Result:
    """Do it.

    Raises:
        BytewardError: `unsupported_input_format`, `corrupt_input`, `transformation_failed`,
            `invalid_parameter`.
    """
    try:
        return _render(job)
    except pyvips.Error:
        # Pixels are decoded while the result is written, so damage may show as late as that.
        raise (_failed() if _is_whole(job) else library.corrupt()) from None


def _is_whole(job: Job) -> bool:
    """Whether the file can be decoded to its end."""
    source = sniff(bytes(job.data[:1024]))
    if source is None:
        return False
    try:
        decode(job.data, read_header(job.data, source, job.limits), Selection(0, 1)).avg()
    except (pyvips.Error, BytewardError):
        return False
    return True


def _failed() -> BytewardError:
    return BytewardError(
        ErrorCode.TRANSFORMATION_FAILED,
        "the result could not be made",
        details={"reason": "encoder_error"},
    )


def _render(job: Job) -> Result:
    source = sniff(bytes(job.data[:1024]))
    params = job.params
    if source is None or not _is_as_hinted(source, params.source.hint):
        raise library.unsupported(None if source is None else source.value)
    library.unlock(frozenset({source}))
    header = read_header(
        job.data, source, job.limits, page=params.source.page, dpi=_density(params)
    )
    selection = select(
        header,
        params.source.page,
        wants_animation=_may_move(header, params),
        limits=job.limits,
    )
    frames = _frames(job, header, selection)
    output = _output_format(job, header, frames)
    if params.output.report is not None:
        mime, body = report(frames[0], header, len(job.data), params.output, output)
        return Result(mime, body, 0, 0)
    body = _encoded(job, header, selection, frames, output)
    if len(body) > job.limits.max_result_bytes:
        raise refuse("w", "output_too_large")
    first = frames[0]
    return Result(FACTS[output].mime, body, first.width, first.height, selection.is_reduced)


def _is_as_hinted(source: InputFormat, hint: InputHint | None) -> bool:
    """Whether the file is of the kind that the client says."""
    is_document = source is InputFormat.PDF
    return hint is None or hint is (InputHint.DOCUMENT if is_document else InputHint.IMAGE)


def _density(params: ImageParams) -> int:
    """Dots per inch of a page: what is asked for, or else fine enough to be read."""
    if params.source.dpi is not None:
        return params.source.dpi
    is_sized = params.resize.width is not None or params.resize.height is not None
    return _PLAIN_DPI if is_sized else _READABLE_DPI


def _may_move(header: Header, params: ImageParams) -> bool:
    """Whether the result can be an animation."""
    output = params.output
    if output.report is not None or not params.source.is_animated:
        return False
    if output.is_automatic:
        return True
    formats = output.formats or (default_output(header.source),)
    return any(FACTS[each].is_animated for each in formats)


def _encoded(
    job: Job,
    header: Header,
    selection: Selection,
    frames: Sequence[pyvips.Image],
    output: OutputFormat,
) -> bytes:
    facts = FACTS[output]
    if not facts.is_animated:
        frames = frames[:1]
    finished = []
    for frame in frames:
        each = frame
        if not facts.has_alpha or job.params.canvas.background is not None:
            each = canvas_stage.flatten(each, job.params.canvas.background)
        finished.append(export_colours(each, job.params.output))
    end = selection.first + selection.count
    delays = header.delays[selection.first : end] if len(frames) > 1 else ()
    return encoder.encode(finished, output, job.params.output, delays=delays, loop=header.loop)


def _output_format(job: Job, header: Header, frames: Sequence[pyvips.Image]) -> OutputFormat:
    """The format of the result; the next candidate when a side is too long for one."""
    output, image = job.params.output, frames[0]
    size = Size(image.width, image.height)
    if output.is_automatic:
        wanted = automatic(
            is_animated=len(frames) > 1,
            is_opaque=_is_opaque(image),
            is_graphic=header.source in _GRAPHIC,
            pixels=size.width * size.height,
        )
    else:
        wanted = output.formats or (default_output(header.source),)
    possible = [each for each in wanted if fits_format(size, each) and each in encoder.SUPPORTED]
    if not possible:
        if any(each not in encoder.SUPPORTED for each in wanted):
            allowed = [each.value for each in OutputFormat if each in encoder.SUPPORTED]
            raise refuse("f", "not_allowed", wanted[0].value, allowed=allowed)
        raise refuse("w", "output_too_large", f"{size.width}x{size.height}")
    if not output.is_negotiated:
        return possible[0]
    return negotiate(possible, job.accepted)


def _is_opaque(image: pyvips.Image) -> bool:
    if not image.hasalpha():
        return True
    return bool(image.extract_band(image.bands - 1).min() == _OPAQUE)


def _frames(job: Job, header: Header, selection: Selection) -> list[pyvips.Image]:
    """Every selected frame with all stages before the encoder done."""
    sizes = _Sizes.of(header, job.params, job.limits, frames=selection.count)
    roll = _decoded(job, header, selection, sizes)
    if selection.count == 1:
        image = _Stages(job, header, sizes).draw(roll)
        output = job.params.output
        # What is looked at before it is written is read twice, and files are read once.
        looks = output.report is not None or (output.is_automatic and image.hasalpha())
        return [image.copy_memory() if looks else image]
    roll = roll.copy_memory()  # frames are cut out of it in any order
    height = roll.height // selection.count
    stages = _Stages(job, header, sizes)
    return [
        stages.draw(roll.crop(0, index * height, roll.width, height))
        for index in range(selection.count)
    ]


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The geometry of a job, as far as the header tells it.

    Attributes:
        crop: manual crop of the oriented image; None for all of it.
        turned: size after crop and rotation.
        resize: the resize; None when trimming has to come first.
    """

    crop: Box | None
    turned: Size
    resize: Resize | None

    @classmethod
    def of(cls, header: Header, params: ImageParams, limits: ImageLimits, *, frames: int) -> _Sizes:
        crop = manual_crop(header.oriented, params)
        size = crop.size if crop is not None else header.oriented
        turned = turned_size(size, params.rotate)
        if params.trim is not None:
            return cls(crop, turned, None)
        plan = resize_plan(turned, params)
        check_output(plan.scaled, limits, source=turned, frames=frames)
        check_output(plan.output, limits, source=turned, frames=frames)
        return cls(crop, turned, plan)


def manual_crop(source: Size, params: ImageParams) -> Box | None:
    """The rectangle that `crop-*` and `ar` cut from the oriented image."""
    crop = params.crop
    box = Box(0, 0, source.width, source.height)
    if crop.is_rectangle:
        x = 0 if crop.x is None else crop.x.pixels(source.width)
        y = 0 if crop.y is None else crop.y.pixels(source.height)
        width = None if crop.width is None else max(1, crop.width.pixels(source.width))
        height = None if crop.height is None else max(1, crop.height.pixels(source.height))
        found = geometry.clamped_crop(source, x, y, width, height)
        if found is None:
            raise refuse("crop-x", "crop_out_of_bounds", f"{x},{y}")
        box = found
    resize = params.resize
    has_both = resize.width is not None and resize.height is not None
    if crop.ratio is not None and not has_both:
        inside = geometry.aspect_crop(box.size, crop.ratio)
        anchor = resize.focus.anchor or geometry.Anchor.CENTER
        cut = geometry.window(box.size, inside, anchor.column, anchor.row)
        box = Box(box.x + cut.x, box.y + cut.y, cut.width, cut.height)
    return None if box.size == source else box


def turned_size(size: Size, degrees: int) -> Size:
    """The bounding size after a rotation by quarter turns; others are measured when drawn."""
    return Size(size.height, size.width) if degrees in {90, 270} else size


def resize_plan(source: Size, params: ImageParams) -> Resize:
    """The resize of an image of that size."""
    wanted = params.resize
    width = None if wanted.width is None else max(1, wanted.width.pixels(source.width))
    height = None if wanted.height is None else max(1, wanted.height.pixels(source.height))
    return geometry.resize(source, width, height, wanted.fit, may_enlarge=wanted.may_enlarge)


def _decoded(job: Job, header: Header, selection: Selection, sizes: _Sizes) -> pyvips.Image:
    """Pixels, decoded at a fraction of their size where the result is that small."""
    factor = _load_factor(job.params, sizes)
    if factor is None:
        return decode(job.data, header, selection)
    if header.source is InputFormat.JPEG:
        return decode(job.data, header, selection, shrink=_jpeg_shrink(factor))
    if header.source in _VECTOR:
        return decode(job.data, header, selection, scale=float(1 / factor))
    if header.source is InputFormat.WEBP and factor > 1 and selection.count == 1:
        return decode(job.data, header, selection, scale=float(1 / factor))
    return decode(job.data, header, selection)


def _load_factor(params: ImageParams, sizes: _Sizes) -> Fraction | None:
    """How many times smaller the result is than the image, if it may be decoded like that."""
    if sizes.resize is None or sizes.crop is not None or params.rotate % 90:
        return None
    scaled_size = sizes.resize.scaled
    return min(
        Fraction(sizes.turned.width, scaled_size.width),
        Fraction(sizes.turned.height, scaled_size.height),
    )


def _jpeg_shrink(factor: Fraction) -> int:
    """The largest fraction that the decoder offers and that leaves nothing to enlarge."""
    return next((each for each in _SHRINKS if factor >= each), 1)


class _Stages:
    """Draws frames; what one frame decides (where a smart crop lies) holds for all."""

    def __init__(self, job: Job, header: Header, sizes: _Sizes) -> None:
        self._job = job
        self._params = job.params
        self._header = header
        self._sizes = sizes
        self._found: dict[str, Box] = {}
        self._painter = Painter(self._open_layer, job.font_files.get)

    def draw(self, image: pyvips.Image) -> pyvips.Image:
        """All stages before the encoder, on one frame."""
        params = self._params
        image = self._colours(self._oriented(image))
        image = self._cut(image)
        if params.rotate:
            image = rotated(image, params.rotate, self._corner_colour())
        image = _flipped(image, params.flip)
        image = self._resized(image)
        image = apply_effects(image, params.effects)
        image = canvas_stage.extend(image, params.canvas, can_be_clear=self._can_be_clear())
        image = canvas_stage.border(image, params.canvas)
        drawn = Size(image.width, image.height)
        check_output(drawn, self._job.limits, source=self._header.oriented)
        image = self._painter.paint(image, params.layers)
        return canvas_stage.shape(image, params.canvas)

    def _oriented(self, image: pyvips.Image) -> pyvips.Image:
        if self._header.orientation == 1:
            return image
        # Turning needs the pixels in another order than the file has them.
        return image.copy_memory().autorot()

    def _colours(self, image: pyvips.Image) -> pyvips.Image:
        params = self._params
        looks = params.effects != EffectParams() or bool(params.layers)
        changes = looks or params.output.report is not None or params.canvas.border > 0
        formats = params.output.formats
        carries = OutputFormat.GIF not in formats and self._header.source is not InputFormat.GIF
        return import_colours(image, params.output, keeps_profile=carries and not changes)

    def _cut(self, image: pyvips.Image) -> pyvips.Image:
        params = self._params
        if params.trim is not None:
            image = self._trimmed(image.copy_memory(), params.trim)
            crop = manual_crop(Size(image.width, image.height), params)
        else:
            crop = self._sizes.crop
        return image if crop is None else image.crop(crop.x, crop.y, crop.width, crop.height)

    def _trimmed(self, image: pyvips.Image, threshold: int) -> pyvips.Image:
        if "trim" not in self._found:
            flat = canvas_stage.flatten(image, None)
            colour = self._params.trim_colour
            background = list(colour.rgb)[: flat.bands] if colour else flat(0, 0)
            left, top, width, height = flat.find_trim(threshold=threshold, background=background)
            empty = width == 0 or height == 0
            box = Box(0, 0, image.width, image.height) if empty else Box(left, top, width, height)
            self._found["trim"] = box
        box = self._found["trim"]
        return image.crop(box.x, box.y, box.width, box.height)

    def _corner_colour(self) -> Colour:
        params = self._params
        default = TRANSPARENT if self._can_be_clear() else WHITE
        return params.rotate_colour or params.canvas.background or default

    def _can_be_clear(self) -> bool:
        output = self._params.output
        if output.is_automatic or output.report is not None:
            return True
        formats = output.formats or (default_output(self._header.source),)
        return FACTS[formats[0]].has_alpha

    def _resized(self, image: pyvips.Image) -> pyvips.Image:
        params = self._params
        plan = self._sizes.resize
        size = Size(image.width, image.height)
        if plan is None or params.rotate % 90:
            plan = resize_plan(size, params)
            check_output(plan.scaled, self._job.limits, source=size)
            check_output(plan.output, self._job.limits, source=size)
        zoomed = plan.scaled
        if params.resize.focus is Focus.FOCAL and plan.is_crop:
            zoom = params.resize.focal_zoom
            zoomed = Size(floor(zoomed.width * zoom), floor(zoomed.height * zoom))
            check_output(zoomed, self._job.limits, source=size)
        image = scaled(image, zoomed, params.resize.kernel.value)
        if params.resize.fit in {Fit.PAD, Fit.PAD_SHRINK}:
            return self._padded(image, plan.output)
        if zoomed == plan.output:
            return image
        return self._cropped(image, plan.output)

    def _padded(self, image: pyvips.Image, outer: Size) -> pyvips.Image:
        inner = Size(image.width, image.height)
        if inner == outer:
            return image
        params = self._params
        anchor = params.resize.pad_gravity
        at = geometry.window(outer, inner, anchor.column, anchor.row)
        default = TRANSPARENT if self._can_be_clear() else WHITE
        colour = params.canvas.background or params.canvas.extend_colour or default
        return canvas_stage.place_on(image, Box(at.x, at.y, outer.width, outer.height), colour)

    def _cropped(self, image: pyvips.Image, inner: Size) -> pyvips.Image:
        focus, outer = self._params.resize.focus, Size(image.width, image.height)
        if focus is Focus.FOCAL:
            wanted = self._params.resize
            box = geometry.focal_window(outer, inner, wanted.focal_x, wanted.focal_y)
        elif focus.anchor is not None:
            box = geometry.window(outer, inner, focus.anchor.column, focus.anchor.row)
        else:
            image = image.copy_memory()  # it is looked at first, and cut then
            box = self._smart(image, inner, focus)
        return image.crop(box.x, box.y, box.width, box.height)

    def _smart(self, image: pyvips.Image, inner: Size, focus: Focus) -> Box:
        """Where the library finds most to see; the same place on every frame."""
        if "smart" not in self._found:
            how = "attention" if focus is Focus.SMART else "entropy"
            cut = to_rgb(image).smartcrop(inner.width, inner.height, interesting=how)
            self._found["smart"] = Box(-cut.xoffset, -cut.yoffset, inner.width, inner.height)
        return self._found["smart"]

    def _open_layer(self, name: str) -> pyvips.Image:
        data = self._job.secondary[name]
        source = sniff(bytes(data[:1024]))
        if source is None:
            raise library.unsupported(None)
        library.unlock(frozenset({source}))
        header = read_header(data, source, self._job.limits)
        image = decode(data, header, Selection(0, 1)).copy_memory()
        if header.orientation != 1:
            image = image.autorot()
        plain = replace(self._params.output, ignores_input_profile=False)
        return to_rgb(import_colours(image, plain, keeps_profile=False))


def _flipped(image: pyvips.Image, flip: Flip | None) -> pyvips.Image:
    turns: Mapping[Flip | None, Sequence[Callable[[pyvips.Image], pyvips.Image]]] = {
        Flip.HORIZONTAL: [lambda each: each.fliphor()],
        Flip.VERTICAL: [lambda each: each.copy_memory().flipver()],
        Flip.BOTH: [lambda each: each.copy_memory().rot180()],
    }
    for turn in turns.get(flip, ()):
        image = turn(image)
    return image
