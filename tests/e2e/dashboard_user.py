"""Dashboard users of a real server, without a browser."""

from __future__ import annotations

import json
import subprocess
from typing import Final

from tests.e2e.server import COMMAND, Server, request

PASSWORD: Final = "quiet river under the hill"


def add_user(server: Server, email: str, role: str) -> None:
    """A user with `PASSWORD`, made by the command."""
    arguments = ["user", "add", email, "--role", role, "--password-stdin"]
    subprocess.run(
        [*COMMAND, *arguments, "--data", str(server.data)],
        input=f"{PASSWORD}\n".encode(),
        check=True,
        capture_output=True,
        timeout=60,
    )


def bearer_of(server: Server, email: str) -> dict[str, str]:
    """The header of a user whose password is `PASSWORD`, signed in as the page does it."""
    origin = {"Origin": server.api, "Content-Type": "application/json"}
    credentials = {"email": email, "password": PASSWORD}
    login = request(
        "POST",
        f"{server.api}/dashboard/api/login",
        headers=origin,
        body=json.dumps(credentials).encode(),
    )
    cookie = {"Cookie": login.headers["set-cookie"].partition(";")[0], **origin}
    csrf = request("GET", f"{server.api}/dashboard/api/session", headers=cookie).json["csrfToken"]
    made = request(
        "POST",
        f"{server.api}/dashboard/api/bearer",
        headers={**cookie, "X-CSRF-Token": csrf},
        body=b"{}",
    )
    return {"Authorization": f"Bearer {made.json['bearer']}"}
