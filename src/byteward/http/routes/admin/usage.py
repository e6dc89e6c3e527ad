"""Usage by day and API key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from byteward.access.roles import Role
from byteward.accounts.daily_usage import NO_KEY, Amounts, UsageDay, days_before
from byteward.clock import now_ms
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import query_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import usage as schemas
from byteward.http.services import ApiRequest
from byteward.openapi.operation import Access, Operation, Tag

GET_USAGE: Final = Operation(
    id="GetUsage",
    tag=Tag.ADMIN,
    method="GET",
    path="/v2/admin/accounts/{accountId}/usage",
    query=schemas.UsageQuery(30),
    body=None,
    answer=schemas.UsageAnswer(
        [schemas.UsageOfDay("2024-05-25", 1200, 52_000_000, 14, 9_100_000, 80, 9_400)],
        [schemas.UsageOfKey("F91kfA1g", "backend", 200, 12_000_000, 14, 9_100_000)],
        12,
        43_182,
    ),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(GET_USAGE)
async def get_usage(request: ApiRequest) -> schemas.UsageAnswer:
    """Get what was uploaded, delivered and transformed, by day and by API key.

    Deliveries are seconds behind. They are statistics; what counts against quotas is exact.
    """
    by = await administrator(request, Role.VIEWER)
    services = services_of(request)
    days = days_before(now_ms(services.clock), query_as(request, GET_USAGE).days)
    rows = await services.usage_days(by.account_id, days[0])
    keys = await services.configuration.api_keys(by.account_id)
    names = {key.key_id: key.name for key in keys}
    stored = await services.totals(by.account_id)
    return schemas.UsageAnswer(
        _by_day(rows, days), _by_key(rows, names), stored.stored_files, stored.stored_bytes
    )


def _by_day(rows: Iterable[UsageDay], days: list[int]) -> list[schemas.UsageOfDay]:
    found: defaultdict[int, Amounts] = defaultdict(Amounts)
    for row in rows:
        found[row.day].add(row.amounts)
    return [
        schemas.UsageOfDay(
            f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}",
            found[day].requests,
            found[day].bytes_out,
            found[day].uploads,
            found[day].bytes_in,
            found[day].transforms,
            found[day].transform_ms,
        )
        for day in days
    ]


def _by_key(rows: Iterable[UsageDay], names: Mapping[str, str]) -> list[schemas.UsageOfKey]:
    found: defaultdict[str, Amounts] = defaultdict(Amounts)
    for row in rows:
        found[row.key_id].add(row.amounts)
    return [
        schemas.UsageOfKey(
            None if key_id == NO_KEY else key_id,
            names.get(key_id),
            amounts.requests,
            amounts.bytes_out,
            amounts.uploads,
            amounts.bytes_in,
        )
        for key_id, amounts in sorted(found.items(), key=lambda each: -each[1].bytes_out)
    ]


HANDLERS: Final = (get_usage,)
