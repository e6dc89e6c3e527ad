"""A dashboard user's own password, second factor and sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from byteward.accounts.service import bump_epoch
from byteward.accounts.store import read_account, update_account
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.dashboard_browser import OWNER, PASSWORD, Browser, browser

FOLDER = f"{BASE}/folders?folderPath=/"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def code_of(plane: Plane, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(plane.now), counter_offset=steps)


def enrol(plane: Plane, page: Browser) -> tuple[str, list[str]]:
    """The secret and the recovery codes."""
    begun = page.send("POST", "/totp/begin").json
    assert begun["uri"].startswith("otpauth://totp/")
    assert begun["qrSvg"].startswith("<svg")
    secret = begun["secret"]
    answer = page.send("POST", "/totp/confirm", {"secret": secret, "code": code_of(plane, secret)})
    assert answer.status == 200, answer.body
    page.read_session()
    return secret, answer.json["recoveryCodes"]


def begin(plane: Plane) -> tuple[Browser, str]:
    """A browser after the first step, with the challenge."""
    page = Browser(plane)
    answer = page.sign_in().json
    assert answer["next"] == "totp"
    assert page.cookie is None
    return page, answer["challenge"]


def test_a_new_password_ends_all_other_sessions(plane: Plane) -> None:
    page, other = browser(plane), browser(plane)
    bearer, cookie = other.bearer(), page.cookie
    body = {"currentPassword": PASSWORD, "newPassword": "quiet river under the hill"}
    assert page.send("POST", "/password", {**body, "currentPassword": "no"}).status == 401
    weak = page.send("POST", "/password", {**body, "newPassword": "too short"})
    assert (weak.status, weak.code) == (400, "weak_password")
    assert page.send("POST", "/password", body).status == 204
    assert page.cookie not in (None, cookie)
    assert page.send("GET", "/session").status == 200
    assert other.send("GET", "/session").status == 401
    assert plane.call("GET", FOLDER, key=bearer).status == 401
    assert Browser(plane).sign_in().status == 401
    assert Browser(plane).sign_in(password="quiet river under the hill").status == 200


def test_a_second_factor_is_asked_for_once_it_is_set_up(plane: Plane) -> None:
    page = browser(plane)
    secret, codes = enrol(plane, page)
    assert len(set(codes)) == 10
    plane.now += 60
    signing, challenge = begin(plane)
    wrong = signing.send("POST", "/login/totp", {"challenge": challenge, "code": "000000"})
    assert (wrong.status, wrong.code) == (401, "sign_in_failed")
    right = {"challenge": challenge, "code": code_of(plane, secret)}
    assert signing.send("POST", "/login/totp", right).json == {"next": "signedIn"}
    assert signing.read_session().json["user"]["hasTotp"] is True


def test_a_code_is_good_once_and_for_one_step_around_its_own(plane: Plane) -> None:
    secret, _ = enrol(plane, browser(plane))
    plane.now += 90
    used = code_of(plane, secret)
    for code, status in (
        (code_of(plane, secret, -2), 401),
        (code_of(plane, secret, 2), 401),
        (used, 200),
        (used, 401),
        (code_of(plane, secret, -1), 401),
        (code_of(plane, secret, 1), 200),
    ):
        signing, challenge = begin(plane)
        answer = signing.send("POST", "/login/totp", {"challenge": challenge, "code": code})
        assert answer.status == status


def test_a_recovery_code_is_good_once(plane: Plane) -> None:
    _, codes = enrol(plane, browser(plane))
    for code, status in ((codes[0], 200), (codes[0], 401), (codes[1].lower(), 200)):
        signing, challenge = begin(plane)
        answer = signing.send("POST", "/login/totp", {"challenge": challenge, "code": code})
        assert answer.status == status


def test_a_challenge_ends_after_five_tries_and_after_five_minutes(plane: Plane) -> None:
    secret, _ = enrol(plane, browser(plane))
    plane.now += 60
    signing, challenge = begin(plane)
    for _ in range(5):
        signing.send("POST", "/login/totp", {"challenge": challenge, "code": "000000"})
        plane.now += 2
    plane.now += 120
    right = {"challenge": challenge, "code": code_of(plane, secret)}
    assert signing.send("POST", "/login/totp", right).status == 401
    signing, challenge = begin(plane)
    plane.now += 300
    right = {"challenge": challenge, "code": code_of(plane, secret)}
    assert signing.send("POST", "/login/totp", right).status == 401
    signing, challenge = begin(plane)
    right = {"challenge": challenge, "code": code_of(plane, secret)}
    assert signing.send("POST", "/login/totp", right).status == 200


def test_a_second_factor_is_removed_unless_the_account_enforces_it(plane: Plane) -> None:
    page = browser(plane)
    enrol(plane, page)
    enforce(plane, is_enforced=True)
    assert page.send("DELETE", "/totp").code == "totp_enforced"
    enforce(plane, is_enforced=False)
    plane.now += 900
    assert page.send("DELETE", "/totp").code == "reauthentication_required"


def test_a_removed_second_factor_is_not_asked_for(plane: Plane) -> None:
    page = browser(plane)
    enrol(plane, page)
    assert page.send("DELETE", "/totp").status == 204
    assert Browser(plane).sign_in().json == {"next": "signedIn"}


def enforce(plane: Plane, *, is_enforced: bool) -> None:
    def work(conn: Connection) -> None:
        account = read_account(conn, ACCOUNT)
        assert account is not None
        settings = replace(account.settings, enforce_totp=is_enforced)
        update_account(conn, ACCOUNT, account.name, settings)
        bump_epoch(conn, ACCOUNT)

    plane.run(plane.services.database.write(work))


def test_an_enforced_second_factor_comes_before_everything_else(plane: Plane) -> None:
    page = browser(plane)
    enforce(plane, is_enforced=True)
    assert page.read_session().json["user"]["mustEnrolTotp"] is True
    refused = plane.call("GET", FOLDER, key=page.bearer())
    assert (refused.status, refused.code) == (403, "totp_enrolment_required")
    enrol(plane, page)
    assert plane.call("GET", FOLDER, key=page.bearer()).status == 200


def test_a_used_up_secret_is_not_readable_from_the_database(plane: Plane) -> None:
    secret, codes = enrol(plane, browser(plane))
    raw = (plane.folder / "byteward.db").read_bytes()
    raw += (plane.folder / "byteward.db-wal").read_bytes()
    assert OWNER.encode() in raw
    assert secret.encode() not in raw
    assert not [code for code in codes if code.encode() in raw]


def test_sessions_are_listed_and_ended(plane: Plane) -> None:
    page, second, third = browser(plane), browser(plane), browser(plane)
    items = page.send("GET", "/sessions").json["items"]
    assert len(items) == 3
    mine = [each for each in items if each["isCurrent"]]
    assert len(mine) == 1
    assert mine[0]["userAgent"] == "Test/1.0"
    own = [each for each in second.send("GET", "/sessions").json["items"] if each["isCurrent"]]
    assert page.send("DELETE", f"/sessions/{own[0]['sessionId']}").status == 204
    assert page.send("DELETE", f"/sessions/{own[0]['sessionId']}").code == "session_not_found"
    assert second.send("GET", "/session").status == 401
    assert third.send("GET", "/session").status == 200
    assert page.send("DELETE", "/sessions").status == 204
    assert third.send("GET", "/session").status == 401
    assert page.send("GET", "/session").status == 200
