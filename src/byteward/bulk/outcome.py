"""What went wrong with items of a job (pure): one that fails does not keep the others from it."""

from __future__ import annotations

import msgspec

from byteward.access.model import Segments
from byteward.errors import BytewardError, ErrorCode
from byteward.jobs.model import JobFailedError
from byteward.paths import FolderPath

MAX_SHOWN = 100
"""Failures that a job tells one by one; of the rest it tells how many."""


class Failure(msgspec.Struct, frozen=True):
    """An item that was not done, and why."""

    path: str
    code: str
    message: str


class Failures(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """All of them.

    Attributes:
        count: how many.
        first: the first ones.
    """

    count: int = 0
    first: tuple[Failure, ...] = ()

    def add(self, path: str, error: BytewardError) -> Failures:
        """With one more."""
        if len(self.first) >= MAX_SHOWN:
            return Failures(self.count + 1, self.first)
        failure = Failure(path, error.code.value, error.message)
        return Failures(self.count + 1, (*self.first, failure))

    def raise_any(self) -> None:
        """End the job as failed if there are any.

        Raises:
            JobFailedError: the first one, with the others as its details.
        """
        if not self.first:
            return
        first = self.first[0]
        shown = [msgspec.to_builtins(each) for each in self.first]
        details = {"failures": shown, "failureCount": self.count}
        raise JobFailedError(BytewardError(ErrorCode(first.code), first.message), details)


class Marks(msgspec.Struct, frozen=True, omit_defaults=True):
    """Paths in a folder that were left as they are, and what depends on them must be, too.

    Attributes:
        paths: up to `MAX_SHOWN` of them.
        is_full: there were more, so that any path may be one.
    """

    paths: tuple[str, ...] = ()
    is_full: bool = False

    def add(self, segments: Segments) -> Marks:
        """With one more."""
        if len(self.paths) >= MAX_SHOWN:
            return Marks(self.paths, is_full=True)
        return Marks((*self.paths, FolderPath(segments).text))

    def any_below(self, folder: Segments) -> bool:
        """Whether a path below the folder may be one."""
        return self.is_full or any(each[: len(folder)] == folder for each in self._each())

    def any_above(self, segments: Segments) -> bool:
        """Whether a folder that the path is in may be one."""
        return self.is_full or any(segments[: len(each)] == each for each in self._each())

    def _each(self) -> tuple[Segments, ...]:
        return tuple(tuple(path[1:].split("/")) if path != "/" else () for path in self.paths)
