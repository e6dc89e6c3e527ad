"""Cases that one request decides: picture, query, and what the answer has to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
WHITE, BROWN = (255, 255, 255), (200, 100, 50)


@dataclass(frozen=True)
class Case:
    """One request.

    Attributes:
        number: of the case.
        name: of the picture.
        query: of the URL.
        size: width and height of the result.
        mime: its type.
        at: colours at places; alpha is looked at where a colour has four channels.
        tolerance: of each channel.
        status: of the answer.
        told: members of the error's details.
        accept: header of the request.
    """

    number: int
    name: str
    query: str
    size: tuple[int, int] | None = None
    mime: str | None = None
    at: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    tolerance: int = 8
    status: int = 200
    told: dict[str, object] = field(default_factory=dict)
    accept: str | None = None

    @property
    def id(self) -> str:
        """For the test's name."""
        return f"{self.number:03}-{self.name}-{self.query}"


def _sizes() -> list[Case]:
    rows = """
    1 LG w=800&h=600&fit=max 800x600
    2 LG w=800&h=600 800x600
    3 HD w=500&fit=width 500x281
    4 HD h=500&fit=height 889x500
    5 LG w=300 300x225
    6 LG h=300 400x300
    7 HD w=800&h=600&fit=max 800x450
    8 PT w=800&h=600&fit=max 400x600
    9 QUAD w=800&h=600&fit=max 800x600
    10 HD w=800&h=600&fit=min 1067x600
    11 PT w=800&h=600&fit=min 800x1200
    12 HD w=800&h=600&fit=crop 800x600
    13 DOT w=50&h=20&fit=crop 50x20
    14 PT w=800&h=600&fit=stretch 800x600
    15 QUAD w=800&h=600&fit=shrink 400x300
    16 HD w=800&h=600&fit=shrink 800x450
    17 HD w=800&h=600&fit=shrink-cover 1067x600
    18 TALL w=800&h=600&fit=shrink-cover 200x900
    19 LG w=1920&fit=shrink-cover 1920x1440
    20 QUAD w=1920&fit=shrink-cover 400x300
    21 QUAD w=500&h=500&fit=enlarge 500x375
    22 HD w=800&h=600&fit=enlarge 1920x1080
    23 TALL w=800&h=600&fit=enlarge 200x900
    24 QUAD w=500&h=500&fit=enlarge-cover 667x500
    25 TALL w=800&h=600&fit=enlarge-cover 800x3600
    26 ODD w=500 500x167
    27 ODD2 w=320 320x214
    28 THIN w=1 1x333
    29 LINE w=10 10x1
    31 QUAD w=100&h=100&fit=cover 100x100
    32 QUAD w=800&h=600&fit=scale-down 400x300
    36 QUAD w=133.5 134x101
    37 QUAD w=100&w=200 200x150
    38 QUAD W=100 100x75
    40 LG w=800&kernel=nearest 800x600
    52 LG crop-x=0&crop-y=87&crop-w=1350&crop-h=1350&w=1200&h=630&fit=crop 1200x630
    53 QUAD crop-x=201&crop-y=0&crop-w=200&crop-h=300 199x300
    54 QUAD crop-x=300 100x300
    67 EX6 w=150 150x200
    71 QUAD rotate=45 495x495
    72 QUAD rotate=45&w=800&h=600&fit=crop 800x600
    74 QUAD rotate=90&w=150 150x200
    75 EX6 rotate=0 300x400
    78 HD w=1200&fit=width&extend-bottom=120&extend-color=%23FFFFFF 1200x795
    79 BASE extend-y=10&extend-color=ff0000 400x320
    80 BASE extend=5&extend-left=20 425x310
    88 BORD trim=10 50x40
    145 SVG1 f=webp&w=1000&h=1000&fit=max 1000x500
    146 SVG1 f=jpg 40x20
    147 SVG2 f=png 40x20
    161 QUAD utm_source=x&w=100 100x75
    157 QUAD w=100&auth=true 100x75
    174 QUAD dpr=2&w=100 200x150
    """
    cases = []
    for row in rows.split("\n"):
        if row.strip():
            number, name, query, size = row.split()
            width, _, height = size.partition("x")
            cases.append(Case(int(number), name, query, (int(width), int(height))))
    return cases


_CROP: Final = "w=100&h=100&fit=crop&f=png&crop="
_EXIF: Final = {
    1: "RGBY", 2: "GRYB", 3: "YBGR", 4: "BYRG", 5: "RBGY", 6: "BRYG", 7: "YGBR", 8: "GYRB",
}  # fmt: skip
_COLOURS: Final = {"R": RED, "G": GREEN, "B": BLUE, "Y": YELLOW}


