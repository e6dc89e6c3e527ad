"""The account's name, settings and quotas."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from byteward.access.roles import Role
from byteward.accounts.model import AccountSettings
from byteward.errors import BytewardError, ErrorCode
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import object_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import configuration as schemas
from byteward.http.services import ApiRequest
from byteward.openapi.operation import WRITING, Access, Operation, Tag

_SETTINGS: Final = "/v2/admin/accounts/{accountId}/settings"
_EXAMPLE: Final = schemas.SettingMembers(
    default_root_public=True,
    cache_ttl=31_536_000,
    cache_ttl404=60,
    max_upload_bytes=5_368_709_120,
    browser_origins=[],
    presets_or_signed_only=False,
    enforce_totp=False,
    quotas=schemas.QuotaMembers(None, None, None),
)


GET_SETTINGS: Final = Operation(
    id="GetSettings",
    tag=Tag.ADMIN,
    method="GET",
    path=_SETTINGS,
    query=None,
    body=None,
    answer=schemas.AccountAnswer("Default", _EXAMPLE, schemas.UsageNow(12, 43182, 3)),
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.ACCOUNT_NOT_FOUND,),
    is_extension=True,
)


@handles(GET_SETTINGS)
async def get_settings(request: ApiRequest) -> schemas.AccountAnswer:
    """Get the account's settings and what counts against its quotas."""
    by = await administrator(request, Role.VIEWER)
    return await _answer(request, by.account_id)


UPDATE_SETTINGS: Final = Operation(
    id="UpdateSettings",
    tag=Tag.ADMIN,
    method="PATCH",
    path=_SETTINGS,
    query=None,
    body=schemas.AccountUpdate("Default", schemas.SettingMembers(cache_ttl=3600)),
    answer=schemas.AccountAnswer("Default", _EXAMPLE, schemas.UsageNow(12, 43182, 3)),
    access=Access.DASHBOARD_USER,
    refusals=WRITING,
    is_extension=True,
)


@handles(UPDATE_SETTINGS)
async def update_settings(request: ApiRequest) -> schemas.AccountAnswer:
    """Change the account's name and settings; what is left out stays as it is."""
    by = await administrator(request, Role.ADMIN)
    body = await object_of(request, UPDATE_SETTINGS)
    await services_of(request).configuration.set_account(by, body)
    return await _answer(request, by.account_id)


async def _answer(request: ApiRequest, account_id: str) -> schemas.AccountAnswer:
    services = services_of(request)
    services.facts.refresh()
    account = await services.facts.account(account_id)
    if account is None:
        raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "the account is gone")
    totals = await services.totals(account_id)
    return schemas.AccountAnswer(
        account.name,
        _members(account.settings),
        schemas.UsageNow(totals.stored_files, totals.stored_bytes, totals.uploads),
    )


def _members(settings: AccountSettings) -> schemas.SettingMembers:
    values = structs.asdict(settings)
    quotas = settings.quotas
    values["browser_origins"] = list(settings.browser_origins)
    values["quotas"] = schemas.QuotaMembers(
        quotas.stored_bytes, quotas.stored_files, quotas.uploads_per_month
    )
    return schemas.SettingMembers(**values)


HANDLERS: Final = (get_settings, update_settings)
