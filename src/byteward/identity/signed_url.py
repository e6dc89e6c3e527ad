"""Signed URLs: `sig=1.<API key id>.<HMAC-SHA-256>` over host and raw target (pure).

The MAC covers host, path and every other pair exactly as written and in order, so nothing about
the URL can be changed. `sig` may stand anywhere among the pairs.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.identity.url_target import RawPair, UrlTarget
from byteward.ids import API_KEY_ID
from byteward.strict_base64 import decode_base64url, encode_base64url

VERSION: Final = "1"
MAC_BYTES: Final = 32

_PREFIX: Final = b"sig="
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class UrlSignature:
    """The parts of a `sig` value: who signed, and the MAC."""

    key_id: str
    mac: bytes


def invalid_signature() -> BytewardError:
    """403 for all that can be wrong with `sig` and `enc`: bad key and bad MAC look alike."""
    return BytewardError(
        ErrorCode.URL_SIGNATURE_INVALID,
        "the signature of the URL is not valid: sign it again, and change nothing afterwards",
    )


def parse_signature(pair: RawPair) -> UrlSignature | None:
    """Read the one pair that is `sig`; None unless it is spelled exactly as it should be."""
    if not pair.raw.startswith(_PREFIX) or not pair.raw.isascii():
        return None
    parts = pair.raw[len(_PREFIX) :].decode("ascii").split(".")
    if len(parts) != 3 or parts[0] != VERSION or not API_KEY_ID.fullmatch(parts[1]):  # noqa: PLR2004
        return None
    mac = decode_base64url(parts[2])
    if mac is None or len(mac) != MAC_BYTES:
        return None
    return UrlSignature(parts[1], mac)


def signature_holds(
    target: UrlTarget, pair: RawPair, mac: bytes, key: bytes, hosts: Iterable[str]
) -> bool:
    """Whether `mac` is right for any of the hosts.

    Args:
        target: the raw target, with `pair`.
        pair: the `sig` pair, which is not part of what was signed.
        mac: the MAC in it.
        key: the secure URL key.
        hosts: names by which the client may know this server: lower case, with a port if one was
            sent.
    """
    signed = target.without(pair).raw
    holds = False
    for host in hosts:
        # No early exit: the time tells neither which host matched nor how much of the MAC did.
        holds |= hmac.compare_digest(_mac(key, host, signed), mac)
    return holds


def sign(host_and_target: str, *, key_id: str, key: bytes) -> str:
    """The value of `sig` for a URL without its scheme, which must have `exp` already."""
    host, slash, rest = host_and_target.partition("/")
    mac = _mac(key, host.lower(), (slash + rest).encode())
    return f"{VERSION}.{key_id}.{encode_base64url(mac)}"


def sign_url(url: str, *, key_id: str, key: bytes, exp: str) -> str:
    """Add `exp` and `sig` to a URL.

    Args:
        url: absolute, percent-encoded, with all its other parameters, without a fragment.
        key_id: id of the API key whose permissions the URL carries.
        key: that key's secure URL key.
        exp: Unix seconds, Unix milliseconds or `inf`.
    """
    scheme, rest = split_scheme(url)
    complete = append_parameter(rest, f"exp={exp}")
    return f"{scheme}{complete}&sig={sign(complete, key_id=key_id, key=key)}"


def split_scheme(url: str) -> tuple[str, str]:
    """The scheme with its `://`, which is not signed, and the rest, which may have a `://` too."""
    found = _SCHEME.match(url)
    return (url[: found.end()], url[found.end() :]) if found else ("", url)


def append_parameter(url: str, pair: str) -> str:
    """Add a pair after the others; a URL without any gets its `?`."""
    if "?" not in url and "!" not in url:
        return f"{url}?{pair}"
    return f"{url}{pair}" if url.endswith(("?", "!")) else f"{url}&{pair}"


def _mac(key: bytes, host: str, target: bytes) -> bytes:
    return hmac.digest(key, host.encode() + target, "sha256")
