"""The parameters that stand in paths, by the names of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from byteward import ids


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A part of a path that varies.

    Attributes:
        text: what it is.
        schema: JSON Schema of its value.
        example: a value.
    """

    text: str
    schema: Mapping[str, object]
    example: str | int


JOB_TYPES: Final = (
    "ProcessImageJob",
    "ProcessVideoJob",
    "ProcessAudioJob",
    "ProcessFileJob",
    "AntivirusJob",
    "ResetCacheJob",
    "DeleteFolderBatchJob",
    "DeleteFileBatchJob",
    "CopyFolderBatchJob",
    "CopyFileBatchJob",
)
"""The protocol's words; some name work that this server does at once or not at all."""


def _id(pattern: str) -> dict[str, object]:
    return {"type": "string", "pattern": f"^{pattern}$"}


PATH_PARAMETERS: Final[Mapping[str, PathParameter]] = {
    "accountId": PathParameter(
        "The account: the seven characters after the first underscore of its API keys.",
        _id(ids.ACCOUNT_ID.pattern),
        "A623uY2",
    ),
    "uploadId": PathParameter(
        "The upload, as BeginMultipartUpload answered.",
        _id(ids.UPLOAD_ID.pattern),
        "AbCdEfGh12345678",
    ),
    "uploadPartIndex": PathParameter(
        "The part, counted from 0.", {"type": "integer", "minimum": 0, "maximum": 999_999_999}, 0
    ),
    "jobType": PathParameter("The kind of job.", {"enum": list(JOB_TYPES)}, "DeleteFileBatchJob"),
    "jobId": PathParameter("The job.", _id(ids.JOB_ID.pattern), "01HYRZ6T7VQ2Z4M8J0K3N5P7R9"),
    "sessionId": PathParameter(
        "A session of the user.", {"type": "string", "minLength": 1}, "8RkLmN3pQrS5tUvW"
    ),
    "keyId": PathParameter("An API key.", _id(ids.API_KEY_ID.pattern), "F91kfA1g"),
    "certificateId": PathParameter(
        "A JWT certificate.", {"type": "string", "minLength": 1, "maxLength": 64}, "cert0001"
    ),
    "presetName": PathParameter(
        "A preset.", {"type": "string", "minLength": 1, "maxLength": 100}, "thumbnail-sm"
    ),
    "userId": PathParameter("A dashboard user.", {"type": "string", "minLength": 1}, "12"),
    "invitationId": PathParameter(
        "An open invitation.", {"type": "string", "minLength": 1}, "8RkLmN3pQrS5tUvW"
    ),
    "transformation": PathParameter(
        "A transformation or the name of a preset.",
        {"type": "string", "minLength": 1, "maxLength": 100},
        "image",
    ),
    "filePath": PathParameter(
        "The file's path with its slashes; each segment is percent-encoded.",
        {"type": "string", "minLength": 1},
        "photos/cat.jpg",
    ),
}
"""A path may name nothing else."""
