"""The head of a request, read strictly (pure; RFC 9110 §5 and RFC 9112 §2 to §6).

SECURITY: a head is accepted only if every parser would read it alike. What the RFCs let a lenient
recipient repair is refused: bare CR or LF, folded lines, control characters, white space before a
colon, a length that is no number or stands beside a transfer coding, repeated Host or framing
lines. Whatever is refused here ends the connection, because nobody knows where the next request
would begin.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from byteward.header_lines import HeaderLine
from byteward.http.request_checks import is_host
from byteward.request_headers import RequestHeaders

_TOKEN_BYTES: Final = (
    b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {0x09})
_TARGET_BYTES: Final = bytes(set(range(0x21, 0x7F)) - {0x23})  # no fragment, nothing undecoded
_VERSIONS: Final = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0"}
_PARTS: Final = 3
_LONGEST_METHOD: Final = 32
_ABSOLUTE: Final = re.compile(rb"https?://([^/?]+)(/[^?]*)?(\?.*)?", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"[0-9]{1,19}")
_CRLF: Final = b"\r\n"
_REMEMBERED_BYTES: Final = 2048
_REMEMBERED_LINES: Final = 40
_METHODS: Final = {b"GET": "GET", b"HEAD": "HEAD"}
_SPECIAL: Final = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"}
)
# As clients write them; any other spelling costs a check of its letters.
_USUAL_NAMES: Final = (
    b"Accept Accept-Encoding Accept-Language Authorization Authorization-Token Cache-Control "
    b"Connection Content-Length Content-Type Cookie DNT Expect Host If-Match If-Modified-Since "
    b"If-None-Match If-Range Origin Pragma Priority Range Referer Sec-CH-UA Sec-CH-UA-Mobile "
    b"Sec-CH-UA-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User "
    b"Sec-Purpose TE Transfer-Encoding Upgrade-Insecure-Requests User-Agent Via X-Forwarded-For "
    b"X-Forwarded-Host X-Forwarded-Proto X-Real-IP sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform"
).split()
_LOWER_NAMES: Final = {
    spelling: name.lower() for name in _USUAL_NAMES for spelling in (name, name.lower())
}


_Fields = tuple[RequestHeaders, bool, int | None, bool]
"""The header lines and, from `is_kept_alive` on, what a `RequestHead` says of them."""


class BadHeadError(ValueError):
    """The head is refused; the text says why, for the answer's message."""


class _TooManyLinesError(Exception):
    """The lines are read, but not remembered."""


class RequestHead(Struct):
    """A request without its body.

    Attributes:
        method: as written; methods are case-sensitive.
        raw_path: the target up to the first `?`, undecoded; of an absolute target its path.
        query: what follows that `?`, undecoded.
        headers: in the order of the wire; of an absolute target Host is the target's authority.
        http_version: `1.1` or `1.0`.
        length: Content-Length; 0 without a body, None when the body is chunked.
        is_kept_alive: whether the client wants the connection kept.
        expects_continue: the client waits for `100 Continue` before it sends the body.
    """

    method: str
    raw_path: bytes
    query: bytes
    headers: RequestHeaders
    http_version: str
    is_kept_alive: bool
    length: int | None = 0
    expects_continue: bool = False


def parse_head(data: bytes) -> RequestHead:
    """Read a head.

    Args:
        data: from the first byte of the request line up to, not including, the empty line's CRLF
            and the CRLF before it.

    Raises:
        BadHeadError: see above.
    """
    first, _, block = data.partition(_CRLF)
    if len(first) <= _REMEMBERED_BYTES:
        method, raw_path, query, version = _remembered_request_line(first)
    else:
        method, raw_path, query, version = _read_request_line(first)
    if len(block) <= _REMEMBERED_BYTES:
        headers, is_kept_alive, length, expects = _fields(block, version)
    else:
        headers, is_kept_alive, length, expects = _read_fields(block, version)
    if raw_path[:1] != b"/":
        raw_path, query, headers = _read_other_form(method, raw_path, query, headers)
    return RequestHead(method, raw_path, query, headers, version, is_kept_alive, length, expects)


def _read_fields(block: bytes, version: str) -> _Fields:
    lines = block.split(_CRLF) if block else []
    # What is left of CR and LF after the split stands alone.
    breaks = max(len(lines) - 1, 0)
    if len(block.translate(None, _CONTROLS)) != len(block) - 2 * breaks:
        raise BadHeadError("the head holds a control character or a bare line break")
    headers: list[HeaderLine] = []
    special: list[HeaderLine] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        lower = _LOWER_NAMES.get(name) or _lower_name(name)
        if not colon:
            raise BadHeadError("a header line has no colon")
        pair = (lower, value.strip(b" \t"))
        headers.append(pair)
        if lower in _SPECIAL:
            special.append(pair)
    return RequestHeaders(headers), *_read_special(special, version)


