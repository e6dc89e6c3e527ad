"""The cache operation on the wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class ResetCacheRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be computed or fetched anew.

    Attributes:
        pattern: of paths that begin with the transformation; `*` may stand at the end.
        reset_edge_cache: results that are kept for their time to live.
        reset_permanent_cache: results that are kept for good.
    """

    pattern: Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^/[^*]*\*?$")]
    reset_edge_cache: bool
    reset_permanent_cache: bool
