"""Hostile requests made by chance: well-formed HTTP around malformed, mistyped or stolen contents.

Each request is made from pieces that break one layer each, so that most get past the layers before.
None of them has a right to write, except where the key is good; what it then writes lies below
`/chance`, so that everything else must stay as it was.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.conformance.http_world import World

Header = tuple[bytes, bytes]
ACCOUNTS: Final = (
    "A623uY2",
    "A623uY2",
    "A623uY2",
    "B7xk3Qz",
    "ZZZZZZZ",
    "a623uy2",
    "..",
    "%00",
    "",
)
_PIECES: Final = (
    "a",
    "..",
    ".",
    "...",
    "%2e%2e",
    "%2E.",
    "%252e%252e",
    "..%2f",
    "..%5c",
    "%00",
    "%0a",
    "%0d%0aX-A:b",
    "%7f",
    "%c2%85",
    "%c0%ae",
    "%ed%a0%80",
    "%ff",
    "%",
    "%zz",
    "%e2%80%ae",
    "%f0%9f%92%a3",
    "private",
    "p.jpg",
    "PRIVATE",
    "pub.jpg",
    "users",
    "u1",
    "f.jpg",
    "*",
    "**",
    "'",
    "%22",
    "%3Cscript%3E",
    "--",
    "%25",
    ";x=1",
    "{UTC_YEAR}",
    "{NO_SUCH}",
    "!",
    "",
    "~",
    "%EF%BC%8F",
    "x" * 255,
)
_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**53,
    2**64,
    10**300,
    "",
    "x",
    "/",
    "/chance/x.bin",
    "/chance/../private/p.jpg",
    "\x00",
    "\u202e",
    "text/plain",
    "x" * 600,
    [],
    {},
    [[]],
    ["x", 1],
    {"set": True},
    {"set": True, "value": None},
    {"folderPath": "..", "fileName": "/"},
    [{"scope": "This", "permissions": {"file": {"downloadFile": ["*"]}}}],
)
_FIELDS: Final = (
    "size",
    "path",
    "mime",
    "tags",
    "metadata",
    "protocol",
    "originalFileName",
    "etag",
    "folderPath",
    "folderSettings",
    "allowUnnamedFolder",
    "accessToken",
    "__proto__",
    "",
    "\x00",
)
_ROUTES: Final = (
    ("POST", "/uploads"),
    ("POST", "/uploads/binary"),
    ("POST", "/uploads/form_data"),
    ("GET", "/uploads/{u}/parts"),
    ("GET", "/uploads/{u}/parts/{i}"),
    ("PUT", "/uploads/{u}/parts/{i}"),
    ("PUT", "/uploads/{u}/parts/{i}/content"),
    ("DELETE", "/files"),
    ("GET", "/files/details"),
    ("DELETE", "/files/batch"),
    ("POST", "/files/copy"),
    ("GET", "/folders"),
    ("PUT", "/folders"),
    ("GET", "/folders/list"),
    ("GET", "/jobs"),
    ("POST", "/cache/reset"),
    ("GET", "/nothing"),
)
_PARAMETERS: Final = (
    "filePath",
    "folderPath",
    "fileName",
    "fileNameFallback",
    "tag",
    "originalFileName",
    "fileNameVariablesEnabled",
    "exp",
    "sig",
    "enc",
    "path",
    "w",
    "cache",
    "cache-ttl",
    "download",
    "version",
    "artifact",
    "meta-x",
    "auth",
    "%ff",
)
_ODD_HEADERS: Final = (
    b"Range",
    b"If-None-Match",
    b"If-Match",
    b"If-Modified-Since",
    b"If-Range",
    b"Origin",
    b"Referer",
    b"Accept",
    b"Cookie",
    b"Authorization-Token",
    b"X-Upload-Metadata",
    b"X-Upload-File-Name",
    b"Content-Type",
    b"Content-Encoding",
    b"X-Forwarded-For",
    b"Access-Control-Request-Method",
    b"Expect",
)
_METHODS: Final = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW")


@dataclass(frozen=True)
class Hostile:
    """One request."""

    plane: str
    method: bytes
    target: bytes
    headers: tuple[Header, ...]
    body: bytes | None


# Requests that are answered with success, before one thing about them is changed.
_GOOD: Final = (
    ("cdn", b"GET", b"/A623uY2/raw/pub.jpg", None),
    ("cdn", b"GET", b"/A623uY2/raw/docs/2024/a.pdf?download=true&version=1", None),
    ("cdn", b"HEAD", b"/A623uY2/raw/private/open/o.jpg", None),
    ("cdn", b"DELETE", b"/api/v1/access_tokens/A623uY2", None),
    ("api", b"GET", b"/v2/accounts/A623uY2/files/details?filePath=/pub.jpg", None),
    ("api", b"GET", b"/v2/accounts/A623uY2/folders?folderPath=/private", None),
    ("api", b"DELETE", b"/v2/accounts/A623uY2/files?filePath=/chance/x.bin", None),
    ("api", b"POST", b"/v2/accounts/A623uY2/uploads/binary?filePath=/chance/x.bin", b"bytes"),
    ("api", b"POST", b"/v2/accounts/A623uY2/uploads", b'{"size":5,"path":"/chance/y.bin"}'),
    ("api", b"PUT", b"/v2/accounts/A623uY2/folders", b'{"folderPath":"/chance/folder"}'),
)


def near_miss(random: Random, world: World) -> Hostile:
    """A good request with one byte, header or method changed, or nothing."""
    plane, method, target, body = random.choice(_GOOD)
    key = f"Bearer {world.fixture.keys['SK'].text}".encode()
    headers = [(b"Authorization", key)] if plane == "api" else []
    if body is not None and body[:1] == b"{":
        headers.append((b"Content-Type", b"application/json"))
    match random.randrange(7):
        case 0:
            at = random.randrange(1, len(target))
            target = target[:at] + bytes((random.randrange(0x21, 0x7F),)) + target[at + 1 :]
        case 1:
            target += (
                _query(random).encode("latin-1").replace(b"?", b"&" if b"?" in target else b"?")
            )
        case 2:
            headers.append((random.choice(_ODD_HEADERS), _odd(random)))
        case 3 if headers:
            name, value = random.choice(headers)
            headers.append((name, value))
        case 4 if body:
            at = random.randrange(len(body))
            body = body[:at] + random.randbytes(1) + body[at + 1 :]
        case 5:
            method = random.choice(_METHODS).encode()
        case _:
            pass
    return Hostile(plane, method, target, tuple(headers), body)


def hostile_request(random: Random, world: World) -> Hostile:
    """The next request of the random sequence."""
    if random.random() < 0.3:
        return near_miss(random, world)
    plane = random.choice(("api", "cdn"))
    usual, target = _api_target(random) if plane == "api" else _cdn_target(random)
    method = (usual if random.random() < 0.8 else random.choice(_METHODS)).encode()
    headers = _credentials(random, world)
    headers += [(name, _odd(random)) for name in random.sample(_ODD_HEADERS, random.randrange(4))]
    body = _body(random) if method in (b"POST", b"PUT", b"DELETE", b"PATCH") else None
    if body is not None and random.random() < 0.7:
        headers = [pair for pair in headers if pair[0] != b"Content-Type"]
        headers.append((b"Content-Type", b"application/json"))
    return Hostile(plane, method, target.encode("latin-1"), tuple(headers), body)


def _path(random: Random) -> str:
    return "/" + "/".join(random.choice(_PIECES) for _ in range(random.randrange(1, 6)))


def _query(random: Random) -> str:
    count = random.choice((0, 1, 1, 2, 3, 300 if random.random() < 0.02 else 1))
    pairs = (f"{random.choice(_PARAMETERS)}={_query_value(random)}" for _ in range(count))
    return "?" + random.choice("&&&;").join(pairs) if count else ""


def _query_value(random: Random) -> str:
    kind = random.randrange(4)
    if kind == 0:
        return "/chance" + _path(random)
    if kind == 1:
        return _path(random)
    if kind == 2:
        return random.choice(("", "true", "1", "-1", "inf", "9" * 40, "1.F91kfA1g.AAAA", "+"))
    return random.choice(_PIECES)


def _api_target(random: Random) -> tuple[str, str]:
    if random.random() < 0.1:
        return "GET", _path(random) + _query(random)
    method, route = random.choice(_ROUTES)
    route = route.replace("{u}", random.choice(("Z" * 16, "..", "%00", "x", "")))
    route = route.replace("{i}", random.choice(("0", "-1", "9" * 30, "x", "%31")))
    return method, f"/v2/accounts/{random.choice(ACCOUNTS)}{route}{_query(random)}"


def _cdn_target(random: Random) -> tuple[str, str]:
    if random.random() < 0.1:
        return "PUT", f"/api/v1/access_tokens/{random.choice(ACCOUNTS)}{_query(random)}"
    slug = random.choice(
        ("raw", "raw", "raw", "image", "thumbnail", "save/image", "%72aw", "..", "")
    )
    return "GET", f"/{random.choice(ACCOUNTS)}/{slug}{_path(random)}{_query(random)}"


def _credentials(random: Random, world: World) -> list[Header]:
    kind = random.randrange(8)
    if kind < 3:
        return []
    name = random.choice(sorted(world.fixture.keys))
    text = world.fixture.keys[name].text
    made = random.choice(
        (
            f"Bearer {text}",
            f"bearer   {text}",
            f"Bearer {text[:-1]}",
            f"Bearer {text},{text}",
            f"Basic {base64.b64encode(f'apikey:{text}'.encode()).decode()}",
            f"Basic {base64.b64encode(text.encode()).decode()}",
            "Basic \xff",
            "Bearer a.b.c",
            "",
        )
    )
    headers = [(b"Authorization", made.encode("latin-1"))]
    return headers * 2 if kind == 7 else headers


def _odd(random: Random) -> bytes:
    return random.choice(
        (
            b"",
            b"x",
            b"\xff\xfe",
            b"bytes=0-",
            b"bytes=-5,1-2",
            b"bytes=99999-",
            b'"abc", W/"d"',
            b"*",
            b"https://evil.example",
            b"null",
            b"access-token-A623uY2=x",
            b"access-token-A623uY2=a.b.c; x",
            b"{}",
            b"[1",
            b"application/json",
            b"text/plain",
            b"gzip",
            b"x" * 3000,
            random.randbytes(20).translate(None, bytes(range(32)) + b"\x7f"),
        )
    )


def _body(random: Random) -> bytes:
    kind = random.randrange(6)
    if kind == 0:
        return random.randbytes(random.choice((0, 1, 100, 5000)))
    if kind == 1:
        return b"[" * random.choice((10, 40, 5000))
    members = {
        random.choice(_FIELDS): random.choice(_VALUES) for _ in range(random.randrange(1, 5))
    }
    text = json.dumps(members).encode()
    if kind == 2:
        at = random.randrange(len(text) + 1)
        return text[:at] + random.randbytes(2) + text[at:]
    if kind == 3:
        return text[: random.randrange(len(text))]
    return text
