"""ResetCache: which results a pattern names, and the job that takes them away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection

from byteward.errors import BytewardError
from byteward.jobs.model import Job, JobRun
from byteward.paths import percent_decode
from byteward.transform.cache import ResultCache, ResultHeader

JOB_TYPE: Final = "ResetCacheJob"


@dataclass(frozen=True, slots=True)
class ResetPattern:
    """What is forgotten: one URL path below the account, or everything that begins with one.

    Attributes:
        path: slug and file path, as clients write them, without the `*`.
        is_prefix: a `*` stood at the end.
    """

    path: str
    is_prefix: bool

    def matches(self, slug: str, path: str) -> bool:
        """Whether a result of that slug and path is meant; patterns may be percent-encoded."""
        whole = f"/{slug}{path}"
        spellings = {self.path, _decoded(self.path)}
        if self.is_prefix:
            return any(whole.startswith(each) for each in spellings)
        return whole in spellings


def parse_reset_pattern(text: str, account_id: str) -> ResetPattern | None:
    """Read a pattern, or None: it begins with `/` and the slug, and `*` stands at its end only."""
    path, star, rest = text.partition("*")
    if not path.startswith("/") or rest or path.startswith(f"/{account_id}/"):
        return None
    if "*" not in text and path == "/":
        return None
    return ResetPattern(path, bool(star))


def _decoded(text: str) -> str:
    try:
        return percent_decode(text.encode())
    except BytewardError:
        return text


class ResetPayload(msgspec.Struct, frozen=True, rename="camel"):
    """What was asked for, in the wire's words."""

    pattern: str
    reset_edge_cache: bool
    reset_permanent_cache: bool


class ResetProgress(msgspec.Struct, frozen=True):
    """What was taken away."""

    edge: int = 0
    permanent: int = 0


class ResetCacheJob:
    """Takes results away; doing so twice is no different.

    Args:
        cache: of this installation.
    """

    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache

    async def run(self, run: JobRun) -> None:
        """See `JobHandler.run`."""
        payload = _payload(run.job)
        pattern = parse_reset_pattern(payload.pattern, run.job.account_id)
        if pattern is None:
            return
        counts = {True: 0, False: 0}

        def should_go(header: ResultHeader) -> bool:
            if header.account_id != run.job.account_id:
                return False
            is_permanent = header.is_permanent
            asked = payload.reset_permanent_cache if is_permanent else payload.reset_edge_cache
            if not asked or not pattern.matches(header.slug, header.path):
                return False
            counts[is_permanent] += 1
            return True

        await asyncio.to_thread(self._cache.remove, should_go)
        progress = msgspec.json.encode(ResetProgress(counts[False], counts[True]))

        def note(_: Connection) -> bytes:
            return progress

        await run.step(note)

    def summary(self, job: Job) -> Mapping[str, object]:
        """See `JobHandler.summary`."""
        payload = _payload(job)
        state = job.state or msgspec.json.encode(ResetProgress())
        progress = msgspec.json.decode(state, type=ResetProgress)
        return {
            "pattern": payload.pattern,
            "resetEdgeCache": payload.reset_edge_cache,
            "resetPermanentCache": payload.reset_permanent_cache,
            "progress": {"edge": progress.edge, "permanent": progress.permanent},
        }


def _payload(job: Job) -> ResetPayload:
    return msgspec.json.decode(job.payload, type=ResetPayload)
