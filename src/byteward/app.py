"""The composition root: the only module that knows every part and how they are joined.

Each worker process opens its own parts, in dependency order, when its server starts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from byteward.bulk.requests import BulkRequests
from byteward.config import Config
from byteward.configuration.editing import Configuration
from byteward.delivery import session_endpoint
from byteward.delivery.asgi import AsgiApp, Receive, Scope, Send
from byteward.delivery.auth_worker import AuthWorkerScript
from byteward.delivery.authorise import Authoriser
from byteward.delivery.body import BodySender
from byteward.delivery.external import ExternalDelivery
from byteward.delivery.file_cache import FileCache
from byteward.delivery.memory_cache import MemoryCache
from byteward.delivery.meter import UsageMeter, flushed
from byteward.delivery.representation import represent
from byteward.delivery.results import ResultBodies, Results
from byteward.delivery.saving import ResultSaving
from byteward.delivery.serve import DeliveryApp
from byteward.delivery.session_endpoint import SessionEndpoint
from byteward.files.external_files import ExternalFiles
from byteward.files.folders import Folders
from byteward.files.moving import Moves
from byteward.files.service import Files
from byteward.http import headers
from byteward.http.app import browser_origins, build_api
from byteward.http.dashboard.parts import dashboard_services
from byteward.http.edge import Edge
from byteward.http.lifespan import LifespanApp
from byteward.http.process_and_save import ProcessAndSave
from byteward.http.public_urls import ResponseUrls
from byteward.http.reference import PATHS as REFERENCE_PATHS
from byteward.http.services import ApiServices
from byteward.identity.authenticate import Authenticator
from byteward.identity.dashboard import bearer
from byteward.identity.secure_url import SecureUrls
from byteward.jobs.queue import JobQueue
from byteward.operations.backend import Backend, opened_backend
from byteward.operations.outbound import external_files
from byteward.operations.public_urls import PublicUrls, public_urls
from byteward.operations.worker import bulk_tools, job_handlers
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.resolve import SystemResolver
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from byteward.permissions.service import Explainer
from byteward.transform.cache import ResultCache
from byteward.transform.client import TransformClient
from byteward.uploads import part_token
from byteward.uploads.form_data import FormLimits
from byteward.uploads.from_url import UrlUploads
from byteward.uploads.multipart import MultipartLimits, MultipartUploads
from byteward.uploads.publication import Publication

_API_PATHS: Final = (b"/v1/", b"/v2/", b"/docs/", b"/dashboard")


@dataclass(frozen=True, slots=True)
class Parts:
    """What both planes of a worker are built from."""

    backend: Backend
    facts: Facts
    authenticator: Authenticator
    urls: PublicUrls
    outbound: OutboundClient
    results: ResultCache
    transforms: TransformClient
    meter: UsageMeter

    @property
    def config(self) -> Config:
        """The server's settings."""
        return self.backend.config

    def guard(self, *, tells_details: bool) -> Guard:
        """The guard of one plane."""
        return Guard(self.facts, self.backend.keys, self.backend.clock, tells_details=tells_details)

    def external_files(self) -> ExternalFiles:
        """Files in stores of accounts."""
        return external_files(self.backend, self.outbound)

    def publication(self, guard: Guard) -> Publication:
        """Makes files out of stored bytes."""
        return Publication(
            database=self.backend.database,
            store=self.backend.store,
            facts=self.facts,
            guard=guard,
            clock=self.backend.clock,
            external=self.external_files(),
        )

    async def is_ready(self) -> bool:
        """Whether database and storage can be read and written."""
        return self.backend.database.is_healthy and self.backend.store.is_healthy


@asynccontextmanager
async def open_parts(config: Config) -> AsyncIterator[Parts]:
    """Open one worker's parts; the data folder must have been initialised."""
    async with opened_backend(config) as backend:
        facts = Facts(backend.database, backend.keys)
        authenticator = Authenticator(
            facts,
            backend.clock,
            jwt_max_lifetime_seconds=config.identity.jwt_max_lifetime_seconds,
            bearer_key=bearer.derive_key(backend.master_key),
        )
        resolver = SystemResolver()
        outbound = OutboundClient(config.outbound, resolver)
        results = ResultCache(backend.folder.cache_path)
        transforms = TransformClient(backend.folder.path)
        try:
            async with flushed(UsageMeter(backend.database, backend.clock)) as meter:
                yield Parts(
                    backend,
                    facts,
                    authenticator,
                    public_urls(config),
                    outbound,
                    results,
                    transforms,
                    meter,
                )
        finally:
            await transforms.close()
            resolver.close()


def api_app(config: Config) -> AsgiApp:
    """The API plane of one worker, as the ASGI application that its server runs."""
    return _lives_with_parts(config, _api_plane)


def cdn_app(config: Config) -> AsgiApp:
    """The CDN plane of one worker."""
    return _lives_with_parts(config, _cdn_plane)


def single_origin_app(config: Config) -> AsgiApp:
    """Both planes on one listener, for `--insecure-single-origin`."""
    return _lives_with_parts(config, _both_planes)


def _lives_with_parts(config: Config, build: Callable[[Parts], AsgiApp]) -> AsgiApp:
    @asynccontextmanager
    async def opening() -> AsyncIterator[AsgiApp]:
        async with open_parts(config) as parts:
            yield build(parts)

    return LifespanApp(opening)


def _both_planes(parts: Parts) -> AsgiApp:
    api, cdn = _api_plane(parts), _cdn_plane(parts)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and (
            scope["raw_path"].startswith(_API_PATHS)
            or scope["raw_path"].decode("latin-1") in REFERENCE_PATHS
        )
        await (api if is_api else cdn)(scope, receive, send)

    return dispatch


