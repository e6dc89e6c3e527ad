"""A batch of files is deleted: those in accounts' own stores one by one, ours in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.bulk.outcome import Failures
from byteward.bulk.tools import Mandate
from byteward.errors import BytewardError
from byteward.files.copying import changed
from byteward.files.layer_resolution import ExternalPlace, LayerAt, levels_of, place_of
from byteward.files.store import delete_files
from byteward.jobs.model import JobRun
from byteward.paths import FilePath
from byteward.permissions.authority import Deciding
from byteward.permissions.layer_facts import read_layers

Goes = Callable[[tuple[LayerAt, ...], FilePath], bool]
"""Whether a file is to be deleted, by the storage layers as they are now."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a batch.

    Attributes:
        count: files that are gone.
        refused: those that are not, in the batch's order.
    """

    count: int
    refused: Mapping[FilePath, BytewardError]

    def added_to(self, failures: Failures) -> Failures:
        """The failures so far with those of this batch."""
        for path, error in self.refused.items():
            failures = failures.add(path.text, error)
        return failures


async def delete_batch(
    run: JobRun,
    mandate: Mandate,
    paths: Sequence[FilePath],
    goes: Goes,
    note: Callable[[Deleted], bytes],
) -> None:
    """Delete some hundred files and note it in the job's state.

    Objects of accounts' stores go first: when the job is cut off before its step is committed, they
    are deleted once more, which changes nothing.

    Args:
        run: the job.
        mandate: for whom.
        paths: the files; those that are not there are passed over.
        goes: which of them.
        note: the job's new state.
    """
    levels = await mandate.tools.levels(mandate.account_id)
    elsewhere = [
        path
        for path in paths
        if isinstance(place_of(levels, path.segments), ExternalPlace) and goes(levels, path)
    ]
    outcomes = await _delete_elsewhere(mandate, elsewhere, levels)

    def work(conn: Connection) -> bytes:
        deciding = mandate.deciding(conn)
        now_levels = levels_of(read_layers(conn, mandate.account_id))
        refused = {path: error for path, error in outcomes.items() if error is not None}
        here: list[FilePath] = []
        for path in paths:
            if path in outcomes or not goes(now_levels, path):
                continue
            place = place_of(now_levels, path.segments)
            error = changed() if isinstance(place, ExternalPlace) else refusal(deciding, path)
            if error is None:
                here.append(FilePath(place.segments))
            else:
                refused[path] = error
        count = delete_files(conn, mandate.account_id, here, mandate.tools.now_ms)
        ordered = {path: refused[path] for path in paths if path in refused}
        return note(Deleted(count + sum(each is None for each in outcomes.values()), ordered))

    await run.step(work)


def refusal(deciding: Deciding, path: FilePath) -> BytewardError | None:
    """Why the file may not be deleted."""
    try:
        deciding.require(Action.DELETE_FILE, path.segments)
    except BytewardError as error:
        return error
    return None


async def _delete_elsewhere(
    mandate: Mandate, paths: Sequence[FilePath], levels: tuple[LayerAt, ...]
) -> dict[FilePath, BytewardError | None]:
    if not paths:
        return {}

    def decide(conn: Connection) -> dict[FilePath, BytewardError | None]:
        deciding = mandate.deciding(conn)
        return {path: refusal(deciding, path) for path in paths}

    outcomes = await mandate.tools.database.read(decide)
    for path, refused in outcomes.items():
        place = place_of(levels, path.segments)
        if refused is None and isinstance(place, ExternalPlace):
            try:
                await mandate.tools.external.delete(mandate.account_id, place)
            except BytewardError as error:
                outcomes[path] = error
    return outcomes
