"""The one catalogue of error codes for both planes, and the exception that carries one.

Codes are public surface: a client may switch on them, so the list is append-only. The HTTP status
belongs to the code, never to the place that raises it. `http/envelope.py` is the only module that
turns an error into a response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class ErrorCode(StrEnum):
    """Stable machine-readable codes; alphabetical within each status."""

    CONFLICTING_PARAMETERS = "conflicting_parameters"
    INVALID_JSON = "invalid_json"
    INVALID_METADATA = "invalid_metadata"
    INVALID_PARAMETER = "invalid_parameter"
    INVALID_PATH = "invalid_path"
    INVALID_PATH_ENCODING = "invalid_path_encoding"
    INVALID_PATH_VARIABLE = "invalid_path_variable"
    INVALID_REQUEST = "invalid_request"
    INVALID_UPLOAD_PART = "invalid_upload_part"
    JWT_TOO_LARGE_FOR_COOKIE = "jwt_too_large_for_cookie"
    SOURCE_URL_FAILED = "source_url_failed"
    READ_ONLY_STORAGE = "read_only_storage"
    TOO_MANY_TAGS = "too_many_tags"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - an error code, not a password

    AUTHENTICATION_FAILED_ACCOUNT_NOT_FOUND = "authentication_failed_account_not_found"
    AUTHENTICATION_FAILED_CREDENTIALS_DENIED = "authentication_failed_credentials_denied"
    AUTHENTICATION_FAILED_JWT_EXPIRED = "authentication_failed_jwt_expired"
    AUTHENTICATION_FAILED_JWT_INVALID = "authentication_failed_jwt_invalid"
    AUTHENTICATION_FAILED_NO_CREDENTIALS = "authentication_failed_no_credentials"
    JWT_MISSING_ACCOUNT_ID_FIELD = "jwt_missing_account_id_field"
    SESSION_REQUIRED = "session_required"
    SIGN_IN_FAILED = "sign_in_failed"

    QUOTA_EXCEEDED = "quota_exceeded"

    AUTHORIZATION_FAILED_PERMISSION_DENIED = "authorization_failed_permission_denied"
    CROSS_SITE_REQUEST = "cross_site_request"
    DASHBOARD_USER_REQUIRED = "dashboard_user_required"
    EXP_TOO_FAR = "exp_too_far"
    JWT_REQUIRED = "jwt_required"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    REAUTHENTICATION_REQUIRED = "reauthentication_required"
    ROLE_NOT_SUFFICIENT = "role_not_sufficient"
    SECRET_KEY_REQUIRED = "secret_key_required"  # noqa: S105 - an error code, not a secret
    TAG_NOT_PERMITTED = "tag_not_permitted"
    TOTP_ENFORCED = "totp_enforced"
    TOTP_ENROLMENT_REQUIRED = "totp_enrolment_required"
    URL_EXPIRED = "url_expired"
    URL_SIGNATURE_INVALID = "url_signature_invalid"

    ACCOUNT_NOT_FOUND = "account_not_found"
    API_KEY_NOT_FOUND = "api_key_not_found"
    ARTIFACT_NOT_FOUND = "artifact_not_found"
    CERTIFICATE_NOT_FOUND = "certificate_not_found"
    CHECK_PATH = "check_path"
    FILE_NOT_FOUND = "file_not_found"
    INVITATION_NOT_FOUND = "invitation_not_found"
    JOB_NOT_FOUND = "job_not_found"
    NOT_CACHED = "not_cached"
    PRESET_NOT_FOUND = "preset_not_found"
    SESSION_NOT_FOUND = "session_not_found"
    TRANSFORMATION_NOT_FOUND = "transformation_not_found"
    UPLOAD_NOT_FOUND = "upload_not_found"
    UPLOAD_PART_NOT_FOUND = "upload_part_not_found"
    USER_NOT_FOUND = "user_not_found"

    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    LAST_OWNER = "last_owner"
    NAME_TAKEN = "name_taken"
    PATH_TAKEN = "path_taken"
    USER_EXISTS = "user_exists"
    API_VERSION_RETIRED = "api_version_retired"
    LENGTH_REQUIRED = "length_required"
    PRECONDITION_FAILED = "precondition_failed"
    FILE_TOO_LARGE = "file_too_large"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    URL_TOO_LONG = "url_too_long"
    UNSUPPORTED_INPUT_FORMAT = "unsupported_input_format"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    MISDIRECTED_REQUEST = "misdirected_request"
    CORRUPT_INPUT = "corrupt_input"
    TRANSFORMATION_FAILED = "transformation_failed"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
    HEADERS_TOO_LARGE = "headers_too_large"

    INTERNAL_ERROR = "internal_error"
    ORIGIN_ERROR = "origin_error"
    STORAGE_ERROR = "storage_error"
    OVERLOADED = "overloaded"
    TRANSFORMATION_TIMEOUT = "transformation_timeout"
    ORIGIN_TIMEOUT = "origin_timeout"
    SOURCE_URL_TIMEOUT = "source_url_timeout"
    INSUFFICIENT_STORAGE = "insufficient_storage"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What the catalogue says about a code.

    Attributes:
        status: HTTP status that always goes with the code.
        when: one line for the reference page.
        retry: whether repeating the identical request may succeed.
    """

    status: int
    when: str
    retry: bool = False


