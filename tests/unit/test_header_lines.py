"""The header writer never emits a second line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.header_lines import HeaderBlock, HeaderValueError, header_line


def test_latin_1_text_is_written() -> None:
    assert header_line("x-name", "Füße\tund") == (b"x-name", "Füße\tund".encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\nb: c"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\x00b"),
        ("x", "a\x7fb"),
        ("x", "€"),
        ("x", " a"),
        ("x", "a "),
        ("X", "a"),
        ("x y", "a"),
        ("x:", "a"),
        ("", "a"),
    ],
)
def test_what_could_be_read_otherwise_is_refused(name: str, value: str) -> None:
    with pytest.raises(HeaderValueError):
        header_line(name, value)


@given(st.text())
def test_a_written_value_is_one_line_and_reads_back(value: str) -> None:
    try:
        _, written = header_line("x", value)
    except HeaderValueError:
        return
    assert written.decode("latin-1") == value
    assert not {0, 10, 13} & set(written)


def test_a_block_is_its_lines_on_the_wire() -> None:
    block = HeaderBlock([(b"x-a", b"b"), (b"x-c", b"\xe9")])
    assert block.wire == b"x-a: b\r\nx-c: \xe9\r\n"
    assert block.lines == ((b"x-a", b"b"), (b"x-c", b"\xe9"))


@pytest.mark.parametrize("line", [(b"x-a", b"b\r\nc: d"), (b"x\n", b"b"), (b"x", b"\x00")])
def test_a_block_holds_no_line_that_could_start_another(line: tuple[bytes, bytes]) -> None:
    with pytest.raises(HeaderValueError):
        HeaderBlock([line])
