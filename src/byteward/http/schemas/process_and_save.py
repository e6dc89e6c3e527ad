"""Body and answer of ProcessFileAndSave."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.http.schemas.files import PathText
from byteward.http.schemas.uploads import DynamicFilePath, Tag

# Any: objects and lists of objects, which the operation reads itself.
_Params = Annotated[
    Any,
    Meta(
        extra_json_schema={
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": {"type": ["boolean", "number", "string"]},
                },
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": {"type": ["boolean", "number", "string"]},
                    },
                },
            ]
        }
    ),
]


class SavedMetadata(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What becomes of the metadata.

    Attributes:
        merge: true: members are added to the source's, in place of those of the same name.
            Otherwise they replace the source's as a whole.
        set_for_all_artifacts: false: only the first file of several gets it.
        value: the members.
    """

    merge: bool = False
    set_for_all_artifacts: bool = True
    value: dict[str, Any] = {}  # Any: the uploader's own JSON


class SavedTags(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What becomes of the tags.

    Attributes:
        merge: true: tags are added to the source's. Otherwise they replace them.
        set_for_all_artifacts: false: only the first file of several gets them.
        value: the tags.
    """

    merge: bool = False
    set_for_all_artifacts: bool = True
    value: list[Tag] = []


class ProcessFileAndSaveRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where the result goes; everything may be left out.

    Attributes:
        destination: a path without variables, or templates; what is left out comes from the API
            key.
        extended_params: parameters of the transformation behind those of the URL; a list repeats
            names.
        metadata: left out, it is as at the source.
        tags: left out, they are as at the source.
    """

    destination: DynamicFilePath | PathText | None = None
    extended_params: _Params = None
    metadata: SavedMetadata | None = None
    tags: SavedTags | None = None


class ProcessFileAndSaveResponse(
    Struct,
    frozen=True,
    rename={
        "is_async": "async",
        "account_id": "accountId",
        "file_path": "filePath",
        "file_url": "fileUrl",
    },
):
    """The file that was made.

    Attributes:
        is_async: false: the file is there.
        account_id: the account that it is in.
        file_path: absolute path.
        file_url: where its bytes are delivered.
        summary: its contents, if they are JSON.
    """

    is_async: bool
    account_id: str
    file_path: str
    file_url: str
    summary: Any | UnsetType = UNSET  # Any: whatever the result says
