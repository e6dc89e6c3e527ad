"""How callers prove who they are, as OpenAPI has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from byteward.openapi.operation import Access
from byteward.openapi.schemas import Schema

# Alternatives; the schemes of one are needed together.
_HEADER: Final = (("bearerApiKey",), ("basicApiKey",), ("bearerApiKey", "jwt"), ("bearerJwt",))
_ALTERNATIVES: Final[Mapping[Access, Sequence[Sequence[str]]]] = {
    Access.CREDENTIAL: _HEADER,
    Access.SECRET_KEY: (("bearerApiKey",), ("basicApiKey",)),
    Access.DASHBOARD_USER: (("dashboardBearer",),),
    Access.DASHBOARD_COOKIE: (("dashboardCookie", "csrfToken"),),
    Access.DASHBOARD_PAGE: ((),),
    Access.OPTIONAL: ((), *_HEADER, ("session",)),
    Access.IN_REQUEST: ((),),
    Access.PUBLIC: ((),),
}
SECURITY_SCHEMES: Final[Mapping[str, Schema]] = {
    "bearerApiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A secret or public API key: `Authorization: Bearer secret_…`.",
    },
    "basicApiKey": {
        "type": "http",
        "scheme": "basic",
        "description": "The user name is `apikey`, the password is the API key.",
    },
    "bearerJwt": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JWT alone; it names the account in `accountId`.",
    },
    "jwt": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization-Token",
        "description": "A JWT beside an API key; what both may do is what counts.",
    },
    "dashboardBearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "dash_…",
        "description": "A dashboard user's bearer, good for five minutes; see CreateBearer.",
    },
    "dashboardCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-byteward",
        "description": "The dashboard's cookie; `byteward` over plain http on a loopback address.",
    },
    "csrfToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "`csrfToken` of GetSession; for writes.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "access-token-{accountId}",
        "description": "The cookie of a browser session, on the delivery host only.",
    },
}


def security_of(access: Access) -> list[Schema]:
    """The alternatives of an operation."""
    return [{name: [] for name in names} for names in _ALTERNATIVES[access]]
