"""A browser on the dashboard, as far as its requests matter: a cookie, the page's headers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from byteward.access.roles import Role
from byteward.accounts.service import create_user, set_password
from byteward.accounts.store import user_by_email
from byteward.identity.passwords import hash_password
from tests.api_plane import ACCOUNT, API_URL, Plane
from tests.asgi_client import Response

PASSWORD: Final = "correct horse battery"
OWNER: Final = "owner@example.test"
_HASH: Final = hash_password(PASSWORD)


def add_user(plane: Plane, email: str = OWNER, role: Role = Role.OWNER) -> None:
    """A user whose password is `PASSWORD`."""

    def work(conn: Connection) -> None:
        user = user_by_email(conn, ACCOUNT, email)
        if user is None:
            create_user(conn, ACCOUNT, email, role, password_hash=_HASH, created_at=0)
        elif user.password_hash is None:
            set_password(conn, user, _HASH)

    plane.run(plane.services.database.write(work))


@dataclass(slots=True)
class Browser:
    """One browser with its cookie.

    Attributes:
        plane: the server.
        cookie: as the server set it last; None: none.
        csrf: as the page learnt it.
        origin: of the page.
    """

    plane: Plane
    cookie: str | None = None
    csrf: str | None = None
    origin: str | None = API_URL
    last: Response | None = field(default=None, repr=False)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send a request of the page and keep the cookie of its answer."""
        sent = {"host": "api.example.test", "user-agent": "Test/1.0"}
        if self.cookie is not None:
            sent["cookie"] = f"__Host-byteward={self.cookie}"
        if method != "GET":
            sent["content-type"] = "application/json"
            if self.origin is not None:
                sent["origin"] = self.origin
            if self.csrf is not None:
                sent["x-csrf-token"] = self.csrf
        raw = b"" if method == "GET" else json.dumps({} if body is None else body).encode()
        answer = self.plane.call(
            method, f"/dashboard/api{path}", headers={**sent, **(headers or {})}, body=raw
        )
        set_cookie = answer.headers.get("set-cookie")
        if set_cookie is not None:
            name, _, rest = set_cookie.partition("=")
            assert name == "__Host-byteward"
            self.cookie = rest.partition(";")[0] or None
        self.last = answer
        return answer

    def sign_in(self, email: str = OWNER, password: str = PASSWORD) -> Response:
        """The first step, and what the page needs if that was all."""
        answer = self.send("POST", "/login", {"email": email, "password": password})
        if answer.status == 200 and answer.json["next"] == "signedIn":
            self.read_session()
        return answer

    def read_session(self) -> Response:
        """Learn the CSRF token."""
        answer = self.send("GET", "/session")
        self.csrf = answer.json.get("csrfToken") if answer.status == 200 else None
        return answer

    def bearer(self) -> str:
        """A bearer of the session."""
        answer = self.send("POST", "/bearer")
        assert answer.status == 200, answer.body
        return str(answer.json["bearer"])


def browser(plane: Plane, email: str = OWNER, role: Role = Role.OWNER) -> Browser:
    """A browser in which the user has just signed in."""
    add_user(plane, email, role)
    made = Browser(plane)
    assert made.sign_in(email).status == 200
    return made
