"""Values of the use cases as bodies of responses."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from byteward.access.policy import public_permissions_to_wire
from byteward.access.public import PublicEntries
from byteward.errors import BytewardError
from byteward.files import folder_settings
from byteward.files.file_details import FileDetails
from byteward.files.listing import FileSummary, FolderSummary, Listing
from byteward.files.metadata import decode_metadata
from byteward.http.envelope import timestamp
from byteward.http.public_urls import ResponseUrls
from byteward.http.schemas import files as file_schemas
from byteward.http.schemas import folders as folder_schemas
from byteward.http.schemas import jobs as job_schemas
from byteward.http.schemas import uploads as upload_schemas
from byteward.jobs.model import Job, JobHandler
from byteward.paths import FolderPath
from byteward.uploads.form import FormOutcome
from byteward.uploads.multipart import BegunUpload, PartTicket


def file_details(details: FileDetails, urls: ResponseUrls) -> file_schemas.FileDetails:
    """A file."""
    return file_schemas.FileDetails(
        account_id=details.account_id,
        etag=details.etag,
        file_path=details.path.text,
        file_url=urls.file(details.account_id, details.path),
        last_modified=details.modified_at,
        metadata=decode_metadata(details.metadata),
        mime=details.mime,
        original_file_name=details.original_file_name,
        size=details.size_bytes,
        tags=list(details.tags),
    )


def basic_upload(details: FileDetails, urls: ResponseUrls) -> upload_schemas.BasicUploadResponse:
    """A file that was just stored."""
    return upload_schemas.BasicUploadResponse(
        account_id=details.account_id,
        etag=details.etag or "",
        file_path=details.path.text,
        file_url=urls.file(details.account_id, details.path),
    )


def form_upload(
    outcome: FormOutcome, urls: ResponseUrls, now: float
) -> upload_schemas.FormDataUploadResponse:
    """A form; `error` stands at the top when nothing was stored, so that clients raise it."""
    errors = [
        upload_schemas.FormDataError(each.field_name, file_error(each.error, now))
        for each in outcome.refused
    ]
    return upload_schemas.FormDataUploadResponse(
        files=[
            upload_schemas.FormDataFile(
                account_id=each.file.account_id,
                etag=each.file.etag or "",
                file_path=each.file.path.text,
                file_url=urls.file(each.file.account_id, each.file.path),
                form_data_field_name=each.field_name,
            )
            for each in outcome.stored
        ],
        errors=errors,
        error=errors[0].error if errors and not outcome.stored else None,
    )


def file_error(error: BytewardError, now: float) -> upload_schemas.FileError:
    """The refusal of one file of a form."""
    return upload_schemas.FileError(error.code.value, error.message, timestamp(now), error.details)


def upload_part(ticket: PartTicket, urls: ResponseUrls) -> upload_schemas.UploadPart:
    """Where a part goes."""
    return upload_schemas.UploadPart(
        upload_id=ticket.upload_id,
        upload_part_index=ticket.index,
        upload_url=urls.part_content(ticket),
        range=upload_schemas.UploadRange(ticket.range.start, ticket.range.end),
    )


def begun_upload(
    begun: BegunUpload, urls: ResponseUrls
) -> upload_schemas.BeginMultipartUploadResponse:
    """A new upload."""
    return upload_schemas.BeginMultipartUploadResponse(
        file=file_details(begun.file, urls),
        upload_id=begun.upload_id,
        upload_parts=upload_schemas.UploadParts(begun.part_count, upload_part(begun.first, urls)),
    )


def folder_details(details: folder_settings.FolderDetails) -> folder_schemas.FolderDetails:
    """A folder, as far as the caller may see it."""
    return folder_schemas.FolderDetails(
        folder_path=FolderPath(details.segments).text,
        type="Folder",
        virtual=details.is_virtual,
        settings=_settings(details.settings),
        settings_inherited=_inherited(details.inherited),
    )


def listing(page: Listing, urls: ResponseUrls) -> folder_schemas.ListFolderResponse:
    """A page of a folder's entries."""
    return folder_schemas.ListFolderResponse(
        cursor=page.cursor,
        folder=_folder_summary(page.folder),
        is_pagination_complete=page.is_complete,
        items=[
            _file_summary(item, page.account_id, urls)
            if isinstance(item, FileSummary)
            else _folder_summary(item)
            for item in page.items
        ],
    )


def _file_summary(
    file: FileSummary, account_id: str, urls: ResponseUrls
) -> folder_schemas.FileSummary:
    return folder_schemas.FileSummary(
        file_path=file.path.text,
        file_url=urls.file(account_id, file.path),
        last_modified=file.modified_at,
        size=file.size_bytes,
    )


def _folder_summary(folder: FolderSummary) -> folder_schemas.FolderSummary:
    return folder_schemas.FolderSummary(
        folder_path=FolderPath(folder.segments).text,
        settings=_settings(folder.settings),
        virtual=folder.is_virtual,
    )


def _settings(settings: folder_settings.FolderSettings) -> folder_schemas.FolderSettings:
    return folder_schemas.FolderSettings(
        description=UNSET if settings.description is None else settings.description,
        public_permissions=_public(settings.public_permissions),
        storage_layer=UNSET if settings.storage_layer is None else settings.storage_layer,
    )


def _inherited(
    inherited: folder_settings.InheritedSettings,
) -> folder_schemas.FolderSettingsInherited:
    public, layer = inherited.public_permissions, inherited.storage_layer
    return folder_schemas.FolderSettingsInherited(
        public_permissions=UNSET
        if public is None
        else folder_schemas.PublicPermissionsInherited(
            FolderPath(public.folder).text, public_permissions_to_wire(public.value)
        ),
        storage_layer=UNSET
        if layer is None
        else folder_schemas.StorageLayerInherited(FolderPath(layer.folder).text, layer.value),
    )


def _public(entries: PublicEntries | None) -> list[dict[str, object]] | UnsetType:
    return UNSET if entries is None else public_permissions_to_wire(entries)


def async_response(job: Job, urls: ResponseUrls) -> job_schemas.AsyncResponse:
    """A job that was just made."""
    return job_schemas.AsyncResponse(job_schemas.JOB_DOCS, job.job_id, job.job_type, urls.job(job))


def job_summary(
    job: Job, kinds: Mapping[str, JobHandler], urls: ResponseUrls
) -> job_schemas.JobSummary:
    """A job as it stands."""
    kind, error = kinds.get(job.job_type), job.error
    return job_schemas.JobSummary(
        job_docs=job_schemas.JOB_DOCS,
        job_id=job.job_id,
        job_type=job.job_type,
        job_url=urls.job(job),
        account_id=job.account_id,
        created=job.created_at,
        last_updated=job.updated_at,
        status=job.status.value,
        error=None
        if error is None
        else job_schemas.JobError(
            error.message, error.code, timestamp(error.at_ms / 1000), error.details
        ),
        summary={} if kind is None else kind.summary(job),
    )
