"""What a worker asks the transform process, and what it hears: JSON lines on a local socket."""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar

import msgspec

from byteward.transform.cache import ResultHeader

MAX_LINE: Final = 1024 * 1024
SOCKET_NAME: Final = "transform.sock"

M = TypeVar("M", bound=msgspec.Struct)


class TransformRequest(msgspec.Struct, frozen=True):
    """One result that is wanted. Whoever asks has decided that it may be made.

    Attributes:
        key: name of the result.
        account_id: whose file it is.
        slug: `image` or a preset.
        path: of the source in the URL.
        source: the file's bytes.
        pairs: canonical query pairs.
        accepted: formats that the client shows.
        companions: bytes of the images and fonts that layers use, by the name in the parameter.
        is_permanent: whether only a reset of permanent results takes it away; None: by its cost.
    """

    key: str
    account_id: str
    slug: str
    path: str
    source: str
    pairs: tuple[tuple[str, str], ...]
    accepted: tuple[str, ...]
    companions: dict[str, str]
    is_permanent: bool | None = None


class TransformReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer: a result, or an error.

    Attributes:
        header: of the result; None for an error.
        file: where the result lies.
        body_at: where the body begins in that file.
        code: of the error.
        message: of the error.
        details: of the error.
        retry_after: seconds, for errors that pass.
    """

    header: ResultHeader | None = None
    file: str = ""
    body_at: int = 0
    code: str = ""
    message: str = ""
    details: dict[str, object] | None = None
    retry_after: str = ""


async def read_message(reader: asyncio.StreamReader, kind: type[M]) -> M | None:
    """The next message; None when the other end is gone."""
    line = await reader.readline()
    return msgspec.json.decode(line, type=kind) if line.endswith(b"\n") else None


async def write_message(writer: asyncio.StreamWriter, message: msgspec.Struct) -> None:
    """Send a message."""
    writer.write(msgspec.json.encode(message) + b"\n")
    await writer.drain()
