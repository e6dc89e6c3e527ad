"""The tags of a file (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from byteward.errors import BytewardError, ErrorCode

MAX_TAGS: Final = 25
MIN_LENGTH: Final = 1
MAX_LENGTH: Final = 255
PATTERN: Final = r"^[a-zA-Z0-9\.,/=_+-]*$"
"""The protocol's pattern, as validation errors quote it."""

_TAG: Final = re.compile(r"[a-zA-Z0-9.,/=_+-]{1,255}", re.ASCII)


def is_tag(text: str) -> bool:
    """Whether `text` may be a tag."""
    return _TAG.fullmatch(text) is not None


def join_tags(named: Iterable[str], automatic: Iterable[str] = ()) -> tuple[str, ...]:
    """The tags that a request names, then those that its API key adds, each once.

    Raises:
        BytewardError: `too_many_tags`.
    """
    tags = tuple(dict.fromkeys((*named, *automatic)))
    if len(tags) > MAX_TAGS:
        raise BytewardError(
            ErrorCode.TOO_MANY_TAGS,
            f"a file has at most {MAX_TAGS} tags, not {len(tags)}",
            details={"maxTags": MAX_TAGS, "tags": len(tags)},
        )
    return tags