def _read_request_line(line: bytes) -> tuple[str, bytes, bytes, str]:
    """Method, path, query and version; whatever holds a control character is malformed."""
    parts = line.split(b" ")
    if len(parts) != _PARTS or parts[2] not in _VERSIONS or not parts[1]:
        raise BadHeadError("the request line is malformed")
    word, target, version = parts
    method = _METHODS.get(word)
    if method is None:
        if not word or len(word) > _LONGEST_METHOD or word.translate(None, _TOKEN_BYTES):
            raise BadHeadError("the method is malformed")
        method = word.decode("ascii")
    if target.translate(None, _TARGET_BYTES):
        raise BadHeadError("the request target is malformed")
    raw_path, _, query = target.partition(b"?")
    return method, raw_path, query, _VERSIONS[version]


# One client sends the same lines again and again, and many clients ask for the same file. What
# bytes mean depends on nothing but the bytes, so remembering it is always right; malformed ones
# are not remembered. The bounds keep the worst that strangers can fill both with to some 20 MB.
_remembered_request_line = lru_cache(maxsize=4096)(_read_request_line)


@lru_cache(maxsize=1024)
def _remembered_fields(block: bytes, version: str) -> _Fields:
    if block.count(b"\n") > _REMEMBERED_LINES:
        raise _TooManyLinesError
    return _read_fields(block, version)


def _fields(block: bytes, version: str) -> _Fields:
    try:
        return _remembered_fields(block, version)
    except _TooManyLinesError:
        return _read_fields(block, version)


def _lower_name(name: bytes) -> bytes:
    if not name or name.translate(None, _TOKEN_BYTES):
        raise BadHeadError("a header name is malformed")
    return name.lower()


def _read_other_form(
    method: str, raw_path: bytes, query: bytes, headers: RequestHeaders
) -> tuple[bytes, bytes, RequestHeaders]:
    """Path, query and headers of absolute and asterisk form (RFC 9112 §3.2).

    CONNECT is for proxies.
    """
    target = raw_path + b"?" + query if query else raw_path
    if target == b"*" and method == "OPTIONS":
        return raw_path, query, headers
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise BadHeadError("the request target is malformed")
    authority, path, rest = match.groups()
    if not is_host(authority):
        raise BadHeadError("the request target is malformed")
    # The authority replaces whatever Host says (RFC 9112 §3.2.2).
    others = [line for line in headers.lines if line[0] != b"host"]
    return path or b"/", (rest or b"?")[1:], RequestHeaders([(b"host", authority), *others])


def _read_special(lines: list[HeaderLine], version: str) -> tuple[bool, int | None, bool]:
    """Host, framing, and what becomes of the connection."""
    found: dict[bytes, bytes] = {}
    for name, value in lines:
        if name not in found:
            found[name] = value
        elif name == b"connection":
            found[name] = found[name] + b"," + value
        else:
            raise BadHeadError(f"the header `{name.decode('ascii')}` is repeated")
    is_1_1 = version == "1.1"
    host = found.get(b"host")
    if host is None:
        if is_1_1:
            raise BadHeadError("the Host header is missing")
    elif not is_host(host) and (host or is_1_1):
        raise BadHeadError("the Host header is malformed")
    length = _read_framing(found.get(b"content-length"), found.get(b"transfer-encoding"), version)
    is_kept_alive = is_1_1
    if b"connection" in found:
        options = {each.strip(b" \t").lower() for each in found[b"connection"].split(b",")}
        is_kept_alive = (is_1_1 or b"keep-alive" in options) and b"close" not in options
    # RFC 9110 §10.1.1: of an older client it is ignored.
    expects = is_1_1 and found.get(b"expect", b"").lower() == b"100-continue"
    return is_kept_alive, length, expects


def _read_framing(length: bytes | None, coding: bytes | None, version: str) -> int | None:
    """Length of the body, None when it is chunked."""
    if coding is not None:
        if length is not None:
            raise BadHeadError("Content-Length and Transfer-Encoding exclude each other")
        if coding.lower() != b"chunked":
            raise BadHeadError("the only transfer coding is chunked")
        if version != "1.1":
            # SECURITY: a proxy that speaks 1.0 does not know the coding and forwards it blindly.
            raise BadHeadError("HTTP/1.0 has no transfer codings")
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        raise BadHeadError("Content-Length is not a number")
    return int(length)
