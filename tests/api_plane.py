"""The API plane on a real database and a real object store, in-process, with a clock of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, func, select, text

from byteward.access.actions import Action
from byteward.access.model import KeyKind
from byteward.access.roles import Role
from byteward.access.rules import PathPattern, PathPermission, Scope
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import AccountSettings, JwtCertificate, RateLimit
from byteward.accounts.service import (
    create_account,
    create_api_key,
    create_user,
    new_api_key,
)
from byteward.accounts.store import insert_certificate, user_by_email
from byteward.bulk.requests import BulkRequests
from byteward.bulk.tools import Tools
from byteward.config import HttpSettings, OutboundSettings
from byteward.configuration.editing import Configuration
from byteward.db import tables
from byteward.db.migrate import upgrade
from byteward.db.sqlite import open_sqlite
from byteward.delivery.asgi import AsgiApp
from byteward.files.copying import FileCopies
from byteward.files.external_files import ExternalFiles
from byteward.files.folders import Folders
from byteward.files.layer_store import LayerStore
from byteward.files.moving import Moves
from byteward.files.service import Files
from byteward.files.store import find_file
from byteward.http import headers as fixed_headers
from byteward.http.app import browser_origins, build_api
from byteward.http.dashboard.parts import dashboard_services
from byteward.http.edge import Edge
from byteward.http.public_urls import ResponseUrls
from byteward.http.services import ApiServices
from byteward.identity.authenticate import Authenticator
from byteward.identity.dashboard.bearer import BearerClaim, sign_bearer
from byteward.identity.dashboard.bearer import derive_key as derive_bearer_key
from byteward.identity.dashboard.sign_in import Client, NewSession
from byteward.identity.issue import KeyPair, new_key_pair, sign_jwt
from byteward.jobs.model import JobHandler
from byteward.jobs.queue import JobQueue
from byteward.jobs.worker import Worker, WorkerSettings
from byteward.operations.worker import job_handlers
from byteward.outbound.address import IpAddress
from byteward.outbound.fetch import OutboundClient
from byteward.paths import FilePath
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from byteward.permissions.service import Explainer
from byteward.storage.data_folder import open_data_folder
from byteward.storage.local import LocalObjectStore
from byteward.storage.sealing import Sealer
from byteward.transform.cache import ResultCache
from byteward.uploads.form_data import FormLimits
from byteward.uploads.from_url import UrlUploads
from byteward.uploads.multipart import MultipartLimits, MultipartUploads
from byteward.uploads.part_token import derive_key
from byteward.uploads.publication import Publication
from tests.asgi_client import Body, Response, send_request
from tests.declared import assert_declared

T = TypeVar("T")

ACCOUNT: Final = "A623uY2"
OTHER_ACCOUNT: Final = "B7kQz9x"
BASE: Final = f"/v2/accounts/{ACCOUNT}"
API_URL: Final = "https://api.example.test"
CDN_URL: Final = "https://cdn.example.test"
NOW: Final = 1716666258.683
"""2024-05-25T19:44:18.683Z."""

_MASTER_KEY: Final = bytes(range(32))


@lru_cache(maxsize=1)
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="byteward-template-")) / "byteward.db"
    upgrade(path)
    return path


@lru_cache(maxsize=1)
def signing_keys() -> KeyPair:
    """The RSA key of the account's one certificate."""
    return new_key_pair()


