"""Which web origins a credential is accepted from: the origin list of a JWT or of an API key.

It hinders the use of a stolen credential by other websites. It proves nothing about programs
outside a browser, which can send any `Origin`.
"""

from __future__ import annotations

import re
from typing import Final

# A user part, a wildcard or a space makes the text no origin at all, so it never matches.
_ORIGIN: Final = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_MAX_PORT: Final = 65535
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def normalise_origin(text: str) -> str | None:
    """The origin in one spelling: lower case, without default port, path and trailing `/`.

    Returns:
        None unless the text is an `http` or `https` URL with a host and, perhaps, a port.
    """
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, host, port_text = match[1].lower(), match[2].lower(), match[3]
    port = _DEFAULT_PORTS[scheme] if port_text is None else int(port_text)
    if port > _MAX_PORT:
        return None
    return f"{scheme}://{host}" + ("" if port == _DEFAULT_PORTS[scheme] else f":{port}")


def origin_of_referer(text: str) -> str | None:
    """The origin of a Referer header, or None when it names no web page."""
    return normalise_origin(text)


def origin_allowed(
    allowed: tuple[str, ...] | None, origin: str | None, referer: str | None
) -> bool:
    """Whether a request with these headers comes from one of the allowed origins.

    Browsers send no `Origin` when a page shows an image or video, so `Referer` stands in for it;
    never when an `Origin` is there, not even `null`.

    Args:
        allowed: None for no restriction (an API key without a list); empty allows nothing (a JWT
            whose `allowedOrigins` is empty). Elements that are no origin never match.
        origin: the `Origin` header, None when it is absent.
        referer: the `Referer` header, None when it is absent.
    """
    if allowed is None:
        return True
    if origin is not None:
        asked = normalise_origin(origin)
    else:
        asked = None if referer is None else origin_of_referer(referer)
    # SECURITY: a request that names no origin is refused: the address bar, pages with the
    # `no-referrer` policy, programs.
    return asked is not None and any(normalise_origin(item) == asked for item in allowed)