def _api_plane(parts: Parts) -> AsgiApp:
    backend, facts, config = parts.backend, parts.facts, parts.config
    guard = parts.guard(tells_details=True)
    external = parts.external_files()
    publication = parts.publication(guard)
    tools = bulk_tools(backend, guard, external)
    jobs = JobQueue(backend.database, backend.clock, max_queued=config.jobs.max_queued)
    services = ApiServices(
        facts=facts,
        authenticator=parts.authenticator,
        publication=publication,
        multipart=MultipartUploads(
            publication,
            token_key=part_token.derive_key(backend.master_key),
            limits=MultipartLimits(
                max_open=config.uploads.max_open,
                url_ttl_seconds=config.uploads.url_ttl_seconds,
                expiry_seconds=config.uploads.expiry_seconds,
                retention_seconds=config.uploads.finished_retention_seconds,
            ),
        ),
        url_uploads=UrlUploads(
            publication, parts.outbound, max_seconds=config.outbound.total_seconds
        ),
        files=Files(database=backend.database, guard=guard, clock=backend.clock, external=external),
        file_copies=tools.copies,
        folders=Folders(
            database=backend.database,
            facts=facts,
            guard=guard,
            clock=backend.clock,
            external=external,
        ),
        moves=Moves(database=backend.database, guard=guard, clock=backend.clock),
        bulk=BulkRequests(database=backend.database, guard=guard, clock=backend.clock, jobs=jobs),
        jobs=jobs,
        job_kinds=job_handlers(tools, parts.results),
        urls=ResponseUrls(parts.urls.api, parts.urls.cdn),
        limits=config.http,
        form_limits=FormLimits(
            config.uploads.max_form_parts,
            config.uploads.max_part_header_bytes,
            config.uploads.max_preamble_bytes,
        ),
        clock=backend.clock,
        dashboard=dashboard_services(
            backend.database,
            backend.keys.sealer,
            backend.master_key,
            backend.clock,
            api_url=parts.urls.api,
            concurrency=config.identity.login_concurrency,
            sandbox=config.transform.sandbox,
        ),
        database=backend.database,
        configuration=Configuration(backend.database, backend.keys, backend.clock),
        explainer=Explainer(
            facts,
            backend.clock,
            jwt_max_lifetime_seconds=config.identity.jwt_max_lifetime_seconds,
        ),
    )
    return Edge(
        build_api(services),
        limits=config.http,
        max_url_bytes=config.http.max_url_bytes,
        clock=backend.clock,
        fixed_headers=headers.API,
        is_ready=parts.is_ready,
        access_log=True,
        origins_of=partial(browser_origins, facts),
        same_origin_prefix=b"/dashboard",
    )


def _cdn_plane(parts: Parts) -> AsgiApp:
    backend, facts, config = parts.backend, parts.facts, parts.config
    clock = backend.clock
    secure_urls = SecureUrls(
        facts,
        clock,
        public_hosts=(parts.urls.cdn_host,),
        max_ttl_seconds=config.identity.secure_url_max_ttl_seconds,
        allow_unbound=config.identity.enc_allow_unbound,
    )
    describe = partial(
        represent, settings=config.delivery, is_single_origin=config.insecure_single_origin
    )
    files = FileCache(backend.database, describe, clock)
    memory = MemoryCache(
        config.delivery.memory_cache_bytes, config.delivery.memory_cache_object_bytes
    )
    guard = parts.guard(tells_details=False)
    authoriser = Authoriser(
        guard,
        parts.authenticator,
        secure_urls,
        clock,
        max_query_pairs=config.http.max_query_pairs,
    )
    results = Results(
        facts=facts,
        guard=guard,
        files=files,
        store=backend.store,
        cache=parts.results,
        client=parts.transforms,
        represent=describe,
        memory=memory,
        max_layers=config.transform.max_layers,
        meter=parts.meter,
    )
    delivery = DeliveryApp(
        facts=facts,
        authoriser=authoriser,
        files=files,
        bodies=BodySender(
            backend.store,
            memory,
            verify_reads=config.storage.verify_reads,
            write_stall_seconds=config.http.write_stall_seconds,
        ),
        results=results,
        result_bodies=BodySender(
            ResultBodies(parts.results),
            memory,
            verify_reads=True,
            write_stall_seconds=config.http.write_stall_seconds,
        ),
        external=ExternalDelivery(
            parts.external_files(),
            config.delivery,
            is_single_origin=config.insecure_single_origin,
            write_stall_seconds=config.http.write_stall_seconds,
        ),
        meter=parts.meter,
        sessions=SessionEndpoint(
            facts,
            parts.authenticator,
            clock,
            is_https=parts.urls.cdn.startswith("https://"),
            is_partitioned=config.identity.cookie_partitioned,
            body_idle_seconds=config.http.body_idle_seconds,
        ),
        auth_worker=AuthWorkerScript(),
        saving=ProcessAndSave(
            facts=facts,
            authoriser=authoriser,
            saving=ResultSaving(
                facts=facts,
                files=files,
                results=results,
                bodies=ResultBodies(parts.results),
                publication=parts.publication(parts.guard(tells_details=True)),
            ),
            urls=ResponseUrls(parts.urls.api, parts.urls.cdn),
            limits=config.http,
            settings=config.delivery,
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
        replies=delivery.reply_at_once,
        cookie_prefix=session_endpoint.PREFIX,
    )
