"""URLs behind web layers: nothing in a path or a query leads anywhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.files.storage_layers import QueryForwarding, QueryParameter, WebLayer
from byteward.files.web_urls import RESERVED_NAMES, web_url
from byteward.outbound.url import parse_url
from byteward.paths import parse_segments

BASE = WebLayer(base_url="https://images.example.test/a/")
NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["C"]), max_size=6)


def forwarding(kind: str, *names: str) -> WebLayer:
    assert kind in {"Whitelist", "Blacklist"}
    return WebLayer(
        base_url="https://x.test/",
        query_string_forwarding=QueryForwarding(
            type="Whitelist" if kind == "Whitelist" else "Blacklist",
            parameters=tuple(QueryParameter(name=name) for name in names),
        ),
    )


def test_the_documented_example() -> None:
    layer = WebLayer(base_url="https://images.unsplash.com/")
    assert web_url(layer, ("test", "example.jpg")) == "https://images.unsplash.com/test/example.jpg"


def test_a_base_without_a_slash_gets_one() -> None:
    layer = WebLayer(base_url="https://images.example.test")
    assert web_url(layer, (".evil.test", "a")) == "https://images.example.test/.evil.test/a"


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_every_path_stays_below_the_base(names: list[str]) -> None:
    try:
        segments = parse_segments("/x/" + "/".join(names))[1:]
    except Exception:  # noqa: BLE001 - not a path
        return
    url = web_url(BASE, segments)
    assert url is not None
    parsed = parse_url(url)
    assert (parsed.host, parsed.port) == ("images.example.test", 443)
    assert parsed.target.startswith("/a/")
    assert "?" not in parsed.target


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (("https:", "", "h.test", "a b"), "https://h.test/a%20b"),
        (("https:", "h.test", "a"), "https://h.test/a"),
        (("http:", "", "h.test:8080", ""), "http://h.test:8080/"),
        (("ftp:", "", "h.test", "a"), None),
        (("h.test", "a"), None),
        (("https:",), None),
        ((), None),
    ],
)
def test_without_a_base_the_path_names_the_server(path: tuple[str, ...], url: str | None) -> None:
    assert web_url(WebLayer(), path) == url


def test_queries_are_kept_back_unless_the_layer_forwards_them() -> None:
    assert web_url(WebLayer(base_url="https://x.test/"), ("a",), [("w", "1")]) == "https://x.test/a"


@pytest.mark.parametrize(
    ("layer", "query"),
    [
        (forwarding("Whitelist"), ""),
        (forwarding("Blacklist"), "?w=1&h%5B%5D=%262&w=3"),
        (forwarding("Whitelist", "w"), "?w=1&w=3"),
        (forwarding("Whitelist", "h%5b%5d"), "?h%5B%5D=%262"),
        (forwarding("Blacklist", "h[]"), "?w=1&w=3"),
    ],
)
def test_lists_of_names_allow_or_deny(layer: WebLayer, query: str) -> None:
    pairs = [("w", "1"), ("h[]", "&2"), ("w", "3")]
    assert web_url(layer, ("a",), pairs) == f"https://x.test/a{query}"


def test_parameters_that_speak_to_this_server_are_never_sent_on() -> None:
    pairs = [(name, "1") for name in sorted(RESERVED_NAMES)] + [("meta-user", "1")]
    assert web_url(forwarding("Blacklist"), ("a",), pairs) == "https://x.test/a"


def test_constant_pairs_come_first() -> None:
    layer = WebLayer(
        base_url="https://x.test/",
        append_query_string="k=v",
        query_string_forwarding=QueryForwarding(type="Blacklist", parameters=()),
    )
    assert web_url(layer, ("a",), [("w", "1")]) == "https://x.test/a?k=v&w=1"
