"""Counts what a worker delivers, in memory, until it is added to the rows of the day."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from byteward.accounts import daily_usage
from byteward.accounts.daily_usage import NO_KEY, Amounts
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError
from byteward.telemetry.log import get_logger

FLUSH_SECONDS: Final = 10.0
MAX_PAIRS: Final = 4096
"""Accounts with keys that are counted apart; beyond it all keys of an account count as none."""

_LOG: Final = get_logger()


class UsageMeter:
    """One for each worker; used on its event loop only.

    Args:
        database: where the amounts are added.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counted: dict[tuple[str, str], Amounts] = {}

    def count_answer(self, account_id: str, key_id: str | None, bytes_out: int) -> None:
        """A request for a file was answered."""
        amounts = self._amounts(account_id, key_id or NO_KEY)
        amounts.requests += 1
        amounts.bytes_out += bytes_out

    def count_transform(self, account_id: str, milliseconds: int) -> None:
        """A result was made."""
        amounts = self._amounts(account_id, NO_KEY)
        amounts.transforms += 1
        amounts.transform_ms += milliseconds

    def _amounts(self, account_id: str, key_id: str) -> Amounts:
        found = self._counted.get((account_id, key_id))
        if found is None:
            if len(self._counted) >= MAX_PAIRS:
                key_id = NO_KEY
            found = self._counted.setdefault((account_id, key_id), Amounts())
        return found

    async def flush(self) -> None:
        """Add what was counted to the rows; what cannot be written is counted on."""
        counted, self._counted = self._counted, {}
        if not counted:
            return
        rows = [(account_id, key_id, each) for (account_id, key_id), each in counted.items()]
        try:
            now = now_ms(self._clock)
            await self._database.write(partial(daily_usage.add_all, counted=rows, at_ms=now))
        except BytewardError:
            _LOG.warning("usage.postponed", pairs=len(rows))
            for account_id, key_id, amounts in rows:
                self._amounts(account_id, key_id).add(amounts)


@asynccontextmanager
async def flushed(meter: UsageMeter) -> AsyncIterator[UsageMeter]:
    """Flush again and again, and once more at the end."""

    async def forever() -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await meter.flush()

    task = asyncio.create_task(forever())
    try:
        yield meter
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await meter.flush()
