"""The life of a multipart upload as a state machine (pure).

```
            put part (again and again)
            complete part, not the last one
          ┌──────────────┐
          ▼              │
begin ─► OPEN ───────────┘──► finish ─► FINISHED ─► (forgotten after 24 h)
          └─► expire ─► (gone, with its parts)
```

Nothing leaves FINISHED: a part cannot be replaced, the file cannot be changed through the upload,
and a repeated completion gets the same answer again. Whoever stores an upload compares the state
that it read with the one in the row, so that of two racing completions one finishes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from byteward.errors import BytewardError, ErrorCode


class UploadState(StrEnum):
    """Where an upload stands."""

    OPEN = "open"
    FINISHED = "finished"


class Protocol(StrEnum):
    """The two versions of the multipart protocol.

    In 1.0 a file of one part exists as soon as its bytes are in; in 1.1 completion makes it.
    """

    V1_0 = "1.0"
    V1_1 = "1.1"


@dataclass(frozen=True, slots=True)
class PartState:
    """What is known of one part whose bytes have come in.

    Attributes:
        index: which part.
        etag: MD5 of its bytes, in hex.
        is_complete: whether CompleteUploadPart was accepted for it.
    """

    index: int
    etag: str
    is_complete: bool


class CompletionStep(StrEnum):
    """What the completion of one part means for the upload."""

    PENDING = "pending"
    """Accepted, and others are missing: remember it."""
    FINISH = "finish"
    """This is the last one: make the file."""
    REPEATED = "repeated"
    """The upload is finished: answer as before, change nothing."""


def not_found() -> BytewardError:
    """The answer for uploads that are unknown, foreign, expired or closed."""
    return BytewardError(
        ErrorCode.UPLOAD_NOT_FOUND, "no such upload; it may have expired or be finished"
    )


def check_may_put(state: UploadState) -> None:
    """Refuse bytes for an upload that is finished.

    Raises:
        BytewardError: `upload_not_found`.
    """
    if state is not UploadState.OPEN:
        raise not_found()


def completion_step(
    state: UploadState, count: int, parts: Collection[PartState], index: int, etag: str
) -> CompletionStep:
    """What CompleteUploadPart does.

    Args:
        state: of the upload.
        count: number of planned parts.
        parts: the parts whose bytes are in.
        index: the part that the client completes.
        etag: what the client says it got when it sent the bytes.

    Raises:
        BytewardError: `invalid_upload_part` when the part's bytes are not in or differ.
    """
    part = next((part for part in parts if part.index == index), None)
    if part is None:
        raise BytewardError(
            ErrorCode.INVALID_UPLOAD_PART,
            f"part {index} has not been uploaded; send its bytes to `uploadUrl` first",
            details={"uploadPartIndex": index},
        )
    if not same_etag(etag, part.etag):
        raise BytewardError(
            ErrorCode.INVALID_UPLOAD_PART,
            f"the etag of part {index} is not that of the bytes that were uploaded",
            details={"uploadPartIndex": index},
        )
    if state is UploadState.FINISHED:
        return CompletionStep.REPEATED
    completed = {part.index for part in parts if part.is_complete} | {index}
    return CompletionStep.FINISH if len(completed) == count else CompletionStep.PENDING


def remaining(count: int, parts: Collection[PartState]) -> tuple[int, ...]:
    """Indexes of the parts that were not completed, ascending."""
    completed = {part.index for part in parts if part.is_complete}
    return tuple(index for index in range(count) if index not in completed)


def same_etag(given: str, stored: str) -> bool:
    """Whether a client's etag names the stored one: weak marker, quotes and case do not count."""
    bare = given.removeprefix("W/").removeprefix("w/")
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1]
    return bare.lower() == stored.lower()


def etag_of(md5: bytes, part_count: int) -> str:
    """The file's etag: MD5 in hex, with the number of parts when there were several."""
    return md5.hex() if part_count == 1 else f"{md5.hex()}-{part_count}"
