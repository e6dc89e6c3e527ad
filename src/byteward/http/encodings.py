"""What codings of a body a client takes (pure; RFC 9110 §12.5.3)."""

from __future__ import annotations

from collections.abc import Mapping


def takes_gzip(headers: Mapping[bytes, bytes]) -> bool:
    """Whether `gzip` is among the accepted codings, and not with a weight of zero."""
    for item in headers.get(b"accept-encoding", b"").lower().split(b","):
        name, _, weight = item.replace(b" ", b"").partition(b";q=")
        if name == b"gzip":
            return weight.strip(b"0.") != b"" or not weight
    return False
