"""R12: which texts are URLs the server goes to, and that only one host can be read out of them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.outbound.url import (
    MAX_BYTES,
    OutboundUrl,
    Scheme,
    UrlError,
    parse_url,
    resolve_reference,
)

# 127.0.0.1 and its neighbours, as resolvers and lenient parsers would take them.
LOOPBACK_SPELLINGS = [
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0X7F000001",
    "017700000001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "127.0.0.0x1",
    "127.0x0.1",
    "0177.0.0.01",
    "127.0.0.01",
    "00127.0.0.1",
    "127.0.0.1.",
    "127.0.0.256",
    "127.0.0.1.0",
    "0",
    "0x",
    "4294967296",
    "\uff11\uff12\uff17.0.0.1",  # full-width digits
    "127\u30020\u30020\u30021",  # ideographic full stops
    "\u2460\u2461\u2466.0.0.1",  # circled digits
    "127.0.0.\u0661",  # Arabic-Indic digit
    "%31%32%37.0.0.1",
    "127.0.0.1%00.example.com",
    "127.0.0.1%2eexample.com",
    "[127.0.0.1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[::ffff:127.1]",
    "[::ffff:0x7f.0.0.1]",
    "[::1",
    "::1",
    "[::1]x",
    "[v1.::1]",
    "localhost%00",
    "loc\u00adalhost",  # soft hyphen
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",  # circled letters
    "localhost.",
    ".localhost",
    "example.1",
    "example.0x7f",
]


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_numbers_in_disguise_are_refused_as_text(host: str) -> None:
    with pytest.raises(UrlError):
        parse_url(f"http://{host}/")


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("http://example.com", "example.com", 80, "/"),
        ("HTTPS://EXAMPLE.com:8443/A/b?C=d", "example.com", 8443, "/A/b?C=d"),
        ("https://example.com:443/", "example.com", 443, "/"),
        ("http://example.com:/x", "example.com", 80, "/x"),
        ("http://192.0.2.1:81", "192.0.2.1", 81, "/"),
        ("http://[2001:DB8::0:1]/x", "2001:db8::1", 80, "/x"),
        ("http://[::ffff:127.0.0.1]/", parse_url("http://[::ffff:7f00:1]").host, 80, "/"),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://my_bucket.r3---sn-4g5e.example/", "my_bucket.r3---sn-4g5e.example", 80, "/"),
        ("http://localhost/", "localhost", 80, "/"),
        ("http://h/a%2Fb/%zz;p=1?q=[1]&r=%", "h", 80, "/a%2Fb/%zz;p=1?q=[1]&r=%"),
        ("http://h?x", "h", 80, "/?x"),
        ("http://h/?", "h", 80, "/"),
        ("http://h/a/./b/../c/..#f", "h", 80, "/a/"),
        ("http://h/../../x", "h", 80, "/x"),
        ("http://h//a//b/", "h", 80, "//a//b/"),
        ('http://h/"<>^`{|}', "h", 80, "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("http://h/a#b#c?d", "h", 80, "/a"),
    ],
)
def test_urls_are_taken_apart(text: str, host: str, port: int, target: str) -> None:
    url = parse_url(text)
    assert (url.host, url.port, url.target) == (host, port, target)
    assert parse_url(url.text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/x",
        "//h/x",
        "h/x",
        "http:/h/x",
        "http:h",
        "http:///x",
        "http://",
        "http://?x",
        "ftp://h/x",
        "data:text/plain,x",
        "file:///etc/passwd",
        "gopher://h/",
        "javascript:alert(1)",
        "ws://h/",
        "http+unix://h/",
        " http://h/",
        "http://h/ ",
        "http://h/a b",
        "http://h/\t",
        "http://h/\r\nX: y",
        "http://h/\x00",
        "http://h/\x7f",
        "ht\ntp://h/",
        "http://h\\@evil.example/",
        "http:\\\\h\\",
        "http://u@h/",
        "http://u:p@h/",
        "http://@h/",
        "http://h@/",
        "http://evil.example#@h/".replace("#", "%23"),
        "http://h:0/",
        "http://h:65536/",
        "http://h:99999999999/",
        "http://h:8o/",
        "http://h:80:80/",
        "http://h:+80/",
        "http://h:\u0661/",
        "http://h/\u00e4",
        "http://h/#\u00e4",
        "http://h/?q=\u4e2d",
        "http://-a.example/",
        "http://a-.example/",
        "http://a..example/",
        "http://a$b.example/",
        "http://exam,ple/",
        "http://xn--a.example/",
        "http://xn--BCHER-KVA-.example/",
        "http://xn--ls8h.example/",  # an emoji, which IDNA 2008 does not allow
        "http://b\u00dccher.example/",  # valid only after a mapping
        "http://\ud800.example/",
        "http://a\u200db.example/",  # a joiner without its context
        "http://" + "a" * 64 + ".example/",
        "http://" + ".".join(["abcdefgh"] * 29) + "/",
        "http://h/" + "a" * MAX_BYTES,
    ],
)
def test_what_is_no_plain_web_url_is_refused(text: str) -> None:
    with pytest.raises(UrlError):
        parse_url(text)


def test_a_url_of_just_the_length_limit_is_taken() -> None:
    text = "http://h/".ljust(MAX_BYTES, "a")
    assert parse_url(text).text == text


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [
        ("https://other.example/x#f", "https://other.example/x"),
        ("//other.example/x", "http://other.example/x"),
        ("/x?y", "http://h.example:81/x?y"),
        ("x", "http://h.example:81/a/x"),
        ("../x", "http://h.example:81/x"),
        ("../../../x", "http://h.example:81/x"),
        ("./", "http://h.example:81/a/"),
        ("?z", "http://h.example:81/a/b?z"),
        ("#f", "http://h.example:81/a/b?q=/1"),
        ("", "http://h.example:81/a/b?q=/1"),
        ("x/y:z", "http://h.example:81/a/x/y:z"),
    ],
)
def test_references_are_resolved_as_the_rfc_says(reference: str, wanted: str) -> None:
    base = parse_url("http://h.example:81/a/b?q=/1")
    assert resolve_reference(base, reference).text == wanted


@pytest.mark.parametrize(
    "reference",
    ["ftp://h/", "//u@h/", "//127.1/", "/a b", "\\\\evil.example", "/\\evil.example", "x:y", "//"],
)
def test_references_are_read_as_strictly_as_urls(reference: str) -> None:
    with pytest.raises(UrlError):
        resolve_reference(parse_url("http://h.example/"), reference)


@pytest.mark.parametrize(
    ("text", "authority", "scheme"),
    [
        ("http://h.example:80/", "h.example", Scheme.HTTP),
        ("https://h.example:80/", "h.example:80", Scheme.HTTPS),
        ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443", Scheme.HTTPS),
    ],
)
def test_the_authority_is_written_as_in_a_host_header(
    text: str, authority: str, scheme: Scheme
) -> None:
    url = parse_url(text)
    assert (url.authority, url.scheme) == (authority, scheme)


_PIECES = st.sampled_from(
    [
        "http://",
        "https://",
        "h.example",
        "127.0.0.1",
        "0x7f.1",
        "[::1]",
        "@",
        ":",
        "80",
        "/",
        "\\",
        "?",
        "#",
        "%",
        "%2e",
        "..",
        ".",
        "xn--",
        "ä",
        "。",
        " ",
        "\t",
        "\n",
        "a",
        "1",
        ";",
    ]
)


@given(st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=20))
def test_any_text_is_refused_or_read_as_everybody_reads_it(text: str) -> None:
    parsed: OutboundUrl | None
    for candidate in (text, f"http://{text}"):
        try:
            parsed = parse_url(candidate)
        except UrlError:
            continue
        # What was written again is plain, and a second parser finds the same host in it.
        assert parsed.text.isascii()
        assert parse_url(parsed.text) == parsed
        other = urlsplit(parsed.text)
        assert other.hostname == parsed.host
        assert (other.port or parsed.scheme.default_port) == parsed.port
        assert other.username is None
        assert (other.path + (f"?{other.query}" if other.query else "")) == parsed.target
