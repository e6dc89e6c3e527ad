"""A batch of files is copied in its order: many in one step, those in accounts' stores singly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from byteward.bulk.outcome import Failures
from byteward.bulk.tools import Mandate
from byteward.db.savepoint import savepoint
from byteward.errors import BytewardError
from byteward.files.copying import CopyFile, Places, copy_in
from byteward.jobs.model import JobRun

_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a batch.

    Attributes:
        path: its source, for the list of failures.
        asked: the copy, or why there is none to be made.
    """

    path: str
    asked: CopyFile | BytewardError


@dataclass(slots=True)
class Copied:
    """What became of some items.

    Attributes:
        end: index behind the last of them.
        count: files copied.
        skipped: files that were not there.
        refused: by index.
    """

    end: int
    count: int = 0
    skipped: int = 0
    refused: dict[int, BytewardError] = field(default_factory=dict)

    def take(self, outcome: bool | BytewardError) -> None:  # noqa: FBT001 - the result of a copy
        """Count the next item."""
        if isinstance(outcome, BytewardError):
            self.refused[self.end] = outcome
        elif outcome:
            self.count += 1
        else:
            self.skipped += 1
        self.end += 1

    def added_to(self, failures: Failures, items: Sequence[Item]) -> Failures:
        """The failures so far with those of these items."""
        for index, error in self.refused.items():
            failures = failures.add(items[index].path, error)
        return failures


async def copy_batch(
    run: JobRun, mandate: Mandate, items: Sequence[Item], note: Callable[[Copied], bytes]
) -> None:
    """Copy files one after the other and note after each step how far the job got.

    Args:
        run: the job.
        mandate: for whom.
        items: the files.
        note: the job's new state, from what the step did. It has to build on what it told of the
            steps before.
    """
    end = 0
    while end < len(items):
        step = _Step(mandate, items, end, note)
        await run.step(step.copy_here)
        if step.elsewhere is not None:
            end = await _copy_elsewhere(run, mandate, items, step.elsewhere, note)
        else:
            end = step.end


class _Step:
    """Copies items in one transaction, up to one that cannot be copied in it."""

    def __init__(
        self,
        mandate: Mandate,
        items: Sequence[Item],
        start: int,
        note: Callable[[Copied], bytes],
    ) -> None:
        self.end = start
        self.elsewhere: tuple[int, Places] | None = None
        self._mandate = mandate
        self._items = items
        self._start = start
        self._note = note

    def copy_here(self, conn: Connection) -> bytes:
        deciding = self._mandate.deciding(conn)
        copied = Copied(self._start)

        def copy(asked: CopyFile) -> bool | Places | BytewardError:
            at_ms = self._mandate.tools.now_ms
            try:
                with savepoint(conn):
                    return copy_in(conn, deciding, self._mandate.account_id, asked, at_ms)
            except BytewardError as error:
                return error

        for item in self._items[self._start : self._start + _AT_ONCE]:
            done = item.asked if isinstance(item.asked, BytewardError) else copy(item.asked)
            if isinstance(done, Places):
                self.elsewhere = copied.end, done
                break
            copied.take(done)
        self.end = copied.end
        return self._note(copied)


async def _copy_elsewhere(
    run: JobRun,
    mandate: Mandate,
    items: Sequence[Item],
    elsewhere: tuple[int, Places],
    note: Callable[[Copied], bytes],
) -> int:
    """Copy one item whose bytes travel; the index behind it."""
    index, places = elsewhere
    asked = items[index].asked
    copied = Copied(index)
    if isinstance(asked, BytewardError):
        copied.take(asked)
    else:
        try:
            copies = mandate.tools.copies
            copied.take(await copies.copy_elsewhere(mandate.authority, asked, places))
        except BytewardError as error:
            copied.take(error)
    await run.step(lambda _: note(copied))
    return copied.end
