"""Holds every answer of both planes against what its operation declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Protocol

from byteward.errors import ErrorCode
from byteward.http.app import all_operations
from byteward.openapi.operation import AnyOperation, Plane


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


OF_ROUTING: Final = frozenset(
    {
        ErrorCode.CHECK_PATH,
        ErrorCode.METHOD_NOT_ALLOWED,
        ErrorCode.MISDIRECTED_REQUEST,
        ErrorCode.API_VERSION_RETIRED,
    }
)
"""Refusals of requests that no operation takes."""

ON_API: Final = (Plane.API, Plane.BOTH)
ON_CDN: Final = (Plane.CDN, Plane.BOTH)


@lru_cache(maxsize=1)
def _operations() -> tuple[tuple[re.Pattern[str], AnyOperation], ...]:
    """The operations with a pattern of their paths."""
    return tuple(
        (re.compile(_pattern(each.operation.path)), each.operation) for each in all_operations()
    )


def _pattern(path: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]*", path.replace("{filePath}", ".*")) + "/?"


def operation_at(method: str, target: str, planes: tuple[Plane, ...]) -> AnyOperation | None:
    """The operation that answers a request; None when there is none."""
    path = target.partition("?")[0]
    asked = "GET" if method == "HEAD" else method
    for pattern, operation in _operations():
        if operation.method == asked and operation.plane in planes and pattern.fullmatch(path):
            return operation
    return None


def assert_declared(
    method: str, target: str, answer: Answer, planes: tuple[Plane, ...] = ON_API
) -> None:
    """Fail for a status or a code that the operation does not declare."""
    operation = operation_at(method, target, planes)
    code = answer.headers.get("x-error-code", "")
    if operation is None or code in OF_ROUTING:
        return
    if not code:
        assert answer.status in {operation.status, *operation.more_answers}, (operation.id, answer)
    else:
        assert code in operation.codes, f"{operation.id} does not declare `{code}`"
