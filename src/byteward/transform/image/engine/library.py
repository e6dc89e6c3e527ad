"""libvips with every loader locked, and the few that a job needs unlocked by name.

SECURITY: libvips would pick a loader by itself from a file's first bytes, and it has loaders that
read other files or run programs. All of them are blocked as a class first; a job then unblocks the
one that our own table names for its input, and calls it by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import pyvips

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.formats import InputFormat

LOADERS: Final[Mapping[InputFormat, str]] = {
    InputFormat.AVIF: "heifload_source",
    InputFormat.GIF: "gifload_source",
    InputFormat.JPEG: "jpegload_source",
    InputFormat.PNG: "pngload_source",
    InputFormat.SVG: "svgload_source",
    InputFormat.TIFF: "tiffload_source",
    InputFormat.WEBP: "webpload_source",
}
"""What libvips itself decodes; other formats come through a library of their own."""


def start_library(*, threads: int) -> None:
    """Lock everything. Call it once, before any image exists.

    Args:
        threads: that one operation may use.
    """
    os.environ["VIPS_BLOCK_UNTRUSTED"] = "1"
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(threads)


def unlock(formats: frozenset[InputFormat]) -> None:
    """Let the loaders of these formats run in this process."""
    for each in formats & LOADERS.keys():
        loader = pyvips.type_find("VipsOperation", LOADERS[each])
        pyvips.operation_block_set(pyvips.type_name(loader), False)


def load(data: object, source: InputFormat, **options: object) -> pyvips.Image:
    """Open an image; pixels are decoded when they are asked for.

    Args:
        data: the file's bytes, anything with the buffer protocol. It must outlive the image.
        source: from `sniff`, never from a name or a declared type.
        options: of the loader.

    Raises:
        BytewardError: `unsupported_input_format` when this build has no decoder for it,
            `corrupt_input`.
    """
    name = LOADERS.get(source)
    if name is None or pyvips.type_find("VipsOperation", name) == 0:
        raise unsupported(source.value)
    try:
        return pyvips.Operation.call(name, pyvips.Source.new_from_memory(data), **options)
    except pyvips.Error as error:
        raise corrupt(error) from None


def unsupported(detected: str | None) -> BytewardError:
    """The error for a file that no decoder takes."""
    return BytewardError(
        ErrorCode.UNSUPPORTED_INPUT_FORMAT,
        "the file is not an image of a supported format",
        details={"detected": detected},
    )


def corrupt(_error: Exception | None = None, reason: str = "malformed") -> BytewardError:
    """The error for a file that breaks its own format; the library's words stay inside."""
    return BytewardError(ErrorCode.CORRUPT_INPUT, "the file is damaged", details={"reason": reason})