def _corners(number: int, corners: str) -> Case:
    size = (400, 300) if number < 5 else (300, 400)
    places = [(9, 9), (size[0] - 9, 9), (9, size[1] - 9), (size[0] - 9, size[1] - 9)]
    at = {place: _COLOURS[name] for place, name in zip(places, corners, strict=True)}
    return Case(66, f"EX{number}", "f=png", size, at=dict(at))


CASES: Final = [
    *_sizes(),
    *[_corners(number, corners) for number, corners in _EXIF.items()],
    # Values that cannot be.
    Case(33, "QUAD", "w=0", status=400, told={"parameter": "w"}),
    Case(34, "QUAD", "w=abc", status=400, told={"parameter": "w"}),
    Case(35, "QUAD", "w=10001", status=400, told={"reason": "out_of_range"}),
    Case(49, "POP", "w=300&h=300&fit=crop&crop=nonsense", status=400, told={"parameter": "crop"}),
    Case(
        55,
        "QUAD",
        "crop-x=500&crop-w=10&crop-h=10",
        status=400,
        told={"reason": "crop_out_of_bounds"},
    ),
    Case(101, "BASE", "image=/missing.png", status=404, told={"parameter": "image"}),
    Case(102, "BASE", "image=https://evil.example/x.png", status=400, told={"parameter": "image"}),
    Case(128, "QUAD", "f=bogus", status=400, told={"parameter": "f"}),
    Case(129, "WIDE", "f=webp", status=400, told={"reason": "output_too_large"}),
    Case(129, "WIDE", "f=webp&f2=png", mime="image/png"),
    Case(141, "G4", "page=9", status=400, told={"reason": "page_out_of_range"}),
    Case(151, "QUAD", "input=video", status=415),
    Case(162, "TXT", "w=10", status=415),
    Case(163, "TRUNC", "w=10", status=422),
    Case(164, "BOMB", "w=10", status=422),
    Case(166, "MISSING", "w=10", status=404),
    # Pixels of crops and turns.
    Case(
        38,
        "QUAD",
        "crop_x=200&crop_y=0&crop_w=200&crop_h=150&f=png",
        (200, 150),
        at={(5, 5): GREEN, (190, 140): GREEN},
    ),
    Case(
        39,
        "ALPHA",
        "w=150&f=png",
        (150, 100),
        at={(73, 50): (*RED, 255), (77, 50): (0, 0, 0, 0)},
        tolerance=3,
    ),
    Case(41, "QUAD", f"{_CROP}left", at={(62, 10): RED, (70, 10): GREEN}),
    Case(42, "QUAD", f"{_CROP}center", at={(46, 10): RED, (54, 10): GREEN}),
    Case(43, "QUAD", f"{_CROP}right", at={(29, 10): RED, (37, 10): GREEN}),
    Case(44, "PTQ", f"{_CROP}top", at={(10, 71): RED, (10, 79): BLUE}),
    Case(44, "PTQ", f"{_CROP}bottom", at={(10, 21): RED, (10, 29): BLUE}),
    Case(
        45,
        "QUAD",
        "w=300&h=300&fit=crop&crop=top-left&f=png",
        at={(10, 10): RED, (196, 10): RED, (204, 10): GREEN},
    ),
    Case(
        46,
        "POP",
        "w=300&h=300&fit=crop&crop=smart&f=png",
        at={(184, 104): (230, 40, 40), (255, 175): (230, 40, 40), (172, 150): (120, 120, 120)},
    ),
    Case(48, "POP", "w=300&h=300&fit=crop&crop=center&f=png", at={(299, 150): (120, 120, 120)}),
    Case(
        50,
        "QUAD",
        "crop-x=200&crop-y=0&crop-w=200&crop-h=150&f=png",
        (200, 150),
        at={(4, 4): GREEN, (195, 145): GREEN},
    ),
    Case(
        51,
        "QUAD",
        "crop-x=100&crop-y=75&crop-w=200&crop-h=150&w=100&f=png",
        (100, 75),
        at={(46, 33): RED, (54, 33): GREEN, (46, 42): BLUE, (54, 42): YELLOW},
    ),
    Case(56, "QUAD", "crop-w=50p&crop-h=50p&f=png", (200, 150), at={(195, 145): RED}),
    Case(65, "EX6", "f=png", (300, 400), at={(9, 9): BLUE, (290, 9): RED}),
    Case(
        68,
        "EX6",
        "crop-x=0&crop-y=0&crop-w=150&crop-h=200&f=png",
        (150, 200),
        at={(140, 190): BLUE},
    ),
    Case(69, "QUAD", "rotate=90&f=png", (300, 400), at={(9, 9): BLUE}),
    Case(70, "QUAD", "rotate=180&f=png", (400, 300), at={(9, 9): YELLOW}),
    Case(70, "QUAD", "rotate=270&f=png", (300, 400), at={(9, 9): GREEN}),
    Case(71, "QUAD", "rotate=45&f=png", at={(1, 1): (0, 0, 0, 0)}),
    Case(73, "QUAD", "flip=horizontal&f=png", at={(9, 9): GREEN}),
    Case(73, "QUAD", "flip=vertical&f=png", at={(9, 9): BLUE}),
    # Effects and canvas.
    Case(76, "SOL128", "tint=377DFF&f=png", at={(50, 50): (51, 122, 251)}, tolerance=3),
    Case(
        78,
        "HD",
        "w=1200&fit=width&extend-bottom=120&extend-color=%23FFFFFF",
        at={(600, 690): WHITE},
    ),
    Case(
        79,
        "BASE",
        "extend-y=10&extend-color=ff0000&f=png",
        at={(5, 5): RED, (5, 315): RED, (5, 12): BROWN},
    ),
    Case(
        81,
        "STEP",
        "blur=4&f=png",
        at={(45, 50): (10,), (49, 50): (109,), (55, 50): (251,)},
        tolerance=3,
    ),
    Case(
        82,
        "STEP",
        "blur=10&f=png",
        at={(40, 50): (33,), (50, 50): (133,), (60, 50): (229,)},
        tolerance=3,
    ),
    Case(
        83,
        "STEP",
        "blur=true&f=png",
        at={(48, 50): (0,), (49, 50): (85,), (50, 50): (170,), (51, 50): (255,)},
        tolerance=3,
    ),
    Case(84, "SOL200", "hue=180&f=png", at={(50, 50): (0, 148, 197)}, tolerance=3),
    Case(84, "SOL200", "saturation=-100&f=png", at={(50, 50): (129, 128, 128)}, tolerance=3),
    Case(84, "SOL200", "brightness=-50&f=png", at={(50, 50): (121, 33, 0)}, tolerance=3),
    Case(84, "SOL200", "lightness=5&f=png", at={(50, 50): (239, 133, 91)}, tolerance=3),
    Case(85, "SOL10", "negative=true&f=png", at={(50, 50): (245, 235, 225)}, tolerance=3),
    Case(86, "STEP", "sharpen=100&f=png", at={(49, 50): (0,), (50, 50): (255,)}, tolerance=3),
    Case(87, "SOL128", "blur=500&f=png", at={(50, 50): (128, 128, 128)}, tolerance=3),
    Case(88, "BORD", "trim=10&f=png", at={(1, 1): (0, 0, 0), (48, 38): (0, 0, 0)}),
    Case(89, "QUAD", "radius=max&f=png", at={(0, 0): (0, 0, 0, 0), (150, 140): (*RED, 255)}),
    # Layers.
    Case(
        91,
        "BASE",
        "image=/LOGO&gravity=bottom-right&padding=10&f=png",
        at={(370, 270): BLUE, (389, 289): BLUE, (369, 280): BROWN, (390, 280): BROWN},
        tolerance=3,
    ),
    Case(
        92,
        "BASE",
        "image=%2FLOGO&layer-x=5&layer-y=7&f=png",
        at={(5, 7): BLUE, (24, 26): BLUE, (4, 7): BROWN, (25, 7): BROWN},
        tolerance=3,
    ),
    Case(
        93,
        "BASE",
        "image=/LOGO&f=png",
        at={(190, 140): BLUE, (209, 159): BLUE, (189, 150): BROWN},
        tolerance=3,
    ),
    Case(
        94,
        "BASE",
        "image=/LOGO&layer-w=40&layer-h=40&f=png",
        at={(180, 130): BLUE, (219, 169): BLUE, (179, 150): BROWN},
        tolerance=3,
    ),
    Case(
        95,
        "BASE",
        "image=/LOGO&layer-opacity=50&f=png",
        at={(200, 150): (100, 50, 152)},
        tolerance=3,
    ),
    Case(
        96, "BASE", "image=/LOGO2&blend=multiply&f=png", at={(200, 150): (119, 64, 37)}, tolerance=3
    ),
    Case(
        96, "BASE", "image=/LOGO2&blend=screen&f=png", at={(200, 150): (205, 122, 100)}, tolerance=3
    ),
    Case(
        96, "BASE", "image=/LOGO2&blend=overlay&f=png", at={(200, 150): (183, 79, 49)}, tolerance=3
    ),
    Case(
        96,
        "BASE",
        "image=/LOGO2&blend=difference&f=png",
        at={(200, 150): (174, 62, 62)},
        tolerance=3,
    ),
    Case(
        97,
        "BASE",
        "image=/LOGO&repeat=true&padding=5&f=png",
        at={(15, 15): BLUE, (0, 0): BROWN, (28, 15): BROWN, (45, 15): BLUE, (45, 45): BLUE},
        tolerance=3,
    ),
    Case(98, "BASE", "image=/LOGO&image=/LOGO2&f=png", at={(200, 150): (50, 75, 252)}, tolerance=4),
    Case(
        99,
        "BASE",
        "extend-bottom=100&image=/LOGO&gravity=bottom&f=png",
        (400, 400),
        at={(190, 380): BLUE, (209, 399): BLUE},
        tolerance=3,
    ),
    Case(100, "BASE", "image=/BIG&f=png", (400, 300), at={(1, 1): BLUE, (398, 298): BLUE}),
    # Formats.
    Case(111, "QUAD", "", mime="image/png"),
    Case(112, "QUADJ", "", mime="image/jpeg"),
    Case(113, "SVG1", "", mime="image/jpeg"),
    Case(113, "BMP1", "", mime="image/jpeg"),
    Case(113, "TIF3", "", mime="image/jpeg"),
    Case(113, "HEIC1", "", mime="image/jpeg"),
    Case(113, "PDF2", "", mime="image/jpeg"),
    Case(114, "AVIF1", "", mime="image/avif"),
    Case(114, "W4", "page=1", mime="image/webp"),
    Case(114, "G4", "page=1", mime="image/gif"),
    Case(116, "QUAD", "f=webp", mime="image/webp"),
    Case(116, "QUAD", "f=avif", mime="image/avif"),
    Case(116, "QUAD", "f=gif", mime="image/gif"),
    Case(121, "QUAD", "f=webp&f2=jpg", mime="image/webp", accept="image/webp,*/*"),
    Case(122, "QUAD", "f=webp&f2=jpg", mime="image/jpeg", accept="image/png,*/*;q=0.8"),
    Case(122, "QUAD", "f=webp&f2=jpg", mime="image/jpeg"),
    Case(123, "QUAD", "f=webp", mime="image/webp", accept="image/jpeg"),
    Case(124, "ALPHA", "f=auto", mime="image/avif", accept="image/avif,image/webp"),
    Case(124, "ALPHA", "f=auto", mime="image/webp", accept="image/webp"),
    Case(124, "ALPHA", "f=auto", mime="image/png"),
    Case(125, "TR", "f=jpg", at={(4, 4): WHITE}),
    Case(125, "TR", "f=jpg&bg=00ff00", at={(4, 4): GREEN}),
    Case(126, "ALPHA", "f=webp", at={(290, 10): (0, 0, 0, 0), (10, 10): (*RED, 255)}),
    Case(126, "ALPHA", "f=avif", at={(290, 10): (0, 0, 0, 0), (10, 10): (*RED, 255)}),
    Case(126, "ALPHA", "f=png", at={(290, 10): (0, 0, 0, 0), (10, 10): (*RED, 255)}),
    Case(127, "ALPHA", "f=gif", at={(290, 10): (0, 0, 0, 0)}),
    Case(131, "P3", "f=png", at={(8, 8): BROWN}, tolerance=3),
    Case(132, "P3", "f=png&icc=srgb", at={(8, 8): (215, 93, 32)}, tolerance=3),
    Case(133, "CMYK", "f=webp", mime="image/webp", at={(50, 50): (255, 255, 255)}, tolerance=12),
    Case(133, "CMYK", "f=jpg", mime="image/jpeg", at={(50, 50): (255, 255, 255)}, tolerance=12),
    # Pages and vectors.
    Case(139, "G4", "page=3&f=png", at={(20, 20): (160, 0, 0)}),
    Case(140, "G4", "f=jpg", at={(20, 20): (0, 0, 0)}),
    Case(142, "TIF3", "page=2&f=png", (60, 30), at={(30, 15): GREEN}),
    Case(143, "PDF2", "page=2&w=306&f=png", (306, 396), at={(150, 200): BLUE}),
    Case(
        144,
        "PDF2",
        "f=webp&f2=jpg&w=1000&h=1000&fit=max",
        (773, 1000),
        "image/webp",
        accept="image/webp",
    ),
    Case(
        145, "SVG1", "f=png&w=1000&h=1000&fit=max", (1000, 500), at={(2, 2): RED, (997, 497): RED}
    ),
    Case(168, "QUAD", "preset=thumbnail", (100, 100)),
]
