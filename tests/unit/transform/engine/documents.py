"""Files of the formats that have decoders of their own: BMP and PDF made here, HEIC from data."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.unit.transform.engine.pictures import BLUE, GREEN, RED, YELLOW

DATA: Final = Path(__file__).parents[3] / "data"
CORNERS: Final = {(0.25, 0.25): RED, (0.75, 0.25): GREEN, (0.25, 0.75): BLUE, (0.75, 0.75): YELLOW}
"""The four colours, by fractions of the sides."""


def heic(name: str) -> bytes:
    """A file of tests/data."""
    return (DATA / f"{name}.heic").read_bytes()


def bmp(
    width: int, height: int, bits: int = 24, *, declared: tuple[int, int] | None = None
) -> bytes:
    """The four colours as a Windows bitmap, the lowest row first."""
    rows = []
    for y in range(height - 1, -1, -1):
        row = b""
        for x in range(width):
            colour = CORNERS[0.25 if x < width // 2 else 0.75, 0.25 if y < height // 2 else 0.75]
            row += bytes(reversed(colour)) + (b"\xff" if bits == 32 else b"")
        rows.append(row + bytes(-len(row) % 4))
    body = b"".join(rows)
    shown = declared or (width, height)
    info = struct.pack("<IiiHHIIiiII", 40, *shown, 1, bits, 0, len(body), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + info + body


def pdf(pages: Sequence[tuple[int, int, str]]) -> bytes:
    """Pages by width and height in points and what is drawn on them."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>"]
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode())
    for number, (width, height, drawing) in enumerate(pages):
        content = 4 + 2 * number
        box = f"/MediaBox[0 0 {width} {height}]"
        objects.append(f"<</Type/Page/Parent 2 0 R{box}/Contents {content} 0 R>>".encode())
        objects.append(f"<</Length {len(drawing)}>>stream\n{drawing}\nendstream".encode())
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    start = out.rindex(b"xref\n0")
    return (
        out + f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF".encode()
    )


QUAD_PDF: Final = (
    "1 0 0 rg 0 50 100 50 re f 0 1 0 rg 100 50 100 50 re f "
    "0 0 1 rg 0 0 100 50 re f 1 1 0 rg 100 0 100 50 re f"
)
