"""No operation without a guard, a declaration that is true, and a test that shows its promise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest

from byteward.delivery.auth_worker import PATH as AUTH_WORKER
from byteward.delivery.session_endpoint import PREFIX as SESSIONS
from byteward.errors import CATALOGUE, ErrorCode
from byteward.http.app import HANDLERS, all_operations, json_operations
from byteward.http.edge import HEALTH_PATHS
from byteward.http.query import Query
from byteward.http.reference import PATHS as REFERENCE_PATHS
from byteward.http.routes import parsing
from byteward.http.routes.file_bodies import FILE_BODIES
from byteward.http.validation import validate
from byteward.openapi.operation import Access, AnyOperation, FilesOfForm, Tag
from byteward.openapi.operation import Plane as Listener
from byteward.openapi.parameters import PATH_PARAMETERS
from byteward.openapi.schemas import example_of
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Response
from tests.conformance.api.operations import PROOFS
from tests.declared import OF_ROUTING

TESTS: Final = Path(__file__).parents[2]
SOURCES: Final = TESTS.parent / "src/byteward"

WITHOUT_CREDENTIAL: Final = {
    "UploadPartContent": "the signature in the URL of the part is the credential",
    "OpenSession": "the JWT in the body is the credential",
    "CloseSession": "only the visitor's own cookie is taken back",
    "GetAuthWorker": "the script is the same for everybody",
    "DownloadFile": "folders may be public; tests/conformance/access has who may download",
    "HeadFile": "as DownloadFile",
    "ProcessFile": "as DownloadFile",
    "GetOpenApi": "a description of the protocol, with no data in it",
    "Healthz": "one word",
    "Readyz": "one word",
}
"""Operations that answer without a credential in a header, and why they may."""

LENIENT_QUERIES: Final = {"ListRecentJobs": "several spellings of one list are read"}
"""Operations that read the documented query with a reader of their own, and why."""

VENDOR: Final[Mapping[Tag, str]] = {
    Tag.UPLOADS: "BasicUpload FormDataUpload UploadFromUrl BeginMultipartUpload GetUploadPart "
    "CompleteUploadPart ListUploadParts",
    Tag.FILES: "GetFileDetails CopyFile CopyFileBatch DeleteFile DeleteFileBatch DownloadFile "
    "ProcessFile ProcessFileAndSave",
    Tag.FOLDERS: "PutFolder GetFolderDetails ListFolder CopyFolder CopyFolderBatch DeleteFolder "
    "DeleteFolderBatch",
    Tag.JOBS: "GetJob CancelJob ListRecentJobs",
    Tag.CACHE: "ResetCache",
}

FORM: Final = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nhello\r\n--x--\r\n'
OPERATIONS: Final = [each.operation for each in all_operations()]
ON_CDN: Final = {"ProcessFileAndSave": "e2e/test_process_and_save.py has its refusals"}
"""Guarded operations of the other plane, and where they are tested."""

OF_DASHBOARD: Final = {
    Access.DASHBOARD_USER,
    Access.DASHBOARD_COOKIE,
    Access.DASHBOARD_PAGE,
}
"""How dashboard users prove who they are; `test_dashboard_guards.py` has their refusals."""

GUARDED: Final = [
    each
    for each in OPERATIONS
    if each.id not in WITHOUT_CREDENTIAL
    and each.id not in ON_CDN
    and each.access not in OF_DASHBOARD
]
JSON_BODIES: Final = [each for each in GUARDED if each.is_json]


def by_id(operation: AnyOperation) -> str:
    return operation.id


@pytest.fixture(scope="module")
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


@pytest.fixture(scope="module")
def upload_id(plane: Plane) -> str:
    """An upload that has begun, for the operations on one."""
    begun = plane.send_json("POST", f"{BASE}/uploads", {"size": 1, "path": "/begun"})
    return str(begun.json["uploadId"])


def target_of(operation: AnyOperation, upload_id: str) -> str:
    """The operation's path and query with its own examples."""
    values = {name: str(known.example) for name, known in PATH_PARAMETERS.items()}
    values |= {"accountId": ACCOUNT, "uploadId": upload_id}
    path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], operation.path)
    told: Any = {}  # Any: JSON
    if isinstance(operation.query, msgspec.Struct):
        told = example_of(operation.query)
    pairs = [
        f"{name}={quote(str(each), safe='')}"
        for name, value in told.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def send_example(
    plane: Plane,
    operation: AnyOperation,
    upload_id: str,
    **options: Any,  # noqa: ANN401 - of `call`
) -> Response:
    """Send the example that the reference shows."""
    if isinstance(operation.body, msgspec.Struct):
        options.setdefault("body", msgspec.json.encode(example_of(operation.body)))
        headers = {"content-type": "application/json", **options.pop("headers", {})}
        options["headers"] = headers
    if isinstance(operation.body, FilesOfForm):
        options["headers"] = {"content-type": "multipart/form-data; boundary=x"} | options.get(
            "headers", {}
        )
        options["body"] = FORM
    return plane.call(operation.method, target_of(operation, upload_id), **options)


def test_every_route_is_declared_and_every_declared_path_is_routed(plane: Plane) -> None:
    routed = {
        (str(method), route.path.replace(":str", ""))
        for route in json_operations(plane.services).routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }
    assert len(routed) == len(HANDLERS)
    declared = {(each.method, each.path) for each in OPERATIONS}
    assert routed <= declared
    rest = declared - routed - {(each.method, each.path) for each, _ in FILE_BODIES}
    others = {path for _, path in rest}
    assert {path for path in others if path.startswith("/v2/")} == set()
    assert {path.encode() for path in others} >= {*HEALTH_PATHS, AUTH_WORKER}
    assert others & REFERENCE_PATHS == {"/openapi.json"}  # the page is no operation
    assert any(path.encode().startswith(SESSIONS) for path in others)


def test_names_and_groups_are_those_of_the_vendor() -> None:
    groups = {name: tag for tag, names in VENDOR.items() for name in names.split()}
    for operation in OPERATIONS:
        assert groups.get(operation.id, operation.tag) is operation.tag, operation.id


def test_every_operation_has_a_test_that_is_there() -> None:
    assert {each.id for each in OPERATIONS} == set(PROOFS)
    for operation_id, node in PROOFS.items():
        name, _, test = node.partition("::")
        tree = ast.parse((TESTS / name).read_text("utf-8"))
        found = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
        assert test in found, operation_id


def test_only_listed_operations_need_no_credential() -> None:
    free = {
        each.id
        for each in OPERATIONS
        if each.access not in {Access.CREDENTIAL, Access.SECRET_KEY, *OF_DASHBOARD}
    }
    assert free <= set(WITHOUT_CREDENTIAL)
    on_cdn = {each.id for each in GUARDED if each.plane is Listener.CDN}
    assert on_cdn == set()


@pytest.mark.parametrize("operation", GUARDED, ids=by_id)
def test_a_caller_without_a_credential_of_the_account_is_refused(
    plane: Plane, upload_id: str, operation: AnyOperation
) -> None:
    answer = send_example(plane, operation, upload_id)
    assert (answer.status, answer.code) == (401, "authentication_failed_no_credentials")
    assert answer.headers["www-authenticate"] == "Bearer"
    cookie = {"cookie": f"access-token-{ACCOUNT}={plane.jwt()}"}
    assert send_example(plane, operation, upload_id, headers=cookie).status == 401
    assert send_example(plane, operation, upload_id, key="SK2").status == 401


@pytest.mark.parametrize("operation", GUARDED, ids=by_id)
def test_a_caller_without_any_right_is_refused(
    plane: Plane, upload_id: str, operation: AnyOperation
) -> None:
    answer = send_example(plane, operation, upload_id, key=plane.jwt())
    assert answer.status == 403, answer.body
    is_secret = operation.access is Access.SECRET_KEY
    wanted = "secret_key_required" if is_secret else "authorization_failed_permission_denied"
    assert answer.code == wanted


@pytest.mark.parametrize("operation", GUARDED, ids=by_id)
def test_each_way_to_fail_authentication_is_as_declared(
    plane: Plane, upload_id: str, operation: AnyOperation
) -> None:
    expired = plane.jwt(exp=int(plane.now) - 60, iat=int(plane.now) - 600)
    for key, code in (
        ("notarealkey", ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD),
        ("public_notarealkey", ErrorCode.AUTHENTICATION_FAILED_ACCOUNT_NOT_FOUND),
        (f"secret_{ACCOUNT}{'x' * 24}", ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED),
        (expired, ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED),
        (plane.jwt()[:-4], ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID),
        ("PKj", ErrorCode.JWT_REQUIRED),
        ("PKro", ErrorCode.ORIGIN_NOT_ALLOWED),
    ):
        answer = send_example(plane, operation, upload_id, key=key)
        assert answer.code == code, key
        assert code in operation.codes


@pytest.mark.parametrize("operation", JSON_BODIES, ids=by_id)
def test_each_way_to_send_no_json_is_as_declared(
    plane: Plane, upload_id: str, operation: AnyOperation
) -> None:
    json = {"content-type": "application/json"}
    for body, headers, code in (
        (b"{", json, ErrorCode.INVALID_JSON),
        (b"[" * 4000, json, ErrorCode.INVALID_JSON),
        (b"[]", json, ErrorCode.INVALID_REQUEST),
        (b'{"no such member":1}', json, ErrorCode.INVALID_REQUEST),
        (b" " * 2_000_000, json, ErrorCode.PAYLOAD_TOO_LARGE),
        (b"{}", {"content-type": "text/plain"}, ErrorCode.UNSUPPORTED_MEDIA_TYPE),
        (b"{}", {**json, "content-encoding": "gzip"}, ErrorCode.UNSUPPORTED_MEDIA_TYPE),
    ):
        target = target_of(operation, upload_id)
        answer = plane.call(operation.method, target, key="SK", headers=headers, body=body)
        assert answer.code == code, (body[:20], answer.body[:200])
        assert code in operation.codes


@pytest.mark.parametrize("operation", GUARDED, ids=by_id)
def test_what_is_read_is_what_is_documented(
    plane: Plane, upload_id: str, operation: AnyOperation, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[object] = []
    queries: list[object] = []
    read = Query.read

    def reading(self: Query, schema: type[msgspec.Struct]) -> msgspec.Struct:
        queries.append(schema)
        return read(self, schema)

    def validating(value: object, schema: type[msgspec.Struct]) -> msgspec.Struct:
        bodies.append(schema)
        return validate(value, schema)

    monkeypatch.setattr(Query, "read", reading)
    monkeypatch.setattr(parsing, "validate", validating)
    answer = send_example(plane, operation, upload_id, key="SK")
    assert answer.status not in {401, 403, 405}, answer.body
    assert bodies == ([type(operation.body)] if operation.is_json else [])
    if operation.id not in LENIENT_QUERIES:
        assert queries == ([] if operation.query is None else [type(operation.query)])


def raised_codes() -> set[ErrorCode]:
    """Codes that some module raises; declarations of operations do not count."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        text = path.read_text("utf-8")
        if path.name == "errors.py" or "openapi" in path.parts or path.name == "described.py":
            continue
        pattern = r"ErrorCode\.([A-Z_0-9]+)"
        if "Operation(" in text:
            pattern = r"BytewardError\(\s*" + pattern
        found |= {ErrorCode[name] for name in re.findall(pattern, text)}
    return found


def test_every_declared_code_is_raised_somewhere() -> None:
    declared = {code for operation in OPERATIONS for code in operation.codes}
    assert declared - raised_codes() == set()


def test_every_code_is_declared_by_an_operation() -> None:
    declared = {code for operation in OPERATIONS for code in operation.codes}
    assert set(CATALOGUE) - declared - OF_ROUTING == set()
