"""Reading a JSON body: type, size, strict syntax."""

from __future__ import annotations

from collections.abc import Mapping

from byteward import strict_json
from byteward.config import HttpSettings
from byteward.errors import BytewardError, ErrorCode
from byteward.http.body import RequestBody

_BOM = b"\xef\xbb\xbf"


async def read_json(
    body: RequestBody,
    headers: Mapping[bytes, bytes],
    limits: HttpSettings,
    *,
    is_authority: bool,
    may_be_empty: bool = False,
) -> object:
    """Decode the body.

    Args:
        body: of the request.
        headers: by lower-case name.
        limits: size, depth and members.
        is_authority: the body changes who may do what, so a name that stands twice in one object
            is refused; elsewhere the last one wins.
        may_be_empty: no body at all counts as an empty object.

    Raises:
        BytewardError: `unsupported_media_type`, `payload_too_large`, `invalid_json`.
    """
    _check_type(headers)
    raw = (await body.read(limits.max_json_bytes)).removeprefix(_BOM)
    if may_be_empty and not raw:
        return {}
    try:
        return strict_json.parse(
            raw,
            max_depth=limits.max_json_depth,
            max_members=limits.max_json_members,
            unique_names=is_authority,
        )
    except strict_json.StrictJsonError as error:
        raise BytewardError(ErrorCode.INVALID_JSON, f"the body is {error}") from None


def _check_type(headers: Mapping[bytes, bytes]) -> None:
    content_type = headers.get(b"content-type")
    if content_type is not None:
        essence = content_type.partition(b";")[0].strip(b" \t").lower()
        if essence != b"application/json" and not essence.endswith(b"+json"):
            raise BytewardError(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the body as `application/json`"
            )
    refuse_encoding(headers)


def refuse_encoding(headers: Mapping[bytes, bytes]) -> None:
    """Refuse compressed bodies, whose size nobody can tell before unpacking them.

    Raises:
        BytewardError: `unsupported_media_type`.
    """
    encoding = headers.get(b"content-encoding", b"identity").strip(b" \t").lower()
    if encoding not in {b"", b"identity"}:
        raise BytewardError(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the body without a Content-Encoding"
        )
