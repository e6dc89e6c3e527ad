"""A running server with the pictures of the numbered cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyvips

from tests.e2e.hostile_images import png
from tests.e2e.server import Answer, Server, request, serving
from tests.unit.transform.engine.documents import bmp, heic, pdf
from tests.unit.transform.engine.pictures import gradient, picture, quad, solid

MADE: Final = [
    "QUAD", "QUADJ", "LG", "HD", "PT", "TALL", "ODD", "ODD2", "THIN", "LINE", "DOT", "WIDE",
    "ALPHA", "TR", "BASE", "LOGO", "LOGO2", "BIG", "STEP", "POP", "BORD", "G4", "W4", "AVIF1",
    "P16", "SVG1", "SVG2", "EX1", "EX2", "EX3", "EX4", "EX5", "EX6", "EX7", "EX8",
]  # fmt: skip
CROP: Final = {
    "inputPath": "QUAD",
    "pipeline": {
        "steps": [
            {
                "type": "crop",
                "geometry": {
                    "offset": {"x": 200, "y": 150},
                    "size": {"width": 200, "height": 150, "type": "widthxheight!"},
                },
            }
        ]
    },
}


def _pictures() -> Iterator[tuple[str, bytes]]:
    for name in MADE:
        yield name, picture(name)
    for name, colour in (
        ("SOL128", [128] * 3),
        ("SOL200", [200, 100, 60]),
        ("SOL10", [10, 20, 30]),
    ):
        yield name, bytes(solid(100, 100, colour).pngsave_buffer())
    parts = quad().resize(2.5, vscale=5, kernel="nearest")
    yield "PTQ", bytes(parts.pngsave_buffer())
    pages = [solid(60, 30, colour) for colour in ([255, 0, 0], [0, 255, 0], [0, 0, 255])]
    roll = pyvips.Image.arrayjoin(pages, across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", 30)
    yield "TIF3", bytes(roll.tiffsave_buffer())
    yield (
        "PDF2",
        pdf([(612, 792, "1 0 0 rg 0 0 612 792 re f"), (612, 792, "0 0 1 rg 0 0 612 792 re f")]),
    )
    yield "BMP1", bmp(400, 300)
    yield "HEIC1", heic("quad")
    yield "P3", _with_p3()
    yield "CMYK", bytes(solid(200, 100, [255] * 3).colourspace("cmyk").jpegsave_buffer())
    yield "TXT", b"just words"
    yield "TRUNC", picture("LG")[: len(picture("LG")) * 3 // 10]
    yield "BOMB", png(50_000, 50_000)
    yield "PHOTO", bytes(gradient(900, 600).jpegsave_buffer())


def _with_p3() -> bytes:
    """200, 100, 50 as Display P3 means it, with that profile attached."""
    image = solid(16, 16, [200, 100, 50]).copy()
    profile = pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb")
    exported = profile.icc_export(output_profile="p3")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", exported.get("icc-profile-data"))
    return bytes(image.pngsave_buffer(keep="icc"))


@dataclass(frozen=True)
class World:
    """The server, and how to ask it."""

    server: Server

    def store(self, name: str, body: bytes, mime: str = "application/octet-stream") -> None:
        """Put a file into the root folder."""
        base = f"{self.server.api}/v2/accounts/{self.server.account_id}"
        headers = {"Authorization": f"Bearer {self.server.secret_key}", "Content-Type": mime}
        url = f"{base}/uploads/binary?filePath=/{quote(name)}"
        assert request("POST", url, headers=headers, body=body).status == 200

    def get(
        self, name: str, query: str = "", *, slug: str = "image", accept: str | None = None
    ) -> Answer:
        """Ask for a picture; `preset=…` in place of a query names a preset."""
        if query.startswith("preset="):
            slug, query = query.removeprefix("preset="), ""
        headers = {} if accept is None else {"Accept": accept}
        url = f"{self.server.cdn}/{self.server.account_id}/{slug}/{quote(name)}?{query}"
        return request("GET", url, headers=headers)


@contextmanager
def opened_world(folder: Path) -> Iterator[World]:
    """Start it."""
    with serving(folder / "data") as server:
        presets = [
            {
                "name": "thumbnail",
                "transformation": "image",
                "params": [{"w": 100}, {"h": 100}, {"fit": "crop"}],
            }
        ]
        server.apply({"accounts": [{"accountId": server.account_id, "presets": presets}]})
        world = World(server)
        for name, body in _pictures():
            world.store(name, body)
        world.store("QUAD.crop", json.dumps(CROP).encode(), "application/json")
        yield world
