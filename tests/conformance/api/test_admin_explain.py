"""Explanations over HTTP: why, who, and what would change. The same engine as every request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from byteward.access.roles import Role
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane

ADMIN = f"/v2/admin/accounts/{ACCOUNT}"
ALL = [
    {"scope": scope, "permissions": {"file": {"downloadFile": ["*"]}}}
    for scope in ("Children", "Grandchildren+")
]


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def explain(plane: Plane, who: dict[str, str], path: str, **more: str) -> dict[str, Any]:
    body = {"who": who, "path": path, **more}
    answer = plane.send_json("POST", f"{ADMIN}/explain", body, key=plane.dash(Role.VIEWER))
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def set_public(plane: Plane, folder: str, value: object) -> None:
    update: dict[str, object] = {"set": True}
    if value is not None:
        update["value"] = value
    body = {"folderPath": folder, "folderSettings": {"publicPermissions": update}}
    assert plane.send_json("PUT", f"{BASE}/folders", body).status == 200


def preview(plane: Plane, folder: str, value: object) -> dict[str, Any]:
    body = {"folderPath": folder, "publicPermissions": value}
    answer = plane.send_json(
        "POST", f"{ADMIN}/folders/permissionsPreview", body, key=plane.dash(Role.VIEWER)
    )
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_a_decision_is_explained_with_a_link_to_its_rule(plane: Plane) -> None:
    set_public(plane, "/private", [])
    denied = explain(plane, {"kind": "anonymous"}, "/private/x.txt")
    assert denied["isAllowed"] is False
    assert denied["rule"]["link"] == {"kind": "folder", "id": "/private"}
    assert denied["smallestGrant"]["link"] == {"kind": "folder", "id": "/private"}
    allowed = explain(plane, {"kind": "apiKey", "key": plane.keys["SK"]}, "/private/x.txt")
    assert allowed["isAllowed"] is True
    assert allowed["rule"]["link"]["kind"] == "apiKey"
    by_id = explain(
        plane, {"kind": "apiKey", "key": allowed["rule"]["link"]["id"]}, "/private/x.txt"
    )
    assert by_id["isAllowed"] is True


def test_jwts_and_cookies_are_explained_with_their_checks(plane: Plane) -> None:
    set_public(plane, "/private", [])
    rule = {
        "match": {"path": "/private", "scope": "Children"},
        "permissions": {"read": {"file": {"downloadFile": ["*"], "getFileDetails": True}}},
    }
    token = plane.jwt({"pathPermissions": [rule]})
    for kind in ("jwt", "cookie"):
        found = explain(plane, {"kind": kind, "jwt": token}, "/private/x.txt")
        assert found["isAllowed"] is True
        assert all(each["passed"] for each in found["jwtChecks"])
    details = "read.file.getFileDetails"
    assert explain(plane, {"kind": "jwt", "jwt": token}, "/private/x", action=details)["isAllowed"]
    cookie = explain(plane, {"kind": "cookie", "jwt": token}, "/private/x", action=details)
    assert cookie["isAllowed"] is False
    old = plane.jwt(exp=int(plane.now) - 10, iat=int(plane.now) - 20)
    expired = explain(plane, {"kind": "jwt", "jwt": old}, "/private/x.txt")
    assert expired["refusal"]["code"] == "authentication_failed_jwt_expired"
    assert old not in str(expired)


def test_a_question_without_its_credential_is_refused(plane: Plane) -> None:
    for kind, member in (("apiKey", "key"), ("jwt", "jwt"), ("cookie", "jwt")):
        body = {"who": {"kind": kind}, "path": "/x"}
        answer = plane.send_json("POST", f"{ADMIN}/explain", body, key=plane.dash())
        assert f"body.who.{member}" in answer.json["error"]["details"]


def test_who_can_read_a_file(plane: Plane) -> None:
    set_public(plane, "/private", [])
    body = {"path": "/private/x.txt"}
    target = f"{ADMIN}/explain/readers"
    found = plane.send_json("POST", target, body, key=plane.dash(Role.VIEWER)).json
    assert found["isPublic"] is False
    assert found["publicRule"]["link"] == {"kind": "folder", "id": "/private"}
    readers = {each["name"]: each["isAllowed"] for each in found["items"]}
    assert readers["SK"] is True
    assert readers["PK"] is False
    body = {"path": "/open.txt"}
    assert plane.send_json("POST", target, body, key=plane.dash()).json["isPublic"] is True


def test_a_preview_says_what_would_become_hidden(plane: Plane) -> None:
    for path in ("/a/1.txt", "/a/2.txt", "/a/b/3.txt", "/a/own/4.txt", "/z/5.txt"):
        plane.put(path)
    set_public(plane, "/a/own", ALL)
    found = preview(plane, "/a", [])
    assert (found["becomeVisible"], found["becomeHidden"], found["unchanged"]) == (0, 3, 0)
    assert found["isExact"] is True
    assert found["examples"]["becomeHidden"] == ["/a/1.txt", "/a/b/3.txt"]
    assert found["staysInCachesSeconds"] == 31_536_000
    assert preview(plane, "/a", None)["unchanged"] == 3
    set_public(plane, "/", [])
    assert preview(plane, "/a", ALL)["becomeVisible"] == 3
    assert preview(plane, "/nowhere", ALL)["unchanged"] == 0


LEVELS = st.none() | st.lists(
    st.builds(
        lambda scope, slugs: {"scope": scope, "permissions": {"file": {"downloadFile": slugs}}},
        st.sampled_from(["Children", "Grandchildren+"]),
        st.sampled_from([["*"], ["raw"], ["image", "t-*"], []]),
    ),
    max_size=2,
)
FOLDERS = ["/", "/a", "/a/b", "/a/b/c"]


@pytest.fixture(scope="module")
def filled() -> Iterator[Plane]:
    with api_plane() as opened:
        for folder in FOLDERS:
            opened.put(f"{folder.rstrip('/')}/f.txt")
        yield opened


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    now=st.fixed_dictionaries(dict.fromkeys(FOLDERS, LEVELS)),
    folder=st.sampled_from(FOLDERS),
    then=LEVELS,
)
def test_a_preview_is_what_requests_see_before_and_after(
    filled: Plane, now: dict[str, Any], folder: str, then: object
) -> None:
    for name, value in now.items():
        set_public(filled, name, value)
    found = preview(filled, folder, then)
    before = readable(filled)
    set_public(filled, folder, then)
    after = readable(filled)
    below = {path for path in before if path.startswith(folder.rstrip("/") + "/")}
    visible = [path for path in below if after[path] - before[path]]
    hidden = [path for path in below if before[path] - after[path]]
    own = {name for name in FOLDERS if name != folder and name.startswith(folder)}
    closed = {name for name in own if now[name] is not None}
    counted = [path for path in below if not any(path.startswith(f"{name}/") for name in closed)]
    assert found["becomeVisible"] == len(visible)
    assert found["becomeHidden"] == len(hidden)
    assert found["unchanged"] == len([p for p in counted if before[p] == after[p]])


def readable(plane: Plane) -> dict[str, set[str]]:
    """The slugs, of some, through which everybody can read each file, asked one by one."""
    found = {}
    for folder in FOLDERS:
        path = f"{folder.rstrip('/')}/f.txt"
        found[path] = {
            slug
            for slug in ("raw", "image", "t-1", "other")
            if explain(plane, {"kind": "anonymous"}, path, slug=slug)["isAllowed"]
        }
    return found
