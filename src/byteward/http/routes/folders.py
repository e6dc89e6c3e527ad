"""Folders: making them, their settings, their details, what is in them."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, UnsetType

from byteward.access.policy import PolicyError, parse_public_permissions
from byteward.access.public import PublicEntries
from byteward.errors import BytewardError, ErrorCode
from byteward.files.folder_settings import SettingsUpdate, Write
from byteward.files.folders import FolderChange
from byteward.files.listing import ListFolder
from byteward.files.storage_layers import NewStorageLayer, layer_problems
from byteward.http.routes import wire
from byteward.http.routes.parsing import body_as, caller_of, query_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import folders as schemas
from byteward.http.services import ApiRequest
from byteward.http.validation import Problems
from byteward.openapi.operation import STORES, WRITING, Operation, Tag
from byteward.paths import FolderPath

_PATH: Final = "/v2/accounts/{accountId}/folders"
_WHERE: Final = "body.folderSettings"


PUT_FOLDER: Final = Operation(
    id="PutFolder",
    tag=Tag.FOLDERS,
    method="PUT",
    path=_PATH,
    query=None,
    body=schemas.PutFolderRequest(
        folder_path="/photos",
        folder_settings=schemas.FolderSettingsUpdate(
            description=schemas.DescriptionUpdate(set=True, value="Holiday pictures"),
            public_permissions=schemas.PublicPermissionsUpdate(set=True, value=[]),
        ),
    ),
    answer=examples.FOLDER,
    refusals=(ErrorCode.INVALID_PATH, *WRITING),
)


@handles(PUT_FOLDER)
async def put_folder(request: ApiRequest) -> schemas.FolderDetails:
    """Make a folder that stays when it is empty, or change its settings.

    Folders above it are made with it. May be repeated.
    """
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, PUT_FOLDER, is_authority=True)
    details = await services.folders.put(caller, folder_change(body))
    return wire.folder_details(details)


GET_FOLDER_DETAILS: Final = Operation(
    id="GetFolderDetails",
    tag=Tag.FOLDERS,
    method="GET",
    path=_PATH,
    query=schemas.FolderPathQuery("/photos"),
    body=None,
    answer=examples.FOLDER,
    refusals=(ErrorCode.INVALID_PATH, ErrorCode.ACCOUNT_NOT_FOUND),
)


@handles(GET_FOLDER_DETAILS)
async def get_folder_details(request: ApiRequest) -> schemas.FolderDetails:
    """Get a folder's own settings and those that it has from above.

    Settings that the caller may not see are left out.
    """
    services = services_of(request)
    caller = await caller_of(request)
    folder = FolderPath.parse(query_as(request, GET_FOLDER_DETAILS).folder_path)
    details = await services.folders.details(caller, folder)
    return wire.folder_details(details)


LIST_FOLDER: Final = Operation(
    id="ListFolder",
    tag=Tag.FOLDERS,
    method="GET",
    path=f"{_PATH}/list",
    query=schemas.ListFolderQuery(folder_path="/photos", limit=50),
    body=None,
    answer=schemas.ListFolderResponse(
        cursor=examples.CAT,
        folder=examples.SUMMARY,
        is_pagination_complete=True,
        items=[examples.ITEM],
    ),
    refusals=(ErrorCode.INVALID_PATH, ErrorCode.ACCOUNT_NOT_FOUND, *STORES),
)


@handles(LIST_FOLDER)
async def list_folder(request: ApiRequest) -> schemas.ListFolderResponse:
    """List a page of what is in a folder.

    Ask again with the `cursor` of the answer until `isPaginationComplete`. A page may be short or
    empty before that.
    """
    services = services_of(request)
    caller = await caller_of(request)
    query = query_as(request, LIST_FOLDER)
    asked = _list_request(
        query,
        with_physical_folders=query.include_physical_folders,
        with_virtual_folders=query.include_virtual_folders,
    )
    return wire.listing(await services.folders.page(caller, asked), services.urls)


LIST_FOLDER_CHILDREN: Final = Operation(
    id="ListFolderChildren",
    tag=Tag.FOLDERS,
    method="GET",
    path=f"{_PATH}/children",
    query=schemas.FolderChildrenQuery(folder_path="/photos"),
    body=None,
    answer=schemas.FolderChildren([examples.ITEM], examples.CAT, examples.SUMMARY),
    refusals=(ErrorCode.INVALID_PATH, ErrorCode.ACCOUNT_NOT_FOUND, *STORES),
    is_deprecated=True,
)


@handles(LIST_FOLDER_CHILDREN)
async def list_folder_children(request: ApiRequest) -> schemas.FolderChildren:
    """List a folder as clients of 2022 and 2023 do."""
    services = services_of(request)
    caller = await caller_of(request)
    query = query_as(request, LIST_FOLDER_CHILDREN)
    asked = _list_request(
        query,
        with_physical_folders=query.include_folders,
        with_virtual_folders=query.include_folders,
    )
    page = wire.listing(await services.folders.page(caller, asked), services.urls)
    return schemas.FolderChildren(page.items, page.cursor, page.folder)


def _list_request(
    query: schemas.ListQuery, *, with_physical_folders: bool, with_virtual_folders: bool
) -> ListFolder:
    with_overridden = query.include_overridden_storage
    return ListFolder(
        folder=FolderPath.parse(query.folder_path),
        cursor=query.cursor,
        limit=query.limit,
        recursive=query.recursive,
        include_files=query.include_files,
        include_physical_folders=with_physical_folders,
        include_virtual_folders=with_virtual_folders,
        # Neither copying nor deleting a folder touches such files unless it is asked to.
        include_overridden_storage=(
            not query.dry_run if isinstance(with_overridden, UnsetType) else with_overridden
        ),
        is_dry_run=query.dry_run,
    )


def folder_change(body: schemas.PutFolderRequest) -> FolderChange:
    """The change that a validated body asks for.

    Raises:
        BytewardError: `invalid_path` for a trailing slash without `allowUnnamedFolder`,
            `invalid_request` for a value beside `set: false` and for malformed permissions.
    """
    folder = FolderPath.parse(body.folder_path)
    if folder.segments and not folder.segments[-1] and not body.allow_unnamed_folder:
        raise BytewardError(
            ErrorCode.INVALID_PATH,
            "invalid path: a folder path that ends in `/` names a folder without a name; "
            "set `allowUnnamedFolder` if that is what you mean",
            details={"path": body.folder_path, "reason": "trailing slash"},
        )
    problems = Problems()
    update = _update(body.folder_settings or schemas.FolderSettingsUpdate(), problems)
    problems.raise_any()
    return FolderChange(folder, update)


def _update(wire_update: schemas.FolderSettingsUpdate, problems: Problems) -> SettingsUpdate:
    description = public = None
    layer: Write[NewStorageLayer] | None = None
    if (given := wire_update.description) is not None:
        _check_unset(given.set, given.value, "description", problems)
        value = None if given.value is UNSET else given.value
        description = Write(value) if given.set else None
    if (given_public := wire_update.public_permissions) is not None:
        _check_unset(given_public.set, given_public.value, "publicPermissions", problems)
        entries = None if given_public.value is UNSET else _entries(given_public.value, problems)
        public = Write(entries) if given_public.set else None
    if (given_layer := wire_update.storage_layer) is not None:
        _check_unset(given_layer.set, given_layer.value, "storageLayer", problems)
        value_given = given_layer.value
        kept = None if isinstance(value_given, UnsetType) else value_given
        _check_layer(kept, problems)
        layer = Write(kept) if given_layer.set else None
    return SettingsUpdate(description, public, layer)


def _check_unset(is_set: bool, value: object, field: str, problems: Problems) -> None:  # noqa: FBT001 - the wire's own flag
    if not is_set and value is not UNSET:
        problems.add(
            f"{_WHERE}.{field}.value",
            '"value" is an excess property and therefore is not allowed',
        )


def _check_layer(layer: NewStorageLayer | None, problems: Problems) -> None:
    for field, message in () if layer is None else layer_problems(layer):
        problems.add(f"{_WHERE}.storageLayer.value.{field}", message)


def _entries(value: object, problems: Problems) -> PublicEntries | None:
    try:
        return parse_public_permissions(value, where=f"{_WHERE}.publicPermissions.value")
    except PolicyError as error:
        problems.add(error.where, error.message)
        return None


HANDLERS: Final = (put_folder, get_folder_details, list_folder, list_folder_children)
