"""The audit log: who changed what somebody may do, and who tried to.

An event is written in the transaction of the change that it tells of: there is no change without
its event, and no event of a change that did not happen. Rows are never changed or removed.

SECURITY: `before` and `after` hold no secret: no key, password, code, token or credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Connection, RowMapping, Text, bindparam, insert, select

from byteward.db.tables import audit_events
from byteward.ids import new_ulid
from byteward.strict_json import dumps

MAX_TEXT: Final = 512
"""Characters of a text that somebody else chose, such as an e-mail that failed to sign in."""


class ActorKind(StrEnum):
    """What an actor is."""

    USER = "user"
    API_KEY = "apiKey"
    JWT = "jwt"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        name: e-mail of a user, id of an API key, subject of a JWT, or a command.
        kind: which of these.
        client_ip: address of the actor's client; empty for the system.
    """

    name: str
    kind: ActorKind
    client_ip: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event.

    Attributes:
        account_id: whose authority is concerned.
        actor: e-mail of a user, or who else did it.
        actor_kind: what the actor is.
        client_ip: address of the actor's client; empty for the system.
        action: what was done, as `thing.verb`: `apiKey.update`, `session.signIn`.
        target: id or path of what it was done to.
        outcome: how it ended.
        before: what was there, without secrets.
        after: what is there now, without secrets.
    """

    account_id: str
    actor: str
    actor_kind: ActorKind
    client_ip: str
    action: str
    target: str
    outcome: Outcome = Outcome.DONE
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


def event_by(
    actor: Actor,
    account_id: str,
    action: str,
    target: str,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Something that the actor did."""
    return AuditEvent(
        account_id,
        actor.name,
        actor.kind,
        actor.client_ip,
        action,
        target,
        Outcome.DONE,
        before,
        after,
    )


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with the id that orders it and its time in Unix milliseconds."""

    event_id: str
    at: int
    event: AuditEvent


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; None: any.

    Attributes:
        actor: exactly this actor.
        action: this action, or all of a thing when it ends in `.*`.
        since: Unix milliseconds, included.
        until: Unix milliseconds, excluded.
        before_id: only events older than this one: the cursor.
    """

    actor: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None
    before_id: str | None = None


def append(conn: Connection, event: AuditEvent, now_ms: int) -> None:
    """Add an event, inside the transaction of what it tells of."""
    conn.execute(
        insert(audit_events),
        {
            "event_id": new_ulid(now_ms),
            "account_id": event.account_id,
            "at": now_ms,
            "actor": event.actor[:MAX_TEXT],
            "actor_kind": event.actor_kind.value,
            "client_ip": event.client_ip,
            "action": event.action,
            "target": event.target[:MAX_TEXT],
            "outcome": event.outcome.value,
            "before": _text(event.before),
            "after": _text(event.after),
        },
    )


def read_events(
    conn: Connection, account_id: str, wanted: EventFilter, limit: int
) -> list[StoredEvent]:
    """The youngest events first."""
    rows = audit_events.c
    statement = select(audit_events).where(rows.account_id == bindparam("account", type_=Text()))
    if wanted.actor is not None:
        statement = statement.where(rows.actor == wanted.actor)
    if wanted.action is not None:
        thing, is_all, _ = wanted.action.partition(".*")
        of_thing = rows.action.startswith(f"{thing}.", autoescape=True)
        statement = statement.where(of_thing if is_all else rows.action == wanted.action)
    if wanted.since is not None:
        statement = statement.where(rows.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(rows.at < wanted.until)
    if wanted.before_id is not None:
        statement = statement.where(rows.event_id < wanted.before_id)
    statement = statement.order_by(rows.event_id.desc()).limit(limit)
    return [_event(row) for row in conn.execute(statement, {"account": account_id}).mappings()]


def _event(row: RowMapping) -> StoredEvent:
    return StoredEvent(
        row["event_id"],
        row["at"],
        AuditEvent(
            account_id=row["account_id"],
            actor=row["actor"],
            actor_kind=ActorKind(row["actor_kind"]),
            client_ip=row["client_ip"],
            action=row["action"],
            target=row["target"],
            outcome=Outcome(row["outcome"]),
            before=_object(row["before"]),
            after=_object(row["after"]),
        ),
    )


def _text(value: Mapping[str, object] | None) -> str | None:
    return None if value is None else dumps(value).decode()


def _object(text: str | None) -> Mapping[str, object] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, object])
