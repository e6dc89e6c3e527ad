"""The metadata of a file: one JSON object of the uploader's own (pure).

It is stored as compact JSON text and never looked into, so any depth within the reader's limits
and any names are kept, in order.
"""

from __future__ import annotations

from typing import Final

from byteward import strict_json
from byteward.errors import BytewardError, ErrorCode

MAX_BYTES: Final = 2048

EMPTY: Final = "{}"


def encode_metadata(value: object) -> str:
    """Metadata that arrived in a JSON body, as it is stored.

    Raises:
        BytewardError: `invalid_metadata` when it is no object or is larger than 2 KB.
    """
    if not isinstance(value, dict):
        raise BytewardError(ErrorCode.INVALID_METADATA, "metadata is not a JSON object")
    encoded = strict_json.dumps(value)
    if len(encoded) > MAX_BYTES:
        raise BytewardError(
            ErrorCode.INVALID_METADATA,
            f"metadata has {len(encoded)} bytes; at most {MAX_BYTES} are kept",
            details={"maxSize": MAX_BYTES, "size": len(encoded)},
        )
    return encoded.decode("utf-8")


def parse_metadata_header(raw: bytes) -> str:
    """Metadata that arrived in a request header: JSON in UTF-8, or in ASCII with escapes.

    Raises:
        BytewardError: `invalid_metadata`.
    """
    try:
        value = strict_json.parse(raw)
    except strict_json.StrictJsonError as error:
        raise BytewardError(ErrorCode.INVALID_METADATA, f"metadata is {error}") from None
    return encode_metadata(value)


def decode_metadata(stored: str) -> dict[str, object]:
    """Stored metadata as the value that responses carry."""
    value = strict_json.parse(stored)
    if not isinstance(value, dict):
        raise TypeError("stored metadata is not an object")
    return value
