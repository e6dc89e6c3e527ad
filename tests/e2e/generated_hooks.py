"""What schemathesis additionally checks, and what it is told about this server."""

from __future__ import annotations

import re
from typing import Any, Final

import schemathesis
from schemathesis import Case, CheckContext, Response

BEYOND_THE_SCHEMA: Final = re.compile(
    r"query\.cursor"  # has to lie in the folder
    r"|query\.(exp|sig)"
    r"|body\.folderSettings\.\w+\.value.*"  # excluded by `set: false`; endpoints are looked at
    r"|body\.(pattern|resetEdgeCache)"  # begins with a transformation; one of two flags
    r"|body\.(url|mime|etag)"  # grammars that a regular expression cannot hold
    r"|header\.content-type"
)
"""Positions of a body or a query whose rules JSON Schema cannot say."""


@schemathesis.check
def valid_data_is_not_called_malformed(
    _context: CheckContext,
    response: Response,
    case: Case[Any],  # Any: whatever its body is
) -> None:
    """What fits the document is never refused for its form.

    The check that comes with schemathesis wants such requests to succeed, but whether a path, a
    cursor or a URL is good is not for a schema to say.
    """
    if response.status_code != 400 or not response.content or case.meta is None:
        return
    if not case.meta.generation.mode.is_positive:
        return
    error = response.json()["error"]
    assert error["code"] != "invalid_json", error
    if error["code"] == "invalid_request":
        unexpected = [
            position
            for position in error.get("details", {})
            if not BEYOND_THE_SCHEMA.fullmatch(position)
        ]
        assert unexpected == [], error
