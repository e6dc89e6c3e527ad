"""The ports of stores that accounts bring: objects under names, kept by somebody else.

Nothing about such an object is ours to promise: it may change or vanish between two requests, and
only the store's own checks vouch for its bytes. Every failure is one of two errors, `origin_error`
and `origin_timeout`, which say nothing about the network behind them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ExternalObject:
    """What a store says about one object.

    Attributes:
        size_bytes: length of the whole; None: the store does not say.
        etag: without quotes; None: there is none.
        is_weak: the etag does not promise the same bytes.
        modified_at_ms: Unix milliseconds; None: the store does not say.
        mime: as the store has it.
    """

    size_bytes: int | None
    etag: str | None
    is_weak: bool
    modified_at_ms: int | None
    mime: str | None


@dataclass(frozen=True, slots=True)
class ExternalAnswer:
    """An object whose body was not read yet.

    Attributes:
        object: what it is.
        span: start and end of the part that was asked for; None: the body is the whole.
        is_unsatisfiable: the part lies outside of the object; there is no body.
        body: its pieces, once; raises when it ends too early.
    """

    object: ExternalObject
    span: tuple[int, int] | None
    is_unsatisfiable: bool
    body: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a listing."""

    key: str
    size_bytes: int
    modified_at_ms: int


@dataclass(frozen=True, slots=True)
class ListedPrefix:
    """Objects of a listing that share the beginning of their names, up to a delimiter."""

    key: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A stretch of a listing in the byte order of names."""

    entries: tuple[ListedObject | ListedPrefix, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to store.

    Attributes:
        size_bytes: how many.
        mime: their type.
        read: the bytes from a start up to, not including, an end.
    """

    size_bytes: int
    mime: str
    read: Callable[[int, int], Awaitable[bytes]]


class ReadableStore(Protocol):
    """A store that can be read."""

    async def head(self, key: str) -> ExternalObject | None:
        """What the store says about an object; None: there is none, or it is not shown to us.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`.
        """
        ...

    def get(
        self, key: str, range_line: str | None = None
    ) -> AbstractAsyncContextManager[ExternalAnswer | None]:
        """Open an object while the block lasts; None as for `head`.

        Args:
            key: its name.
            range_line: a `Range` header of one range; a store may answer with the whole.

        Raises:
            BytewardError: as `head`; reading the body raises them, too.
        """
        ...


class WritableStore(ReadableStore, Protocol):
    """A store that can be written and listed, too."""

    async def put(self, key: str, content: Content) -> ExternalObject:
        """Store an object in place of what was there; it is whole in the store on return.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`. The old object stands then, unless the
                store's confirmation got lost.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no failure.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`.
        """
        ...

    async def list_after(
        self, prefix: str, after: str, limit: int, *, delimiter: str = ""
    ) -> ListPage:
        """Objects whose names start with `prefix`, behind `after`, in byte order.

        Args:
            prefix: of their names.
            after: a whole name, or "" for the beginning.
            limit: 1 to 1,000.
            delimiter: names that go on behind it are put together as one `ListedPrefix`.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`.
        """
        ...
