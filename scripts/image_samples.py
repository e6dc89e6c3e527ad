"""Draws the pictures of docs/samples with the product's own engine.

Run `.venv/bin/python scripts/image_samples.py`. The picture that everything starts from is a
drawing in this file, so anybody can make the page anew and compare.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from byteward.transform.image.engine import foreign, library
from byteward.transform.image.engine.render import Job, render
from byteward.transform.image.formats import accepted_formats
from byteward.transform.image.limits import ImageLimits
from byteward.transform.image.params import parse_params

OUT: Final = Path(__file__).parents[1] / "docs" / "samples"
SCENE: Final = b"""<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600">
<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#24467a"/>
<stop offset="0.6" stop-color="#f4a261"/><stop offset="1" stop-color="#ffe1b3"/>
</linearGradient></defs>
<rect width="900" height="600" fill="url(#s)"/><circle cx="640" cy="300" r="70" fill="#fff3c4"/>
<path d="M0 380 L180 220 L330 370 L470 240 L640 400 L760 310 L900 400 V600 H0 Z" fill="#3d4f7c"/>
<path d="M0 450 L140 360 L300 460 L520 370 L700 470 L900 390 V600 H0 Z" fill="#26355d"/>
<path d="M0 520 Q230 450 450 520 T900 510 V600 H0 Z" fill="#162140"/>
<g fill="#0c1530"><rect x="190" y="430" width="12" height="90"/><circle cx="196" cy="410" r="38"/>
<rect x="250" y="460" width="9" height="60"/><circle cx="254" cy="446" r="25"/></g>
<g fill="#c8553d"><path d="M430 500 l55 -45 l55 45 z"/>
<rect x="442" y="498" width="86" height="52"/></g>
<rect x="474" y="515" width="22" height="35" fill="#ffe1b3"/></svg>"""
LOGO: Final = b"""<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40">
<rect width="120" height="40" rx="20" fill="#fff" fill-opacity="0.8"/>
<circle cx="22" cy="20" r="10" fill="#c8553d"/>
<rect x="42" y="14" width="62" height="12" rx="6" fill="#26355d"/></svg>"""

PARTS: Final = {
    "Sizes": [
        "w=240",
        "w=240&h=240&fit=crop",
        "w=240&h=240&fit=crop&crop=right",
        "w=240&h=240&fit=crop&crop=smart",
        "w=240&h=240&fit=max",
        "w=240&h=240&fit=stretch",
        "w=240&h=240&fit=pad&bg=f4a261",
        "crop-x=400&crop-y=400&crop-w=200&crop-h=180&w=240",
        "ar=16:9&w=240",
    ],
    "Turns": ["w=240&rotate=90", "w=240&rotate=12&bg=ffffff", "w=240&flip=horizontal"],
    "Effects": [
        "w=240&grayscale=true",
        "w=240&sepia=80",
        "w=240&blur=6",
        "w=240&sharpen=60",
        "w=240&brightness=12",
        "w=240&saturation=-60",
        "w=240&hue=140",
        "w=240&tint=377DFF",
        "w=240&negative=true",
        "w=240&pixelate=12",
        "w=240&contrast=40",
    ],
    "Canvas": [
        "w=240&radius=24",
        "w=240&h=240&fit=crop&radius=max",
        "w=220&border=8&border-color=ffffff",
        "w=240&extend-bottom=40&extend-color=26355d",
        "w=240&opacity=50",
    ],
    "Layers": [
        "w=480&text=Evening&font-size=64&color=ffffff&gravity=top&padding=20",
        "w=480&image=/logo.svg&gravity=bottom-right&padding=14",
        "w=480&image=/logo.svg&repeat=true&padding=20&layer-opacity=40",
    ],
}


def drawn(query: str) -> bytes:
    """The scene as the query says, as WebP."""
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]
    job = Job(
        data=memoryview(SCENE),
        params=parse_params([*pairs, ("f", "webp")]),
        accepted=accepted_formats("image/webp"),
        limits=ImageLimits(),
        secondary={"/logo.svg": memoryview(LOGO)},
        font_files={},
    )
    return render(job).body


def main() -> None:
    """Draw everything and write the page."""
    library.start_library(threads=1)
    foreign.start()
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.webp"):
        old.unlink()
    lines = [
        "# Samples",
        "",
        "What parameters of [image URLs](../reference/images.md) do, drawn by",
        "`scripts/image_samples.py`. The picture is 900 pixels wide and 600 high; each query is",
        "followed by `f=webp`.",
        "",
    ]
    number = 0
    for title, queries in PARTS.items():
        lines += [f"## {title}", "", "| query | result |", "|---|---|"]
        for query in queries:
            number += 1
            name = f"{number:02}.webp"
            (OUT / name).write_bytes(drawn(query))
            lines.append(f"| `{query}` | ![{query}]({name}) |")
        lines.append("")
    (OUT / "README.md").write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
