"""Header lines that every answer of a plane carries."""

from __future__ import annotations

from typing import Final

from byteward.header_lines import HeaderBlock

API: Final = HeaderBlock(
    [
        (b"x-content-type-options", b"nosniff"),
        (b"server", b"byteward"),  # in place of the HTTP server's own name and version
    ]
)

CDN: Final = HeaderBlock(
    [
        *API.lines,
        # Other sites embed images and media; what scripts may read is CORS's business.
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
)
