"""The operations of the CDN plane as the reference shows them, beside the modules that answer.

`request.py` reads a target with its several generations of parameter names; only the present names
are documented.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from msgspec import Meta, Struct

from byteward.delivery.request import MAX_TTL_SECONDS
from byteward.errors import ErrorCode
from byteward.openapi.operation import (
    JSON_BODY,
    STORES,
    Access,
    AnyOperation,
    FileContent,
    Header,
    Operation,
    Plane,
    Tag,
)

_C = ErrorCode


class DeliveryQuery(
    Struct,
    frozen=True,
    rename={
        "cache_ttl": "cache-ttl",
        "cache_ttl_404": "cache-ttl-404",
        "cache_only": "cache-only",
        "cache_perm": "cache-perm",
    },
):
    """What every delivery URL may say.

    Attributes:
        cache: `false`: nobody keeps the answer.
        cache_ttl: seconds that caches may keep the answer; the account's setting when left out.
        cache_ttl_404: the same for "not found".
        version: any text; the content under one version never changes.
        download: `true`: browsers save the file instead of showing it.
        exp: when the URL ends, in Unix seconds; covered by `sig` where there is one.
        sig: signature of the URL; it stands last.
        enc: all other parameters, encrypted; it stands alone.
    """

    cache: bool = True
    cache_ttl: Annotated[int, Meta(ge=0, le=MAX_TTL_SECONDS)] | None = None
    cache_ttl_404: Annotated[int, Meta(ge=0, le=MAX_TTL_SECONDS)] | None = None
    version: str | None = None
    download: bool = False
    exp: str | None = None
    sig: str | None = None
    enc: str | None = None


class ProcessQuery(DeliveryQuery, frozen=True):
    """A delivery URL of a transformation.

    Attributes:
        cache: `false`: nobody keeps the answer.
        cache_ttl: seconds that caches may keep the answer; the account's setting when left out.
        cache_ttl_404: the same for "not found".
        version: any text; the content under one version never changes.
        download: `true`: browsers save the file instead of showing it.
        exp: when the URL ends, in Unix seconds; covered by `sig` where there is one.
        sig: signature of the URL; it stands last.
        enc: all other parameters, encrypted; it stands alone.
        cache_only: `true`: answer from the cache or not at all.
        cache_perm: `true`: the result stays until permanent results are reset; `false`: it does
            not; `auto`: it does if making it took more than half a second.
        w: width in pixels.
        h: height in pixels.
        f: format of the result.
    """

    cache_only: bool = False
    cache_perm: Annotated[str, Meta(extra_json_schema={"enum": ["auto", "false", "true"]})] = "auto"
    w: Annotated[int, Meta(ge=1)] | None = None
    h: Annotated[int, Meta(ge=1)] | None = None
    f: str | None = None


class SessionQuery(Struct, frozen=True, rename={"set_cookie": "set-cookie"}):
    """Whether a cookie is wanted.

    Attributes:
        set_cookie: `false`: only have the JWT checked.
    """

    set_cookie: str = "true"


class AccessToken(Struct, frozen=True, rename="camel"):
    """A user's JWT.

    Attributes:
        access_token: the JWT.
    """

    access_token: Annotated[str, Meta(min_length=1)]


class Session(Struct, frozen=True, rename="camel"):
    """A session that was opened.

    Attributes:
        access_token: the JWT, unchanged.
        ttl_seconds: whole seconds until it expires.
    """

    access_token: str
    ttl_seconds: Annotated[int, Meta(ge=1)]


_ETAG: Final = '"5d41402abc4b2a76b9719d911017c592"'
_JWT: Final = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"

DOWNLOAD_FILE: Final[AnyOperation] = Operation(
    id="DownloadFile",
    tag=Tag.FILES,
    method="GET",
    path="/{accountId}/raw/{filePath}",
    query=DeliveryQuery(),
    body=None,
    answer=FileContent("The file, with its own type."),
    access=Access.OPTIONAL,
    plane=Plane.CDN,
    more_answers={206: "The range that was asked for.", 304: "The caller's copy is current."},
    headers=(
        Header("Range", "One range of bytes.", "bytes=0-1023"),
        Header("If-None-Match", "Answer 304 when the file still has this ETag.", _ETAG),
    ),
    answer_headers=(
        Header("ETag", "Changes whenever the content changes.", _ETAG, is_required=True),
        Header("Cache-Control", "Who may keep it, and for how long.", "public, max-age=31536000"),
    ),
    refusals=(
        _C.INVALID_PARAMETER,
        _C.INVALID_PATH,
        _C.INVALID_PATH_ENCODING,
        _C.EXP_TOO_FAR,
        _C.URL_EXPIRED,
        _C.URL_SIGNATURE_INVALID,
        _C.ACCOUNT_NOT_FOUND,
        _C.CHECK_PATH,
        _C.FILE_NOT_FOUND,
        _C.PRECONDITION_FAILED,
        _C.RANGE_NOT_SATISFIABLE,
        *STORES,
    ),
    text="Download a file's own bytes. Public files need no credential.",
)
HEAD_FILE: Final = replace(
    DOWNLOAD_FILE,
    id="HeadFile",
    method="HEAD",
    answer=None,
    more_answers={304: "The caller's copy is current."},
    text="Get the headers of a download. They are those of GET.",
)

PROCESS_FILE: Final = replace(
    DOWNLOAD_FILE,
    id="ProcessFile",
    path="/{accountId}/{transformation}/{filePath}",
    query=ProcessQuery(),
    answer=FileContent("The result, with its own type."),
    refusals=(
        *DOWNLOAD_FILE.refusals,
        _C.ARTIFACT_NOT_FOUND,
        _C.NOT_CACHED,
        _C.TRANSFORMATION_NOT_FOUND,
        _C.UNSUPPORTED_INPUT_FORMAT,
        _C.CORRUPT_INPUT,
        _C.TRANSFORMATION_FAILED,
        _C.TRANSFORMATION_TIMEOUT,
    ),
    text=(
        "Get a file that is changed on its way. The parameters of the transformation stand in "
        "the query, beside those that every delivery URL may have."
    ),
)

_SESSIONS: Final = "/api/v1/access_tokens/{accountId}"

OPEN_SESSION: Final = Operation(
    id="OpenSession",
    tag=Tag.SESSIONS,
    method="PUT",
    path=_SESSIONS,
    query=SessionQuery(),
    body=AccessToken(_JWT),
    answer=Session(_JWT, 3600),
    access=Access.IN_REQUEST,
    plane=Plane.CDN,
    answer_headers=(Header("Set-Cookie", "The session.", "access-token-A623uY2=…"),),
    refusals=(
        *JSON_BODY,
        _C.JWT_TOO_LARGE_FOR_COOKIE,
        _C.AUTHENTICATION_FAILED_JWT_EXPIRED,
        _C.AUTHENTICATION_FAILED_JWT_INVALID,
        _C.AUTHENTICATION_FAILED_CREDENTIALS_DENIED,
        _C.JWT_MISSING_ACCOUNT_ID_FIELD,
        _C.ORIGIN_NOT_ALLOWED,
        _C.ACCOUNT_NOT_FOUND,
        _C.INVALID_PATH_ENCODING,
    ),
    text=(
        "Exchange a user's JWT for a cookie. Images of private folders then load in web pages "
        "for as long as the JWT is valid."
    ),
)
CLOSE_SESSION: Final = Operation(
    id="CloseSession",
    tag=Tag.SESSIONS,
    method="DELETE",
    path=_SESSIONS,
    query=SessionQuery(),
    body=None,
    answer=None,
    status=204,
    access=Access.PUBLIC,
    plane=Plane.CDN,
    refusals=(_C.ORIGIN_NOT_ALLOWED, _C.ACCOUNT_NOT_FOUND, _C.INVALID_PATH_ENCODING),
    text="Take the cookie of a session back. The JWT itself stays valid until it expires.",
)
GET_AUTH_WORKER: Final = Operation(
    id="GetAuthWorker",
    tag=Tag.SESSIONS,
    method="GET",
    path="/api/v1/auth-sw.js",
    query=None,
    body=None,
    answer=FileContent("The script.", "text/javascript"),
    access=Access.PUBLIC,
    plane=Plane.CDN,
    more_answers={304: "The caller's copy is current."},
    text=(
        "Get the service worker that sends a user's JWT with requests for files. A web "
        "application imports it into a worker of its own."
    ),
)

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    DOWNLOAD_FILE,
    HEAD_FILE,
    PROCESS_FILE,
    OPEN_SESSION,
    CLOSE_SESSION,
    GET_AUTH_WORKER,
)
