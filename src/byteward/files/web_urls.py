"""The URL behind a path of a web layer (pure).

The path is the decoded one that was decided on; each segment is encoded again, so nothing in it can
become a query, another host or a step upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from msgspec import UnsetType

from byteward.access.model import Segments
from byteward.files.storage_layers import WebLayer

_SEGMENT_SAFE: Final = "-_.~!$&'()*+,;=:@"  # RFC 3986 §3.3
_SCHEMES: Final = frozenset({"http:", "https:"})

RESERVED_NAMES: Final = frozenset(
    {
        "cache", "cache-ttl", "cache-ttl-404", "cache-only", "cache-perm", "version", "download",
        "artifact", "auth", "exp", "sig", "enc", "path",
    }
)  # fmt: skip
"""Parameters that speak to this server, by their canonical names; they are never sent on."""
_META: Final = "meta-"

Pairs = Iterable[tuple[str, str]]


def web_url(layer: WebLayer, relative: Segments, pairs: Pairs = ()) -> str | None:
    """The URL to ask.

    Args:
        layer: the web layer.
        relative: the path from the folder that sets the layer.
        pairs: the request's query, decoded, names in canonical spelling.

    Returns:
        None when the layer names no server and the path does not either.
    """
    if isinstance(layer.base_url, UnsetType):
        base, relative = _split_proxied(relative)
        if base is None:
            return None
    else:
        # SECURITY: without the slash the path would go on with the host's name.
        base = layer.base_url if layer.base_url.endswith("/") else layer.base_url + "/"
    path = "/".join(quote(segment, safe=_SEGMENT_SAFE) for segment in relative)
    query = "&".join(_query(layer, pairs))
    return f"{base}{path}?{query}" if query else base + path


def _split_proxied(relative: Segments) -> tuple[str | None, Segments]:
    """The server that a path itself names: `https://host/…`, or with one slash, as proxies do."""
    if not relative or relative[0] not in _SCHEMES:
        return None, relative
    rest = relative[1:]
    rest = rest[1:] if rest[:1] == ("",) else rest
    if not rest:
        return None, relative
    return f"{relative[0]}//{rest[0]}/", rest[1:]


def _query(layer: WebLayer, pairs: Pairs) -> Iterator[str]:
    if not isinstance(layer.append_query_string, UnsetType) and layer.append_query_string:
        yield layer.append_query_string
    forwarding = layer.query_string_forwarding
    if isinstance(forwarding, UnsetType):
        return
    named = {_canonical(parameter.name) for parameter in forwarding.parameters}
    is_whitelist = forwarding.type == "Whitelist"
    for name, value in pairs:
        if name in RESERVED_NAMES or name.startswith(_META):
            continue
        encoded = quote(name, safe="")
        if (encoded in named) is is_whitelist:
            yield f"{encoded}={quote(value, safe='')}"


def _canonical(name: str) -> str:
    """A percent-encoded name in the one spelling that names are compared in."""
    pieces = name.split("%")
    decoded = pieces[0].encode()
    for piece in pieces[1:]:
        try:
            decoded += bytes.fromhex(piece[:2]) + piece[2:].encode()
        except ValueError:
            decoded += b"%" + piece.encode()
    return quote(decoded, safe="")
