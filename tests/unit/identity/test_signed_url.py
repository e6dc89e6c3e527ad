"""A signature covers every byte of host and target, and nothing else is a signature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.identity.signed_url import (
    append_parameter,
    parse_signature,
    sign_url,
    signature_holds,
    split_scheme,
)
from byteward.identity.url_target import RawPair, UrlTarget

KEY = bytes(range(32))
KEY_ID = "F91kfA1g"
URL = "https://cdn.example:8443/A623uY2/image/a%20b/%C3%BC.jpg?w=100&text=a!b&h=2"
SIGNED = sign_url(URL, key_id=KEY_ID, key=KEY, exp="4102444800")
HOST = "cdn.example:8443"
TARGET = SIGNED.partition(HOST)[2].encode()

# As far as the parser is concerned; what a URL may really contain is narrower.
PIECES = st.text(alphabet="abcw=%20/._-~*'()+:;@!?", max_size=12)


def holds(target: bytes, *, hosts: tuple[str, ...] = (HOST,), key: bytes = KEY) -> bool:
    parsed = UrlTarget.parse(target)
    pairs = parsed.named("sig")
    if len(pairs) != 1:
        return False
    signature = parse_signature(pairs[0])
    if signature is None or signature.key_id != KEY_ID:
        return False
    return signature_holds(parsed, pairs[0], signature.mac, key, hosts)


def test_a_signed_url_holds_and_keeps_its_other_parts() -> None:
    assert SIGNED.startswith(URL + "&exp=4102444800&sig=1.F91kfA1g.")
    assert holds(TARGET)


def test_any_of_the_hosts_may_be_the_one() -> None:
    assert holds(TARGET, hosts=("x", HOST, "y"))
    assert not holds(TARGET, hosts=("cdn.example",))
    assert not holds(TARGET, hosts=())


def test_another_key_does_not_hold() -> None:
    assert not holds(TARGET, key=bytes(32))


def test_host_is_signed_in_lower_case() -> None:
    upper = sign_url("http://CDN.Example/A623uY2/raw/a", key_id=KEY_ID, key=KEY, exp="inf")
    target = upper.partition("Example")[2].encode()
    assert holds(target, hosts=("cdn.example",))


def test_a_url_without_a_scheme_is_signed_as_well() -> None:
    bare = sign_url("h/A623uY2/raw/a", key_id=KEY_ID, key=KEY, exp="inf")
    full = sign_url("https://h/A623uY2/raw/a", key_id=KEY_ID, key=KEY, exp="inf")
    assert full == f"https://{bare}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a", "/a?x=1"),
        ("/a?b", "/a?b&x=1"),
        ("/a!b", "/a!b&x=1"),
        ("/a%21", "/a%21?x=1"),
        ("/a?", "/a?x=1"),
        ("/a!", "/a!x=1"),
    ],
)
def test_a_parameter_is_appended_to_either_form(url: str, expected: str) -> None:
    assert append_parameter(url, "x=1") == expected


@given(at=st.integers(min_value=0, max_value=len(TARGET) - 1), byte=st.integers(1, 255))
def test_no_byte_can_be_flipped(at: int, byte: int) -> None:
    mutated = TARGET[:at] + bytes([TARGET[at] ^ byte]) + TARGET[at + 1 :]
    assert not holds(mutated)


@given(
    start=st.integers(min_value=0, max_value=len(TARGET)),
    length=st.integers(min_value=0, max_value=9),
    inserted=st.binary(max_size=9),
)
def test_nothing_can_be_inserted_or_removed(start: int, length: int, inserted: bytes) -> None:
    mutated = TARGET[:start] + inserted + TARGET[start + length :]
    if mutated != TARGET:
        assert not holds(mutated)


@given(
    path=PIECES.map(lambda text: text.replace("?", "").replace("!", "")),
    pairs=st.lists(PIECES.filter(lambda text: "?" not in text), min_size=1, max_size=4),
    position=st.integers(0, 5),
    mark=st.sampled_from("?!"),
)
def test_sig_may_stand_anywhere(path: str, pairs: list[str], position: int, mark: str) -> None:
    unsigned = f"h/{path}{mark}{'&'.join(pairs)}"
    signed, _, sig = sign_url(unsigned, key_id=KEY_ID, key=KEY, exp="inf").rpartition("&")
    moved = signed[len(f"h/{path}{mark}") :].split("&")
    moved.insert(position, sig)
    assert holds(f"/{path}{mark}{'&'.join(moved)}".encode(), hosts=("h",))


def test_a_path_may_contain_a_scheme() -> None:
    url = "https://h/A623uY2/raw/p/https://o.test/a.jpg"
    assert sign_url(url, key_id=KEY_ID, key=KEY, exp="inf").startswith(f"{url}?exp=inf&sig=")
    assert split_scheme(url) == ("https://", url[len("https://") :])
    assert split_scheme("h/p/https://o") == ("", "h/p/https://o")


def test_sig_alone_leaves_no_delimiter_behind() -> None:
    target = UrlTarget.parse(b"/a!exp=1?sig=x")
    assert target.without(target.named("sig")[0]).raw == b"/a!exp=1"
    target = UrlTarget.parse(b"/a?sig=x&exp=1")
    assert target.without(target.named("sig")[0]).raw == b"/a?exp=1"
    target = UrlTarget.parse(b"/a?sig=x")
    assert target.without(target.named("sig")[0]).raw == b"/a"


MAC = "A" * 43


@pytest.mark.parametrize(
    "raw",
    [
        f"sig=2.{KEY_ID}.{MAC}",
        f"sig=1.{KEY_ID}.{MAC}=",
        f"sig=1.{KEY_ID}.{MAC[:-1]}",
        f"sig=1.{KEY_ID}.{MAC[:-1]}B",  # stray bits
        f"sig=1.{KEY_ID}.{MAC}A",
        f"sig=1.{KEY_ID}.{MAC[:-1]}+",
        f"sig=1.{KEY_ID}.{MAC}.x",
        f"sig=1.{KEY_ID}",
        f"sig=1..{MAC}",
        f"sig=1.F91kfA10.{MAC}",
        f"sig=1.F91kfA1.{MAC}",
        f"sig=1%2E{KEY_ID}.{MAC}",
        f"%73ig=1.{KEY_ID}.{MAC}",
        f"SIG=1.{KEY_ID}.{MAC}",
        f"sig=1.{KEY_ID}.{MAC}\n",
        f"sig=1.{KEY_ID}.\u00e9{MAC}",
        "sig=",
        "sig",
    ],
)
def test_only_one_spelling_is_a_signature(raw: str) -> None:
    assert parse_signature(RawPair(raw.encode())) is None


def test_the_right_spelling_is_a_signature() -> None:
    signature = parse_signature(RawPair(f"sig=1.{KEY_ID}.{MAC}".encode()))
    assert signature is not None
    assert (signature.key_id, signature.mac) == (KEY_ID, bytes(32))
