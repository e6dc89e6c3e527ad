"""From the declaration of an operation to its route."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from byteward.http.routes.parsing import JSON
from byteward.http.services import ApiRequest
from byteward.openapi.operation import AnyOperation, Described, Operation, described

A = TypeVar("A")

_DECLARATION: Final = "operation"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def handles(
    operation: Operation[object, object, A],
) -> Callable[[Callable[[ApiRequest], Awaitable[A]]], HTTPRouteHandler]:
    """Route an operation to the function that answers it.

    Parameters of the path are strings under their names of the wire.
    """
    return HTTPRouteHandler(
        _PARAMETER.sub(r"{\1:str}", operation.path),
        http_method=HttpMethod(operation.method),
        status_code=operation.status,
        media_type=None if operation.answer is None else JSON,
        opt={_DECLARATION: operation},
    )


def operation_of(handler: HTTPRouteHandler) -> AnyOperation:
    """The declaration that a handler was made from."""
    operation: AnyOperation | None = handler.opt.get(_DECLARATION)
    if operation is None:
        message = f"{handler.paths} was not routed by `handles`"
        raise TypeError(message)
    return operation


def described_routes(handlers: Iterable[HTTPRouteHandler]) -> Iterable[Described]:
    """The operations of these handlers, with the texts of their docstrings."""
    return (described(operation_of(each), each.fn.__doc__) for each in handlers)
