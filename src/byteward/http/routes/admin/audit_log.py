"""Reading the audit log, in pages and as a table. Nothing writes it but the changes themselves."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Final

from litestar import Response

from byteward.access.roles import Role
from byteward.accounts.audit import EventFilter, StoredEvent
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import query_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import audit_log as schemas
from byteward.http.services import ApiRequest
from byteward.openapi.operation import Access, FileContent, Operation, Tag
from byteward.strict_json import dumps

EXPORTED: Final = 100_000
"""Most events of one table."""

_LOG: Final = "/v2/admin/accounts/{accountId}/auditLog"
_COLUMNS: Final = (
    "time",
    "actor",
    "actorKind",
    "clientIp",
    "action",
    "target",
    "outcome",
    "before",
    "after",
)
_FORMULA: Final = frozenset("=+-@\t\r")


LIST_AUDIT_EVENTS: Final = Operation(
    id="ListAuditEvents",
    tag=Tag.ADMIN,
    method="GET",
    path=_LOG,
    query=schemas.AuditQuery(actor="owner@localhost", action="apiKey.*", limit=50),
    body=None,
    answer=schemas.AuditPage(
        [
            schemas.AuditItem(
                "01HYRZ6T7VQ2Z4M8J0K3N5P7R9",
                1716666258683,
                "owner@localhost",
                "user",
                "203.0.113.7",
                "apiKey.update",
                "F91kfA1g",
                "done",
                {"enabled": True},
                {"enabled": False},
            )
        ],
        None,
    ),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(LIST_AUDIT_EVENTS)
async def list_audit_events(request: ApiRequest) -> schemas.AuditPage:
    """List who changed what somebody may do, and who tried to, the youngest first."""
    by = await administrator(request, Role.ADMIN)
    query = query_as(request, LIST_AUDIT_EVENTS)
    wanted = EventFilter(query.actor, query.action, query.since, query.until, query.cursor)
    found = await services_of(request).audit_events(by.account_id, wanted, query.limit + 1)
    items = [_item(each) for each in found[: query.limit]]
    has_more = len(found) > query.limit
    return schemas.AuditPage(items, items[-1].event_id if has_more else None)


EXPORT_AUDIT_EVENTS: Final = Operation(
    id="ExportAuditEvents",
    tag=Tag.ADMIN,
    method="GET",
    path=f"{_LOG}/export",
    query=schemas.ExportQuery(actor="owner@localhost"),
    body=None,
    answer=FileContent("A table with a line for each event, at most 100,000.", "text/csv"),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(EXPORT_AUDIT_EVENTS)
async def export_audit_events(request: ApiRequest) -> FileContent:
    """Get the audit log as comma-separated values (RFC 4180), the youngest event first."""
    by = await administrator(request, Role.ADMIN)
    query = query_as(request, EXPORT_AUDIT_EVENTS)
    wanted = EventFilter(query.actor, query.action, query.since, query.until)
    found = await services_of(request).audit_events(by.account_id, wanted, EXPORTED)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_COLUMNS)
    writer.writerows(_row(each) for each in found)
    answer: FileContent = Response(  # type: ignore[assignment]  # the declaration stands for bytes
        table.getvalue().encode(),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="audit-log.csv"'},
    )
    return answer


def _row(stored: StoredEvent) -> list[str]:
    event = stored.event
    when = datetime.fromtimestamp(stored.at / 1000, UTC).isoformat(timespec="milliseconds")
    cells = [
        when,
        event.actor,
        event.actor_kind.value,
        event.client_ip,
        event.action,
        event.target,
        event.outcome.value,
        "" if event.before is None else dumps(event.before).decode(),
        "" if event.after is None else dumps(event.after).decode(),
    ]
    # SECURITY: a spreadsheet takes such a cell for a formula.
    return [f"'{cell}" if cell[:1] in _FORMULA else cell for cell in cells]


def _item(stored: StoredEvent) -> schemas.AuditItem:
    event = stored.event
    return schemas.AuditItem(
        stored.event_id,
        stored.at,
        event.actor,
        event.actor_kind.value,
        event.client_ip,
        event.action,
        event.target,
        event.outcome.value,
        event.before,
        event.after,
    )


HANDLERS: Final = (list_audit_events, export_audit_events)
