"""What the handlers of the API plane work with."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Request
from litestar.datastructures import State

from byteward.accounts.key_store import KeyStore
from byteward.clock import Clock
from byteward.config import Config, HttpSettings
from byteward.db.database import Database
from byteward.delivery.asgi import Receive, Scope
from byteward.files.folders import Folders
from byteward.files.service import Files
from byteward.http.body import BodyTimes, RequestBody
from byteward.http.public_urls import ResponseUrls
from byteward.http.query import Query, parse_query
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from byteward.storage.port import ObjectStore
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext
from byteward.uploads.form_data import FormLimits
from byteward.uploads.multipart import MultipartLimits, MultipartUploads
from byteward.uploads.part_token import derive_key
from byteward.uploads.publication import Publication

ApiRequest = Request[None, None, State]
"""A request as Litestar hands it to a handler; it knows no user and no session."""


@dataclass(frozen=True, slots=True)
class ApiServices:
    """Use cases and settings, one set for each worker.

    Attributes:
        facts: cached facts.
        authenticator: tells who calls.
        publication: uploads in one request.
        multipart: uploads in parts.
        files: single files.
        folders: folders.
        urls: absolute URLs in responses.
        limits: the `http` section.
        form_limits: of form uploads.
        clock: Unix seconds.
    """

    facts: Facts
    authenticator: Authenticator
    publication: Publication
    multipart: MultipartUploads
    files: Files
    folders: Folders
    urls: ResponseUrls
    limits: HttpSettings
    form_limits: FormLimits
    clock: Clock

    async def enter_account(self, scope: Scope, account_id: str) -> RequestContext:
        """Take the facts that this request is judged by; its CORS answer depends on the account.

        Every request does this once, before anything is decided.
        """
        context: RequestContext = scope[SCOPE_KEY]
        self.facts.refresh()
        account = await self.facts.account(account_id)
        if account is not None:
            context.browser_origins = account.settings.browser_origins
        return context

    async def caller(self, scope: Scope, account_id: str) -> Caller:
        """Authenticate the request.

        Raises:
            BytewardError: 401 or 403.
        """
        context = await self.enter_account(scope, account_id)
        return await self.authenticator.authenticate_api(
            account_id, scope["headers"], context.client_ip
        )

    def query(self, scope: Scope) -> Query:
        """The request's query.

        Raises:
            BytewardError: `invalid_request`.
        """
        return parse_query(scope["query_string"], max_pairs=self.limits.max_query_pairs)

    def body(self, scope: Scope, receive: Receive) -> RequestBody:
        """The request's body; read it once."""
        context: RequestContext = scope[SCOPE_KEY]
        times = BodyTimes(self.limits.body_idle_seconds, self.limits.min_body_bytes_per_second)
        return RequestBody(receive, context.headers, times)


def build_services(
    *,
    database: Database,
    store: ObjectStore,
    keys: KeyStore,
    facts: Facts,
    authenticator: Authenticator,
    master_key: bytes,
    urls: ResponseUrls,
    config: Config,
    clock: Clock,
) -> ApiServices:
    """Join one worker's parts into the use cases of the API plane.

    Args:
        database: metadata.
        store: file bytes.
        keys: reads API keys inside transactions.
        facts: cached facts of this worker.
        authenticator: tells who calls.
        master_key: of the installation; the key of upload URLs is derived from it.
        urls: public bases.
        config: limits of requests and uploads.
        clock: Unix seconds.
    """
    guard = Guard(facts, keys, clock, tells_details=True)
    publication = Publication(database=database, store=store, facts=facts, guard=guard, clock=clock)
    uploads = config.uploads
    multipart = MultipartUploads(
        publication,
        token_key=derive_key(master_key),
        limits=MultipartLimits(
            max_open=uploads.max_open,
            url_ttl_seconds=uploads.url_ttl_seconds,
            expiry_seconds=uploads.expiry_seconds,
            retention_seconds=uploads.finished_retention_seconds,
        ),
    )
    return ApiServices(
        facts=facts,
        authenticator=authenticator,
        publication=publication,
        multipart=multipart,
        files=Files(database=database, guard=guard, clock=clock),
        folders=Folders(database=database, facts=facts, guard=guard),
        urls=urls,
        limits=config.http,
        form_limits=FormLimits(
            uploads.max_form_parts, uploads.max_part_header_bytes, uploads.max_preamble_bytes
        ),
        clock=clock,
    )
