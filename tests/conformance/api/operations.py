"""For every operation, a test that shows what it promises: `file.py::test`, relative to `tests/`.

`test_operations.py` refuses an operation that is missing here and a test that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BASIC = "integration/uploads/test_basic_upload.py::"
_FORM = "integration/uploads/test_form_upload.py::"
_PARTS = "integration/uploads/test_multipart_upload.py::"
_URL = "conformance/api/test_upload_from_url.py::"
_FILES = "integration/files/test_files.py::"
_API_FILES = "conformance/api/test_files.py::"
_BATCHES = "conformance/api/test_folder_batches.py::"
_LISTING = "integration/files/test_listing.py::"
_FOLDERS = "conformance/api/test_folders.py::"
_JOBS = "conformance/api/test_jobs.py::"
_CACHE = "conformance/api/test_cache_reset.py::"
_READ = "integration/delivery/test_read_path.py::"
_WORKER = "integration/delivery/test_auth_worker.py::"
_SESSIONS = "integration/delivery/test_authority.py::"
_SIGN_IN = "conformance/api/test_sign_in.py::"
_PROFILE = "conformance/api/test_profile.py::"
_USERS = "conformance/api/test_admin_users.py::"
_ADMIN = "conformance/api/test_admin_configuration.py::"
_WHY = "conformance/api/test_admin_explain.py::"
_REFERENCE = "integration/http/test_reference.py::"

PROOFS: Final[Mapping[str, str]] = {
    "BasicUpload": f"{_BASIC}test_overwriting_replaces_contents_and_everything_about_the_file",
    "FormDataUpload": f"{_FORM}test_each_part_becomes_a_file",
    "UploadFromUrl": f"{_URL}test_050_the_file_behind_a_url_is_stored_with_its_type",
    "BeginMultipartUpload": f"{_PARTS}test_begin_returns_the_file_as_it_is_going_to_be",
    "UploadPartContent": f"{_PARTS}test_parts_cover_the_file",
    "GetUploadPart": f"{_PARTS}test_upload_url_ends_after_a_day_and_can_be_had_again",
    "CompleteUploadPart": f"{_PARTS}test_wrong_completions_are_refused",
    "ListUploadParts": f"{_PARTS}test_client_that_died_resumes_with_what_remains",
    "GetFileDetails": f"{_FILES}test_details_are_all_there",
    "DeleteFile": f"{_FILES}test_delete_answers_204_without_a_body_also_again",
    "CopyFile": f"{_API_FILES}test_085_a_copy_has_everything_of_its_source_and_shares_its_bytes",
    "CopyFileBatch": f"{_API_FILES}test_090_a_batch_of_copies_is_a_job",
    "DeleteFileBatch": f"{_API_FILES}test_092_a_batch_of_deletions_is_a_job",
    "MoveFile": f"{_API_FILES}test_a_moved_file_is_the_same_file_elsewhere",
    "CopyFolder": f"{_BATCHES}test_110_contents_land_at_the_destination",
    "CopyFolderBatch": f"{_BATCHES}test_a_batch_of_folders_goes_on_in_its_order",
    "DeleteFolder": f"{_BATCHES}test_119_a_dry_run_lists_what_a_deletion_removes",
    "DeleteFolderBatch": f"{_BATCHES}test_a_batch_of_folders_goes_on_in_its_order",
    "MoveFolder": f"{_BATCHES}test_a_moved_folder_takes_everything_along",
    "PutFolder": f"{_FOLDERS}test_096_settings_are_written_left_and_cleared",
    "GetFolderDetails": f"{_FOLDERS}test_101_a_caller_sees_only_the_settings_that_it_may_read",
    "ListFolder": f"{_FOLDERS}test_102_entries_come_in_the_order_of_their_paths",
    "ListFolderChildren": f"{_LISTING}test_are_done_when_the_cursor_stands_still",
    "GetJob": f"{_JOBS}test_121_a_job_tells_how_it_stands",
    "CancelJob": f"{_JOBS}test_123_cancelling",
    "ListRecentJobs": f"{_JOBS}test_122_recent_jobs_in_every_spelling",
    "ResetCache": f"{_CACHE}test_124_a_reset_is_a_job",
    "GetSession": f"{_SIGN_IN}test_a_password_opens_a_session",
    "SignIn": f"{_SIGN_IN}test_a_password_opens_a_session",
    "SignInWithCode": f"{_PROFILE}test_a_second_factor_is_asked_for_once_it_is_set_up",
    "SignOut": f"{_SIGN_IN}test_signing_out_ends_the_session_and_its_bearers",
    "CreateBearer": f"{_SIGN_IN}test_a_bearer_works_on_the_api_as_its_user",
    "Reauthenticate": f"{_SIGN_IN}test_sensitive_operations_ask_for_the_password_again",
    "ReadInvitation": f"{_USERS}test_an_invitation_makes_a_user_once",
    "AcceptInvitation": f"{_USERS}test_an_invitation_makes_a_user_once",
    "ChangePassword": f"{_PROFILE}test_a_new_password_ends_all_other_sessions",
    "BeginTotp": f"{_PROFILE}test_a_second_factor_is_asked_for_once_it_is_set_up",
    "ConfirmTotp": f"{_PROFILE}test_a_second_factor_is_asked_for_once_it_is_set_up",
    "RemoveTotp": f"{_PROFILE}test_a_second_factor_is_removed_unless_the_account_enforces_it",
    "ListSessions": f"{_PROFILE}test_sessions_are_listed_and_ended",
    "EndSession": f"{_PROFILE}test_sessions_are_listed_and_ended",
    "EndOtherSessions": f"{_PROFILE}test_sessions_are_listed_and_ended",
    "ListApiKeys": f"{_ADMIN}test_a_new_key_is_shown_once_and_works_at_once",
    "CreateApiKey": f"{_ADMIN}test_a_new_key_is_shown_once_and_works_at_once",
    "UpdateApiKey": f"{_ADMIN}test_a_change_of_a_key_holds_at_once",
    "DeleteApiKey": f"{_ADMIN}test_a_deleted_key_is_refused_at_once",
    "RotateApiKey": f"{_ADMIN}test_a_rotated_key_has_another_text",
    "GetSecureUrlKey": f"{_ADMIN}test_the_secure_url_key_is_shown_and_rotated",
    "RotateSecureUrlKey": f"{_ADMIN}test_the_secure_url_key_is_shown_and_rotated",
    "ListJwtCertificates": f"{_ADMIN}test_a_certificate_verifies_until_it_is_disabled",
    "CreateJwtCertificate": f"{_ADMIN}test_a_certificate_verifies_until_it_is_disabled",
    "UpdateJwtCertificate": f"{_ADMIN}test_a_certificate_verifies_until_it_is_disabled",
    "DeleteJwtCertificate": f"{_ADMIN}test_a_certificate_verifies_until_it_is_disabled",
    "TestJwt": f"{_ADMIN}test_a_jwt_is_tested_check_by_check",
    "ListPresets": f"{_ADMIN}test_presets_are_made_changed_and_removed",
    "PutPreset": f"{_ADMIN}test_presets_are_made_changed_and_removed",
    "DeletePreset": f"{_ADMIN}test_presets_are_made_changed_and_removed",
    "GetSettings": f"{_ADMIN}test_settings_are_changed_one_by_one",
    "UpdateSettings": f"{_ADMIN}test_settings_are_changed_one_by_one",
    "Explain": f"{_WHY}test_a_decision_is_explained_with_a_link_to_its_rule",
    "ListReaders": f"{_WHY}test_who_can_read_a_file",
    "PreviewPermissions": f"{_WHY}test_a_preview_says_what_would_become_hidden",
    "SignUrl": "e2e/test_signed_links.py::test_a_signed_link_reads_one_private_file_for_a_while",
    "GetUsage": "e2e/test_usage.py::test_uploads_and_downloads_are_counted_by_day_and_key",
    "ListUsers": f"{_USERS}test_users_are_listed_with_what_they_may",
    "UpdateUser": f"{_USERS}test_a_changed_role_counts_at_once",
    "DeleteUser": f"{_USERS}test_a_deleted_user_is_gone_at_once",
    "SignOutUser": f"{_USERS}test_an_administrator_ends_all_sessions_of_a_user",
    "ResetPassword": f"{_USERS}test_a_reset_link_sets_a_password_once",
    "ListInvitations": f"{_USERS}test_an_invitation_that_is_taken_back_is_worthless",
    "CreateInvitation": f"{_USERS}test_an_invitation_makes_a_user_once",
    "DeleteInvitation": f"{_USERS}test_an_invitation_that_is_taken_back_is_worthless",
    "ListAuditEvents": f"{_USERS}test_what_was_done_is_in_the_audit_log",
    "ExportAuditEvents": f"{_USERS}test_the_audit_log_is_exported_as_a_table",
    "DownloadFile": f"{_READ}test_a_public_file_is_served_with_its_validators",
    "HeadFile": f"{_READ}test_head_has_the_headers_of_get_and_no_body",
    "ProcessFile": "e2e/test_images.py::test_an_image_is_resized_in_both_query_forms",
    "ProcessFileAndSave": "e2e/test_process_and_save.py::test_057_a_result_becomes_a_file",
    "OpenSession": f"{_SESSIONS}test_a_session_is_a_cookie_that_reads",
    "CloseSession": f"{_SESSIONS}test_a_session_ends_whether_or_not_there_was_one",
    "GetAuthWorker": f"{_WORKER}test_a_page_of_any_origin_may_import_the_worker",
    "GetOpenApi": f"{_REFERENCE}test_the_document_is_served_to_anybody_and_may_be_kept",
    "Healthz": f"{_READ}test_health_checks_say_one_word",
    "Readyz": f"{_READ}test_health_checks_say_one_word",
}
