"""`/healthz` and `/readyz` of both planes as the reference shows them; the edge answers them."""

from __future__ import annotations

from typing import Final

from byteward.openapi.operation import Access, AnyOperation, Operation, PlainText, Plane, Tag

HEALTHZ: Final = Operation(
    id="Healthz",
    tag=Tag.HEALTH,
    method="GET",
    path="/healthz",
    query=None,
    body=None,
    answer=PlainText("ok"),
    access=Access.PUBLIC,
    plane=Plane.BOTH,
    text="Tell whether the process answers.",
)
READYZ: Final = Operation(
    id="Readyz",
    tag=Tag.HEALTH,
    method="GET",
    path="/readyz",
    query=None,
    body=None,
    answer=PlainText("ok"),
    access=Access.PUBLIC,
    plane=Plane.BOTH,
    text="Tell whether database and storage can be used. If not, 503 and the word `unavailable`.",
)

OPERATIONS: Final[tuple[AnyOperation, ...]] = (HEALTHZ, READYZ)
