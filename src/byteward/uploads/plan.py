"""How a file is cut into parts (pure).

Parts are equal but for the last, at least 5 MiB each so that stores of the S3 kind take them, and
a whole number of MiB so that their block digests line up when they are joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode

MIB: Final = 1024 * 1024
MIN_PART_BYTES: Final = 5 * MIB
MAX_PARTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` to `end`, both included, as the protocol counts; empty when `end < start`."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """How many bytes it covers."""
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The parts of a file of `size_bytes`."""

    size_bytes: int
    part_size_bytes: int

    @property
    def count(self) -> int:
        """Number of parts; an empty file has one, of no bytes."""
        return max(1, -(-self.size_bytes // self.part_size_bytes))

    def range_of(self, index: int) -> ByteRange:
        """The bytes of one part.

        Raises:
            BytewardError: `upload_part_not_found` for an index that the plan does not have.
        """
        if not 0 <= index < self.count:
            raise BytewardError(
                ErrorCode.UPLOAD_PART_NOT_FOUND,
                f"the upload has {self.count} part(s), counted from 0",
                details={"uploadPartIndex": index},
            )
        start = index * self.part_size_bytes
        return ByteRange(start, min(start + self.part_size_bytes, self.size_bytes) - 1)


def plan_parts(size_bytes: int) -> PartPlan:
    """The plan for a new upload: parts as small as 5 MiB and 10,000 parts allow."""
    share = -(-size_bytes // MAX_PARTS)
    return PartPlan(size_bytes, max(MIN_PART_BYTES, -(-share // MIB) * MIB))
