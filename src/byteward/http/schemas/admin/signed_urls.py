"""Bodies of making signed URLs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from byteward.http.schemas.admin.explain import PathText

Slug = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class SignUrlRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the URL is for.

    Attributes:
        key_id: the API key whose rights it carries.
        path: of the file.
        slug: `raw`, a transformation or a preset.
        query: parameters of the transformation, as in a URL.
        expires_in_seconds: how long it is good.
    """

    key_id: Annotated[str, Meta(min_length=1, max_length=64)]
    path: PathText
    expires_in_seconds: Annotated[int, Meta(ge=1, le=315_360_000)]
    slug: Slug = "raw"
    query: Annotated[str, Meta(max_length=2000, pattern=r"^[A-Za-z0-9\-._~%!$&'()*+,;=:@/]*$")] = ""


class SignedUrl(Struct, frozen=True, rename="camel"):
    """A URL that needs no other credential.

    Attributes:
        url: to hand over.
        expires_at: in Unix milliseconds.
    """

    url: str
    expires_at: int
