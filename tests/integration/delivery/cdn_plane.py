"""The CDN plane on a real database and a real object store, in-process, with a clock of its own."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from byteward import app as composition
from byteward.access.actions import Action
from byteward.access.model import KeyKind
from byteward.access.policy import parse_public_permissions
from byteward.access.rules import PathPattern, PathPermission, Scope
from byteward.accounts.model import AccountSettings, JwtCertificate
from byteward.accounts.service import bump_epoch, create_account, create_api_key, new_api_key
from byteward.accounts.store import insert_certificate
from byteward.config import Config
from byteward.delivery.asgi import AsgiApp, Message
from byteward.delivery.meter import UsageMeter
from byteward.files import tree
from byteward.files.file_details import FileDetails
from byteward.files.folder_settings import FolderSettings
from byteward.files.store import put_file
from byteward.identity.authenticate import Authenticator
from byteward.identity.issue import KeyPair, new_key_pair, sign_jwt
from byteward.operations.backend import opened_backend
from byteward.operations.public_urls import public_urls
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.resolve import SystemResolver
from byteward.paths import FilePath, FolderPath
from byteward.permissions.facts import Facts
from byteward.transform.cache import ResultCache
from byteward.transform.client import TransformClient
from tests.declared import ON_CDN, assert_declared

ACCOUNT: Final = "W142hJk"
OTHER: Final = "B7xk3Qz"
NOW: Final = 1767225600
"""2026-01-01T00:00:00Z."""
MODIFIED_MS: Final = 1735787045678
"""2025-01-02T03:04:05.678Z."""
SECURE_URL_KEY: Final = bytes(range(32))
KEY_ID: Final = "BMCyGyFk"
BIG: Final = bytes(range(256)) * 4096 * 2 + b"tail"
"""Two blocks and a bit."""

FILES: Final[Mapping[str, tuple[str, bytes]]] = {
    "/example.jpg": ("image/jpeg", bytes(i % 251 for i in range(1000))),
    "/a b/ü!.txt": ("text/plain", b"hello"),
    "/page.html": ("text/html", b"<script>1</script>"),
    "/logo.svg": ("image/svg+xml", b"<svg/>"),
    "/empty": ("text/plain", b""),
    "/big.bin": ("application/octet-stream", BIG),
    "/private/secret.txt": ("text/plain", b"secret"),
    "/private/photo.jpg": ("image/jpeg", b"photo"),
    "/private/open/o.jpg": ("image/jpeg", b"open"),
    "/limited/x.jpg": ("image/jpeg", b"limited"),
    "/users/u1/f.jpg": ("image/jpeg", b"u1"),
}
_ALL: Final = ["*"]


def public(children: Sequence[str], grandchildren: Sequence[str]) -> list[dict[str, object]]:
    """Public permissions in the wire's shape."""
    return [
        {"scope": scope, "permissions": {"file": {"downloadFile": list(slugs)}}}
        for scope, slugs in (("Children", children), ("Grandchildren+", grandchildren))
    ]


FOLDERS: Final[Mapping[str, list[dict[str, object]]]] = {
    "/private": [],
    "/private/open": public(_ALL, _ALL),
    "/limited": public(["thumbnail-*"], []),
    "/users": [],
}


@dataclasses.dataclass(frozen=True, slots=True)
class Response:
    """What came back; `lines` has the headers as they were sent."""

    status: int
    lines: list[tuple[bytes, bytes]]
    body: bytes
    is_complete: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers; a name that was sent twice fails the test."""
        names = [name for name, _ in self.lines]
        assert len(names) == len(set(names)), names
        return {name.decode(): value.decode("latin-1") for name, value in self.lines}


@dataclasses.dataclass(slots=True)
class CdnPlane:
    """A running plane with synchronous calls on it; tests move `now`."""

    runner: asyncio.Runner
    parts: composition.Parts
    signer: KeyPair
    texts: dict[str, str]
    now: float = NOW
    app: AsgiApp = dataclasses.field(init=False)

    def get(
        self,
        target: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        method: str = "GET",
        host: str = "upcdn.io",
        body: bytes = b"",
    ) -> Response:
        """Send one request; `target` goes out as it is."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        if body:
            lines.append((b"content-length", str(len(body)).encode()))
        path, _, query = target.partition("?")
        scope: Message = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(b"host", host.encode()), *lines],
            "client": ("127.0.0.1", 50000),
        }
        answer = self.runner.run(self._send(scope, body))
        assert_declared(method, target, answer, ON_CDN)
        return answer

    async def _send(self, scope: Message, body: bytes) -> Response:
        sent: list[Message] = []

        # Any: ASGI messages are open dictionaries.
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *bodies = sent
        return Response(
            start["status"],
            list(start["headers"]),
            b"".join(each["body"] for each in bodies),
            bool(bodies) and not bodies[-1].get("more_body", False),
        )

    def bearer(self, name: str) -> dict[str, str]:
        """The Authorization header of a key by name."""
        return {"authorization": f"Bearer {self.texts[name]}"}

    def jwt(self, path: str, *, seconds: int = 600, **claims: object) -> str:
        """A JWT that may read the direct children of `path`."""
        grant = {"read": {"file": {"downloadFile": _ALL}}}
        rule = {"match": {"path": path, "scope": "Children"}, "permissions": grant}
        payload = {
            "sub": "u1",
            "iat": int(self.now),
            "exp": int(self.now) + seconds,
            "access": {"pathPermissions": [rule]},
            **claims,
        }
        return sign_jwt(payload, self.signer.private_pem.encode())

    def store(
        self,
        path: str,
        mime: str,
        body: bytes,
        account: str = ACCOUNT,
        tags: tuple[str, ...] = (),
    ) -> None:
        """Put a file, whatever was there."""
        self.runner.run(_store(self.parts, account, path, mime, body, tags))

    def set_public(self, folder: str, wire: list[dict[str, object]]) -> None:
        """Change a folder's public permissions, as PutFolder does."""

        def change(conn: Connection) -> None:
            segments = FolderPath.parse(folder).segments
            row = tree.ensure_folder(conn, ACCOUNT, segments, is_virtual=True)
            settings = FolderSettings(public_permissions=parse_public_permissions(wire))
            tree.set_settings(conn, row.folder_id, settings)
            bump_epoch(conn, ACCOUNT)

        self.runner.run(self.parts.backend.database.write(change))


