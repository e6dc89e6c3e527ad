"""Bodies and queries of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1, max_length=512)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]


_NAMES: Final = {"since": "from", "until": "to"}


class AuditFilter(Struct, frozen=True, rename=_NAMES, kw_only=True):
    """Which events are wanted."""

    actor: Text | None = None
    action: Text | None = None
    since: Millis | None = None
    until: Millis | None = None


class AuditQuery(AuditFilter, frozen=True, rename=_NAMES, kw_only=True):
    """A page of events, the youngest first.

    Attributes:
        actor: of this actor only.
        action: this action, or all of a thing: `apiKey.*`.
        since: from this time on, in Unix milliseconds.
        until: before this time, in Unix milliseconds.
        cursor: of the page before.
        limit: events on the page.
    """

    cursor: Annotated[str, Meta(pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class ExportQuery(AuditFilter, frozen=True, rename=_NAMES, kw_only=True):
    """Events for a table.

    Attributes:
        actor: of this actor only.
        action: this action, or all of a thing: `apiKey.*`.
        since: from this time on, in Unix milliseconds.
        until: before this time, in Unix milliseconds.
    """


class AuditItem(Struct, frozen=True, rename="camel"):
    """An event.

    Attributes:
        event_id: younger events have greater ids.
        at: in Unix milliseconds.
        actor: e-mail of a user, or who else did it.
        actor_kind: `user`, `system` or `anonymous`.
        client_ip: where from.
        action: what was done, as `thing.verb`.
        target: what it was done to.
        outcome: `done`, `refused` or `failed`.
        before: what was there, without secrets.
        after: what is there now, without secrets.
    """

    event_id: str
    at: int
    actor: str
    actor_kind: str
    client_ip: str
    action: str
    target: str
    outcome: str
    # Any: JSON, of a shape that depends on the action.
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class AuditPage(Struct, frozen=True):
    """A page of events.

    Attributes:
        items: the youngest first.
        cursor: for the next page; null: there is none.
    """

    items: list[AuditItem]
    cursor: str | None
