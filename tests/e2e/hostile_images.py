"""Images that mean harm, made by hand: declared giants, bombs, cycles, and files cut short."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from tests.unit.transform.engine.documents import QUAD_PDF, bmp, heic, pdf
from tests.unit.transform.engine.pictures import picture

GIANT: Final = 60_000


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"\0" * 4) -> bytes:
    """An RGB PNG of that size by its header, with whatever in it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + chunk(b"IEND", b"")


def gif(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF of that size by its header; each frame is one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def tiff(entries: Mapping[int, int], *, next_directory: int = 0) -> bytes:
    """A little-endian TIFF with one directory of LONG values."""
    body = struct.pack("<H", len(entries))
    for tag, value in sorted(entries.items()):
        body += struct.pack("<HHII", tag, 4, 1, value)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", next_directory)


def with_sides(data: bytes, width: int, height: int) -> bytes:
    """An AVIF or HEIC whose `ispe` boxes tell other sides."""
    parts = data.split(b"ispe")
    sides = b"\0" * 4 + struct.pack(">II", width, height)
    return parts[0] + b"".join(b"ispe" + sides + each[12:] for each in parts[1:])


def jpeg_with(data: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


def giant_jpeg() -> bytes:
    """The sides in the frame header are 65,500."""
    data = picture("QUADJ")
    at = next(
        data.index(bytes([0xFF, each])) for each in (0xC0, 0xC2) if bytes([0xFF, each]) in data
    )
    return data[: at + 5] + struct.pack(">HH", 65_500, 65_500) + data[at + 9 :]


def giants() -> Iterator[tuple[str, bytes]]:
    """Files whose headers say that they are enormous."""
    yield "giant.png", png(GIANT, GIANT)
    yield "giant.gif", gif(65_535, 65_535)
    yield "giant.jpeg", giant_jpeg()
    yield "giant.bmp", bmp(8, 8, declared=(GIANT, GIANT))
    yield "giant.avif", with_sides(picture("AVIF1"), GIANT, GIANT)
    yield "giant.heic", with_sides(heic("quad"), GIANT, GIANT)
    yield "giant.tiff", tiff({256: GIANT, 257: GIANT, 258: 8, 259: 1, 262: 1, 273: 8, 279: 8})
    yield "giant.pdf", pdf([(200_000, 200_000, QUAD_PDF)])
    yield "giant.svg", SVG % b'width="100000" height="100000"/'
    sides = (GIANT - 1).to_bytes(3, "little") * 2
    body = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + sides
    yield "giant.webp", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


SVG: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" %s>'
)


def _svg(inside: bytes) -> bytes:
    return SVG % b'width="40" height="20"' + inside + b"</svg>"


def drawings(outside: bytes) -> Iterator[tuple[str, bytes]]:
    """SVGs that want more than to be drawn; `outside` is a URL that must never be asked."""
    laughs = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%b">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
    )
    yield "laughs.svg", b"<!DOCTYPE svg [" + laughs + b"]>" + _svg(b"<text>&a9;</text>")
    file = b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield "entity.svg", file + _svg(b'<text y="10">&x;</text>')
    yield "script.svg", _svg(b"<script>alert(1)</script>")
    yield "handler.svg", _svg(b'<rect width="9" height="9" onload="alert(1)"/>')
    yield "foreign.svg", _svg(b"<foreignObject><iframe src='" + outside + b"'/></foreignObject>")
    yield "image.svg", _svg(b'<image width="9" height="9" xlink:href="%b"/>' % outside)
    yield "file.svg", _svg(b'<image width="9" height="9" href="file:///etc/passwd"/>')
    yield "use.svg", _svg(b'<use href="%b#x"/>' % outside)
    yield "import.svg", _svg(b"<style>@import url(%b);</style>" % outside)
    yield "fill.svg", _svg(b'<rect width="9" height="9" fill="url(%b#x)"/>' % outside)
    yield (
        "include.svg",
        _svg(b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
    )
    yield "deep.svg", _svg(b"<g>" * 5000 + b"</g>" * 5000)
    bomb = b'<g id="b0"><rect width="1" height="1"/></g>' + b"".join(
        b'<g id="b%d">%b</g>' % (n, b'<use href="#b%d"/>' % (n - 1) * 10) for n in range(1, 9)
    )
    yield "bomb.svg", _svg(bomb + b'<use href="#b8"/>')


def broken() -> Iterator[tuple[str, bytes]]:
    """Files that break the rules of their own formats, or have none."""
    sources = {
        "png": picture("QUAD"),
        "jpeg": picture("QUADJ"),
        "gif": picture("G4"),
        "webp": picture("W4"),
        "avif": picture("AVIF1"),
        "tiff": picture("TIF1"),
        "heic": heic("quad"),
        "bmp": bmp(40, 30),
    }
    for name, data in sources.items():
        yield f"head.{name}", data[:32]
        # Of an animation the first frame is enough to answer.
        yield f"third.{name}", data[: len(data) // (12 if name == "gif" else 3)]
    yield "html.png", b"<!doctype html><script>alert(1)</script>"
    yield "text.jpeg", b"hello, world" * 100
    yield "program.gif", b"\x7fELF" + bytes(1000)
    yield "archive.webp", b"PK\x03\x04" + bytes(1000)
    yield "jxl.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(1000)
    yield "cycle.tiff", tiff({256: 0, 257: 8}, next_directory=8)
    yield "nothing.pdf", b"%PDF-1.7\n%%EOF"
    yield (
        "cycle.pdf",
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\n"
            b"trailer<</Size 3/Root 1 0 R>>\n%%EOF"
        ),
    )


def costly() -> Iterator[tuple[str, bytes]]:
    """Files that are as they should be, and would cost far more than they weigh."""
    profile = b"icc\0\0" + zlib.compress(bytes(200_000_000), 9)
    yield "profile.png", png(8, 8, chunk(b"iCCP", profile), pixels=bytes(25 * 8))
    text = b"note\0\0" + zlib.compress(bytes(200_000_000), 9)
    yield "text.png", png(8, 8, chunk(b"zTXt", text), pixels=bytes(25 * 8))
    yield "long.png", png(8, 8, pixels=bytes(100_000_000))
    yield "frames.gif", gif(4000, 4000, 2000)
    yield (
        "exif.jpeg",
        jpeg_with(picture("QUADJ"), 0xE1, b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 5000),
    )
    yield "icc.jpeg", jpeg_with(picture("QUADJ"), 0xE2, b"ICC_PROFILE\0\x01\x01" + b"\xff" * 5000)
    pages = [(20, 20, "")] * 3000
    yield "pages.pdf", pdf(pages)


def mutated(random_bytes: Iterator[int]) -> Iterator[tuple[str, bytes]]:
    """Good files with a few bytes changed; `random_bytes` gives numbers from 0 to 2**32 - 1."""
    sources = [picture(n) for n in ("QUAD", "QUADJ", "G4", "W4", "AVIF1", "TIF1", "SVG1")]
    sources += [heic("quad"), bmp(20, 20), pdf([(50, 50, QUAD_PDF)])]
    for number, data in enumerate(sources):
        changed = bytearray(data)
        for _ in range(1 + next(random_bytes) % 8):
            changed[next(random_bytes) % len(changed)] = next(random_bytes) % 256
        yield f"mutated-{number}", bytes(changed)
