"""Holds every answer of the API plane against what its operation declares."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from byteward.errors import ErrorCode
from byteward.http.app import all_operations
from byteward.openapi.operation import AnyOperation, Plane
from tests.asgi_client import Response

OF_ROUTING: Final = frozenset(
    {
        ErrorCode.CHECK_PATH,
        ErrorCode.METHOD_NOT_ALLOWED,
        ErrorCode.MISDIRECTED_REQUEST,
        ErrorCode.API_VERSION_RETIRED,
    }
)
"""Refusals of requests that no operation takes."""


@lru_cache(maxsize=1)
def api_operations() -> tuple[tuple[re.Pattern[str], AnyOperation], ...]:
    """The operations of the API plane with a pattern of their paths."""
    return tuple(
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", each.operation.path) + "/?"), each.operation)
        for each in all_operations()
        if each.operation.plane is not Plane.CDN
    )


def operation_at(method: str, target: str) -> AnyOperation | None:
    """The operation that answers a request; None when there is none."""
    path = target.partition("?")[0]
    asked = "GET" if method == "HEAD" else method
    for pattern, operation in api_operations():
        if operation.method == asked and pattern.fullmatch(path):
            return operation
    return None


def assert_declared(method: str, target: str, answer: Response) -> None:
    """Fail for a status or a code that the operation does not declare."""
    operation = operation_at(method, target)
    code = answer.headers.get("x-error-code", "")
    if operation is None or code in OF_ROUTING:
        return
    if not code:
        assert answer.status in {operation.status, *operation.more_answers}, (operation.id, answer)
    else:
        assert code in operation.codes, f"{operation.id} does not declare `{code}`"
