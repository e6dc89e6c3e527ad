"""What an operation takes and answers: the one declaration beside each handler.

The route is made from it, the handler reads the types that it names, and the OpenAPI document is
written from it, so that they cannot differ. Query, body and answer are declared by an example: its
type is the type, and no operation can be without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Generic, TypeVar

from byteward.errors import ErrorCode

Q_co = TypeVar("Q_co", covariant=True)
B_co = TypeVar("B_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)


class Tag(StrEnum):
    """Groups of operations; the first five are the classes of the official client."""

    UPLOADS = "UploadApi"
    FILES = "FileApi"
    FOLDERS = "FolderApi"
    JOBS = "JobApi"
    CACHE = "CacheApi"
    SESSIONS = "SessionApi"
    ADMIN = "AdminApi"
    DASHBOARD = "DashboardApi"
    REFERENCE = "ReferenceApi"
    HEALTH = "HealthApi"


class Plane(Enum):
    """Which listener answers."""

    API = "api"
    CDN = "cdn"
    BOTH = "both"


class Access(Enum):
    """How a caller proves who it is."""

    CREDENTIAL = "an API key, a JWT, or both"
    SECRET_KEY = "a secret API key"  # noqa: S105 - a phrase, not a secret
    DASHBOARD_USER = "a dashboard user's bearer"
    DASHBOARD_COOKIE = "the dashboard's cookie, and the CSRF token for writes"
    DASHBOARD_PAGE = "nothing, from the dashboard's own page"
    OPTIONAL = "nothing for public files; otherwise an API key, a JWT, a cookie or a secure URL"
    IN_REQUEST = "a credential in the URL or the body"
    PUBLIC = "nothing"


@dataclass(frozen=True, slots=True)
class FileContent:
    """A body that is the bytes of a file.

    Attributes:
        text: what they are.
        media_type: their type; `*/*` when the file has its own.
    """

    text: str
    media_type: str = "*/*"


@dataclass(frozen=True, slots=True)
class FilesOfForm:
    """A `multipart/form-data` body whose parts are files."""

    text: str


@dataclass(frozen=True, slots=True)
class PlainText:
    """An answer of one word."""

    word: str


@dataclass(frozen=True, slots=True)
class Header:
    """A header that means something to one operation.

    Attributes:
        name: as people write it.
        text: what it means.
        example: a value.
        is_required: whether it is always there.
    """

    name: str
    text: str
    example: str
    is_required: bool = False


_C = ErrorCode
EVERYWHERE: Final = (
    _C.INVALID_REQUEST,
    _C.REQUEST_TIMEOUT,
    _C.URL_TOO_LONG,
    _C.HEADERS_TOO_LARGE,
    _C.INTERNAL_ERROR,
    _C.STORAGE_ERROR,
    _C.OVERLOADED,
)
"""What any request can be refused with."""

AUTHENTICATION: Final = (
    _C.AUTHENTICATION_FAILED_ACCOUNT_NOT_FOUND,
    _C.AUTHENTICATION_FAILED_CREDENTIALS_DENIED,
    _C.AUTHENTICATION_FAILED_JWT_EXPIRED,
    _C.AUTHENTICATION_FAILED_JWT_INVALID,
    _C.AUTHENTICATION_FAILED_NO_CREDENTIALS,
    _C.JWT_MISSING_ACCOUNT_ID_FIELD,
    _C.JWT_REQUIRED,
    _C.ORIGIN_NOT_ALLOWED,
)
"""What a credential in a header can be refused with."""

DASHBOARD_USER: Final = (
    *AUTHENTICATION,
    _C.DASHBOARD_USER_REQUIRED,
    _C.ROLE_NOT_SUFFICIENT,
    _C.SESSION_REQUIRED,
    _C.TOTP_ENROLMENT_REQUIRED,
)
"""What a call of the administration API can be refused with, whatever it does."""

JSON_BODY: Final = (_C.INVALID_JSON, _C.PAYLOAD_TOO_LARGE, _C.UNSUPPORTED_MEDIA_TYPE)
"""What a JSON body can be refused with, its members aside."""

STORES: Final = (_C.ORIGIN_ERROR, _C.ORIGIN_TIMEOUT)
"""What files in a store of the account can be refused with."""

WRITING: Final = (_C.INSUFFICIENT_STORAGE, _C.ACCOUNT_NOT_FOUND)
"""What a change of stored rows can be refused with."""

_ANY_HEADER: Final = (*AUTHENTICATION, _C.SESSION_REQUIRED, _C.TOTP_ENROLMENT_REQUIRED)

_ACCESS: Final[Mapping[Access, tuple[ErrorCode, ...]]] = {
    Access.CREDENTIAL: (*_ANY_HEADER, _C.AUTHORIZATION_FAILED_PERMISSION_DENIED),
    Access.SECRET_KEY: (*_ANY_HEADER, _C.SECRET_KEY_REQUIRED),
    Access.OPTIONAL: (*_ANY_HEADER, _C.AUTHORIZATION_FAILED_PERMISSION_DENIED),
    Access.DASHBOARD_USER: DASHBOARD_USER,
    Access.DASHBOARD_COOKIE: (
        _C.SESSION_REQUIRED,
        _C.CROSS_SITE_REQUEST,
        _C.MISDIRECTED_REQUEST,
        _C.UNSUPPORTED_MEDIA_TYPE,
    ),
    Access.DASHBOARD_PAGE: (_C.CROSS_SITE_REQUEST, _C.MISDIRECTED_REQUEST),
    Access.IN_REQUEST: (),
    Access.PUBLIC: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Q_co, B_co, A_co]):
    """One method of one route.

    Attributes:
        id: the vendor's operationId where the vendor has the operation.
        tag: its group.
        method: of HTTP.
        path: with `{parameters}` as the wire names them; see `parameters.py`.
        query: example of the struct that holds the query's parameters; None: it takes none.
        body: example of the body: a struct for JSON; None: it takes none.
        answer: example of a successful answer's body; None: it is empty.
        refusals: codes beyond those that follow from `access` and `body`.
        access: how a caller proves who it is.
        plane: which listener answers.
        status: of a successful answer.
        more_answers: other statuses that are no errors, and when.
        headers: request headers that mean something to this operation.
        answer_headers: headers of a successful answer.
        text: what it does; the handler's docstring when empty.
        is_refused_alike: refusals may also have the form of the answer, with `error` beside it.
        is_deprecated: kept for old clients.
        is_extension: the vendor has nothing like it, so its clients have no method for it.
    """

    id: str
    tag: Tag
    method: str
    path: str
    query: Q_co
    body: B_co
    answer: A_co
    refusals: tuple[ErrorCode, ...] = ()
    access: Access = Access.CREDENTIAL
    plane: Plane = Plane.API
    status: int = 200
    more_answers: Mapping[int, str] = field(default_factory=dict)
    headers: tuple[Header, ...] = ()
    answer_headers: tuple[Header, ...] = ()
    text: str = ""
    is_refused_alike: bool = False
    is_deprecated: bool = False
    is_extension: bool = False

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON."""
        return self.body is not None and not isinstance(self.body, FileContent | FilesOfForm)

    @property
    def codes(self) -> frozenset[ErrorCode]:
        """Every code that the operation can be refused with, the defects of routing aside."""
        of_body = JSON_BODY if self.is_json else ()
        # A parameter may hold what no path of the API has.
        of_path = (ErrorCode.CHECK_PATH,) if "{" in self.path else ()
        return frozenset((*EVERYWHERE, *_ACCESS[self.access], *of_path, *of_body, *self.refusals))


AnyOperation = Operation[object, object, object]


@dataclass(frozen=True, slots=True)
class Described:
    """An operation and what its text says.

    Attributes:
        operation: the declaration.
        summary: the first sentence.
        description: the rest; may be empty.
    """

    operation: AnyOperation
    summary: str
    description: str


def described(operation: AnyOperation, docstring: str | None) -> Described:
    """An operation with its own text, or else that of its handler."""
    text = " ".join((operation.text or docstring or "").split())
    summary, _, rest = text.partition(". ")
    return Described(operation, summary.removesuffix("."), rest)
