"""Presets, as administrators define them."""

from __future__ import annotations

from typing import Final

from byteward.access.roles import Role
from byteward.accounts.model import Preset
from byteward.errors import ErrorCode
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import object_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import configuration as schemas
from byteward.http.services import ApiRequest
from byteward.openapi.operation import WRITING, Access, Operation, Tag

_PRESETS: Final = "/v2/admin/accounts/{accountId}/presets"
_PRESET: Final = f"{_PRESETS}/{{presetName}}"
_PARAMS: Final[schemas.Params] = [{"w": 200}, {"h": 200}, {"fit": "crop"}]
_EXAMPLE: Final = schemas.PresetItem("thumbnail-sm", "image", _PARAMS, 1)


LIST_PRESETS: Final = Operation(
    id="ListPresets",
    tag=Tag.ADMIN,
    method="GET",
    path=_PRESETS,
    query=None,
    body=None,
    answer=schemas.PresetList([_EXAMPLE]),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(LIST_PRESETS)
async def list_presets(request: ApiRequest) -> schemas.PresetList:
    """List the account's named transformations."""
    by = await administrator(request, Role.VIEWER)
    found = await services_of(request).configuration.presets(by.account_id)
    return schemas.PresetList([_item(each) for each in found])


PUT_PRESET: Final = Operation(
    id="PutPreset",
    tag=Tag.ADMIN,
    method="PUT",
    path=_PRESET,
    query=None,
    body=schemas.PresetBody("image", _PARAMS),
    answer=_EXAMPLE,
    access=Access.DASHBOARD_USER,
    refusals=WRITING,
    is_extension=True,
)


@handles(PUT_PRESET)
async def put_preset(request: ApiRequest) -> schemas.PresetItem:
    """Make a preset, or change it. Results of the old one are not used any more."""
    by = await administrator(request, Role.ADMIN)
    body = await object_of(request, PUT_PRESET)
    name: str = request.path_params["presetName"]
    configuration = services_of(request).configuration
    await configuration.set_element(by, "presets", {**body, "name": name})
    return _item(await configuration.preset(by.account_id, name))


DELETE_PRESET: Final = Operation(
    id="DeletePreset",
    tag=Tag.ADMIN,
    method="DELETE",
    path=_PRESET,
    query=None,
    body=None,
    answer=None,
    status=204,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.PRESET_NOT_FOUND, *WRITING),
    is_extension=True,
)


@handles(DELETE_PRESET)
async def delete_preset(request: ApiRequest) -> None:
    """Remove a preset. URLs with its name answer 404 from now on."""
    by = await administrator(request, Role.ADMIN)
    name: str = request.path_params["presetName"]
    await services_of(request).configuration.delete_preset(by, name)


def _item(preset: Preset) -> schemas.PresetItem:
    params: schemas.Params = [{name: value} for name, value in preset.params]
    return schemas.PresetItem(preset.name, preset.transformation, params, preset.revision)


HANDLERS: Final = (list_presets, put_preset, delete_preset)
