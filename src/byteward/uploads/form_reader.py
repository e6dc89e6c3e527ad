"""A form as an asynchronous sequence of parts, each with its bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from byteward.uploads.form_data import FormDataParser, FormEvent, FormPart


@dataclass(slots=True)
class FormReader:
    """Hands out parts in order; what is not read of one is skipped when the next is asked for.

    Attributes:
        chunks: the request's body.
        parser: finds the parts in it.
        is_broken: reading failed, so that there is no next part.
    """

    chunks: AsyncIterator[bytes]
    parser: FormDataParser
    is_broken: bool = False
    _events: Iterator[FormEvent] = field(default_factory=lambda: iter(()))
    _is_in_part: bool = False

    async def __aiter__(self) -> AsyncIterator[FormPart]:
        """The parts.

        Raises:
            BytewardError: the form is malformed or past a limit, or the body cannot be read.
        """
        while True:
            event = await self._next()
            if event is None:
                return
            if isinstance(event, FormPart):
                self._is_in_part = True
                yield event

    async def content(self) -> AsyncIterator[bytes]:
        """The rest of the current part's bytes."""
        while self._is_in_part:
            event = await self._next()
            if isinstance(event, bytes):
                yield event
            else:
                self._is_in_part = False

    async def _next(self) -> FormEvent | None:
        try:
            while True:
                for event in self._events:
                    return event
                chunk = await anext(self.chunks, None)
                if chunk is None:
                    self.parser.close()
                    return None
                self._events = self.parser.feed(chunk)
        except BaseException:
            self.is_broken = True
            raise
