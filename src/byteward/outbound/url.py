"""URLs that the server may be sent to: a strict reader, and the writer of what is connected to.

The URL that was judged is the URL that is used: nothing else reads the text again, and requests are
made from the parts in `OutboundUrl`. What two parsers could understand differently (white space,
backslashes, credentials, numbers that are addresses only to some) is refused as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import idna

from byteward.outbound.address import IpAddress

MAX_BYTES: Final = 8192
MAX_HOST: Final = 253
"""RFC 1035 §2.3.4, without the root's dot."""

_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_ABSOLUTE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_MAX_PORT: Final = 65535
_DOTTED_QUAD: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", re.ASCII)
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
# RFC 1034 §3.5 and the underscore, which names of real servers contain.
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_UPPER: Final = re.compile(r"[A-Z]")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]+", re.ASCII)
# Characters that no URL contains literally (RFC 3986 appendix A), brackets aside.
_UNWRITABLE: Final = re.compile(r'["<>^`{|}]')


class Scheme(StrEnum):
    """The schemes that are spoken."""

    HTTP = "http"
    HTTPS = "https"

    @property
    def default_port(self) -> int:
        """The port of a URL that names none."""
        return 443 if self is Scheme.HTTPS else 80


class UrlError(ValueError):
    """The text is not a URL that the server goes to; the message may be shown to the caller."""


@dataclass(frozen=True, slots=True)
class OutboundUrl:
    """An http(s) URL, taken apart.

    Attributes:
        scheme: how it is spoken.
        host: a name in lower case as A-labels, or the canonical text of an address; an IPv6
            address has no brackets here.
        address: the address, when the host is one.
        port: always set.
        target: path and query as they are sent; starts with `/`.
    """

    scheme: Scheme
    host: str
    address: IpAddress | None
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL and in `Host`; a default port is left out."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == self.scheme.default_port else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[Scheme, str, int]:
        """What credentials and headers of a request must not cross (RFC 6454)."""
        return self.scheme, self.host, self.port

    @property
    def text(self) -> str:
        """The URL, written again."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(text: str) -> OutboundUrl:
    """Read an absolute URL; its fragment is dropped.

    Raises:
        UrlError: the text is anything but an unambiguous http(s) URL.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UrlError(f"the URL is longer than {MAX_BYTES} bytes")
    if _FORBIDDEN.search(text):
        raise UrlError("the URL contains a space, a control character or a backslash")
    match = _ABSOLUTE.fullmatch(text)
    if match is None:
        raise UrlError("the URL must be absolute: http://… or https://…")
    name, authority, rest = match.groups()
    if not text[match.end(2) :].isascii():
        raise UrlError("the URL contains a character that has to be percent-encoded")
    try:
        scheme = Scheme(name.lower())
    except ValueError:
        raise UrlError("the URL's scheme must be http or https") from None
    host, port = _split_authority(authority)
    host, address = _parse_host(host)
    port_number = scheme.default_port if port is None else _parse_port(port)
    return OutboundUrl(scheme, host, address, port_number, _target(rest))


def resolve_reference(base: OutboundUrl, reference: str) -> OutboundUrl:
    """The URL that a `Location` means (RFC 3986 §5.2), read as strictly as any.

    Raises:
        UrlError: as `parse_url`.
    """
    reference = reference.partition("#")[0]
    if _SCHEME.match(reference):
        return parse_url(reference)
    root = f"{base.scheme}://{base.authority}"
    path, query = _parts(base.target)
    if reference.startswith("//"):
        text = f"{base.scheme}:{reference}"
    elif reference.startswith("/"):
        text = root + reference
    elif reference.startswith("?"):
        text = root + path + reference
    elif reference:
        text = root + path[: path.rindex("/") + 1] + reference
    else:
        text = root + path + query
    return parse_url(text)


def _split_authority(authority: str) -> tuple[str, str | None]:
    if "@" in authority:
        raise UrlError("the URL must not contain a user name or a password")
    if authority.startswith("["):
        host, bracket, port = authority.partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise UrlError("the URL's host is malformed")
        return host + bracket, port[1:] or None
    host, _, port = authority.partition(":")
    return host, port or None


def _parse_port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 0 < int(text) <= _MAX_PORT:
        raise UrlError("the URL's port is not a number from 1 to 65535")
    return int(text)


def _parse_host(text: str) -> tuple[str, IpAddress | None]:
    if text.startswith("["):
        address = _parse_ipv6(text[1:-1])
        return address.compressed, address
    labels = [_parse_label(label) for label in text.split(".")]
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        # SECURITY: such a host is an address to resolvers that read octal, hexadecimal and short
        # forms. Only the one spelling that everybody reads alike is taken.
        ipv4 = _parse_ipv4(text)
        return str(ipv4), ipv4
    host = ".".join(labels)
    if len(host) > MAX_HOST:
        raise UrlError("the URL's host is longer than a host name can be")
    return host, None


def _parse_ipv4(text: str) -> IPv4Address:
    if _DOTTED_QUAD.fullmatch(text):
        try:
            return IPv4Address(text)
        except AddressValueError:
            pass
    raise UrlError("the URL's host is a number, but not an address like 192.0.2.1")


def _parse_ipv6(text: str) -> IPv6Address:
    if _IPV6.fullmatch(text):
        try:
            return IPv6Address(text)
        except AddressValueError:
            pass
    raise UrlError("the URL's host is not an IPv6 address without a zone")


def _parse_label(label: str) -> str:
    """One label of a name: ASCII in lower case, anything else by IDNA 2008, checked both ways."""
    try:
        # Nothing but A-Z is mapped: IDNA 2008 refuses what only a mapping would make valid.
        label = _UPPER.sub(lambda match: match[0].lower(), label)
        if not label.isascii():
            label = idna.alabel(label).decode("ascii")
        is_coded = label.startswith("xn--")
        canonical = idna.alabel(idna.ulabel(label)).decode("ascii") if is_coded else label
    except idna.IDNAError:
        raise UrlError("the URL's host is not a valid internationalised name") from None
    if label != canonical or not _LABEL.fullmatch(label):
        raise UrlError("the URL's host is not a valid name")
    return label


def _target(rest: str) -> str:
    path, query = _parts(rest)
    written = _without_dot_segments(path or "/") + ("" if query == "?" else query)
    return _UNWRITABLE.sub(lambda match: f"%{ord(match[0]):02X}", written)


def _parts(target: str) -> tuple[str, str]:
    path, mark, query = target.partition("?")
    return path, mark + query


def _without_dot_segments(path: str) -> str:
    """RFC 3986 §5.2.4 for a path that starts with `/`."""
    kept: list[str] = []
    segments = path[1:].split("/")
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
            continue
        if is_last:
            kept.append("")
    return "/" + "/".join(kept)
