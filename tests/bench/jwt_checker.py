"""What applications put behind nginx's `auth_request`: 204 if the JWT may read the file, else 403.

Served by uvicorn (see `delivery.py`). It is kind to the arrangement that it stands for: a token's
signature is checked once and remembered, and what it may read is one prefix of paths.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from byteward.delivery.asgi import Receive, Scope, Send

KEY_VARIABLE = "BENCH_PUBLIC_KEY"
URI_HEADER = b"x-original-uri"


async def app(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer one question of nginx."""
    if scope["type"] != "http":
        return
    headers = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    is_allowed = scheme == b"Bearer" and _may_read(token, headers.get(URI_HEADER, b""))
    status = 204 if is_allowed else 403
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _may_read(token: bytes, uri: bytes) -> bool:
    claims = _claims(token)
    return claims["exp"] > time.time() and uri.startswith(b"/checked/")


# Any: a JWT's claims are an open dictionary.
@lru_cache(maxsize=1024)
def _claims(token: bytes) -> dict[str, Any]:
    try:
        return jwt.decode(token.decode(), _key(), algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        return {"exp": 0}


@lru_cache(maxsize=1)
def _key() -> RSAKey:
    return RSAKey.import_key(Path(os.environ[KEY_VARIABLE]).read_bytes())
