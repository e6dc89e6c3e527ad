"""An SVG is drawn when it is a drawing and nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError
from byteward.transform.image.svg import check_svg

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PNG = base64.b64encode(b"\x89PNG").decode()


def svg(inside: str) -> bytes:
    return f"<svg {NS}>{inside}</svg>".encode()


@pytest.mark.parametrize(
    "inside",
    [
        "", '<rect width="1" height="1" fill="red"/>', '<g id="a"><rect/></g><use href="#a"/>',
        '<linearGradient id="g"/><rect fill="url(#g)"/>', '<use xlink:href="#missing"/>',
        f'<image href="data:image/png;base64,{PNG}"/>', "<style>rect { fill: red }</style>",
        "<!-- a comment --><text>words &amp; more</text>", '<rect fill="url( \'#g\' )"/>',
        '<filter id="f"/><g filter="url(#f)"><g filter="url(#f)"/></g>',
    ],
)  # fmt: skip
def test_a_drawing_passes(inside: str) -> None:
    check_svg(b"<?xml version='1.0'?>" + svg(inside))


BILLION = "".join(f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, 9))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"), "unsafe_svg"),
        (b"<!DOCTYPE svg SYSTEM 'http://x/'>" + svg(""), "unsafe_svg"),
        (b"<?xml-stylesheet href='http://x/'?>" + svg(""), "unsafe_svg"),
        (svg("<script>alert(1)</script>"), "unsafe_svg"),
        (svg("<style>@import 'http://x/'</style>"), "unsafe_svg"),
        (svg("<style>a { fill: url(http://x/#a) }</style>"), "unsafe_svg"),
        (svg('<rect onload="x()"/>'), "unsafe_svg"),
        (svg("<svg:script xmlns:svg='http://www.w3.org/2000/svg'/>"), "unsafe_svg"),
        (svg("<foreignObject/>"), "unsafe_svg"),
        (svg('<image href="http://x/a.png"/>'), "unsafe_svg"),
        (svg('<image xlink:href="file:///etc/passwd"/>'), "unsafe_svg"),
        (svg('<image href="/etc/passwd"/>'), "unsafe_svg"),
        (svg('<image href="data:text/html;base64,AAAA"/>'), "unsafe_svg"),
        (svg('<image href="data:image/svg+xml;base64,AAAA"/>'), "unsafe_svg"),
        (svg('<image href="data:image/png;base64,!!"/>'), "unsafe_svg"),
        (svg('<rect fill="url(http://x/#a)"/>'), "unsafe_svg"),
        (svg('<g id="a"><use href="#a"/></g>'), "unsafe_svg"),
        (svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'), "unsafe_svg"),
        (svg("<g>"), "malformed"), (b"", "malformed"), (b"<svg", "malformed"),
        (svg("<g>" * 70 + "</g>" * 70), "too_many_pixels"),
        (svg("<g/>" * 50_001), "too_many_pixels"), (svg("<filter/>" * 101), "too_many_pixels"),
        (svg('<g id="l0"/>' + BILLION + '<use href="#l8"/>'), "too_many_pixels"),
        (svg(" " * 10_000_000), "too_many_pixels"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(BytewardError) as refused:
        check_svg(document)
    assert refused.value.details == {"reason": reason}
    assert refused.value.code in {"corrupt_input", "transformation_failed"}


@given(st.recursive(st.just(""), lambda inner: st.builds(
    lambda name, link, body: f'<g id="{name}"><use href="#{link}"/>{body}</g>',
    st.sampled_from("abcd"), st.sampled_from("abcde"), inner), max_leaves=12))  # fmt: skip
def test_any_graph_of_references_ends(inside: str) -> None:
    try:
        check_svg(svg(inside))
        reason = None
    except BytewardError as error:
        reason = (error.details or {})["reason"]
    assert reason in {None, "unsafe_svg", "too_many_pixels"}
