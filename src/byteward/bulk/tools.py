"""What the handlers of all kinds work with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError
from byteward.files.copying import FileCopies
from byteward.files.external_files import ExternalFiles
from byteward.files.external_listing import ExternalListing, Walk, spans_regions
from byteward.files.layer_resolution import LayerAt, levels_of
from byteward.files.tree import find_folder
from byteward.files.walk import Entry, entries_after
from byteward.jobs.model import Job, JobFailedError
from byteward.permissions.authority import Authority, Deciding
from byteward.permissions.frozen import thaw
from byteward.permissions.guard import Guard
from byteward.permissions.layer_facts import read_layers


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of an installation that jobs on files need.

    Attributes:
        database: metadata.
        guard: decides.
        clock: Unix seconds.
        external: files in stores of accounts.
        copies: copies single files.
    """

    database: Database
    guard: Guard
    clock: Clock
    external: ExternalFiles
    copies: FileCopies

    @property
    def now_ms(self) -> int:
        """Unix milliseconds."""
        return now_ms(self.clock)

    async def levels(self, account_id: str) -> tuple[LayerAt, ...]:
        """All storage layers of an account."""
        return await self.database.read(lambda conn: levels_of(read_layers(conn, account_id)))

    async def entries(self, walk: Walk) -> list[Entry]:
        """A page of a walk, over stores of accounts where it must be.

        Raises:
            BytewardError: as `ExternalListing.entries`.
        """
        if spans_regions(walk.levels, walk.folder, recursive=walk.recursive):
            return await ExternalListing(self.database, self.external).entries(walk)

        def work(conn: Connection) -> list[Entry]:
            row = find_folder(conn, walk.account_id, walk.folder)
            if row is None:
                return []
            return entries_after(
                conn,
                row.folder_id,
                walk.key,
                walk.limit,
                walk.recursive,
                descends=walk.may_enter,
            )

        return await self.database.read(work)


@dataclass(frozen=True, slots=True)
class Mandate:
    """Whoever a job is done for, with the tools to do it.

    Attributes:
        tools: the parts.
        authority: the creator's, frozen.
    """

    tools: Tools
    authority: Authority

    @classmethod
    def of(cls, tools: Tools, job: Job) -> Mandate:
        """For one job."""
        return cls(tools, thaw(job.account_id, job.authority))

    @property
    def account_id(self) -> str:
        """Whose files."""
        return self.authority.principal.account_id

    def deciding(self, conn: Connection) -> Deciding:
        """Decisions on one transaction.

        Raises:
            JobFailedError: the credential is not accepted any more, so nothing more is done.
        """
        try:
            return Deciding(self.tools.guard, conn, self.authority)
        except BytewardError as error:
            raise JobFailedError(error, {}) from error