@dataclass(slots=True)
class Plane:
    """A running plane with keys by name, and synchronous calls on it.

    Attributes:
        app: the edge and everything behind it.
        services: what it was built from.
        store: file bytes.
        folder: the data folder.
        keys: texts of the API keys: SK, PK, PKro, PKj, PKt, and SK2 of the other account.
        now: Unix seconds; tests move it.
    """

    services: ApiServices
    store: LocalObjectStore
    folder: Path
    key_store: KeyStore
    runner: asyncio.Runner
    keys: dict[str, str] = field(default_factory=dict)
    now: float = NOW
    app: AsgiApp = field(init=False)

    def dash(self, role: Role = Role.OWNER, *, email: str | None = None) -> str:
        """A bearer of a dashboard user with the role, who signed in just now."""
        address = email or f"{role}@example.test"

        def work(conn: Connection) -> NewSession:
            user = user_by_email(conn, ACCOUNT, address) or create_user(
                conn, ACCOUNT, address, role, password_hash=None, created_at=0
            )
            now = round(self.now * 1000)
            return self.services.dashboard.sign_in.open_in(conn, user, Client("203.0.113.7"), now)

        opened = self.run(self.services.database.write(work))
        claim = BearerClaim(ACCOUNT, opened.session.session_id, int(self.now) + 300)
        return sign_bearer(self.services.dashboard.bearer_key, claim)

    def run(self, awaitable: Awaitable[T]) -> T:
        async def wrapped() -> T:
            return await awaitable

        return self.runner.run(wrapped())

    async def request(
        self,
        method: str,
        target: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body = b"",
    ) -> Response:
        """Send a request with one of the plane's keys, or with none."""
        lines = dict(headers or {})
        if key is not None:
            lines.setdefault("authorization", f"Bearer {self.keys.get(key, key)}")
        answer = await send_request(self.app, method, target, headers=lines, body=body)
        assert_declared(method, target, answer)
        return answer

    def work(self) -> None:
        """Do every job that can be done now."""

        async def until_idle() -> None:
            worker = Worker(
                self.services.publication.database,
                self.services.job_kinds,
                lambda: self.now,
                name="test",
                settings=WorkerSettings(),
            )
            while await worker.claim_once():
                await worker.idle()

        self.run(until_idle())

    def call(
        self,
        method: str,
        target: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body = b"",
    ) -> Response:
        """`request`, run to its end."""
        return self.run(self.request(method, target, key=key, headers=headers, body=body))

    def send_json(
        self,
        method: str,
        target: str,
        value: object,
        *,
        key: str | None = "SK",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A request with a JSON body."""
        lines = {"content-type": "application/json", **(headers or {})}
        return self.call(method, target, key=key, headers=lines, body=json.dumps(value).encode())

    def put(
        self, path: str, content: bytes = b"hello", *, key: str = "SK", query: str = ""
    ) -> Response:
        """BasicUpload to a fixed path."""
        target = f"{BASE}/uploads/binary?filePath={quote(path, safe='')}{query}"
        headers = {"content-type": "text/plain"}
        return self.call("POST", target, key=key, headers=headers, body=content)

    def details(self, path: str, *, key: str = "SK") -> Response:
        """GetFileDetails."""
        target = f"{BASE}/files/details?filePath={quote(path, safe='')}"
        return self.call("GET", target, key=key)

    def content(self, path: str) -> bytes:
        """The bytes of a stored file, read and verified past the API."""

        async def read() -> bytes:
            found = await self.services.publication.database.read(
                lambda conn: find_file(conn, ACCOUNT, FilePath.parse(path), int(self.now * 1000))
            )
            assert found is not None
            reader = await self.store.read(
                found.object_id, 0, found.details.size_bytes, found.block_digests
            )
            try:
                return b"".join([bytes(piece) async for piece in reader])
            finally:
                await reader.aclose()

        return self.run(read())

    def jwt(self, access: object = None, **claims: object) -> str:
        """A JWT of the account, valid for an hour."""
        all_claims = {
            "sub": "u1",
            "accountId": ACCOUNT,
            "iat": int(self.now) - 5,
            "exp": int(self.now) + 3600,
            "access": access or {},
            **claims,
        }
        return sign_jwt(all_claims, signing_keys().private_pem.encode())

    async def request_sql(self, statement: str) -> None:
        """Change the database behind the plane's back."""
        await self.services.publication.database.write(lambda conn: _run(conn, statement))

    def sql(self, statement: str) -> None:
        """`request_sql`, run to its end."""
        self.run(self.request_sql(statement))

    def objects(self) -> int:
        """Objects in the store."""
        return len([p for p in (self.folder / "objects").rglob("*") if p.is_file()])

    def staged(self) -> int:
        """Files in the staging area: parts and what writers left."""
        return len([p for p in (self.folder / "tmp").rglob("*") if p.is_file()])

    def files(self) -> int:
        """Rows of files."""
        statement = select(func.count()).select_from(tables.files)
        return self.run(
            self.services.publication.database.read(
                lambda conn: int(conn.execute(statement).scalar_one())
            )
        )


def _run(conn: Connection, statement: str) -> None:
    conn.execute(text(statement))


def rule(path: str, scope: Scope, **grants: bool) -> PathPermission:
    """A path rule of an API key; grants by the last word of the permission."""
    base = tuple(path[1:].split("/")) if path != "/" else ()
    by_name = {action.value.rpartition(".")[2]: action for action in Action}
    return PathPermission(
        PathPattern(base, scope), {by_name[name]: value for name, value in grants.items()}
    )


def _offline() -> OutboundClient:
    async def resolve(host: str) -> Sequence[IpAddress]:
        raise OSError(f"no name is resolved here, not {host} either")

    return OutboundClient(OutboundSettings(), resolve)


@contextmanager
def api_plane(
    *,
    settings: AccountSettings | None = None,
    limits: HttpSettings | None = None,
    rate_limit: RateLimit | None = None,
    max_open: int = 100,
    outbound: OutboundClient | None = None,
    max_jobs: int = 100,
    job_kinds: Mapping[str, JobHandler] | None = None,
) -> Iterator[Plane]:
    """A plane of its own, with two accounts and their keys."""
    with tempfile.TemporaryDirectory(prefix="byteward-") as name, asyncio.Runner() as runner:
        folder = open_data_folder(Path(name) / "data")
        shutil.copy(_template(), folder.database_path)
        database = open_sqlite(folder.database_path)
        store = LocalObjectStore(folder, min_free_bytes=0)
        keys = KeyStore(Sealer(_MASTER_KEY))
        facts = Facts(database, keys)
        holder: list[Plane] = []

        def clock() -> float:
            return holder[0].now

        guard = Guard(facts, keys, clock, tells_details=True)
        external = ExternalFiles(
            database=database,
            layers=LayerStore(Sealer(_MASTER_KEY)),
            client=outbound or _offline(),
            clock=time.time,  # stores check the time of signatures
        )
        publication = Publication(
            database=database,
            store=store,
            facts=facts,
            guard=guard,
            clock=clock,
            external=external,
        )
        copies = FileCopies(
            database=database, guard=guard, clock=clock, store=store, external=external
        )
        tools = Tools(database=database, guard=guard, clock=clock, external=external, copies=copies)
        jobs = JobQueue(database, clock, max_queued=max_jobs)
        results = ResultCache(folder.cache_path)
        kinds = {
            **job_handlers(tools, results),
            **(job_kinds or {}),
        }
        services = ApiServices(
            facts=facts,
            authenticator=Authenticator(facts, clock, bearer_key=derive_bearer_key(_MASTER_KEY)),
            publication=publication,
            multipart=MultipartUploads(
                publication,
                token_key=derive_key(_MASTER_KEY),
                limits=MultipartLimits(max_open, 86400, 604800, 86400),
            ),
            url_uploads=UrlUploads(publication, outbound or _offline(), max_seconds=30),
            files=Files(database=database, guard=guard, clock=clock, external=external),
            folders=Folders(
                database=database,
                facts=facts,
                guard=guard,
                clock=clock,
                external=external,
            ),
            file_copies=copies,
            moves=Moves(database=database, guard=guard, clock=clock),
            bulk=BulkRequests(database=database, guard=guard, clock=clock, jobs=jobs),
            jobs=jobs,
            job_kinds=kinds,
            urls=ResponseUrls(API_URL, CDN_URL),
            limits=limits or HttpSettings(),
            form_limits=FormLimits(100, 8192, 65536),
            clock=clock,
            dashboard=dashboard_services(
                database,
                keys.sealer,
                _MASTER_KEY,
                clock,
                api_url=API_URL,
                concurrency=2,
                sandbox="strict",
            ),
            database=database,
            configuration=Configuration(database, keys, clock),
            explainer=Explainer(facts, clock),
        )
        plane = Plane(services, store, folder.path, keys, runner)
        holder.append(plane)

        async def is_ready() -> bool:
            return True

        async def origins_of(raw_path: bytes) -> tuple[str, ...]:
            return await browser_origins(facts, raw_path)

        plane.app = Edge(
            build_api(services),
            limits=services.limits,
            max_url_bytes=services.limits.max_url_bytes,
            clock=clock,
            fixed_headers=fixed_headers.API,
            is_ready=is_ready,
            access_log=False,
            origins_of=origins_of,
            same_origin_prefix=b"/dashboard",
        )
        runner.run(database.write(lambda conn: _fill(conn, plane, settings, rate_limit)))
        try:
            yield plane
        finally:
            runner.run(store.close())
            database.close_now()
            folder.close()


def _fill(
    conn: Connection,
    plane: Plane,
    settings: AccountSettings | None,
    rate_limit: RateLimit | None,
) -> None:
    created_at = int(NOW * 1000)
    for account_id in (ACCOUNT, OTHER_ACCOUNT):
        create_account(
            conn, account_id, "Test", settings or AccountSettings(), created_at=created_at
        )
    for name, kind, options in (
        ("SK", KeyKind.SECRET, {}),
        ("PK", KeyKind.PUBLIC, {"upload_rate_limit": rate_limit}),
        ("PKro", KeyKind.PUBLIC, {"allowed_origins": ("https://ok.test",)}),
        ("PKj", KeyKind.PUBLIC, {"require_jwt": True}),
        ("PKt", KeyKind.PUBLIC, {"tags": ("auto",), "tag_patterns": ("*",)}),
    ):
        add_key(conn, plane, name, kind, **options)
    add_key(conn, plane, "SK2", KeyKind.SECRET, account_id=OTHER_ACCOUNT)
    certificate = JwtCertificate(
        "cert0001", ACCOUNT, "test", enabled=True, pem=signing_keys().public_pem
    )
    insert_certificate(conn, certificate)


# Any: the options are those of `new_api_key`, each with a type of its own.
def add_key(
    conn: Connection,
    plane: Plane,
    name: str,
    kind: KeyKind,
    *,
    account_id: str = ACCOUNT,
    **options: object,
) -> None:
    """Make a key and remember its text under `name`."""
    new = new_api_key(account_id, kind, name, created_at=0, **options)  # type: ignore[arg-type] # as the comment above says
    create_api_key(conn, plane.key_store, new)
    plane.keys[name] = new.text


def encode(value: msgspec.Struct) -> bytes:
    """A struct as JSON."""
    return msgspec.json.encode(value)
