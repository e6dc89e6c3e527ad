"""Values that several examples of the reference share."""

from __future__ import annotations

from typing import Final

from byteward.files.storage_layers import InternalLayer
from byteward.http.schemas.files import FileDetails
from byteward.http.schemas.folders import (
    FileSummary,
    FolderDetails,
    FolderSettings,
    FolderSettingsInherited,
    FolderSummary,
    PublicPermissionsInherited,
    StorageLayerInherited,
)
from byteward.http.schemas.jobs import JOB_DOCS, AsyncResponse, JobSummary
from byteward.http.schemas.uploads import BasicUploadResponse

ACCOUNT: Final = "A623uY2"
UPLOAD: Final = "AbCdEfGh12345678"
CAT: Final = "/photos/cat.jpg"
CAT_URL: Final = f"https://cdn.example.com/{ACCOUNT}/raw{CAT}"
ETAG: Final = "5d41402abc4b2a76b9719d911017c592"
WHEN: Final = 1716666258683

FILE: Final = FileDetails(
    account_id=ACCOUNT,
    etag=ETAG,
    file_path=CAT,
    file_url=CAT_URL,
    last_modified=WHEN,
    metadata={"album": "summer"},
    mime="image/jpeg",
    original_file_name="IMG_0042.jpg",
    size=43182,
    tags=["pets"],
)
STORED: Final = BasicUploadResponse(ACCOUNT, ETAG, CAT, CAT_URL)

_EVERYONE: Final = [
    {"scope": scope, "permissions": {"file": {"downloadFile": ["*"]}}}
    for scope in ("Children", "Grandchildren+")
]
FOLDER: Final = FolderDetails(
    folder_path="/photos",
    type="Folder",
    virtual=True,
    settings=FolderSettings(description="Holiday pictures"),
    settings_inherited=FolderSettingsInherited(
        PublicPermissionsInherited("/", _EVERYONE), StorageLayerInherited("/", InternalLayer())
    ),
)
SUMMARY: Final = FolderSummary(
    folder_path="/photos", settings=FolderSettings(description="Holiday pictures"), virtual=True
)
ITEM: Final = FileSummary(file_path=CAT, file_url=CAT_URL, last_modified=WHEN, size=43182)

_JOB_ID: Final = "01HYRZ6T7VQ2Z4M8J0K3N5P7R9"


def accepted(job_type: str) -> AsyncResponse:
    """The answer of an operation that goes on as a job."""
    return AsyncResponse(JOB_DOCS, _JOB_ID, job_type, _job_url(job_type))


def _job_url(job_type: str) -> str:
    return f"https://api.example.com/v2/accounts/{ACCOUNT}/jobs/{job_type}/{_JOB_ID}"


JOB: Final = JobSummary(
    job_docs=JOB_DOCS,
    job_id=_JOB_ID,
    job_type="DeleteFileBatchJob",
    job_url=_job_url("DeleteFileBatchJob"),
    account_id=ACCOUNT,
    created=WHEN,
    last_updated=WHEN + 318,
    status="Succeeded",
    error=None,
    summary={"deletions": [CAT]},
)
