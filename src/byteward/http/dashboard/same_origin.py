"""Whether a request comes from the dashboard's own pages (pure).

SECURITY: the cookie goes along with requests that other sites cause. So a write needs all of these
together: the cookie (`SameSite=Lax`), the session's CSRF token in a header, an `Origin` that is the
dashboard's own, and a JSON body, which no form can send. And the dashboard answers to its own names
only, so that a name that is bound anew to a loopback address reaches nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from byteward.access.origins import normalise_origin
from byteward.errors import BytewardError, ErrorCode
from byteward.strict_base64 import encode_base64url

CSRF_HEADER: Final = b"x-csrf-token"

_KIND: Final = b"byteward dashboard csrf v1"
_LOOPBACK: Final = re.compile(
    r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE
)


def derive_csrf_key(master_key: bytes) -> bytes:
    """The key of CSRF tokens, kept apart by its label."""
    return hmac.new(master_key, _KIND, hashlib.sha256).digest()


def csrf_token(key: bytes, session_id: str) -> str:
    """The token of a session: the same for as long as it lives."""
    return encode_base64url(hmac.new(key, session_id.encode(), hashlib.sha256).digest())


class OwnOrigin:
    """What counts as the dashboard itself.

    Args:
        api_url: the public base of the API, whose origin is the dashboard's.
    """

    def __init__(self, api_url: str) -> None:
        scheme, _, rest = api_url.partition("://")
        self._host = rest.partition("/")[0].lower()
        self._origin = normalise_origin(f"{scheme}://{self._host}")

    def require_host(self, host: str) -> None:
        """Refuse names that are not the dashboard's.

        Raises:
            BytewardError: `misdirected_request`.
        """
        if host.lower() != self._host and _LOOPBACK.fullmatch(host) is None:
            raise BytewardError(
                ErrorCode.MISDIRECTED_REQUEST,
                "the dashboard does not answer to this name: set `--public-api-url` to the URL "
                "that people use",
            )

    def require(self, headers: Mapping[bytes, bytes], host: str) -> None:
        """Refuse a write that another page caused; `host` has passed `require_host`.

        Raises:
            BytewardError: `cross_site_request`.
        """
        origin = headers.get(b"origin")
        if origin is None:
            is_own = headers.get(b"sec-fetch-site") == b"same-origin"
        else:
            named = normalise_origin(origin.decode("latin-1"))
            is_own = named is not None and named in (self._origin, self._of_loopback(host))
        if not is_own:
            raise cross_site()
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip(b" \t").lower()
        if media_type != b"application/json":
            raise BytewardError(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the body as `application/json`"
            )

    def _of_loopback(self, host: str) -> str | None:
        return normalise_origin(f"http://{host}") if _LOOPBACK.fullmatch(host) else None


def require_csrf(headers: Mapping[bytes, bytes], expected: str) -> None:
    """Refuse a write without the session's token.

    Raises:
        BytewardError: `cross_site_request`.
    """
    if not hmac.compare_digest(headers.get(CSRF_HEADER, b""), expected.encode()):
        raise cross_site()


def cross_site() -> BytewardError:
    """403: the request was not sent by the dashboard's page."""
    return BytewardError(
        ErrorCode.CROSS_SITE_REQUEST, "only the dashboard's own pages may send this request"
    )
