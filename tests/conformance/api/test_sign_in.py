"""Signing in to the dashboard: who gets a session, what it is good for, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from byteward.access.roles import Role
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.dashboard_browser import OWNER, PASSWORD, Browser, add_user, browser

ADMIN = f"/v2/admin/accounts/{ACCOUNT}"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def test_a_password_opens_a_session(plane: Plane) -> None:
    add_user(plane)
    page = Browser(plane)
    assert page.send("GET", "/session").code == "session_required"
    answer = page.sign_in()
    assert answer.json == {"next": "signedIn"}
    told = page.read_session().json
    assert told["user"] == {
        "email": OWNER,
        "role": "owner",
        "hasTotp": False,
        "mustEnrolTotp": False,
    }
    assert (told["accountId"], told["isReauthenticated"]) == (ACCOUNT, True)


def test_the_cookie_is_bound_to_the_host_and_hidden_from_scripts(plane: Plane) -> None:
    add_user(plane)
    line = Browser(plane).sign_in().headers["set-cookie"]
    assert line.startswith("__Host-byteward=")
    for attribute in ("Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=604800"):
        assert attribute in line.split("; ")


def test_wrong_password_unknown_user_and_disabled_user_get_one_answer(plane: Plane) -> None:
    add_user(plane)
    by = browser(plane, "second@example.test")
    ids = {each["email"]: each["userId"] for each in users(plane, by)}
    target = f"{ADMIN}/users/{ids[OWNER]}"
    assert plane.send_json("PATCH", target, {"enabled": False}, key=by.bearer()).status == 200
    bodies = set()
    for email, password in ((OWNER, PASSWORD), (OWNER, "wrong password"), ("no@x.test", "wrong")):
        answer = Browser(plane).sign_in(email, password)
        assert (answer.status, answer.code) == (401, "sign_in_failed")
        bodies.add(answer.json["error"]["message"])
    assert len(bodies) == 1


def users(plane: Plane, by: Browser) -> list[dict[str, str]]:
    answer = plane.call("GET", f"{ADMIN}/users", key=by.bearer())
    assert answer.status == 200, answer.body
    items: list[dict[str, str]] = answer.json["items"]
    return items


def test_failures_slow_the_next_ones_down_and_never_lock_out(plane: Plane) -> None:
    add_user(plane)
    for _ in range(5):
        assert Browser(plane).sign_in(password="wrong password").status == 401
    answer = Browser(plane).sign_in()
    assert (answer.status, answer.code) == (429, "rate_limit_exceeded")
    wait = int(answer.headers["retry-after"])
    plane.now += wait
    assert Browser(plane).sign_in().status == 200
    assert Browser(plane).sign_in(password="wrong password").status == 401


def test_many_failures_of_one_address_are_refused_whoever_they_are_for(plane: Plane) -> None:
    add_user(plane)
    for number in range(30):
        assert Browser(plane).sign_in(f"u{number}@x.test", "wrong").status == 401
    assert Browser(plane).sign_in().status == 429
    plane.now += 15 * 60
    assert Browser(plane).sign_in().status == 200


def test_a_bearer_works_on_the_api_as_its_user(plane: Plane) -> None:
    owner = browser(plane)
    viewer = browser(plane, "viewer@example.test", Role.VIEWER)
    body = {"folderPath": "/made"}
    assert plane.send_json("PUT", f"{BASE}/folders", body, key=owner.bearer()).status == 200
    refused = plane.send_json("PUT", f"{BASE}/folders", body, key=viewer.bearer())
    assert refused.code == "authorization_failed_permission_denied"
    target = f"{BASE}/folders?folderPath=/made"
    assert plane.call("GET", target, key=viewer.bearer()).status == 200
    jobs = f"{BASE}/jobs?jobType=DeleteFileBatchJob"
    assert plane.call("GET", jobs, key=owner.bearer()).status == 200
    assert plane.call("GET", jobs, key=viewer.bearer()).code == "secret_key_required"


def test_a_bearer_is_good_for_five_minutes_and_its_own_account(plane: Plane) -> None:
    bearer = browser(plane).bearer()
    target = f"{BASE}/folders?folderPath=/"
    other = "/v2/accounts/B7kQz9x/folders?folderPath=/"
    assert plane.call("GET", other, key=bearer).code == "session_required"
    forged = bearer[:-2] + ("AA" if not bearer.endswith("AA") else "BB")
    assert plane.call("GET", target, key=forged).code == "session_required"
    plane.now += 299
    assert plane.call("GET", target, key=bearer).status == 200
    plane.now += 1
    assert plane.call("GET", target, key=bearer).code == "session_required"


def test_signing_out_ends_the_session_and_its_bearers(plane: Plane) -> None:
    page = browser(plane)
    bearer, cookie = page.bearer(), page.cookie
    target = f"{BASE}/folders?folderPath=/"
    assert plane.call("GET", target, key=bearer).status == 200
    assert page.send("POST", "/logout").status == 204
    assert page.cookie is None
    assert plane.call("GET", target, key=bearer).code == "session_required"
    assert Browser(plane, cookie).send("GET", "/session").code == "session_required"


def test_sessions_end_when_idle_and_after_seven_days(plane: Plane) -> None:
    page = browser(plane)
    plane.now += 12 * 3600
    assert page.send("GET", "/session").code == "session_required"
    page = browser(plane)
    for _ in range(15):
        plane.now += 11 * 3600
        assert page.send("GET", "/session").status == 200
    plane.now += 11 * 3600
    assert page.send("GET", "/session").code == "session_required"


def test_sensitive_operations_ask_for_the_password_again(plane: Plane) -> None:
    page = browser(plane)
    plane.now += 15 * 60
    invite = {"email": "new@example.test", "role": "member"}
    refused = plane.send_json("POST", f"{ADMIN}/invitations", invite, key=page.bearer())
    assert (refused.status, refused.code) == (403, "reauthentication_required")
    wrong = page.send("POST", "/reauthenticate", {"password": "wrong password"})
    assert wrong.code == "sign_in_failed"
    assert page.send("POST", "/reauthenticate", {"password": PASSWORD}).status == 204
    done = plane.send_json("POST", f"{ADMIN}/invitations", invite, key=page.bearer())
    assert done.status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": "https://evil.example"}, "cross_site_request"),
        ({"origin": "null"}, "cross_site_request"),
        ({"origin": "https://api.example.test.evil.example"}, "cross_site_request"),
        ({"origin": "http://api.example.test"}, "cross_site_request"),
        ({"x-csrf-token": "wrong"}, "cross_site_request"),
        ({"content-type": "text/plain"}, "unsupported_media_type"),
        ({"host": "evil.example"}, "misdirected_request"),
    ],
)
def test_writes_of_other_pages_are_refused(
    plane: Plane, headers: dict[str, str], code: str
) -> None:
    page = browser(plane)
    assert page.send("POST", "/bearer", headers=headers).code == code
    assert page.send("POST", "/bearer").status == 200


def test_without_an_origin_the_browser_must_say_that_the_page_is_its_own(plane: Plane) -> None:
    page = browser(plane)
    page.origin = None
    assert page.send("POST", "/bearer").code == "cross_site_request"
    for site, status in (("same-origin", 200), ("same-site", 403), ("cross-site", 403)):
        assert page.send("POST", "/bearer", headers={"sec-fetch-site": site}).status == status


def test_two_different_cookies_are_none(plane: Plane) -> None:
    page = browser(plane)
    twice = {"cookie": f"__Host-byteward={page.cookie}; __Host-byteward={'x' * 43}"}
    assert page.send("GET", "/session", headers=twice).code == "session_required"


def test_the_api_ignores_the_cookie_and_the_dashboard_ignores_keys(plane: Plane) -> None:
    page = browser(plane)
    cookie = {"cookie": f"__Host-byteward={page.cookie}"}
    answer = plane.call("GET", f"{ADMIN}/users", headers=cookie)
    assert answer.code == "authentication_failed_no_credentials"
    keyed = plane.call(
        "GET", "/dashboard/api/session", key="SK", headers={"host": "api.example.test"}
    )
    assert keyed.code == "session_required"


def test_no_other_origin_may_read_the_dashboard(plane: Plane) -> None:
    page = browser(plane)
    answer = page.send("GET", "/session", headers={"origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    preflight = plane.call(
        "OPTIONS",
        "/dashboard/api/bearer",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert preflight.status == 204
    assert not [name for name in preflight.headers if name.startswith("access-control-")]
