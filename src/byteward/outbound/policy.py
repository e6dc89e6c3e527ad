"""What the operator lets the server's own requests reach (pure)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Self

from byteward.config import OutboundSettings
from byteward.errors import OperatorError
from byteward.outbound.address import IpAddress, Verdict, judge
from byteward.outbound.url import OutboundUrl, UrlError, parse_url

WEB_PORTS: Final = frozenset({80, 443})
_ENTRY: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:/[0-9]+)?)\]|([^\[\]:?#@]+))(?::([0-9]{1,5}))?")


class RefusedError(Exception):
    """The policy does not let a request go there; the message is for the log, never outward."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One entry of `outbound.allow`.

    Attributes:
        host: an exact name, in lower case as A-labels; None when `network` is set.
        network: addresses; None when `host` is set.
        port: the only port that is opened; None: those that are allowed everywhere.
    """

    host: str | None
    network: IPv4Network | IPv6Network | None
    port: int | None

    def covers(self, url: OutboundUrl, address: IpAddress) -> bool:
        """Whether the entry speaks of this host or of this address of it."""
        if self.network is not None:
            return address in self.network
        return url.address is None and url.host == self.host


@dataclass(frozen=True, slots=True)
class Destination:
    """An address that a request may be sent to.

    Attributes:
        address: to connect to, as the resolver gave it.
        is_opened: it is not public: the operator opened it. Only such an address may be this
            host's own.
    """

    address: IpAddress
    is_opened: bool


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Decides about destinations.

    Attributes:
        ports: that may be asked everywhere.
        openings: entries of `outbound.allow`.
        allows_private: loopback and private networks are open on every port.
    """

    ports: frozenset[int] = WEB_PORTS
    openings: tuple[Opening, ...] = ()
    allows_private: bool = False

    @classmethod
    def of(cls, settings: OutboundSettings) -> Self:
        """The policy that the settings describe.

        Raises:
            OperatorError: an entry of `outbound.allow` is malformed.
        """
        return cls(
            WEB_PORTS | frozenset(settings.allowed_ports),
            tuple(map(parse_opening, settings.allow)),
            settings.allow_private,
        )

    def destinations(
        self, url: OutboundUrl, addresses: Sequence[IpAddress]
    ) -> tuple[Destination, ...]:
        """Judge every address of a URL's host.

        SECURITY: one refused address refuses the URL: a name that leads inside and outside is a
        trap, and which of its addresses a connection gets is left to chance.

        Raises:
            RefusedError: there is no address, or one of them must not be asked on this port.
        """
        if not addresses:
            raise RefusedError("the name has no address")
        if url.address is None and "." not in url.host and not self._opens_name(url.host):
            raise RefusedError("a name without a dot")
        return tuple(self._judge(url, address) for address in dict.fromkeys(addresses))

    def _judge(self, url: OutboundUrl, address: IpAddress) -> Destination:
        verdict = judge(address)
        if self._opens(url, verdict):
            return Destination(address, is_opened=True)
        if verdict.refused_by is not None:
            raise RefusedError(f"{address} is in {verdict.refused_by.network}")
        if url.port not in self.ports:
            raise RefusedError(f"port {url.port} is not allowed")
        return Destination(address, is_opened=False)

    def _opens(self, url: OutboundUrl, verdict: Verdict) -> bool:
        block = verdict.refused_by
        if self.allows_private and block is not None and block.is_private:
            return True
        return any(
            opening.covers(url, verdict.address)
            and (url.port in self.ports if opening.port is None else url.port == opening.port)
            for opening in self.openings
        )

    def _opens_name(self, host: str) -> bool:
        return self.allows_private or any(opening.host == host for opening in self.openings)


def parse_opening(text: str) -> Opening:
    """Read `10.0.0.0/8`, `10.0.0.5:9000`, `[fd00::/8]:9000` or `store.internal:9000`.

    Raises:
        OperatorError: it is none of these.
    """
    match = _ENTRY.fullmatch(text)
    network = _network(text) or (_network(match[1] or match[2]) if match else None)
    with contextlib.suppress(UrlError):
        if network is not None:
            return Opening(None, network, _port(match[3] if match else None))
        if match is not None and match[2] is not None and "/" not in match[2]:
            return Opening(parse_url(f"http://{match[2]}").host, None, _port(match[3]))
    raise OperatorError(
        f"outbound.allow: `{text}` is not a network, an address or a host name; write a port "
        "after a colon and an IPv6 network in brackets"
    )


def _port(text: str | None) -> int | None:
    return None if text is None else parse_url(f"http://host:{text}").port


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
