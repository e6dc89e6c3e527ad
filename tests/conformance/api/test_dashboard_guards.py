"""No operation of the dashboard or of administrators without its guard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from byteward.http.app import all_operations
from byteward.openapi.operation import Access, AnyOperation
from byteward.openapi.parameters import PATH_PARAMETERS
from byteward.openapi.schemas import example_of
from tests.api_plane import ACCOUNT, API_URL, Plane, api_plane
from tests.asgi_client import Response
from tests.dashboard_browser import browser

OPERATIONS = [each.operation for each in all_operations()]
OF_USERS = [each for each in OPERATIONS if each.access is Access.DASHBOARD_USER]
OF_COOKIE = [each for each in OPERATIONS if each.access is Access.DASHBOARD_COOKIE]
OF_PAGE = [each for each in OPERATIONS if each.access is Access.DASHBOARD_PAGE]


def by_id(operation: AnyOperation) -> str:
    return operation.id


@pytest.fixture(scope="module")
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def send(plane: Plane, operation: AnyOperation, **headers: str) -> Response:
    """The example of the reference, with these headers (`_` stands for `-`)."""
    values = {name: str(known.example) for name, known in PATH_PARAMETERS.items()}
    values["accountId"] = ACCOUNT
    target = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], operation.path)
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b""
    if isinstance(operation.body, msgspec.Struct):
        body = msgspec.json.encode(example_of(operation.body))
        lines = {"content-type": "application/json", **lines}
    return plane.call(operation.method, target, headers=lines, body=body)


def test_there_is_something_to_guard() -> None:
    assert len(OF_USERS) > 5
    assert len(OF_COOKIE) > 5
    assert len(OF_PAGE) == 4


@pytest.mark.parametrize("operation", OF_USERS, ids=by_id)
def test_administration_takes_a_dashboard_user(plane: Plane, operation: AnyOperation) -> None:
    assert operation.path.startswith("/v2/admin/accounts/{accountId}/")
    assert send(plane, operation).code == "authentication_failed_no_credentials"
    for key in (plane.keys["SK"], plane.keys["PK"], plane.jwt()):
        answer = send(plane, operation, authorization=f"Bearer {key}")
        assert answer.code == "dashboard_user_required"
    forged = f"dash_{ACCOUNT}.{'8' * 16}.9999999999.{'A' * 43}"
    assert send(plane, operation, authorization=f"Bearer {forged}").code == "session_required"
    cookie = f"__Host-byteward={browser(plane).cookie}"
    answer = send(plane, operation, cookie=cookie, host="api.example.test", origin=API_URL)
    assert answer.code == "authentication_failed_no_credentials"


@pytest.mark.parametrize("operation", OF_COOKIE, ids=by_id)
def test_the_cookie_alone_reads_and_writes_nothing_for_other_pages(
    plane: Plane, operation: AnyOperation
) -> None:
    assert operation.path.startswith("/dashboard/api/")
    own = {"host": "api.example.test", "origin": API_URL}
    assert send(plane, operation, **own).code == "session_required"
    key = f"Bearer {plane.keys['SK']}"
    assert send(plane, operation, authorization=key, **own).code == "session_required"
    cookie = f"__Host-byteward={browser(plane).cookie}"
    other = send(plane, operation, cookie=cookie, host="evil.example", origin=API_URL)
    assert other.code == "misdirected_request"
    if operation.method != "GET":
        assert send(plane, operation, cookie=cookie, **own).code == "cross_site_request"
        foreign = {**own, "origin": "https://evil.example"}
        assert send(plane, operation, cookie=cookie, **foreign).code == "cross_site_request"


@pytest.mark.parametrize("operation", OF_PAGE, ids=by_id)
def test_what_needs_no_session_is_for_the_own_page_too(
    plane: Plane, operation: AnyOperation
) -> None:
    answer = send(plane, operation, host="api.example.test", origin="https://evil.example")
    assert answer.code == "cross_site_request"
    assert send(plane, operation, host="evil.example").code == "misdirected_request"
