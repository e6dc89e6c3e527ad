"""What the handlers of the API plane work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Request
from litestar.datastructures import State

from byteward.access.model import Segments
from byteward.access.public import PublicEntries
from byteward.accounts import audit
from byteward.accounts.audit import AuditEvent, EventFilter, StoredEvent
from byteward.accounts.daily_usage import UsageDay, read_days
from byteward.bulk.requests import BulkRequests
from byteward.clock import Clock, now_ms
from byteward.config import HttpSettings
from byteward.configuration.editing import Configuration
from byteward.db.database import Database
from byteward.delivery.asgi import Receive, Scope
from byteward.files.copying import FileCopies
from byteward.files.folders import Folders
from byteward.files.moving import Moves
from byteward.files.permission_preview import Preview, preview_public
from byteward.files.service import Files
from byteward.files.usage import Usage, read_usage
from byteward.http.body import BodyTimes, RequestBody
from byteward.http.dashboard.parts import DashboardServices
from byteward.http.public_urls import ResponseUrls
from byteward.http.query import Query, parse_query
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller
from byteward.jobs.model import JobHandler
from byteward.jobs.queue import JobQueue
from byteward.permissions.facts import Facts
from byteward.permissions.service import Explainer
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext
from byteward.uploads.form_data import FormLimits
from byteward.uploads.from_url import UrlUploads
from byteward.uploads.multipart import MultipartUploads
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
        url_uploads: uploads from URLs.
        files: single files.
        file_copies: copies of single files.
        folders: folders.
        moves: files and folders that get another path.
        bulk: work on many files.
        jobs: background work.
        job_kinds: what each kind of job tells about itself.
        urls: absolute URLs in responses.
        limits: the `http` section.
        form_limits: of form uploads.
        clock: Unix seconds.
        dashboard: users, sessions and what belongs to them.
        database: of the audit log.
        configuration: API keys, certificates, presets and settings.
        explainer: why a request is allowed or not.
    """

    facts: Facts
    authenticator: Authenticator
    publication: Publication
    multipart: MultipartUploads
    url_uploads: UrlUploads
    files: Files
    file_copies: FileCopies
    folders: Folders
    moves: Moves
    bulk: BulkRequests
    jobs: JobQueue
    job_kinds: Mapping[str, JobHandler]
    urls: ResponseUrls
    limits: HttpSettings
    form_limits: FormLimits
    clock: Clock
    dashboard: DashboardServices
    database: Database
    configuration: Configuration
    explainer: Explainer

    async def audit_events(
        self, account_id: str, wanted: EventFilter, limit: int
    ) -> list[StoredEvent]:
        """Events of the audit log, the youngest first."""
        return await self.database.read(
            lambda conn: audit.read_events(conn, account_id, wanted, limit)
        )

    async def note(self, event: AuditEvent) -> None:
        """Add an event that no change of the database belongs to."""
        now = now_ms(self.clock)
        await self.database.write(lambda conn: audit.append(conn, event, now))

    async def totals(self, account_id: str) -> Usage:
        """What counts against the account's quotas."""
        now = now_ms(self.clock)
        return await self.database.read(lambda conn: read_usage(conn, account_id, now))

    async def usage_days(self, account_id: str, since: int) -> list[UsageDay]:
        """Statistics of the account from a day on."""
        return await self.database.read(lambda conn: read_days(conn, account_id, since))

    async def preview(
        self, account_id: str, folder: Segments, entries: PublicEntries | None
    ) -> Preview:
        """What a change of public permissions would change."""
        return await self.database.read(
            lambda conn: preview_public(conn, account_id, folder, entries)
        )

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
