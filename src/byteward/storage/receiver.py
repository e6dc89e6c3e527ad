"""Bytes on their way from a request to their name on stable storage."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor

from byteward.errors import BytewardError
from byteward.storage.body import blocks_of
from byteward.storage.digests import BodyDigests
from byteward.storage.durable import Draft, Volume
from byteward.storage.file_system import Buffer
from byteward.storage.port import Body

Publish = Callable[[Draft], None]
"""Gives a finished draft its name; runs in a thread."""


class Receiver:
    """Writes drafts in threads and leaves nothing of those that fail.

    Args:
        staging: the folder of drafts.
    """

    def __init__(self, volume: Volume, executor: Executor, staging: int) -> None:
        self._volume = volume
        self._executor = executor
        self._staging = staging

    async def receive(
        self,
        body: Body,
        publish: Publish,
        *,
        limit: int | None,
        is_exact: bool,
        refuse: Callable[[], BytewardError],
    ) -> BodyDigests:
        """Write a body while it arrives, one block behind, and publish it at its end.

        Raises:
            BytewardError: what `refuse` makes, past `limit` bytes, or short of it when `is_exact`.
        """
        draft = Draft(self._volume, self._staging)
        digests = BodyDigests()
        writing: concurrent.futures.Future[None] | None = None
        last: Buffer = b""
        received = 0
        try:
            async with contextlib.aclosing(blocks_of(body, limit, refuse)) as blocks:
                async for block in blocks:
                    received += len(block)
                    if writing is not None:
                        await asyncio.wrap_future(writing)
                    if last:
                        writing = self._executor.submit(_append, draft, digests, last)
                    last = block
            if writing is not None:
                await asyncio.wrap_future(writing)
            if is_exact and received != limit:
                raise refuse()  # noqa: TRY301 - the draft is undone below, as for any failure
            writing = self._executor.submit(_finish, draft, digests, last, publish)
            await asyncio.wrap_future(writing)
        except BaseException:
            await self._undo(draft, writing)
            raise
        return digests

    async def build(self, build: Callable[[Draft], None]) -> None:
        """Let `build` fill and publish a draft in a thread; a failure leaves nothing."""
        draft = Draft(self._volume, self._staging)
        building = self._executor.submit(build, draft)
        try:
            await asyncio.wrap_future(building)
        except BaseException:
            await self._undo(draft, building)
            raise

    async def _undo(self, draft: Draft, working: concurrent.futures.Future[None] | None) -> None:
        """Remove the draft once no thread uses it; goes on when the caller is cancelled."""

        def undo() -> None:
            if working is not None:
                concurrent.futures.wait([working])
            draft.abort()

        await asyncio.shield(asyncio.wrap_future(self._executor.submit(undo)))


def _append(draft: Draft, digests: BodyDigests, block: Buffer) -> None:
    digests.add(block)
    draft.write(block)


def _finish(draft: Draft, digests: BodyDigests, block: Buffer, publish: Publish) -> None:
    _append(draft, digests, block)
    publish(draft)
