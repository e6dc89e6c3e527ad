"""API keys, JWT certificates, presets and settings, as administrators change them over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from byteward.access.roles import Role
from byteward.identity.issue import new_key_pair, sign_jwt
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Response

ADMIN = f"/v2/admin/accounts/{ACCOUNT}"
KEYS = f"{ADMIN}/apiKeys"
CERTIFICATES = f"{ADMIN}/jwtCertificates"
FOLDER = f"{BASE}/folders?folderPath=/"
EVERYTHING: list[dict[str, Any]] = [
    {
        "pattern": "/*/**",
        "permissions": {"write": {"file": {"createFile": True}}},
    },
    {"pattern": "/*", "permissions": {"read": {"file": {"getFileDetails": True}}}},
]


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def post(plane: Plane, target: str, body: object, role: Role = Role.OWNER) -> Response:
    return plane.send_json("POST", target, body, key=plane.dash(role))


def patch(plane: Plane, target: str, body: object) -> Response:
    return plane.send_json("PATCH", target, body, key=plane.dash())


def events(plane: Plane, action: str) -> list[dict[str, Any]]:
    answer = plane.call("GET", f"{ADMIN}/auditLog?action={action}", key=plane.dash())
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_a_new_key_is_shown_once_and_works_at_once(plane: Plane) -> None:
    made = post(plane, KEYS, {"kind": "secret", "name": "new"}).json
    text, key_id = made["key"], made["apiKey"]["keyId"]
    assert text.startswith(f"secret_{ACCOUNT}")
    assert plane.call("GET", FOLDER, key=text).status == 200
    listed = plane.call("GET", KEYS, key=plane.dash(Role.ADMIN))
    assert text.encode() not in listed.body
    assert key_id in {each["keyId"] for each in listed.json["items"]}
    (event,) = events(plane, "apiKey.create")
    assert (event["actor"], event["target"]) == ("owner@example.test", key_id)
    assert text not in str(event)


def test_names_of_keys_are_unique(plane: Plane) -> None:
    assert post(plane, KEYS, {"kind": "public", "name": "new"}).status == 200
    again = post(plane, KEYS, {"kind": "secret", "name": "new"})
    assert (again.status, again.code) == (409, "name_taken")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"kind": "secret"}, "body"),
        ({"kind": "other", "name": "n"}, "body.kind"),
        ({"kind": "secret", "name": "n", "key": "secret_A623uY2chosen"}, "body.key"),
        ({"kind": "secret", "name": "n", "accountId": "B7kQz9x"}, "body.accountId"),
        ({"kind": "secret", "name": "n", "expiresAt": -1}, "body.expiresAt"),
        ({"kind": "secret", "name": "n", "allowedOrigins": ["nonsense"]}, "body.allowedOrigins"),
        ([], "body"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_with_its_place(
    plane: Plane, body: object, where: str
) -> None:
    answer = post(plane, KEYS, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert any(each.startswith(where) for each in answer.json["error"]["details"])
    assert events(plane, "apiKey.*") == []


def test_a_change_of_a_key_holds_at_once(plane: Plane) -> None:
    made = post(plane, KEYS, {"kind": "public", "name": "page", "pathPermissions": []}).json
    text, target = made["key"], f"{KEYS}/{made['apiKey']['keyId']}"
    assert plane.put("/x.txt", key=text).status == 403
    changed = patch(plane, target, {"pathPermissions": EVERYTHING, "description": "a page"}).json
    assert [each["pattern"] for each in changed["pathPermissions"]] == ["/*/**", "/*"]
    assert plane.put("/a/b/x.txt", key=text).status == 200
    plane.now += 1
    assert patch(plane, target, {"enabled": False, "description": None}).json["description"] is None
    assert plane.put("/a/b/y.txt", key=text).status == 401
    before = events(plane, "apiKey.update")[0]["before"]
    assert before["enabled"] is True


def test_a_member_may_not_touch_keys(plane: Plane) -> None:
    for role in (Role.MEMBER, Role.VIEWER):
        answer = plane.call("GET", KEYS, key=plane.dash(role))
        assert answer.code == "role_not_sufficient"


def test_a_deleted_key_is_refused_at_once(plane: Plane) -> None:
    made = post(plane, KEYS, {"kind": "secret", "name": "new"}).json
    target = f"{KEYS}/{made['apiKey']['keyId']}"
    assert plane.call("DELETE", target, key=plane.dash()).status == 204
    assert plane.call("GET", FOLDER, key=made["key"]).status == 401
    assert plane.call("DELETE", target, key=plane.dash()).code == "api_key_not_found"
    assert patch(plane, target, {"name": "x"}).code == "api_key_not_found"
    assert patch(plane, f"{KEYS}/nokey", {"name": "x"}).code == "api_key_not_found"


def test_a_rotated_key_has_another_text(plane: Plane) -> None:
    made = post(plane, KEYS, {"kind": "secret", "name": "new"}).json
    again = post(plane, f"{KEYS}/{made['apiKey']['keyId']}/rotate", {}).json
    assert again["apiKey"] == made["apiKey"]
    assert plane.call("GET", FOLDER, key=made["key"]).status == 401
    assert plane.call("GET", FOLDER, key=again["key"]).status == 200


def test_the_secure_url_key_is_shown_and_rotated(plane: Plane) -> None:
    made = post(plane, KEYS, {"kind": "secret", "name": "new"}).json
    target = f"{KEYS}/{made['apiKey']['keyId']}/secureUrlKey"
    first = plane.call("GET", target, key=plane.dash()).json["secureUrlKey"]
    second = post(plane, f"{target}/rotate", {}).json["secureUrlKey"]
    assert first != second
    assert plane.call("GET", target, key=plane.dash()).json["secureUrlKey"] == second
    assert len(events(plane, "apiKey.readSecureUrlKey")) == 2
    logged = str(events(plane, "apiKey.*"))
    assert first not in logged
    assert second not in logged


def test_a_certificate_verifies_until_it_is_disabled(plane: Plane) -> None:
    pair = new_key_pair()
    claims = {
        "sub": "u1",
        "accountId": ACCOUNT,
        "iat": int(plane.now),
        "exp": int(plane.now) + 600,
        "access": {
            "pathPermissions": [
                {
                    "match": {"path": "/", "scope": "This"},
                    "permissions": {"read": {"folder": {"getFolderDescription": True}}},
                }
            ]
        },
    }
    token = sign_jwt(claims, pair.private_pem.encode())
    assert plane.call("GET", FOLDER, key=token).status == 401
    made = post(plane, CERTIFICATES, {"name": "app", "pem": pair.public_pem})
    assert made.status == 200, made.body
    target = f"{CERTIFICATES}/{made.json['certificateId']}"
    assert (made.json["modulusBits"], len(made.json["fingerprint"])) == (2048, 64)
    assert plane.call("GET", FOLDER, key=token).status != 401
    assert patch(plane, target, {"enabled": False}).json["enabled"] is False
    assert plane.call("GET", FOLDER, key=token).status == 401
    assert patch(plane, target, {"enabled": True, "name": "web"}).json["name"] == "web"
    assert plane.call("GET", FOLDER, key=token).status != 401
    assert plane.call("DELETE", target, key=plane.dash()).status == 204
    assert plane.call("GET", FOLDER, key=token).status == 401
    listed = plane.call("GET", CERTIFICATES, key=plane.dash(Role.ADMIN)).json["items"]
    assert len(listed) == 1


def test_private_keys_are_refused_by_name(plane: Plane) -> None:
    pair = new_key_pair()
    answer = post(plane, CERTIFICATES, {"name": "app", "pem": pair.private_pem})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "this is a private key" in answer.json["error"]["message"]
    assert b"PRIVATE" not in answer.body


def test_a_jwt_is_tested_check_by_check(plane: Plane) -> None:
    good = post(plane, f"{CERTIFICATES}/test", {"jwt": plane.jwt()}, Role.VIEWER).json
    assert good["isValid"] is True
    assert good["lifetimeWarning"] is None
    late = int(plane.now) + 100_000
    long = post(plane, f"{CERTIFICATES}/test", {"jwt": plane.jwt(exp=late)}).json
    assert "more than a day" in long["lifetimeWarning"]
    old = int(plane.now) - 10
    expired = post(plane, f"{CERTIFICATES}/test", {"jwt": plane.jwt(exp=old, iat=old - 5)}).json
    assert expired["isValid"] is False
    assert [each["passed"] for each in expired["checks"]].count(False) == 1


def test_presets_are_made_changed_and_removed(plane: Plane) -> None:
    target = f"{ADMIN}/presets/small"
    body = {"transformation": "image", "params": [{"w": 100}, {"fit": "crop"}]}
    made = plane.send_json("PUT", target, body, key=plane.dash()).json
    assert made == {"name": "small", "revision": 1, **body}
    body["params"] = [{"w": 50}]
    assert plane.send_json("PUT", target, body, key=plane.dash()).json["revision"] == 2
    listed = plane.call("GET", f"{ADMIN}/presets", key=plane.dash(Role.VIEWER)).json["items"]
    assert [each["name"] for each in listed] == ["small"]
    raw = plane.send_json("PUT", f"{ADMIN}/presets/raw", body, key=plane.dash())
    assert raw.code == "invalid_request"
    assert plane.call("DELETE", target, key=plane.dash()).status == 204
    assert plane.call("DELETE", target, key=plane.dash()).code == "preset_not_found"


def test_settings_are_changed_one_by_one(plane: Plane) -> None:
    plane.put("/x.txt", b"hello")
    target = f"{ADMIN}/settings"
    before = plane.call("GET", target, key=plane.dash(Role.VIEWER)).json
    assert before["usage"] == {"storedFiles": 1, "storedBytes": 5, "uploadsThisMonth": 1}
    change = {"name": "Shop", "settings": {"cacheTtl": 60, "quotas": {"storedBytes": 10}}}
    after = patch(plane, target, change).json
    assert (after["name"], after["settings"]["cacheTtl"]) == ("Shop", 60)
    assert after["settings"]["quotas"]["storedBytes"] == 10
    assert after["settings"]["maxUploadBytes"] == before["settings"]["maxUploadBytes"]
    assert plane.put("/y.txt", b"too much").code == "quota_exceeded"
    cleared = patch(plane, target, {"settings": {"quotas": {"storedBytes": None}}}).json
    assert cleared["settings"]["quotas"]["storedBytes"] is None
    wrong = patch(plane, target, {"settings": {"cacheTtl": "long"}})
    assert "body.settings.cacheTtl" in wrong.json["error"]["details"]
