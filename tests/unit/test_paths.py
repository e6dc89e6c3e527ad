from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.paths import (
    MAX_CODE_POINTS,
    ROOT,
    FilePath,
    FolderPath,
    parse_segments,
    percent_decode,
    url_path,
)

# Category C holds controls and surrogates; `/` separates.
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/")
SEGMENT = st.text(CHARACTERS, max_size=8).filter(lambda text: text not in {".", ".."})
SEGMENTS = st.lists(SEGMENT, min_size=1, max_size=8).map(tuple).filter(lambda s: s[0] != "")


def code_of(error: pytest.ExceptionInfo[BytewardError]) -> ErrorCode:
    return error.value.code


@given(SEGMENTS)
def test_reading_the_text_of_a_path_gives_the_path_back(segments: tuple[str, ...]) -> None:
    path = FilePath(segments)
    assert FilePath.parse(path.text) == path
    assert FolderPath.parse(path.text).segments == segments
    assert str(path) == path.text


@given(SEGMENTS)
def test_different_texts_are_different_paths(segments: tuple[str, ...]) -> None:
    path = FilePath(segments)
    assert FilePath.parse(path.text + "/") != path
    assert FilePath.parse("/a" + path.text) != path


@given(SEGMENTS)
def test_ancestors_lead_from_the_folder_up_to_the_root(segments: tuple[str, ...]) -> None:
    chain = list(FolderPath(segments).with_ancestors())
    assert chain[0].segments == segments
    assert chain[-1] == ROOT
    assert [folder.parent for folder in chain] == [*chain[1:], None]


@given(SEGMENTS, SEGMENT)
def test_a_file_knows_its_folder_and_its_name(segments: tuple[str, ...], name: str) -> None:
    file = FolderPath(segments).file(name)
    assert file.parent == FolderPath(segments)
    assert file.name == name
    assert file.has_name == (name != "")


def test_the_root_holds_files() -> None:
    assert ROOT.text == "/"
    assert ROOT.file("a.jpg") == FilePath(("a.jpg",))
    assert FilePath(("a.jpg",)).parent == ROOT


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("/", ()),
        ("/a", ("a",)),
        ("/a/", ("a", "")),
        ("/a//b", ("a", "", "b")),
        ("/a//", ("a", "", "")),
        ("/.../..a/a..", ("...", "..a", "a..")),
        ("/A\u030a", ("A\u030a",)),
        ("/\u00c5", ("\u00c5",)),
        ("/a\\..\\b", ("a\\..\\b",)),
        ("/%2e%2e/%2f", ("%2e%2e", "%2f")),
    ],
)
def test_segments_are_kept_as_they_are_written(text: str, segments: tuple[str, ...]) -> None:
    assert parse_segments(text) == segments


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a/b",
        " /a",
        "//",
        "//a",
        "/.",
        "/..",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/a\0",
        "/a\n",
        "/\x7f",
        "/\x85",
        "/\ud800",
        "/\udfff/a",
    ],
)
def test_text_that_another_layer_could_misread_is_refused(text: str) -> None:
    with pytest.raises(BytewardError) as error:
        parse_segments(text)
    assert code_of(error) is ErrorCode.INVALID_PATH
    assert error.value.details is not None
    str(error.value.details["path"]).encode()


def test_the_limits_hold_to_the_character() -> None:
    assert len(FilePath.parse("/" + "a" * (MAX_CODE_POINTS - 1)).text) == MAX_CODE_POINTS
    assert len(FilePath.parse("/" + "\u20ac" * 511).text.encode()) == 1534
    for text in ("/" + "a" * MAX_CODE_POINTS, "/" + "\U0001f600" * 384):
        with pytest.raises(BytewardError) as error:
            parse_segments(text)
        assert code_of(error) is ErrorCode.INVALID_PATH


def test_the_root_is_no_file() -> None:
    with pytest.raises(BytewardError) as error:
        FilePath.parse("/")
    assert code_of(error) is ErrorCode.INVALID_PATH


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(alphabet="/+~ ()!"))
def test_decoding_agrees_with_urllib_on_valid_input(text: str, safe: str) -> None:
    raw = quote(text, safe=safe).encode()
    assert percent_decode(raw) == text == unquote_to_bytes(raw).decode()


def decode_slowly(raw: bytes) -> str | None:
    """A second opinion: byte by byte, None for what must be refused."""
    decoded = bytearray()
    rest = list(raw)
    while rest:
        byte = rest.pop(0)
        if byte == ord("%"):
            digits = "".join(map(chr, rest[:2]))
            if len(digits) < 2 or not set(digits) <= set("0123456789abcdefABCDEF"):
                return None
            byte = int(digits, 16)
            del rest[:2]
        decoded.append(byte)
    try:
        return decoded.decode()
    except UnicodeDecodeError:
        return None


def decode_or_none(raw: bytes) -> str | None:
    try:
        return percent_decode(raw)
    except BytewardError:
        return None


@given(
    st.lists(
        st.sampled_from([b"%", b"4", b"1", b"%C3", b"%bc", b"%E2%82", b"%ac", b"a", b"g", b"\xfc"])
    ).map(b"".join)
)
def test_decoding_agrees_with_a_second_opinion_on_hostile_input(raw: bytes) -> None:
    assert decode_or_none(raw) == decode_slowly(raw)


@pytest.mark.parametrize(
    "raw",
    [b"%", b"%4", b"%zz", b"%+1", b"% 1", b"a%", b"%%41", b"%u0041", b"%ff", b"%C3", b"\xff",
     b"%C0%AF", b"%ED%A0%80", b"%F4%90%80%80"],
)  # fmt: skip
def test_a_path_with_two_readings_is_refused(raw: bytes) -> None:
    with pytest.raises(BytewardError) as error:
        percent_decode(raw)
    assert code_of(error) is ErrorCode.INVALID_PATH_ENCODING


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"%2541", "%41"), (b"a+b", "a+b"), (b"%c3%bc%C3%BC", "üü"), (b"%2e%2E%2f", "../"), (b"", "")],
)
def test_decoding_happens_once(raw: bytes, text: str) -> None:
    assert percent_decode(raw) == text


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/a b/ü!(1)'*~#?%.jpg", "/a%20b/%C3%BC%21(1)'*~%23%3F%25.jpg"),
        ("/-_.~", "/-_.~"),
        ("/@&=+$,;:", "/%40%26%3D%2B%24%2C%3B%3A"),
        ('/[]{}|\\^`"<>', "/%5B%5D%7B%7D%7C%5C%5E%60%22%3C%3E"),
        ("/a//b/", "/a//b/"),
        ("/\U0001f600", "/%F0%9F%98%80"),
        ("/", "/"),
    ],
)
def test_urls_are_written_as_the_official_client_writes_them(text: str, url: str) -> None:
    assert url_path(FolderPath.parse(text)) == url


@given(SEGMENTS)
def test_a_url_leads_back_to_its_path(segments: tuple[str, ...]) -> None:
    path = FilePath(segments)
    assert FilePath.parse(percent_decode(url_path(path).encode())) == path