async def _store(
    parts: composition.Parts,
    account: str,
    path: str,
    mime: str,
    body: bytes,
    tags: tuple[str, ...] = (),
) -> None:
    stored = await parts.backend.store.put(body)
    details = FileDetails(
        account_id=account,
        path=FilePath.parse(path),
        etag=stored.md5.hex(),
        size_bytes=len(body),
        mime=mime,
        original_file_name=None,
        tags=tags,
        metadata="{}",
        modified_at=MODIFIED_MS,
    )
    await parts.backend.database.write(lambda conn: put_file(conn, details, stored))


async def _fill(plane: CdnPlane) -> None:
    backend = plane.parts.backend
    everything = tuple(
        PathPermission(PathPattern((), scope), {Action.DOWNLOAD_FILE: ("*",)}, index)
        for index, scope in enumerate((Scope.CHILDREN, Scope.GRANDCHILDREN))
    )
    reports = (PathPermission(PathPattern(("reports",), Scope.CHILDREN), {}, 0),)

    def fill(conn: Connection) -> None:
        for account_id in (ACCOUNT, OTHER):
            settings = AccountSettings(cache_ttl=3600, cache_ttl404=60)
            create_account(conn, account_id, account_id, settings, created_at=1)
        for name, account_id, key_id, rules, enabled in (
            ("SK", ACCOUNT, KEY_ID, everything, True),
            ("SKR", ACCOUNT, "SKRSKRSK", reports, True),
            ("SKE", ACCOUNT, "SKESKESK", everything, False),
            ("SKB", OTHER, "SKBSKBSK", everything, True),
        ):
            new = new_api_key(
                account_id,
                KeyKind.SECRET,
                name,
                created_at=1,
                key_id=key_id,
                enabled=enabled,
                secure_url_key=SECURE_URL_KEY,
                path_permissions=rules,
            )
            create_api_key(conn, backend.keys, new)
            plane.texts[name] = new.text
        pem = plane.signer.public_pem
        insert_certificate(conn, JwtCertificate("cert0001", ACCOUNT, "web", True, pem))

    await backend.database.write(fill)
    for path, (mime, body) in FILES.items():
        await _store(plane.parts, ACCOUNT, path, mime, body)


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[composition.Parts]:
    async with opened_backend(config, migrates=True) as backend:
        facts = Facts(backend.database, backend.keys)
        resolver = SystemResolver()
        outbound = OutboundClient(config.outbound, resolver)
        transforms = TransformClient(backend.folder.path)
        yield composition.Parts(
            backend,
            facts,
            Authenticator(facts),
            public_urls(config),
            outbound,
            ResultCache(backend.folder.cache_path),
            transforms,
            UsageMeter(backend.database, backend.clock),
        )
        await transforms.close()
        resolver.close()


@contextmanager
def cdn_plane(config: Config, signer: KeyPair | None = None) -> Iterator[CdnPlane]:
    """A plane with the accounts, keys, folders and files above, in `config.data`."""
    with asyncio.Runner() as runner:
        opening = _opened(config)
        parts = runner.run(opening.__aenter__())
        plane = CdnPlane(runner, parts, signer or new_key_pair(), {})
        clock = lambda: plane.now  # noqa: E731 - reads the attribute each time
        backend = dataclasses.replace(parts.backend, clock=clock)
        authenticator = Authenticator(parts.facts, clock)
        plane.parts = dataclasses.replace(parts, backend=backend, authenticator=authenticator)
        plane.app = composition._cdn_plane(plane.parts)
        runner.run(_fill(plane))
        for folder, wire in FOLDERS.items():
            plane.set_public(folder, wire)
        yield plane
        runner.run(opening.__aexit__(None, None, None))


def config_in(folder: Path, **sections: object) -> Config:
    """Settings of a server in `folder`, reached as `upcdn.io`."""
    return Config(data=folder, public_cdn_url="http://upcdn.io", **sections)  # type: ignore[arg-type]  # sections by name
