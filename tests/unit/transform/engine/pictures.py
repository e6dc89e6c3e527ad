"""Pictures that tests make for themselves, and a look at the pixels of results."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pyvips

from byteward.transform.image.engine import library
from byteward.transform.image.engine.render import Job, Result, render
from byteward.transform.image.formats import InputFormat, accepted_formats, sniff
from byteward.transform.image.limits import ImageLimits
from byteward.transform.image.params import parse_params

RED, GREEN, BLUE, YELLOW = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]

library.start_library(threads=1)


def solid(width: int, height: int, colour: list[int]) -> pyvips.Image:
    black = pyvips.Image.black(width, height, bands=len(colour))
    return (black + colour).cast("uchar").copy(interpretation="srgb")


def quad() -> pyvips.Image:
    """400 x 300: red, green / blue, yellow."""
    parts = [solid(200, 150, colour) for colour in (RED, GREEN, BLUE, YELLOW)]
    return pyvips.Image.arrayjoin(parts, across=2)


def gradient(width: int, height: int) -> pyvips.Image:
    grid = pyvips.Image.xyz(width, height)
    x, y = grid.extract_band(0) * (255 / width), grid.extract_band(1) * (255 / height)
    return x.bandjoin([y, (x + y) / 2]).cast("uchar").copy(interpretation="srgb")


def oriented(orientation: int) -> bytes:
    image = quad().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.set_type(
        pyvips.GValue.gstr_type, "exif-ifd0-Make", "Camera (Camera, ASCII, 7 components)"
    )
    return bytes(image.jpegsave_buffer(Q=95, subsample_mode="off", keep=1))


def animation(saver: str) -> bytes:
    """50 x 40, four frames of red 0, 80, 160, 240; delays 100, 200, 100, 300 ms; three loops."""
    frames = [solid(50, 40, [red, 0, 0]) for red in (0, 80, 160, 240)]
    image = pyvips.Image.arrayjoin(frames, across=1).copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", 40)
    image.set_type(pyvips.GValue.gint_type, "loop", 3)
    image.set_type(pyvips.GValue.array_int_type, "delay", [100, 200, 100, 300])
    return bytes(pyvips.Operation.call(saver, image))


SVG1 = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="red"/></svg>'  # noqa: E501
SVG2 = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="red"/></svg>'  # noqa: E501


def _step() -> pyvips.Image:
    return solid(50, 100, [0, 0, 0]).join(solid(50, 100, [255, 255, 255]), "horizontal")


def _alpha() -> pyvips.Image:
    return solid(150, 200, [255, 0, 0, 255]).join(solid(150, 200, [0, 0, 0, 0]), "horizontal")


def _png(image: pyvips.Image) -> bytes:
    return bytes(image.pngsave_buffer())


def _jpeg(image: pyvips.Image) -> bytes:
    return bytes(image.jpegsave_buffer(Q=95, subsample_mode="off"))


@cache
def picture(name: str) -> bytes:
    """A picture by its name."""
    if name.startswith("EX"):
        return oriented(int(name[2:]))
    return _MAKERS[name]()


_MAKERS = {
    "QUAD": lambda: _png(quad()),
    "QUADJ": lambda: _jpeg(quad()),
    "LG": lambda: _jpeg(gradient(4000, 3000)),
    "HD": lambda: _jpeg(gradient(1920, 1080)),
    "PT": lambda: _jpeg(gradient(1000, 1500)),
    "TALL": lambda: _png(gradient(200, 900)),
    "ODD": lambda: _png(gradient(1000, 333)),
    "ODD2": lambda: _jpeg(gradient(640, 427)),
    "THIN": lambda: _png(gradient(3, 1000)),
    "LINE": lambda: _png(gradient(1000, 1)),
    "DOT": lambda: _png(solid(1, 1, RED)),
    "WIDE": lambda: _png(solid(17000, 2, RED)),
    "ALPHA": lambda: _png(_alpha()),
    "TR": lambda: _png(solid(8, 8, [255, 0, 0, 0])),
    "BASE": lambda: _png(solid(400, 300, [200, 100, 50])),
    "LOGO": lambda: _png(solid(20, 20, [0, 0, 255, 255])),
    "LOGO2": lambda: _png(solid(20, 20, [100, 150, 250, 128])),
    "BIG": lambda: _png(solid(1000, 1000, BLUE)),
    "STEP": lambda: _png(_step()),
    "POP": lambda: _png(solid(900, 300, [120] * 3).insert(solid(80, 80, [230, 40, 40]), 780, 100)),
    "BORD": lambda: _png(solid(200, 150, [255] * 3).insert(solid(50, 40, [0] * 3), 30, 20)),
    "G4": lambda: animation("gifsave_buffer"),
    "W4": lambda: animation("webpsave_buffer"),
    "AVIF1": lambda: bytes(quad().heifsave_buffer(compression="av1", Q=90)),
    "TIF1": lambda: bytes(quad().tiffsave_buffer()),
    "P16": lambda: _png(gradient(100, 80).colourspace("rgb16")),
    "SVG1": lambda: SVG1,
    "SVG2": lambda: SVG2,
}


def make(
    name: str | bytes,
    query: str = "",
    *,
    accept: str | None = None,
    limits: ImageLimits | None = None,
    layers: Mapping[str, bytes] | None = None,
) -> Result:
    """Transform a picture as the URL's query says."""
    pairs = [(key, value) for key, _, value in (part.partition("=") for part in query.split("&"))]
    given = {
        "/LOGO.png": picture("LOGO"),
        "/LOGO2.png": picture("LOGO2"),
        "/BIG.png": picture("BIG"),
    }
    return render(
        Job(
            data=memoryview(name if isinstance(name, bytes) else picture(name)),
            params=parse_params(pairs if query else []),
            accepted=accepted_formats(accept),
            limits=limits or ImageLimits(),
            secondary={key: memoryview(body) for key, body in (given | dict(layers or {})).items()},
            font_files={},
        )
    )


def opened(body: bytes, **options: object) -> pyvips.Image:
    """A result's pixels."""
    found = sniff(body[:1024])
    assert found is not None
    library.unlock(frozenset(InputFormat))
    return library.load(body, found, **options).copy_memory()


def pixel(result: Result, x: int, y: int) -> list[int]:
    return [round(channel) for channel in opened(result.body)(x, y)]


def near(found: list[int], expected: list[int], tolerance: int = 3) -> bool:
    return len(found) == len(expected) and all(
        abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True)
    )
