"""The dashboard's cookie (pure; RFC 6265).

`__Host-` binds it to the very host and to https. Over plain http on a loopback address, where no
browser would keep that, it is called `byteward`.
"""

from __future__ import annotations

from collections.abc import Iterable

from byteward.header_lines import HeaderLine, header_line
from byteward.identity.cookies import read_cookie
from byteward.identity.dashboard.lifetimes import ABSOLUTE_MS


class DashboardCookie:
    """Reads and writes it.

    Args:
        is_https: whether browsers reach the dashboard by https.
    """

    def __init__(self, *, is_https: bool) -> None:
        self.name = "__Host-byteward" if is_https else "byteward"
        secure = "; Secure" if is_https else ""
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{secure}"

    def read(self, lines: Iterable[HeaderLine]) -> str | None:
        """The cookie's value; None: it is not there, or there twice with different values."""
        return read_cookie([value for name, value in lines if name == b"cookie"], self.name)

    def set(self, value: str) -> HeaderLine:
        """The header that keeps it."""
        life = ABSOLUTE_MS // 1000
        text = f"{self.name}={value}; Max-Age={life}; {self._attributes}"
        return header_line("set-cookie", text)

    def clear(self) -> HeaderLine:
        """The header that removes it."""
        return header_line("set-cookie", f"{self.name}=; Max-Age=0; {self._attributes}")
