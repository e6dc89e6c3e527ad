"""ResetCache: results of transformations are forgotten, by a job. For secret keys only."""

from __future__ import annotations

from typing import Final

import msgspec

from byteward.errors import ErrorCode
from byteward.http.routes import wire
from byteward.http.routes.parsing import body_as, caller_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas.cache import ResetCacheRequest
from byteward.http.schemas.jobs import AsyncResponse
from byteward.http.services import ApiRequest
from byteward.http.validation import Problems
from byteward.jobs.model import NewJob
from byteward.openapi.operation import WRITING, Access, Operation, Tag
from byteward.permissions.guard import secret_required
from byteward.transform.reset import JOB_TYPE, ResetPayload, parse_reset_pattern

RESET_CACHE: Final = Operation(
    id="ResetCache",
    tag=Tag.CACHE,
    method="POST",
    path="/v2/accounts/{accountId}/cache/reset",
    query=None,
    body=ResetCacheRequest("/image/photos/*", reset_edge_cache=True, reset_permanent_cache=False),
    answer=examples.accepted(JOB_TYPE),
    access=Access.SECRET_KEY,
    refusals=(ErrorCode.RATE_LIMIT_EXCEEDED, *WRITING),
)


@handles(RESET_CACHE)
async def reset_cache(request: ApiRequest) -> AsyncResponse:
    """Forget results of transformations, so that the next request computes them anew."""
    services = services_of(request)
    caller = await caller_of(request)
    secret_required(caller.principal)
    body = await body_as(request, RESET_CACHE)
    account_id = caller.principal.account_id
    _check(body, account_id)
    payload = ResetPayload(body.pattern, body.reset_edge_cache, body.reset_permanent_cache)
    # The work needs no rights of its own: it takes away what can be made again.
    new = NewJob(account_id, JOB_TYPE, msgspec.json.encode(payload), b"{}")
    return wire.async_response(await services.jobs.submit(new), services.urls)


def _check(body: ResetCacheRequest, account_id: str) -> None:
    problems = Problems()
    if parse_reset_pattern(body.pattern, account_id) is None:
        problems.add(
            "body.pattern",
            "must begin with the transformation, such as `/image/photos/*`, without the account",
            body.pattern,
        )
    if not body.reset_edge_cache and not body.reset_permanent_cache:
        problems.add("body.resetEdgeCache", "set at least one of the two caches")
    problems.raise_any()


HANDLERS: Final = (reset_cache,)
