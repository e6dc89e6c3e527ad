"""Dashboard users, invitations and the audit log, as administrators deal with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from byteward.access.roles import Role
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Response
from tests.dashboard_browser import OWNER, Browser, browser

ADMIN = f"/v2/admin/accounts/{ACCOUNT}"
FOLDER = f"{BASE}/folders?folderPath=/"
NEW = "quiet river under the hill"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def users(plane: Plane, key: str) -> dict[str, dict[str, Any]]:
    answer = plane.call("GET", f"{ADMIN}/users", key=key)
    assert answer.status == 200, answer.body
    return {each["email"]: each for each in answer.json["items"]}


def invite(plane: Plane, key: str, email: str, role: Role) -> Response:
    body = {"email": email, "role": role.value}
    return plane.send_json("POST", f"{ADMIN}/invitations", body, key=key)


def events(plane: Plane, key: str, query: str = "") -> list[dict[str, Any]]:
    answer = plane.call("GET", f"{ADMIN}/auditLog{query}", key=key)
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_users_are_listed_with_what_they_may(plane: Plane) -> None:
    page = browser(plane)
    browser(plane, "viewer@example.test", Role.VIEWER)
    found = users(plane, page.bearer())
    assert {email: each["role"] for email, each in found.items()} == {
        OWNER: "owner",
        "viewer@example.test": "viewer",
    }
    assert found[OWNER]["hasPassword"] is True
    assert found[OWNER]["lastSeenAt"] == round(plane.now * 1000)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_only_administrators_see_users_and_the_audit_log(plane: Plane, role: Role) -> None:
    key = plane.dash(role)
    for target in ("users", "invitations", "auditLog", "auditLog/export"):
        answer = plane.call("GET", f"{ADMIN}/{target}", key=key)
        assert (answer.status, answer.code) == (403, "role_not_sufficient")
        assert answer.json["error"]["details"] == {"needed": "admin"}


def test_refused_changes_are_in_the_audit_log(plane: Plane) -> None:
    member = plane.dash(Role.MEMBER)
    assert invite(plane, member, "new@example.test", Role.VIEWER).code == "role_not_sufficient"
    (event,) = events(plane, plane.dash(Role.OWNER), "?action=admin.refused")
    assert (event["actor"], event["target"]) == ("member@example.test", "CreateInvitation")
    assert event["outcome"] == "refused"


def test_keys_and_jwts_do_not_administer(plane: Plane) -> None:
    for key in ("SK", "PK", plane.jwt()):
        answer = plane.call("GET", f"{ADMIN}/users", key=key)
        assert (answer.status, answer.code) == (403, "dashboard_user_required")


def test_a_changed_role_counts_at_once(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    admin = plane.dash(Role.ADMIN)
    target = f"{ADMIN}/users/{users(plane, owner)['admin@example.test']['userId']}"
    answer = plane.send_json("PATCH", target, {"role": "viewer"}, key=owner)
    assert (answer.status, answer.json["role"]) == (200, "viewer")
    assert plane.call("GET", FOLDER, key=admin).code == "session_required"


def test_a_deleted_user_is_gone_at_once(plane: Plane) -> None:
    owner, viewer = plane.dash(Role.OWNER), plane.dash(Role.VIEWER)
    target = f"{ADMIN}/users/{users(plane, owner)['viewer@example.test']['userId']}"
    assert plane.call("GET", FOLDER, key=viewer).status == 200
    assert plane.call("DELETE", target, key=owner).status == 204
    assert plane.call("GET", FOLDER, key=viewer).code == "session_required"
    assert plane.call("DELETE", target, key=owner).code == "user_not_found"


def test_an_administrator_ends_all_sessions_of_a_user(plane: Plane) -> None:
    owner, viewer = plane.dash(Role.OWNER), plane.dash(Role.VIEWER)
    target = f"{ADMIN}/users/{users(plane, owner)['viewer@example.test']['userId']}/signOut"
    assert plane.send_json("POST", target, {}, key=owner).status == 204
    assert plane.call("GET", FOLDER, key=viewer).code == "session_required"


def test_an_account_keeps_an_owner(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    target = f"{ADMIN}/users/{users(plane, owner)['owner@example.test']['userId']}"
    for change in ({"role": "admin"}, {"enabled": False}):
        assert plane.send_json("PATCH", target, change, key=owner).code == "last_owner"
    assert plane.call("DELETE", target, key=owner).code == "last_owner"
    assert plane.call("GET", FOLDER, key=owner).status == 200


def test_an_administrator_does_not_rise_above_its_role(plane: Plane) -> None:
    owner, admin = plane.dash(Role.OWNER), plane.dash(Role.ADMIN)
    found = users(plane, admin)
    mine, theirs = found["admin@example.test"]["userId"], found["owner@example.test"]["userId"]
    assert users(plane, owner).keys() == found.keys()
    for target, body in ((mine, {"role": "owner"}), (theirs, {"role": "viewer"})):
        answer = plane.send_json("PATCH", f"{ADMIN}/users/{target}", body, key=admin)
        assert answer.code == "role_not_sufficient"
    assert plane.call("DELETE", f"{ADMIN}/users/{theirs}", key=admin).status == 403
    reset = plane.send_json("POST", f"{ADMIN}/users/{theirs}/passwordReset", {}, key=admin)
    assert reset.code == "role_not_sufficient"
    assert invite(plane, admin, "new@example.test", Role.OWNER).code == "role_not_sufficient"


def test_what_is_no_part_of_the_body_does_not_ride_along(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    body = {"email": "new@example.test", "role": "viewer", "accountId": "B7kQz9x"}
    answer = plane.send_json("POST", f"{ADMIN}/invitations", body, key=owner)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_an_invitation_makes_a_user_once(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    answer = invite(plane, owner, "new@example.test", Role.MEMBER).json
    base, _, token = answer["link"].partition("#")
    assert base == "https://api.example.test/dashboard/invitation"
    guest = Browser(plane)
    told = guest.send("POST", "/invitation/read", {"token": token}).json
    assert told == {
        "email": "new@example.test",
        "role": "member",
        "accountName": "Test",
        "purpose": "invitation",
    }
    weak = guest.send("POST", "/invitation/accept", {"token": token, "password": "short"})
    assert weak.code == "weak_password"
    body = {"token": token, "password": NEW}
    assert guest.send("POST", "/invitation/accept", body).json == {"next": "signedIn"}
    assert guest.read_session().json["user"]["role"] == "member"
    assert guest.send("POST", "/invitation/accept", body).code == "invitation_not_found"
    assert invite(plane, owner, "new@example.test", Role.VIEWER).code == "user_exists"
    assert Browser(plane).sign_in("new@example.test", NEW).status == 200


def test_an_invitation_that_is_taken_back_is_worthless(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    first = invite(plane, owner, "new@example.test", Role.MEMBER).json
    second = invite(plane, owner, "new@example.test", Role.MEMBER).json
    listed = plane.call("GET", f"{ADMIN}/invitations", key=owner).json["items"]
    assert [each["invitationId"] for each in listed] == [second["invitation"]["invitationId"]]
    target = f"{ADMIN}/invitations/{listed[0]['invitationId']}"
    assert plane.call("DELETE", target, key=owner).status == 204
    assert plane.call("DELETE", target, key=owner).code == "invitation_not_found"
    for link in (first["link"], second["link"]):
        token = link.partition("#")[2]
        answer = Browser(plane).send("POST", "/invitation/read", {"token": token})
        assert answer.code == "invitation_not_found"


def test_links_end(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    token = invite(plane, owner, "new@example.test", Role.MEMBER).json["link"].partition("#")[2]
    plane.now += 7 * 24 * 3600
    body = {"token": token, "password": NEW}
    assert Browser(plane).send("POST", "/invitation/accept", body).status == 404


def test_a_reset_link_sets_a_password_once(plane: Plane) -> None:
    page = browser(plane, "ana@example.test", Role.MEMBER)
    owner = plane.dash(Role.OWNER)
    target = f"{ADMIN}/users/{users(plane, owner)['ana@example.test']['userId']}/passwordReset"
    answer = plane.send_json("POST", target, {}, key=owner).json
    assert answer["expiresAt"] == round(plane.now * 1000) + 3600 * 1000
    token = answer["link"].partition("#")[2]
    assert page.send("GET", "/session").status == 200
    body = {"token": token, "password": NEW}
    assert Browser(plane).send("POST", "/invitation/accept", body).status == 200
    assert Browser(plane).send("POST", "/invitation/accept", body).status == 404
    assert page.send("GET", "/session").status == 401
    assert Browser(plane).sign_in("ana@example.test", NEW).status == 200


def test_what_was_done_is_in_the_audit_log(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    viewer = plane.dash(Role.VIEWER)
    assert plane.call("GET", FOLDER, key=viewer).status == 200
    user_id = users(plane, owner)["viewer@example.test"]["userId"]
    plane.now += 1
    plane.send_json("PATCH", f"{ADMIN}/users/{user_id}", {"role": "member"}, key=owner)
    plane.now += 1
    Browser(plane).sign_in("owner@example.test", "wrong password")
    newest, changed, *_ = events(plane, owner)
    assert (newest["action"], newest["outcome"]) == ("session.signIn", "failed")
    assert (changed["actor"], changed["target"]) == ("owner@example.test", "viewer@example.test")
    assert changed["before"]["role"] == "viewer"
    assert changed["after"]["role"] == "member"
    assert [each["action"] for each in events(plane, owner, "?action=user.*")] == ["user.update"]
    assert events(plane, owner, "?actor=nobody") == []
    assert events(plane, owner, f"?from={round(plane.now * 1000) + 1}") == []


def test_the_audit_log_comes_in_pages(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    for number in range(5):
        invite(plane, owner, f"n{number}@example.test", Role.VIEWER)
    seen = []
    query = "?limit=2"
    while True:
        page = plane.call("GET", f"{ADMIN}/auditLog{query}", key=owner).json
        seen += [each["eventId"] for each in page["items"]]
        if page["cursor"] is None:
            break
        query = f"?limit=2&cursor={page['cursor']}"
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)


def test_the_audit_log_is_exported_as_a_table(plane: Plane) -> None:
    owner = plane.dash(Role.OWNER)
    plane.now += 1
    Browser(plane).sign_in("=cmd|x@example.test", "wrong password")
    answer = plane.call("GET", f"{ADMIN}/auditLog/export", key=owner)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(io.StringIO(answer.body.decode()))
    assert head[:2] == ["time", "actor"]
    assert rows[0][1] == "'=cmd|x@example.test"


def test_changes_of_folder_permissions_are_in_the_audit_log_whoever_makes_them(
    plane: Plane,
) -> None:
    owner = plane.dash(Role.OWNER)
    update = {"publicPermissions": {"set": True, "value": []}}
    body = {"folderPath": "/private", "folderSettings": update}
    for key in ("SK", owner):
        plane.now += 1
        assert plane.send_json("PUT", f"{BASE}/folders", body, key=key).status == 200
    described = {"folderPath": "/x", "folderSettings": {"description": {"set": True, "value": "x"}}}
    assert plane.send_json("PUT", f"{BASE}/folders", described).status == 200
    by_user, by_key = events(plane, owner, "?action=folder.*")
    assert (by_user["actorKind"], by_user["actor"]) == ("user", "owner@example.test")
    assert (by_key["actorKind"], by_key["target"]) == ("apiKey", "/private")
    assert by_key["before"]["publicPermissions"] is None
    assert by_key["after"]["publicPermissions"] == []


@pytest.mark.parametrize("statement", ["DELETE FROM audit_events", "UPDATE audit_events SET at=0"])
def test_the_audit_log_only_grows(plane: Plane, statement: str) -> None:
    plane.dash(Role.OWNER)
    with pytest.raises(DatabaseError, match="append-only"):
        plane.sql(statement)
