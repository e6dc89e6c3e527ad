"""What an image may cost, checked from its header before a pixel is decoded (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.formats import FACTS, OutputFormat
from byteward.transform.image.geometry import Size
from byteward.transform.image.values import refuse


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Bounds of one transformation.

    Attributes:
        max_pixels: pixels of all decoded frames together.
        max_side: longest side of an input.
        max_frames: frames of an animation; beyond it only the first is used.
        max_page: highest page of a document.
        max_output_side: longest side of a result.
        max_output_pixels: pixels of a result.
        max_decoded_bytes: memory for images that have to be held whole.
        max_result_bytes: size of the encoded result.
    """

    max_pixels: int = 120_000_000
    max_side: int = 65_535
    max_frames: int = 1_000
    max_page: int = 1_000
    max_output_side: int = 16_384
    max_output_pixels: int = 100_000_000
    max_decoded_bytes: int = 402_653_184
    max_result_bytes: int = 100_000_000


def check_input(size: Size, limits: ImageLimits) -> None:
    """Refuse a frame that is too large.

    Raises:
        BytewardError: `transformation_failed`.
    """
    if max(size.width, size.height) > limits.max_side:
        raise _too_large("too_many_pixels", f"a side is longer than {limits.max_side} pixels")
    if size.width * size.height > limits.max_pixels:
        raise _too_large("too_many_pixels", f"it has more than {limits.max_pixels} pixels")


def usable_frames(size: Size, count: int, limits: ImageLimits) -> int:
    """How many frames are decoded: all of them, or 1 when that would be too much."""
    if count > limits.max_frames or size.width * size.height * count > limits.max_pixels:
        return 1
    return count


def check_output(size: Size, limits: ImageLimits, *, source: Size, frames: int = 1) -> None:
    """Refuse a result that is too large.

    Args:
        size: of one frame of the result.
        limits: bounds.
        source: what it is made from; a result that does not outgrow it was judged with it.
        frames: how many there are.

    Raises:
        BytewardError: `invalid_parameter` with the reason `output_too_large`.
    """
    if size.width <= source.width and size.height <= source.height:
        return
    area = size.width * size.height * frames
    if max(size.width, size.height) > limits.max_output_side or area > limits.max_output_pixels:
        raise refuse("w", "output_too_large", f"{size.width}x{size.height}")


def fits_format(size: Size, output: OutputFormat) -> bool:
    """Whether a format can hold an image of that size."""
    return max(size.width, size.height) <= FACTS[output].max_side


def _too_large(reason: str, message: str) -> BytewardError:
    return BytewardError(
        ErrorCode.TRANSFORMATION_FAILED,
        f"the image is too large: {message}",
        details={"reason": reason},
    )
