"""The absolute URLs that answers carry: as configured, else those of the listeners (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from byteward.config import Config, host_and_port

_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class PublicUrls:
    """Bases without a slash at the end."""

    api: str
    cdn: str

    @property
    def cdn_host(self) -> str:
        """Host, and port if it is not the scheme's own, as the CDN's `Host` header carries it."""
        return self.cdn.partition("://")[2].partition("/")[0].lower()


def public_urls(config: Config) -> PublicUrls:
    """The bases by which clients reach this server."""
    return PublicUrls(
        api=config.public_api_url or _of_listener(config.api),
        cdn=config.public_cdn_url or _of_listener(config.cdn),
    )


def _of_listener(listener: str) -> str:
    host, port = host_and_port(listener)
    host = _EVERY_ADDRESS.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}" if port == 80 else f"http://{shown}:{port}"  # noqa: PLR2004 - HTTP's