_C = ErrorCode
CATALOGUE: Final[Mapping[ErrorCode, CodeInfo]] = {
    _C.CONFLICTING_PARAMETERS: CodeInfo(400, "two parameters exclude each other"),
    _C.INVALID_JSON: CodeInfo(400, "the body is not one JSON value in UTF-8"),
    _C.INVALID_METADATA: CodeInfo(400, "metadata is not a JSON object of at most 2 KB"),
    _C.INVALID_PARAMETER: CodeInfo(400, "a delivery parameter has a value it cannot have"),
    _C.INVALID_PATH: CodeInfo(400, "a file or folder path breaks the path rules"),
    _C.INVALID_PATH_ENCODING: CodeInfo(400, "the URL path is not percent-encoded UTF-8"),
    _C.INVALID_PATH_VARIABLE: CodeInfo(400, "an unknown path variable or a bad count in one"),
    _C.INVALID_REQUEST: CodeInfo(400, "the request does not match the schema of the operation"),
    _C.INVALID_UPLOAD_PART: CodeInfo(400, "the part is missing, of the wrong size, or another one"),
    _C.JWT_TOO_LARGE_FOR_COOKIE: CodeInfo(400, "the JWT does not fit into a cookie (3,800 bytes)"),
    _C.SOURCE_URL_FAILED: CodeInfo(400, "the URL to upload from gave no file"),
    _C.READ_ONLY_STORAGE: CodeInfo(400, "the folder's storage layer cannot be written to"),
    _C.TOO_MANY_TAGS: CodeInfo(400, "more than 25 tags on one file"),
    _C.WEAK_PASSWORD: CodeInfo(400, "the password is too short, too long or well known"),
    _C.AUTHENTICATION_FAILED_ACCOUNT_NOT_FOUND: CodeInfo(401, "the API key names no account here"),
    _C.AUTHENTICATION_FAILED_CREDENTIALS_DENIED: CodeInfo(
        401, "the API key is unknown, disabled, expired or of another account"
    ),
    _C.AUTHENTICATION_FAILED_JWT_EXPIRED: CodeInfo(401, "the JWT's `exp` has passed"),
    _C.AUTHENTICATION_FAILED_JWT_INVALID: CodeInfo(401, "the JWT fails one of its checks"),
    _C.AUTHENTICATION_FAILED_NO_CREDENTIALS: CodeInfo(401, "no usable Authorization header"),
    _C.JWT_MISSING_ACCOUNT_ID_FIELD: CodeInfo(
        401, "the bearer value is neither an API key nor a JWT with `accountId`"
    ),
    _C.SESSION_REQUIRED: CodeInfo(401, "nobody is signed in to the dashboard"),
    _C.SIGN_IN_FAILED: CodeInfo(401, "e-mail, password or code is wrong"),
    _C.QUOTA_EXCEEDED: CodeInfo(402, "a quota of the account is used up"),
    _C.AUTHORIZATION_FAILED_PERMISSION_DENIED: CodeInfo(403, "the permission is missing"),
    _C.CROSS_SITE_REQUEST: CodeInfo(403, "a page other than the dashboard sent the request"),
    _C.DASHBOARD_USER_REQUIRED: CodeInfo(403, "the operation takes dashboard users only"),
    _C.EXP_TOO_FAR: CodeInfo(403, "`exp` of a secure URL lies further ahead than allowed"),
    _C.JWT_REQUIRED: CodeInfo(403, "the API key is accepted only together with a JWT"),
    _C.ORIGIN_NOT_ALLOWED: CodeInfo(403, "the credential is not accepted from this origin"),
    _C.REAUTHENTICATION_REQUIRED: CodeInfo(
        403, "the password was given too long ago for this operation"
    ),
    _C.ROLE_NOT_SUFFICIENT: CodeInfo(403, "the role of the dashboard user is too low"),
    _C.SECRET_KEY_REQUIRED: CodeInfo(403, "the operation takes a secret API key only"),
    _C.TAG_NOT_PERMITTED: CodeInfo(403, "the caller may not name this tag"),
    _C.TOTP_ENFORCED: CodeInfo(403, "the account asks every user for a second factor"),
    _C.TOTP_ENROLMENT_REQUIRED: CodeInfo(
        403, "the user has to set up a second factor before anything else"
    ),
    _C.URL_EXPIRED: CodeInfo(403, "the URL's `exp` has passed"),
    _C.URL_SIGNATURE_INVALID: CodeInfo(403, "`sig` or `enc` does not verify"),
    _C.ACCOUNT_NOT_FOUND: CodeInfo(404, "no such account"),
    _C.API_KEY_NOT_FOUND: CodeInfo(404, "the account has no API key of this id"),
    _C.ARTIFACT_NOT_FOUND: CodeInfo(404, "the result has no such artifact"),
    _C.CERTIFICATE_NOT_FOUND: CodeInfo(404, "the account has no JWT certificate of this id"),
    _C.CHECK_PATH: CodeInfo(404, "no such route"),
    _C.FILE_NOT_FOUND: CodeInfo(404, "no file at this path"),
    _C.INVITATION_NOT_FOUND: CodeInfo(404, "the link was used, taken back, or is too old"),
    _C.JOB_NOT_FOUND: CodeInfo(404, "no such job of this account and type, or it is forgotten"),
    _C.NOT_CACHED: CodeInfo(404, "`cache-only` was asked for and the result is not in the cache"),
    _C.PRESET_NOT_FOUND: CodeInfo(404, "the account has no preset of this name"),
    _C.SESSION_NOT_FOUND: CodeInfo(404, "the user has no session of this id"),
    _C.TRANSFORMATION_NOT_FOUND: CodeInfo(404, "no such transformation or preset"),
    _C.UPLOAD_NOT_FOUND: CodeInfo(404, "no such upload, or it has expired"),
    _C.UPLOAD_PART_NOT_FOUND: CodeInfo(404, "the upload has no part of this index"),
    _C.USER_NOT_FOUND: CodeInfo(404, "the account has no user of this id"),
    _C.METHOD_NOT_ALLOWED: CodeInfo(405, "the route does not take this method"),
    _C.REQUEST_TIMEOUT: CodeInfo(408, "the request body came too slowly", retry=True),
    _C.LAST_OWNER: CodeInfo(409, "the account would be left without an owner"),
    _C.NAME_TAKEN: CodeInfo(409, "another one of the account has this name or id"),
    _C.PATH_TAKEN: CodeInfo(409, "no free path was found, or another upload won the path"),
    _C.USER_EXISTS: CodeInfo(409, "a user with this e-mail is there already"),
    _C.API_VERSION_RETIRED: CodeInfo(410, "the route is of a version of the API that is gone"),
    _C.LENGTH_REQUIRED: CodeInfo(411, "the request needs a Content-Length"),
    _C.PRECONDITION_FAILED: CodeInfo(412, "If-Match or If-Unmodified-Since does not hold"),
    _C.FILE_TOO_LARGE: CodeInfo(
        413, "the file is larger than the account, the API key or a tag allows"
    ),
    _C.PAYLOAD_TOO_LARGE: CodeInfo(413, "the JSON body or form is too large"),
    _C.URL_TOO_LONG: CodeInfo(414, "path and query are longer than the limit"),
    _C.UNSUPPORTED_INPUT_FORMAT: CodeInfo(415, "the file is not of a type that can be transformed"),
    _C.UNSUPPORTED_MEDIA_TYPE: CodeInfo(415, "the body is of a type the operation does not take"),
    _C.RANGE_NOT_SATISFIABLE: CodeInfo(416, "the range lies outside the file"),
    _C.MISDIRECTED_REQUEST: CodeInfo(421, "the host name is not one of this server"),
    _C.CORRUPT_INPUT: CodeInfo(422, "the file breaks the rules of its own format"),
    _C.TRANSFORMATION_FAILED: CodeInfo(422, "the file cannot be transformed within the limits"),
    _C.RATE_LIMIT_EXCEEDED: CodeInfo(429, "too many requests; see Retry-After", retry=True),
    _C.HEADERS_TOO_LARGE: CodeInfo(431, "the request's headers are too large"),
    _C.INTERNAL_ERROR: CodeInfo(500, "a defect; report the request id"),
    _C.ORIGIN_ERROR: CodeInfo(502, "the store behind the folder gave no usable answer", retry=True),
    _C.STORAGE_ERROR: CodeInfo(503, "stored bytes cannot be read or written", retry=True),
    _C.OVERLOADED: CodeInfo(503, "too much work is waiting; see Retry-After", retry=True),
    _C.TRANSFORMATION_TIMEOUT: CodeInfo(504, "the transformation took too long", retry=True),
    _C.ORIGIN_TIMEOUT: CodeInfo(504, "the store behind the folder was too slow", retry=True),
    _C.SOURCE_URL_TIMEOUT: CodeInfo(504, "the URL to upload from was too slow", retry=True),
    _C.INSUFFICIENT_STORAGE: CodeInfo(507, "the volume is full or below its reserve", retry=True),
}


class BytewardError(Exception):
    """A failure that the caller is told about.

    Args:
        code: which failure; decides the HTTP status.
        message: what happened and, where known, what to do: lower case, no full stop, the caller's
            input in backticks. It is public: no disk path, SQL, secret or internal address.
        details: JSON object for programs, optional.
        headers: extra response headers (lower-case names), for example `retry-after`.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers

    @property
    def status(self) -> int:
        """The HTTP status that the catalogue gives to the code."""
        return CATALOGUE[self.code].status


class OperatorError(Exception):
    """The configuration, a document or the installation cannot be used as it is.

    It stops a command, never a request; the message says what to do about it.
    """
