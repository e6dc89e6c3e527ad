"""The error envelope as a shape; `http/envelope.py` writes it."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType


class ErrorBody(Struct, frozen=True):
    """What went wrong.

    Attributes:
        code: which failure; it decides the status and never changes its meaning.
        message: what happened and what to do, for people.
        timestamp: when, as ISO 8601 in UTC with milliseconds.
        details: for programs. Of `invalid_request`: each position that is wrong, such as
            `body.path.fileName`, with a `message` and the `value`.
    """

    code: Annotated[str, Meta(pattern="^[a-z0-9_]{1,255}$")]
    message: Annotated[str, Meta(min_length=1)]
    timestamp: Annotated[str, Meta(min_length=24, max_length=24)]
    details: dict[str, Any] | UnsetType = UNSET  # Any: each code has details of its own


class ErrorResponse(Struct, frozen=True):
    """The body of every refusal.

    Attributes:
        error: what went wrong.
    """

    error: ErrorBody
