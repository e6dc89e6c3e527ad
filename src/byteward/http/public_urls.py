"""Absolute URLs in responses, from the configured public bases and never from the Host header."""

from __future__ import annotations

from dataclasses import dataclass

from byteward.jobs.model import Job
from byteward.paths import FilePath, url_path
from byteward.uploads.multipart import PartTicket


@dataclass(frozen=True, slots=True)
class ResponseUrls:
    """Builds the URLs; both bases come without a slash at the end."""

    api: str
    cdn: str

    def file(self, account_id: str, path: FilePath) -> str:
        """Where the file's own bytes are delivered."""
        return f"{self.cdn}/{account_id}/raw{url_path(path)}"

    def job(self, job: Job) -> str:
        """Where a job tells how it stands."""
        return f"{self.api}/v2/accounts/{job.account_id}/jobs/{job.job_type}/{job.job_id}"

    def part_content(self, ticket: PartTicket) -> str:
        """Where the bytes of a part are sent; the query is the credential."""
        return (
            f"{self.api}/v2/accounts/{ticket.account_id}/uploads/{ticket.upload_id}"
            f"/parts/{ticket.index}/content?exp={ticket.token.exp}&sig={ticket.token.sig}"
        )
