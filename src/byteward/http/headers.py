"""Header lines that every answer of a plane carries."""

from __future__ import annotations

from typing import Final

from byteward.header_lines import HeaderLine

API: Final[tuple[HeaderLine, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"server", b"byteward"),  # in place of the HTTP server's own name and version
)

CDN: Final[tuple[HeaderLine, ...]] = (
    *API,
    # Other sites embed images and media; what scripts may read is CORS's business.
    (b"cross-origin-resource-policy", b"cross-origin"),
)
