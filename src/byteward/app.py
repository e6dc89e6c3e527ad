"""The composition root: the only module that knows every part and how they are joined.

Each worker process opens its own parts, in dependency order, when its server starts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from byteward.accounts.key_store import KeyStore
from byteward.clock import Clock, system_clock
from byteward.config import Config, host_and_port
from byteward.db.sqlite import SqliteDatabase, open_sqlite
from byteward.delivery import session_endpoint
from byteward.delivery.asgi import AsgiApp
from byteward.delivery.authorise import Authoriser
from byteward.delivery.body import BodySender
from byteward.delivery.file_cache import FileCache
from byteward.delivery.memory_cache import MemoryCache
from byteward.delivery.representation import represent
from byteward.delivery.serve import DeliveryApp
from byteward.delivery.session_endpoint import SessionEndpoint
from byteward.http import headers
from byteward.http.edge import Edge
from byteward.http.lifespan import LifespanApp
from byteward.identity.authenticate import Authenticator
from byteward.identity.secure_url import SecureUrls
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from byteward.storage.data_folder import open_data_folder
from byteward.storage.local import LocalObjectStore
from byteward.storage.port import ObjectStore
from byteward.storage.sealing import open_sealer


@dataclass(frozen=True, slots=True)
class Parts:
    """What both planes of a worker are built from."""

    config: Config
    clock: Clock
    database: SqliteDatabase
    store: ObjectStore
    keys: KeyStore
    facts: Facts
    authenticator: Authenticator

    async def is_ready(self) -> bool:
        """Whether database and storage can be read and written."""
        return self.database.is_healthy and self.store.is_healthy


@asynccontextmanager
async def open_parts(config: Config, clock: Clock = system_clock) -> AsyncIterator[Parts]:
    """Open one worker's parts; the data folder must have been initialised."""
    async with AsyncExitStack() as stack:
        folder = open_data_folder(config.data)
        stack.callback(folder.close)
        database = open_sqlite(folder.database_path)
        stack.push_async_callback(database.close)
        store = LocalObjectStore(
            folder,
            min_free_bytes=config.storage.min_free_bytes,
            verifies_reads=config.storage.verify_reads,
        )
        stack.push_async_callback(store.close)
        keys = KeyStore(await open_sealer(folder, database))
        facts = Facts(database, keys)
        authenticator = Authenticator(
            facts, clock, jwt_max_lifetime_seconds=config.identity.jwt_max_lifetime_seconds
        )
        yield Parts(config, clock, database, store, keys, facts, authenticator)


def cdn_app(config: Config) -> AsgiApp:
    """The CDN plane of one worker, as the ASGI application that its server runs."""

    @asynccontextmanager
    async def opening() -> AsyncIterator[AsgiApp]:
        async with open_parts(config) as parts:
            yield _cdn_plane(parts)

    return LifespanApp(opening)


def _cdn_plane(parts: Parts) -> AsgiApp:
    config, facts, clock = parts.config, parts.facts, parts.clock
    scheme, _, host = public_cdn_url(config).partition("://")
    secure_urls = SecureUrls(
        facts,
        clock,
        public_hosts=(host.partition("/")[0].lower(),),
        max_ttl_seconds=config.identity.secure_url_max_ttl_seconds,
        allow_unbound=config.identity.enc_allow_unbound,
    )
    delivery = DeliveryApp(
        facts=facts,
        authoriser=Authoriser(
            Guard(facts, parts.keys, clock, tells_details=False),
            parts.authenticator,
            secure_urls,
            max_query_pairs=config.http.max_query_pairs,
        ),
        files=FileCache(
            parts.database,
            partial(
                represent,
                settings=config.delivery,
                is_single_origin=config.insecure_single_origin,
            ),
        ),
        bodies=BodySender(
            parts.store,
            MemoryCache(
                config.delivery.memory_cache_bytes, config.delivery.memory_cache_object_bytes
            ),
            verify_reads=config.storage.verify_reads,
            write_stall_seconds=config.http.write_stall_seconds,
        ),
        sessions=SessionEndpoint(
            facts,
            parts.authenticator,
            clock,
            is_https=scheme == "https",
            is_partitioned=config.identity.cookie_partitioned,
            body_idle_seconds=config.http.body_idle_seconds,
        ),
        settings=config.delivery,
        max_query_pairs=config.http.max_query_pairs,
        clock=clock,
        is_single_origin=config.insecure_single_origin,
    )
    return Edge(
        delivery,
        limits=config.http,
        max_url_bytes=config.delivery.max_url_bytes,
        clock=clock,
        fixed_headers=headers.CDN,
        is_ready=parts.is_ready,
        access_log=config.delivery.access_log,
        origins_of=delivery.origins_of,
        cookie_prefix=session_endpoint.PREFIX,
    )


def public_cdn_url(config: Config) -> str:
    """Base of file URLs as clients see it."""
    if config.public_cdn_url is not None:
        return config.public_cdn_url
    host, port = host_and_port(config.cdn)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
